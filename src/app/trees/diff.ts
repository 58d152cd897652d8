/** Shows what a run, or one attempt of it, changed in the tree. */
import { EXIT, type ExitCode } from '../../model/exit.ts';
import type { RunId } from '../../model/ids.ts';
import { err, ok, type Result } from '../../model/result.ts';
import { oneLine } from '../../report/clean.ts';
import { moment } from '../../report/words.ts';
import { stepDirectory } from '../../state/transcripts.ts';
import type { GitWorkspace } from '../../workspace/workspace.ts';
import { harmless, isObeyed, orTrouble, printRefusal } from '../print.ts';
import { answer } from '../programs.ts';
import { type Refusal, refuse } from '../refusal.ts';
import { tell } from '../runs/present.ts';
import { attemptNamed, attemptWords, type NamedAttempt } from './attempt-name.ts';
import { type Collision, clashesText, collision, collisionText } from './collision.ts';
import { notRecorded } from './not-recorded.ts';
import { type RunTree, withRunTree } from './owner.ts';
import { pathsNamed } from './paths.ts';
import { timeline } from './timeline.ts';
import { worktreesOf } from './worktrees-of.ts';

const WIDEST_PATH = 1000;

/** What `codemachine diff` is asked for. */
export interface DiffFlags {
  readonly run: string;
  /** `step` or `step.attempt`. */
  readonly step: string | undefined;
  readonly stat: boolean;
  readonly json: boolean;
  /** What could not be merged, against the shared tree, with git's markers. */
  readonly conflict: boolean;
  /** From the current directory, literal; everything where there are none. */
  readonly paths: readonly string[];
  readonly stateDir?: string | undefined;
}

/** Two states of a tree. */
interface Pair {
  readonly from: string;
  readonly to: string;
}

/** What is shown. */
interface Shown extends Pair {
  readonly of?: NamedAttempt;
  readonly collision?: Collision;
}

/** `codemachine diff` */
export function diffCommand(flags: DiffFlags): Promise<ExitCode> {
  return orTrouble(async () => {
    const done = await withRunTree(flags, async (tree) => {
      const shown = await (flags.step === undefined ? wholeRun(tree) : ofStep(tree, flags.step));
      return shown.ok ? show(tree, shown.value, flags) : shown;
    });
    return done.ok ? done.value : printRefusal(done.error);
  });
}

async function wholeRun(tree: RunTree): Promise<Result<Shown, Refusal>> {
  const recordings = await tree.workspace.recordings(tree.run);
  if (!recordings.ok) return err(recordings.error);
  const line = timeline(tree.run, tree.history, recordings.value);
  if (!line.ok) return line;
  const { first: from, last } = line.value;
  if (last !== undefined) return ok({ from, to: last });
  if (tree.owned) return err(stillWorking(tree.run));
  const to = await treeNow(tree, from);
  return to.ok ? ok({ from, to: to.value }) : to;
}

async function ofStep(tree: RunTree, named: string): Promise<Result<Shown, Refusal>> {
  const found = attemptNamed(tree.progress, tree.run, named);
  if (!found.ok) return found;
  const of = found.value;
  const from = of.trees?.before;
  if (from === undefined) return notRecorded(tree, of, 'diff');
  if (of.trees?.after === undefined) {
    if (tree.owned) return err(await stillWorkingOn(tree, of));
    const to = await (of.trees?.isolated === true ? worktreeNow(tree, of, from) : treeNow(tree, from));
    return to.ok ? ok({ from, to: to.value, of }) : to;
  }
  const collided = await collision(tree, of);
  if (!collided.ok) return collided;
  const shown = { from, to: of.trees.after, of };
  return ok(collided.value === undefined ? shown : { ...shown, collision: collided.value });
}

/** Records the tree as it is, as a resume would before it puts anything back. */
function treeNow(tree: RunTree, since: string): Promise<Result<string, Refusal>> {
  return tree.own('diff', async () => {
    const recorded = await tree.workspace.record(tree.run, 'diff', since);
    return recorded.ok ? ok(recorded.value.tree) : err(recorded.error);
  });
}

/** What an isolated attempt that was cut off has left in its worktree. */
function worktreeNow(tree: RunTree, of: NamedAttempt, since: string): Promise<Result<string, Refusal>> {
  const { run, workspace } = tree;
  return tree.own('diff', async () => {
    const found = await workspace.isolation.find(run, stepDirectory(of.step.key, of.attempt));
    if (!found.ok) return err(found.error);
    if (found.value === undefined) {
      return refuse(
        `the worktree of ${attemptWords(of)} of run ${run} is gone, and how it left it was not recorded`,
        `\`codemachine resume ${run}\` makes the attempt again`,
      );
    }
    const recorded = await found.value.record(run, 'diff', since);
    return recorded.ok ? ok(recorded.value.tree) : err(recorded.error);
  });
}

