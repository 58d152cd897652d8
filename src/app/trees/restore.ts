/** Puts the tree back to how a run recorded it. */
import { EXIT, type ExitCode } from '../../model/exit.ts';
import { headMoved, headPlace } from '../../model/head-move.ts';
import { err, ok, type Result } from '../../model/result.ts';
import { changesText } from '../../report/tree-changes.ts';
import { count, quoted } from '../../report/words.ts';
import type { Change } from '../../workspace/changes.ts';
import type { KeptRecording } from '../../workspace/recordings.ts';
import { confirm } from '../confirm.ts';
import { harmless, orTrouble, printRefusal } from '../print.ts';
import { type Refusal, refuse } from '../refusal.ts';
import { canAsk, tell } from '../runs/present.ts';
import { attemptNamed, attemptWord, attemptWords, type NamedAttempt } from './attempt-name.ts';
import { notRecorded } from './not-recorded.ts';
import { type OwnedTree, type RunTree, withRunTree } from './owner.ts';
import { pathsNamed } from './paths.ts';
import { type PutBack, settleAttempt } from './settled.ts';
import { listChanges, tellChanges } from './show-changes.ts';
import { recordingNamed, timeline } from './timeline.ts';

/** What `codemachine restore` is asked for. */
export interface RestoreFlags {
  readonly run: string;
  /** `step` or `step.attempt`; the whole run without it. */
  readonly step: string | undefined;
  readonly side: 'before' | 'after' | undefined;
  /** A recording by its number or its commit, instead of a step and a side. */
  readonly to: string | undefined;
  /** HEAD, its branch and the index too. */
  readonly head: boolean;
  /** From the current directory, literal; everything where there are none. */
  readonly paths: readonly string[];
  readonly dryRun: boolean;
  readonly yes: boolean;
  readonly json: boolean;
  readonly stateDir?: string | undefined;
}

/** `codemachine restore` */
export function restoreCommand(flags: RestoreFlags): Promise<ExitCode> {
  return orTrouble(async () => {
    const done = await withRunTree(flags, (tree) => restore(tree, flags));
    return done.ok ? done.value : printRefusal(done.error);
  });
}

async function restore(tree: RunTree, flags: RestoreFlags): Promise<Result<ExitCode, Refusal>> {
  if (flags.head && (flags.step === undefined || flags.side === undefined || flags.paths.length > 0))
    return refuse(
      '`--head` says where HEAD goes together with all files of one attempt',
      `\`codemachine restore ${tree.run} <step> --after --head\`, or \`--before\`; without paths`,
    );
  if (flags.to !== undefined && flags.step !== undefined)
    return refuse(
      `recording ${flags.to} is one of the whole tree, so it cannot be put back of \`${flags.step}\` alone`,
      `\`codemachine restore ${tree.run} --to ${flags.to}\` puts the tree back to it; \`codemachine restore ${tree.run} ${flags.step} --before\` or \`--after\` to an end of the step`,
    );
  const target = await targetOf(tree, flags);
  if (!target.ok) return target;
  return tree.own('restore', (visit) => restoreTo(tree, target.value, flags, visit));
}

/** A recording, and how people are told which. */
interface Target {
  readonly tree: string;
  readonly words: string;
  /** Whose start it is. */
  readonly startOf?: NamedAttempt;
  /** The other end of the attempt, where it worked in the shared tree: what HEAD has to be like, to be moved. That of one that was cut off is how the tree is found. */
  readonly other?: string;
  /** The command that puts HEAD where it is at the other end. */
  readonly forth?: string;
}

async function targetOf(tree: RunTree, flags: RestoreFlags): Promise<Result<Target, Refusal>> {
  const { run, workspace } = tree;
  const recordings = await workspace.recordings(run);
  if (!recordings.ok) return err(recordings.error);
  if (flags.to === undefined && flags.side === undefined)
    return refuse('restore to what?', sides(recordings.value));
  if (flags.to !== undefined) {
    const named = recordingNamed(run, recordings.value, flags.to);
    if (!named.ok) return named;
    return ok({ tree: named.value.tree, words: `recording ${named.value.number} (${named.value.label})` });
  }
  if (flags.step !== undefined) return ofStep(tree, flags.step, flags.side ?? 'before');
  const line = timeline(run, tree.history, recordings.value);
  if (!line.ok) return line;
  const { first, lastRecorded } = line.value;
  return flags.side === 'before'
    ? ok({ tree: first, words: 'how it was before the run' })
    : ok({ tree: lastRecorded, words: 'how it was after the run' });
}

