/** Takes out of the tree what the steps that run again did to it. */
import type { Milestone, MilestoneBody } from '../model/event.ts';
import type { Failure } from '../model/failure.ts';
import type { RunId, StepKey } from '../model/ids.ts';
import type { HeadMove } from '../model/ports.ts';
import { err, ok, type Result } from '../model/result.ts';
import type { GitWorkspace } from '../workspace/workspace.ts';
import { type Refusal, refuse } from './refusal.ts';
import { type TreeChange, type TreeHistory, treeHistory } from './tree-changes.ts';
import { named } from './undone.ts';

/** Whose doing is looked for, and where. */
export interface TreeBackOf {
  readonly workspace: GitWorkspace;
  /** The run under whose refs it is recorded what is found. */
  readonly run: RunId;
  /** The run that left the tree, and its journal. */
  readonly of: RunId;
  readonly history: readonly Milestone[];
  /** Whether a step runs again, so that what it did goes. */
  readonly again: (step: StepKey) => boolean;
  /** Whether that step's doing is reason enough to touch the tree. */
  readonly counts: (step: StepKey) => boolean;
  /** The other runs that have worked in the tree since a moment (ISO 8601, UTC); unsaid, none. */
  readonly othersSince?: (at: string) => readonly RunId[];
  /** Whether a step changes nothing in the shared tree but by what is recorded of it: it reads only, or has a tree of its own. */
  readonly recordsAll: (step: StepKey) => boolean;
}

/** The tree, and what it would be put back to. */
export interface TreeBack {
  /** The recording of the tree as it is. */
  readonly found: string;
  /** The step that it is put back before. */
  readonly step: StepKey;
  /** What would be put back, as people read paths. */
  readonly files: readonly string[];
  /** Those of them that somebody else changed since, as far as is known. */
  readonly edited: readonly string[];
  /** The run died in the middle of an attempt, so that nobody knows whose edits there are. */
  readonly crashed: boolean;
  /** How HEAD moved since that attempt began, where it did. */
  readonly head?: HeadMove;
  /** Who else worked in the tree since it began; absent for nobody. */
  readonly others?: readonly RunId[];
  /** What is undone, newest first. */
  readonly pairs: readonly Pair[];
  readonly undone: readonly TreeChange[];
}

/** What a person is asked about a tree. */
export type TreeQuestion = Pick<TreeBack, 'step' | 'files' | 'edited' | 'crashed' | 'head' | 'others'>;

interface Pair {
  /** What the files become. */
  readonly to: string;
  /** What they were left as. */
  readonly from: string;
}

/**
 * Looks at the tree. Where all that worked in it since the first change of a step that runs again runs again too, it is the whole
 * tree that goes back to the recording before that change. Where a step that keeps its result worked in it since, only the files
 * go back that the others are recorded to have changed, newest change first; where such a step's own change of the same files was
 * merged since, the others' are taken out of it as a merge backwards. Undefined where nothing has to go back.
 */
export async function lookAtTree(of: TreeBackOf): Promise<Result<TreeBack | undefined, Refusal>> {
  const told = treeHistory(of.history);
  const first = told.changes.find(({ step }) => of.counts(step));
  if (first === undefined || told.last === undefined) return ok(undefined);
  const last = await lastRecording(of, told.last);
  if (!last.ok) return last;
  const recorded = await of.workspace.record(of.run, 'found', last.value);
  if (!recorded.ok) return err(inWords(recorded.error));
  const found = recorded.value.tree;
  const after = told.changes.filter(({ start, step }) => start >= first.start && of.again(step));
  const undone = after.filter((change) => !change.undone).reverse();
  const crashed = undone.some(({ to }) => to === undefined);
  const pairs = keptWorked(of, told, first.start)
    ? await oneByOne(of, told, undone, found)
    : ok([{ to: first.from, from: crashed ? found : last.value }]);
  if (!pairs.ok) return pairs;
  const compared = await compare(of.workspace, pairs.value, found, last.value);
  if (!compared.ok) return err(inWords(compared.error));
  const { files, edited } = compared.value;
  if (files.length === 0) return ok(undefined);
  const back = { found, step: first.step, files, crashed, pairs: pairs.value, undone };
  const since = await sinceCutOff(of, undone, found);
  return since.ok ? ok({ ...back, ...since.value, edited: crashed ? files : edited }) : since;
}

/** Whose work may lie on top of the attempt that has no recorded end. */
async function sinceCutOff(
  of: TreeBackOf,
  undone: readonly TreeChange[],
  found: string,
): Promise<Result<Pick<TreeBack, 'head' | 'others'>, Refusal>> {
  const open = undone.findLast(({ to }) => to === undefined);
  if (open === undefined) return ok({});
  const moved = (await of.workspace.moved?.(open.from, found)) ?? ok(undefined);
  if (!moved.ok) return err(inWords(moved.error));
  const began = of.history.findLast(
    (one) => one.type === 'step-started' && one.step === open.step && one.attempt === open.attempt,
  );
  const others = began === undefined ? [] : (of.othersSince?.(began.at) ?? []);
  return ok({
    ...(moved.value === undefined ? {} : { head: moved.value }),
    ...(others.length === 0 ? {} : { others }),
  });
}