async function show(tree: RunTree, shown: Shown, flags: DiffFlags): Promise<Result<ExitCode, Refusal>> {
  const { run, workspace } = tree;
  const collided = shown.collision;
  if (flags.conflict && collided === undefined) {
    return refuse(
      shown.of === undefined
        ? 'of which step?'
        : `no merge of ${attemptWords(shown.of)} of run ${run} conflicted`,
      `\`codemachine status ${run}\` says which steps failed with merge-conflict`,
    );
  }
  const pair = flags.conflict && collided !== undefined ? { from: collided.ours, to: collided.tree } : shown;
  const paths = await pathsNamed(workspace, flags.paths, [pair.from, pair.to]);
  if (!paths.ok) return paths;
  const printed = flags.json
    ? await printJson(tree, { ...shown, ...pair }, paths.value)
    : await printText(workspace, pair, paths.value, flags.stat);
  if (!printed.ok) return printed;
  if (!flags.json && printed.value === 'nothing')
    tell(`nothing was changed${nothingWhere(run, shown, flags.paths)}`);
  if (flags.conflict && !flags.json && collided !== undefined) tell(clashesText(collided.clashes));
  else if (!flags.json && shown.of !== undefined) tellWhatBecame(run, shown.of, collided);
  return ok(EXIT.succeeded);
}

function nothingWhere(run: RunId, { of }: Shown, paths: readonly string[]): string {
  const where = paths.length === 0 ? '' : ` in ${paths.map((one) => oneLine(one, WIDEST_PATH)).join(', ')}`;
  return `${where} by ${of === undefined ? '' : `${attemptWords(of)} of `}run ${run}`;
}

/** What became of a change that the run did not merge. */
function tellWhatBecame(run: RunId, of: NamedAttempt, collided: Collision | undefined): void {
  const applied = of.trees?.applied;
  if (applied === undefined) {
    if (collided !== undefined) tell(collisionText(run, of, collided));
    return;
  }
  const when = moment(applied.at, new Date().toISOString());
  const markers = applied.conflicts ? ', with markers where it collided' : '';
  tell(`the change of ${attemptWords(of)} was applied by hand at ${when}${markers}`);
}

async function printJson(
  { run, workspace }: RunTree,
  { from, to, of, collision: collided }: Shown,
  paths: readonly string[],
): Promise<Result<'printed', Refusal>> {
  const files = await workspace.trees.changes(from, to, paths);
  if (!files.ok) return err(files.error);
  const attempt = of === undefined ? {} : { step: of.step.key, attempt: of.attempt };
  const conflicts = collided === undefined ? {} : { conflicts: collided.files, clashes: collided.clashes };
  answer({ run, ...attempt, from, to, files: files.value, ...conflicts });
  return ok('printed');
}

async function printText(
  workspace: GitWorkspace,
  { from, to }: Pair,
  paths: readonly string[],
  stat: boolean,
): Promise<Result<'nothing' | 'printed', Refusal>> {
  if (!stat && !isObeyed(process.stdout, process.env)) {
    // A patch for `git apply`: bytes, since a file need not be UTF-8, and with binary files whole.
    const patch = await workspace.trees.patch(from, to, paths);
    if (!patch.ok) return err(patch.error);
    process.stdout.write(patch.value);
    return ok(patch.value.length === 0 ? 'nothing' : 'printed');
  }
  const text = await workspace.diff(from, to, { stat, paths });
  if (!text.ok) return err(text.error);
  process.stdout.write(harmless(text.value, process.stdout, process.env));
  return ok(text.value === '' ? 'nothing' : 'printed');
}

/** What an isolated attempt has made so far is nowhere but in its worktree. */
async function stillWorkingOn({ run, record, history }: RunTree, of: NamedAttempt): Promise<Refusal> {
  const refusal = stillWorking(run, of);
  if (of.trees?.isolated !== true) return refusal;
  const worktreeOf = await worktreesOf(record, history);
  const place = worktreeOf?.(of.step.key, of.attempt);
  const where = place === undefined ? 'its own worktree' : `its own worktree, ${oneLine(place, WIDEST_PATH)}`;
  return {
    ...refusal,
    help: `\`codemachine status ${run} --watch\` shows when it is; what it has edited so far is in ${where}`,
  };
}

function stillWorking(run: RunId, of?: NamedAttempt): Refusal {
  const what = of === undefined ? 'an attempt that may write is at work' : `${attemptWords(of)} is at work`;
  return {
    message: `run ${run} goes on: ${what}, and its end is not recorded yet`,
    help: `\`codemachine status ${run} --watch\` shows when it is; \`git diff\` shows the tree as it is`,
  };
}