const NEWEST = 20;

function sides(recordings: readonly KeptRecording[]): string {
  return [
    'say `--before` or `--after` for how the tree was then, or `--to` with the number of a recording; the newest:',
    ...recordings.slice(-NEWEST).map(({ number, label }) => `    ${number}  ${label}`),
  ].join('\n');
}

/** The shared tree around an attempt. What happened in a worktree of its own was never there, but for its merge. */
function ofStep(tree: RunTree, named: string, side: 'before' | 'after'): Result<Target, Refusal> {
  const { run, progress } = tree;
  const found = attemptNamed(progress, run, named);
  if (!found.ok) return found;
  const { trees } = found.value;
  const words = `how it was ${side} ${attemptWords(found.value)}`;
  if (trees?.isolated === true) {
    const { merge } = trees;
    if (merge !== undefined && (side === 'before' || merge.done))
      return ok({
        tree: side === 'before' ? merge.from : merge.tree,
        words: `${words} was merged`,
        ...(side === 'before' ? { startOf: found.value } : {}),
      });
    return refuse(
      `${attemptWords(found.value)} of run ${run} worked in a worktree of its own and was not merged, so the shared tree was never ${side} it`,
      `\`codemachine apply ${run} ${attemptWord(found.value)}\` brings its change in`,
    );
  }
  const recording = trees?.[side];
  const startOf = side === 'before' ? { startOf: found.value } : {};
  const cutOff = side === 'before' && isCutOff(found.value);
  const other = trees?.[side === 'before' ? 'after' : 'before'] ?? (cutOff ? 'found' : undefined);
  const word = quoted(`${found.value.step.key}.${found.value.attempt}`);
  const forth = `codemachine restore ${run} ${word} --${side === 'before' ? 'after' : 'before'} --head`;
  if (recording !== undefined)
    return ok({ tree: recording, words, ...startOf, ...(other === undefined ? {} : { other, forth }) });
  if (trees?.before !== undefined) {
    return refuse(
      `${attemptWords(found.value)} of run ${run} was cut off, and how it left the tree is not recorded yet`,
      `\`codemachine resume ${run}\` records it; \`--before\` is how the attempt found the tree`,
    );
  }
  return notRecorded(tree, found.value, `restore --${side}`);
}

/** Whether an attempt may still have edits in the tree, and nobody recorded how it left it. */
function isCutOff({ step, attempt, trees }: NamedAttempt): boolean {
  return attempt === step.attempt && step.status !== 'succeeded' && trees?.after === undefined;
}

async function restoreTo(
  tree: RunTree,
  target: Target,
  flags: RestoreFlags,
  visit: OwnedTree,
): Promise<Result<ExitCode, Refusal>> {
  const { run, workspace } = tree;
  const found = await workspace.record(run, 'restore.found', target.tree);
  if (!found.ok) return err(found.error);
  const from = found.value.tree;
  const paths = await pathsNamed(workspace, flags.paths, [target.tree, from]);
  if (!paths.ok) return paths;
  const changes = await workspace.trees.changes(from, target.tree, paths.value);
  if (!changes.ok) return err(changes.error);
  const told = (files: readonly Change[], went?: boolean): Result<ExitCode, Refusal> => {
    const of = { run, from, to: target.tree };
    tellChanges({ ...flags, of }, files, went === undefined ? {} : { head: went });
    return ok(went === false ? EXIT.failed : EXIT.succeeded);
  };
  const head = flags.head ? await headOf({ run, workspace }, target, from) : ok(undefined);
  if (!head.ok) return head;
  if (changes.value.length === 0 && head.value === undefined) {
    tell(`nothing to do: nothing differs from ${target.words}`);
    const back = { found: found.value, files: [] };
    const end = flags.dryRun ? ok(EXIT.succeeded) : await settled(tree, visit, target, flags, back);
    return end.ok ? told([]) : end;
  }
  if (head.value !== undefined && head.value.goes !== '') tell(head.value.goes);
  if (flags.dryRun) {
    listChanges(flags, `would put back to ${target.words}:`, changes.value);
    if (head.value !== undefined) tell(head.value.would);
    return told(changes.value);
  }
  if (!(await agreed(flags, changes.value, target.words, head.value !== undefined)))
    return refuse('nothing was changed');
  const what = { run, label: 'restore', from, to: target.tree, paths: paths.value };
  const picked = await workspace.trees.pick(what);
  if (!picked.ok) return err(picked.error);
  // Told before: whoever is cut off in the middle knows it then.
  await tellWayBack({ run, workspace }, from, flags.head ? target.forth : undefined);
  const restored = await workspace.restore(picked.value, from);
  if (!restored.ok) return err(restored.error);
  // What the ignore rules hide that were put back was left.
  const touched = new Set(restored.value);
  const done = changes.value.filter((one) => touched.has(one.path) || touched.has(one.from ?? one.path));
  listChanges(flags, `put back to ${target.words}:`, done);
  const put = await head.value?.put();
  if (put?.ok === false) return put;
  const back = { found: found.value, files: restored.value };
  const end = await settled(
    tree,
    visit,
    target,
    flags,
    put === undefined ? back : { ...back, head: put.value },
  );
  return end.ok ? told(done, put?.value) : end;
}

