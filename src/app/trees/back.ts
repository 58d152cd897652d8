/** Takes out of the tree what the steps that run again did to it. */
import type { Milestone, MilestoneBody } from '../../model/event.ts';
import type { Failure } from '../../model/failure.ts';
import type { HeadMove } from '../../model/head-move.ts';
import type { RunId, StepKey } from '../../model/ids.ts';

import { err, ok, type Result } from '../../model/result.ts';
import type { GitWorkspace } from '../../workspace/workspace.ts';
import { type Refusal, refuse } from '../refusal.ts';
import type { TreeChange } from './changes.ts';
import { followTree, type Life, type Piece, RETRY_BACK } from './lives.ts';
import { filesOf, inWords, movesOf, withoutChanges } from './target.ts';

/** Whose doing is looked for, and where. */
export interface TreeBackOf {
  readonly workspace: GitWorkspace;
  /** The run under whose refs it is recorded what is found. */
  readonly run: RunId;
  /** The run that left the tree, and its journal. */
  readonly of: RunId;
  readonly history: readonly Milestone[];
  /** The runs whose results that one took over, oldest first. */
  readonly earlier?: readonly Life[];
  /** Whether a step runs again, so that what it did goes. */
  readonly again: (step: StepKey) => boolean;
  /** Whether that step's doing is reason enough to touch the tree. */
  readonly counts: (step: StepKey) => boolean;
  /** Whether a step changes nothing in the shared tree but by what is recorded of it: it reads only, or has a tree of its own. */
  readonly recordsAll: (step: StepKey) => boolean;
  /** The other runs that have worked in the checkout after a moment, ISO 8601. */
  readonly othersSince: (at: string) => readonly RunId[];
  /** Whether a file is the run's own, which never goes back: its workflow, prompts, configuration. */
  readonly ownFile?: (file: string) => boolean;
}

/** The tree, and what it would be put back to. */
export interface TreeBack {
  /** The recording of the tree as it is. */
  readonly found: string;
  /** The recording of what it becomes: HEAD and index as they are. */
  readonly target: string;
  /** The step that it is put back before. */
  readonly step: StepKey;
  /** What would be put back, as people read paths. */
  readonly files: readonly string[];
  /** Those of them that somebody else changed since, as far as is known. */
  readonly edited: readonly string[];
  /** The run died in the middle of an attempt, so that nobody knows whose edits there are. */
  readonly crashed: boolean;
  /** How HEAD moved since the attempt began that was cut off. It stays where it is. */
  readonly head?: HeadMove;
  /** The runs that have worked in the checkout since then. */
  readonly others?: readonly RunId[];
  /** What the run's own journal says of what is undone, newest first. */
  readonly undone: readonly TreeChange[];
}

/** What a person is asked about a tree. */
export type TreeQuestion = Pick<TreeBack, 'step' | 'files' | 'edited' | 'crashed' | 'head' | 'others'>;

/** A change to take back, and where it stands among all that happened. */
interface Pair {
  readonly index: number;
  readonly change: TreeChange;
  /** What the files become. */
  readonly to: string;
  /** What they were left as. */
  readonly from: string;
  readonly paths: readonly string[];
}

/**
 * Looks at the tree. Only the files go back that steps which run again are recorded to have changed, newest change first; where a
 * step that keeps its result changed the same files since, the others' change is taken out of them as a merge backwards. Undefined
 * where nothing has to go back.
 */
export async function lookAtTree(of: TreeBackOf): Promise<Result<TreeBack | undefined, Refusal>> {
  const { workspace, again, counts, recordsAll } = of;
  const lives = [...(of.earlier ?? []), { run: of.of, history: of.history }];
  const told = await followTree({ workspace, lives, again, recordsAll });
  if (!told.ok) return told;
  const { last } = told.value;
  const goes = (piece: Piece): piece is Piece & { readonly change: TreeChange } =>
    piece.change?.undone === false && again(piece.change.step);
  const first = told.value.pieces.findIndex((piece) => goes(piece) && counts(piece.change.step));
  if (first === -1 || last === undefined) return ok(undefined);
  const recorded = await workspace.record(of.run, 'found', last);
  if (!recorded.ok) return err(inWords(recorded.error));
  const found = recorded.value.tree;
  const pieces = [...told.value.pieces, { from: last, to: found, own: false }];
  const pairs = await pairsOf(of, pieces, first, goes, found);
  if (!pairs.ok) return err(inWords(pairs.error));
  const target = await targetOf(of, pieces, pairs.value, found);
  if (!target.ok) return target;
  const compared = await compare(of, pieces, pairs.value, found, target.value);
  if (!compared.ok) return err(inWords(compared.error));
  const { files, edited } = compared.value;
  const step = pieces[first]?.change?.step;
  if (files.length === 0 || step === undefined) return ok(undefined);
  const crashed = pieces.some((piece) => goes(piece) && piece.to === undefined);
  const undone = pairs.value.flatMap(({ index, change }) => (pieces[index]?.own === true ? [change] : []));
  const back = { found, target: target.value, step, files, crashed, undone };
  const since = await sinceCutOff(of, undone, found);
  return since.ok ? ok({ ...back, ...since.value, edited: crashed ? files : edited }) : since;
}