/** The recorded changes backwards, newest first; as one where a kept step's change lies on top of one of them. */
async function oneByOne(
  of: TreeBackOf,
  told: TreeHistory,
  undone: readonly TreeChange[],
  found: string,
): Promise<Result<readonly Pair[], Refusal>> {
  const pairs = undone.map(({ from, to }) => ({ to: from, from: to ?? found }));
  const oldest = undone.at(-1);
  if (oldest === undefined) return ok(pairs);
  const kept = told.changes.filter(({ step, start }) => start > oldest.start && !of.again(step));
  const overlap = await common(of.workspace, pairs, kept);
  if (!overlap.ok) return err(inWords(overlap.error));
  if (overlap.value.length === 0) return ok(pairs);
  let tree = found;
  for (const { to, from } of pairs) {
    const merged = await of.workspace.isolation.merge({
      ...{ run: of.run, label: 'found.without', base: from, ours: tree, theirs: to },
    });
    if (!merged.ok) return err(inWords(merged.error));
    if (merged.value.conflicts.length > 0) return err(entangled(kept, merged.value.conflicts));
    tree = merged.value.tree;
  }
  return ok([{ to: tree, from: found }]);
}

/** The files that both have changed. */
async function common(
  workspace: GitWorkspace,
  pairs: readonly Pair[],
  kept: readonly TreeChange[],
): Promise<Result<readonly string[], Failure>> {
  const theirs = new Set<string>();
  for (const { from, to } of kept) {
    const files = await workspace.changed(from, to ?? from);
    if (!files.ok) return files;
    for (const file of files.value) theirs.add(file);
  }
  const both: string[] = [];
  for (const { from, to } of theirs.size === 0 ? [] : pairs) {
    const files = await workspace.changed(from, to);
    if (!files.ok) return files;
    both.push(...files.value.filter((file) => theirs.has(file)));
  }
  return ok(both);
}

function entangled(kept: readonly TreeChange[], files: readonly string[]): Refusal {
  const steps = [...new Set(kept.map(({ step }) => step))];
  return {
    message: `what is kept of ${steps.join(', ')} builds on what would go, in the same lines: ${named(files)}`,
    help: `run an earlier step again with \`--from <step>\`, so that ${steps.length === 1 ? 'it' : 'one of them'} runs again too; or take the tree as it is with \`--keep-tree\``,
  };
}

/** The newest recording that the run itself made: of its end, where it recorded that. */
async function lastRecording(of: TreeBackOf, last: string): Promise<Result<string, Refusal>> {
  const recordings = await of.workspace.recordings(of.of);
  if (!recordings.ok) return err(inWords(recordings.error));
  const number = recordings.value.find(({ tree }) => tree === last)?.number;
  if (number === undefined)
    return refuse(
      `the recordings of run ${of.of} are gone from the repository, so it is not known what its steps did to the tree`,
      'with `--keep-tree` the tree is taken as it is',
    );
  const end = recordings.value.findLast((one) => one.label === 'run.end' && one.number > number);
  return ok(end?.tree ?? last);
}

/** Whether a step that keeps its result may have changed the shared tree since. */
function keptWorked({ again, recordsAll }: TreeBackOf, told: TreeHistory, start: number): boolean {
  const merged = new Set(told.changes.filter((one) => one.start > start).map(({ step }) => step));
  return [...told.worked].some(
    ([step, at]) => at > start && !again(step) && (merged.has(step) || !recordsAll(step)),
  );
}

/** Which files would go back, and which of them are not as the run left them. */
async function compare(
  workspace: GitWorkspace,
  pairs: readonly Pair[],
  found: string,
  last: string,
): Promise<Result<{ files: readonly string[]; edited: readonly string[] }, Failure>> {
  const since = await workspace.changed(last, found);
  if (!since.ok) return since;
  const later = new Set(since.value);
  const files = new Set<string>();
  let mixed: readonly string[] = [];
  for (const { to, from } of pairs) {
    const [mine, still] = await Promise.all([workspace.changed(to, from), workspace.changed(to, found)]);
    if (!mine.ok) return mine;
    if (!still.ok) return still;
    const differs = new Set(still.value);
    for (const path of mine.value) if (differs.has(path)) files.add(path);
    // What was merged backwards is the tree as it is, whoever edited it, without what goes.
    if (from !== found) mixed = [...files].filter((path) => later.has(path));
  }
  // One that is away loses nothing: a person deleted it, or this was cut off while it was putting files back.
  // Asked of no path, git names them all.
  const edited = mixed.length === 0 ? ok([]) : await workspace.holds(found, mixed);
  return edited.ok ? ok({ files: [...files].sort(), edited: [...edited.value].sort() }) : edited;
}

/** Does it. What was found is recorded, so that nothing is lost even where it was edited. */
export async function putTreeBack(
  { workspace, run }: TreeBackOf,
  back: TreeBack,
): Promise<Result<undefined, Refusal>> {
  let now = back.found;
  for (const [index, { to, from }] of back.pairs.entries()) {
    if (index > 0) {
      const recorded = await workspace.record(run, 'found', now);
      if (!recorded.ok) return err(inWords(recorded.error));
      now = recorded.value.tree;
    }
    const restored = await workspace.restore(to, from, now);
    if (!restored.ok) {
      const { message } = inWords(restored.error);
      return refuse(
        `${message}\nhow the tree was found is commit ${back.found}`,
        restored.error.help ?? 'with `--keep-tree` the tree is taken as it is',
      );
    }
  }
  return ok(undefined);
}

/** The same for the journal of the run whose attempts they were. */
export function undoneBodies({ undone, found, files, pairs }: TreeBack): readonly MilestoneBody[] {
  const tree = pairs.at(-1)?.to ?? found;
  return undone.flatMap(({ step, attempt, to, merge }, index): MilestoneBody[] => {
    if (merge) return [];
    const last = index === undone.length - 1;
    const end: MilestoneBody[] =
      to === undefined ? [{ type: 'snapshot-taken', step, attempt, tree: found, files }] : [];
    return [...end, { type: 'tree-restored', step, attempt, tree, files: last ? files : [] }];
  });
}

function inWords({ message, help }: Failure): Refusal {
  return { message, ...(help === undefined ? {} : { help }) };
}
