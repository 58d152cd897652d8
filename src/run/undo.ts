/** Takes the edits of an attempt that came to nothing out of the shared tree, when a run is resumed. */
import type { MilestoneBody } from '../model/event.ts';
import { type HeadMove, kept } from '../model/head-move.ts';
import type { StepKey } from '../model/ids.ts';
import type { Workspace } from '../model/ports.ts';
import type { AttemptTrees, StepProgress } from '../model/progress.ts';
import type { Result } from '../model/result.ts';
import { err, ok } from '../model/result.ts';
import type { Step } from '../model/workflow.ts';
import { ask, endedOrderly, othersSince, refusal } from './ask.ts';
import type { Running, UndoQuestion } from './running.ts';
import { isUndone } from './transaction.ts';

/** Edits to be undone. */
export interface Undo {
  readonly step: StepKey;
  readonly attempt: number;
  readonly start: string;
  /** The recording that the tree is put back from; only what differs between the two is touched. */
  readonly from: string;
  /** The recording of the tree as it is: somebody's edits of the same files are in it. */
  readonly found: string;
  /** Whether that is how the attempt left the tree and HEAD, so that its end brings everything back. */
  readonly whole: boolean;
  /** How HEAD moved since the start, where it goes back too. */
  readonly head?: HeadMove;
}

type Recorded = AttemptTrees & { readonly before: string };

/** The recordings of a step's newest attempt, where its edits may still be in the shared tree and are not to stay. */
export function leftInTree(step: Step, { status, attempt, trees }: StepProgress): Recorded | undefined {
  const own = trees[attempt];
  if (!isUndone(step) || status === 'succeeded' || own?.before === undefined) return undefined;
  const stays = own.undone || own.isolated === true || own.kept === true;
  return stays ? undefined : { ...own, before: own.before };
}

/** What there is to say first, and to undo; nothing to undo where somebody wants the edits kept. */
export interface Look {
  readonly before: readonly MilestoneBody[];
  readonly undo?: Undo;
}

/** Looks at what an attempt left in the shared tree. An error is the sentence why the run is not resumed. */
export async function lookAtTree(
  run: Running,
  workspace: Workspace,
  step: StepKey,
  attempt: number,
  trees: Recorded,
): Promise<Result<Look, string>> {
  const start = trees.before;
  const now = await workspace.record(run.input.run, `${step}.${attempt}.found`, trees.after ?? start);
  if (!now.ok) return err(`the tree could not be recorded before resuming: ${now.error.message}`);
  const { tree, files } = now.value;
  if (trees.after === undefined) {
    // The runner died before the end was recorded, so what is here now stands for the end.
    const moved = await headBetween(workspace, start, tree);
    if (!moved.ok) return moved;
    const head = moved.value === undefined ? {} : { head: moved.value };
    const told = moved.value === undefined ? {} : { head: kept(moved.value) };
    const before = [{ type: 'snapshot-taken', step, attempt, tree, files, ...told } as const];
    const others = files.length === 0 ? {} : othersSince(run, begunAt(run, step, attempt));
    const question: UndoQuestion = { step, attempt, why: 'crashed', files, ...head, ...others };
    const nothing = files.length === 0 && moved.value === undefined;
    const answer = nothing ? 'undo' : await ask(run, question);
    if (answer === 'stop') return err(refusal(question));
    const back = { step, attempt, start, from: tree, found: tree, whole: true, ...head };
    return ok({ before, ...(answer === 'undo' ? { undo: back } : {}) });
  }
  const edited = await editedSince(workspace, start, trees.after, tree);
  if (!edited.ok) return edited;
  const { both, any } = edited.value;
  // An owner that was killed may have been in the middle of this very undo: a file that is away then is nobody's edit.
  const why = endedOrderly(run) ? 'edited' : 'crashed';
  const answer = both.length === 0 ? 'undo' : await ask(run, { step, attempt, why, files: both });
  if (answer === 'stop') return err(refusal({ step, attempt, why, files: both }));
  // From the attempt's own end and not from what is here now: edits elsewhere, and a HEAD that was moved since, are somebody's.
  const since = await headBetween(workspace, trees.after, tree);
  if (!since.ok) return since;
  // Only where it still is as the attempt left it does it go back.
  const moved = since.value === undefined ? await headBetween(workspace, start, trees.after) : ok(undefined);
  if (!moved.ok) return moved;
  const head = moved.value === undefined ? {} : { head: moved.value };
  const whole = !any && since.value === undefined;
  const undo = { step, attempt, start, from: trees.after, found: tree, whole, ...head };
  return ok({ before: [], ...(answer === 'undo' ? { undo } : {}) });
}

async function headBetween(
  workspace: Workspace,
  from: string,
  to: string,
): Promise<Result<HeadMove | undefined, string>> {
  const moved = (await workspace.moved?.(from, to)) ?? ok(undefined);
  return moved.ok ? moved : err(`it could not be found out whether HEAD moved: ${moved.error.message}`);
}

/** When the attempt began; ISO 8601, UTC. */
function begunAt({ input }: Running, step: StepKey, attempt: number): string | undefined {
  const began = input.history.findLast(
    (one) => one.type === 'step-started' && one.step === step && one.attempt === attempt,
  );
  return began?.at;
}

/**
 * The paths that the attempt changed and somebody else since, whose change an undo would take away. A path that is back at
 * its start is nobody's loss: an undo that was cut off leaves such paths. `any` says whether anything was changed since.
 */
async function editedSince(
  workspace: Workspace,
  start: string,
  end: string,
  now: string,
): Promise<Result<{ readonly both: readonly string[]; readonly any: boolean }, string>> {
  const changed = async (from: string, to: string): Promise<Result<readonly string[], string>> => {
    const files = await workspace.changed(from, to);
    return files.ok ? files : err(`the recordings of the tree could not be compared: ${files.error.message}`);
  };
  const mine = await changed(start, end);
  if (!mine.ok) return mine;
  const theirs = await changed(end, now);
  if (!theirs.ok) return theirs;
  const still = await changed(start, now);
  if (!still.ok) return still;
  const ours = new Set(mine.value);
  const differs = new Set(still.value);
  const both = theirs.value.filter((path) => ours.has(path) && differs.has(path));
  return ok({ both, any: theirs.value.length > 0 });
}

/** Undoes what was found. */
export async function undo(run: Running, found: Undo): Promise<Result<undefined, string>> {
  const { step, attempt, start, from, head } = found;
  const files = await run.input.ports.workspace?.restore(start, from, found.found);
  if (files === undefined) return ok(undefined);
  if (!files.ok) return err(`the edits of \`${step}\` could not be undone: ${files.error.message}`);
  void run.ledger.say({ type: 'tree-restored', step, attempt, tree: start, files: files.value });
  const moved = head === undefined ? {} : { head };
  const whole = found.whole ? { whole: true as const } : {};
  if (files.value.length > 0 || head !== undefined)
    await run.input.options.undone?.({
      step,
      attempt,
      files: files.value,
      found: found.found,
      ...whole,
      ...moved,
    });
  return ok(undefined);
}