/** Who has worked since an attempt began that was cut off. */
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
  const others = began === undefined ? [] : of.othersSince(began.at);
  return ok({
    ...(moved.value === undefined ? {} : { head: moved.value }),
    ...(others.length === 0 ? {} : { others }),
  });
}

/** What goes, newest first. */
async function pairsOf(
  { workspace, ownFile }: TreeBackOf,
  pieces: readonly Piece[],
  first: number,
  goes: (piece: Piece) => piece is Piece & { readonly change: TreeChange },
  found: string,
): Promise<Result<readonly Pair[], Failure>> {
  const pairs: Pair[] = [];
  for (const [index, piece] of pieces.entries()) {
    if (index < first || !goes(piece)) continue;
    const from = piece.to ?? found;
    const files = await workspace.changed(from, piece.from);
    if (!files.ok) return files;
    const paths = files.value.filter((file) => ownFile?.(file) !== true);
    pairs.unshift({ index, change: piece.change, to: piece.from, from, paths });
  }
  return ok(pairs);
}

/** Puts together what the tree becomes: the recorded changes backwards, newest first. */
function targetOf(
  of: TreeBackOf,
  pieces: readonly Piece[],
  pairs: readonly Pair[],
  found: string,
): Promise<Result<string, Refusal>> {
  const outs = pairs.map(({ index, to, from, paths }) => {
    const kept = pieces.flatMap(({ change }, at) =>
      at > index && change?.undone === false && !of.again(change.step) ? [change] : [],
    );
    return { to, from, paths, kept };
  });
  const ownFile = of.ownFile ?? (() => false);
  return withoutChanges({ workspace: of.workspace, run: of.run, ownFile }, found, outs);
}

/** Which files would go back, and which of them somebody else changed since. */
async function compare(
  { workspace }: TreeBackOf,
  pieces: readonly Piece[],
  pairs: readonly Pair[],
  found: string,
  target: string,
): Promise<Result<{ files: readonly string[]; edited: readonly string[] }, Failure>> {
  const differing = await workspace.changed(found, target);
  if (!differing.ok) return differing;
  const files = new Set(differing.value);
  const named = new Set(pairs.flatMap(({ paths }) => paths));
  const others = new Set<string>();
  for (const [index, { change, from, to, spared }] of pieces.entries()) {
    const before = pairs.filter((pair) => pair.index < index);
    if (change !== undefined || before.length === 0) continue;
    const changed = await workspace.changed(from, to ?? found);
    if (!changed.ok) return changed;
    const put = await filesOf(workspace, spared ?? []);
    if (!put.ok) return put;
    const moved = await movesOf(workspace, from, to ?? found);
    if (!moved.ok) return moved;
    const mine = new Set(before.flatMap(({ paths }) => paths));
    // What goes back under a name of its own was moved since.
    const goes = (file: string): boolean =>
      files.has(file) && (mine.has(file) || !named.has(file)) && !put.value.has(file);
    for (const file of changed.value) if (goes(file)) others.add(file);
    // Under its new name it keeps what would go.
    for (const [now, old] of moved.value) if (goes(old)) others.add(now);
  }
  // One that is away loses nothing: a person deleted it, or this was cut off while it was putting files back.
  // Asked of no path, git names them all.
  const edited = others.size === 0 ? ok([]) : await workspace.holds(found, [...others]);
  return edited.ok ? ok({ files: [...files].sort(), edited: [...edited.value].sort() }) : edited;
}

/** Does it. What was found is recorded, so that nothing is lost even where it was edited. */
export async function putTreeBack(
  { workspace, run, of }: TreeBackOf,
  { found, target }: TreeBack,
): Promise<Result<undefined, Refusal>> {
  const restored = await workspace.restore(target, found);
  if (!restored.ok) {
    const { message, help } = inWords(restored.error);
    return refuse(
      `${message}\nhow the tree was found is commit ${found}`,
      help ?? 'with `--keep-tree` the tree is taken as it is',
    );
  }
  // A later retry of a retry reads by this that it was done.
  const recorded = run === of ? ok(undefined) : await workspace.record(run, RETRY_BACK, target);
  return recorded.ok ? ok(undefined) : err(inWords(recorded.error));
}

/** The same for the journal of the run whose attempts they were. */
export function undoneBodies({ undone, found, files, target }: TreeBack): readonly MilestoneBody[] {
  return undone.flatMap(({ step, attempt, to, merge }, index): MilestoneBody[] => {
    if (merge) return [];
    const last = index === undone.length - 1;
    const end: MilestoneBody[] =
      to === undefined ? [{ type: 'snapshot-taken', step, attempt, tree: found, files }] : [];
    return [...end, { type: 'tree-restored', step, attempt, tree: target, files: last ? files : [] }];
  });
}