/** Asks where somebody can be asked. */
async function agreed(
  { yes }: RestoreFlags,
  files: readonly Change[],
  to: string,
  withHead: boolean,
): Promise<boolean> {
  if (yes || !canAsk()) return true;
  process.stderr.write(harmless(changesText(files), process.stderr, process.env));
  return confirm(
    `Put ${count(files.length, 'file')}${withHead ? ', HEAD and the index' : ''} back to ${to}?`,
  );
}

/** Only who has put all of an attempt's files back has undone it. */
async function settled(
  tree: RunTree,
  visit: OwnedTree,
  { startOf }: Target,
  { paths }: RestoreFlags,
  back: PutBack,
): Promise<Result<ExitCode, Refusal>> {
  if (startOf === undefined || paths.length > 0) return ok(EXIT.succeeded);
  const done = await settleAttempt(tree, visit, startOf, back);
  return done.ok ? ok(EXIT.succeeded) : done;
}

/** What becomes of HEAD, its branch and the index. */
interface HeadBack {
  readonly would: string;
  /** What a person should know before it goes, if anything. */
  readonly goes: string;
  /** Whether all of it went. */
  readonly put: () => Promise<Result<boolean, Refusal>>;
}

/** Only where they are as the other end of the attempt left them: what somebody did since is theirs. */
async function headOf(
  { run, workspace }: Pick<RunTree, 'run' | 'workspace'>,
  { tree, words, ...target }: Target,
  found: string,
): Promise<Result<HeadBack, Refusal>> {
  const other = target.other === 'found' ? found : target.other;
  if (other === undefined)
    return refuse(
      `HEAD is put back only for an attempt in the shared tree whose start and end are recorded, or whose start, where it was cut off`,
      `without \`--head\` the files alone go to ${words}`,
    );
  const moved = await workspace.moved?.(tree, other);
  if (moved?.ok === false) return err(moved.error);
  const since = moved?.value;
  const place = since === undefined ? '' : ` at ${headPlace(since.from)}`;
  const as = words.replace(/^how it was/, 'as they were');
  // Of one that was cut off, nobody knows who moved HEAD.
  const goes = target.other === 'found' && since !== undefined ? headMoved(since) : '';
  const put = async (): Promise<Result<boolean, Refusal>> => {
    const done = await workspace.trees.headTo(tree, other);
    if (!done.ok) return err(done.error);
    if (done.value === 'there') tell(`HEAD${place} and the index are ${as}`);
    else if (done.value === 'elsewhere')
      tell(
        `HEAD, its branch or the index are not as run ${run} left them, so what differs stays as it is: \`git status\` and \`git log\` show it`,
      );
    else
      tell(
        `the repository has ${count(done.value.gone.length, 'commit')} no more that HEAD or its branch was at (${done.value.gone.join(', ')}), so files alone were put back`,
      );
    return ok(done.value === 'there');
  };
  return ok({ would: `would put HEAD${place} and the index back to be ${as}`, goes, put });
}

/** Tells the command that brings the tree back to how it is, with the one that does so for HEAD where that goes too. */
export async function tellWayBack(
  { run, workspace }: Pick<RunTree, 'run' | 'workspace'>,
  found: string,
  head?: string,
): Promise<void> {
  const recordings = await workspace.recordings(run);
  const number = recordings.ok ? recordings.value.find(({ tree }) => tree === found)?.number : undefined;
  const files = `\`codemachine restore ${run} --to ${number ?? found}\``;
  tell(
    head === undefined
      ? `what is there is kept: ${files} brings it back`
      : `what is there is kept: \`${head}\` brings HEAD back, ${files} the files`,
  );
}
