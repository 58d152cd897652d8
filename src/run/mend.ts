/** Brings a run to a state it can go on from: what a dead owner left open is recorded, what must not stay is undone. */
import type { MilestoneBody } from '../model/event.ts';
import { asStepKey, type StepKey } from '../model/ids.ts';
import type { Workspace } from '../model/ports.ts';
import type { AttemptTrees } from '../model/progress.ts';
import type { Result } from '../model/result.ts';
import { err, ok } from '../model/result.ts';
import type { Running } from './running.ts';
import { isRecorded } from './transaction.ts';

/** What there is to mend; looked for before the run is touched, so that a refusal leaves it as it was. */
export interface Mending {
  readonly before: readonly MilestoneBody[];
  readonly toUndo: readonly Undo[];
}

interface Undo {
  readonly step: StepKey;
  readonly attempt: number;
  readonly start: string;
  /** The recording that the tree is put back from; only what differs between the two is touched. */
  readonly from: string;
  /** The recording of the tree as it is: somebody's edits of the same files are in it. */
  readonly found: string;
}

/**
 * Looks for attempts that are still open, whose owner is dead, and for edits of failed attempts that are still in the
 * tree. An error is the sentence why the run is not resumed.
 */
export async function lookForMending(run: Running): Promise<Result<Mending, string>> {
  const before: MilestoneBody[] = [];
  const toUndo: Undo[] = [];
  const { plan, workflow, ports, options } = run.input;
  // What was done last is undone first.
  const byAge = [...plan.steps]
    .sort((a, b) => b.batch - a.batch || b.index - a.index)
    .map(({ step }) => step);
  for (const step of [...[...workflow.finally].reverse(), ...byAge]) {
    const key = asStepKey(step.id);
    const { status, attempt, trees } = run.ledger.step(key);
    const own = trees[attempt];
    if (ports.workspace !== undefined && isRecorded(step) && needsUndo(status, own)) {
      const looked = await lookAtTree(run, ports.workspace, key, attempt, own);
      // Whoever keeps the tree needs no recording, and may keep it because there can be none.
      if (!looked.ok && options.keepTree !== true) return looked;
      before.push(...(looked.ok ? looked.value.before : []));
      if (looked.ok && looked.value.undo !== undefined && options.keepTree !== true)
        toUndo.push(looked.value.undo);
    }
    if (status !== 'running') continue;
    const failure = {
      reason: 'interrupted',
      message: 'the runner ended while this attempt was being made',
    } as const;
    before.push({ type: 'step-failed', step: key, attempt, final: false, failure });
  }
  return ok({ before, toUndo });
}

/** Does what was found. The run is open by now. */
export async function mend(run: Running, { before, toUndo }: Mending): Promise<Result<undefined, string>> {
  for (const body of before) void run.ledger.say(body);
  for (const { step, attempt, start, from, found } of toUndo) {
    const files = await run.input.ports.workspace?.restore(start, from, found);
    if (files === undefined) continue;
    if (!files.ok) return err(`the edits of \`${step}\` could not be undone: ${files.error.message}`);
    void run.ledger.say({ type: 'tree-restored', step, attempt, tree: start, files: files.value });
    if (files.value.length > 0)
      await run.input.options.undone?.({ step, attempt, files: files.value, found });
  }
  return ok(undefined);
}

type Recorded = AttemptTrees & { readonly before: string };

function needsUndo(status: string, trees: AttemptTrees | undefined): trees is Recorded {
  return status !== 'succeeded' && trees?.before !== undefined && !trees.undone;
}

interface Look {
  readonly before: readonly MilestoneBody[];
  readonly undo?: Undo;
}

async function lookAtTree(
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
    const before = [{ type: 'snapshot-taken', step, attempt, tree, files } as const];
    const answer = files.length === 0 ? 'undo' : await ask(run, step, attempt, 'crashed', files);
    if (answer === 'stop') return err(refusal(step, attempt, 'crashed', files));
    return ok({
      before,
      ...(answer === 'undo' ? { undo: { step, attempt, start, from: tree, found: tree } } : {}),
    });
  }
  const edited = await editedSince(workspace, start, trees.after, tree);
  if (!edited.ok) return edited;
  const both = edited.value;
  // An owner that was killed may have been in the middle of this very undo: a file that is away then is nobody's edit.
  const why = endedOrderly(run) ? 'edited' : 'crashed';
  const answer = both.length === 0 ? 'undo' : await ask(run, step, attempt, why, both);
  if (answer === 'stop') return err(refusal(step, attempt, why, both));
  // From the attempt's own end and not from what is here now: edits elsewhere, and a HEAD that was moved since, are somebody's.
  const undo = { step, attempt, start, from: trees.after, found: tree };
  return ok({ before: [], ...(answer === 'undo' ? { undo } : {}) });
}

/** Whether the last owner let the run go by itself, so that what differs from its last recording was done by somebody else. */
function endedOrderly(run: Running): boolean {
  const last = run.input.history.at(-1)?.type;
  return last === 'run-interrupted' || last === 'run-finished' || last === 'run-parked';
}

/**
 * The paths that the attempt changed and somebody else since, whose change an undo would take away. A path that is back at
 * its start is nobody's loss: an undo that was cut off leaves such paths.
 */
async function editedSince(
  workspace: Workspace,
  start: string,
  end: string,
  now: string,
): Promise<Result<readonly string[], string>> {
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
  return ok(theirs.value.filter((path) => ours.has(path) && differs.has(path)));
}

function ask(
  run: Running,
  step: StepKey,
  attempt: number,
  why: 'crashed' | 'edited',
  files: readonly string[],
): Promise<'undo' | 'keep' | 'stop'> {
  const { keepTree, decideUndo } = run.input.options;
  if (keepTree === true) return Promise.resolve('keep');
  if (decideUndo !== undefined) return decideUndo({ step, attempt, why, files });
  return Promise.resolve(why === 'crashed' ? 'undo' : 'stop');
}

const MOST_FILES = 5;

function refusal(
  step: StepKey,
  attempt: number,
  why: 'crashed' | 'edited',
  files: readonly string[],
): string {
  const names =
    files.slice(0, MOST_FILES).join(', ') + (files.length > MOST_FILES ? `, … (${files.length})` : '');
  const what =
    why === 'edited'
      ? `files that \`${step}\` (attempt ${attempt}) wrote were edited after it stopped`
      : `\`${step}\` (attempt ${attempt}) was cut off and left edits`;
  return `${what}: ${names}. Resume with --keep-tree to go on from the tree as it is, or with --restore to put these files back to the start of the attempt`;
}
