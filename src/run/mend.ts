/** Brings a run to a state it can go on from: what a dead owner left open is recorded, what must not stay is undone. */
import type { AttemptValues, MilestoneBody } from '../model/event.ts';
import type { StepKey } from '../model/ids.ts';
import { conflictKey, isPartOf } from '../model/ids.ts';
import { isEnded } from '../model/progress.ts';
import type { Result } from '../model/result.ts';
import { err, ok } from '../model/result.ts';
import type { Execution } from './executions.ts';
import { executions } from './executions.ts';
import type { HalfMerged } from './half-merged.ts';
import { finishMerge, lookAtMerge } from './half-merged.ts';
import type { Goes } from './left.ts';
import { isKept, lookAtWorktrees } from './left.ts';
import type { Running } from './running.ts';
import type { Undo } from './undo.ts';
import { leftInTree, lookAtTree, undo } from './undo.ts';

/** What there is to mend; looked for before the run is touched, so that a refusal leaves it as it was. */
export interface Mending {
  readonly before: readonly MilestoneBody[];
  /** Steps whose edits somebody wants kept. */
  readonly kept: readonly StepKey[];
  readonly merges: readonly HalfMerged[];
  readonly toUndo: readonly Undo[];
  /** Worktrees that nobody needs any more. */
  readonly worktrees: readonly Goes[];
}

type Draft = { readonly [Key in keyof Mending]: Mending[Key][number][] };

/**
 * Looks for attempts that are still open, whose owner is dead, for edits of failed attempts that are still in the tree, for
 * worktrees, and for a merge that was cut off. An error is the sentence why the run is not resumed.
 */
export async function lookForMending(run: Running): Promise<Result<Mending, string>> {
  const found: Draft = { before: [], kept: [], merges: [], toUndo: [], worktrees: [] };
  // What was done last is undone first.
  for (const execution of [...executions(run)].reverse()) {
    // It makes no attempt that could be left open: whoever goes on with the run goes on with it.
    if (execution.step.kind === 'loop' || execution.step.kind === 'uses') continue;
    const looks = execution.step.kind === 'reduce' ? [lookAtParts, lookAtChange] : LOOKS;
    const resolves = execution.step.isolated?.onConflict !== undefined ? [lookAtResolution] : [];
    for (const look of [...looks, ...resolves]) {
      const looked = await look(run, execution, found);
      if (!looked.ok) return looked;
    }
  }
  return ok(found);
}

/**
 * The steps whose edits stay because of `--keep-tree`; found without looking at any tree. Said with the opening, because the
 * next owner must know it even if this one dies before it makes another attempt.
 */
export function keptByChoice(run: Running): readonly StepKey[] {
  if (run.input.options.keepTree !== true) return [];
  return executions(run)
    .filter(({ step, key }) => {
      const progress = run.ledger.step(key);
      return leftInTree(step, progress) !== undefined || isKept(progress);
    })
    .map(({ key }) => key);
}

/** Does what was found. The run is open by now. What was done last is the merge: nobody worked in the tree beside it. */
export async function mend(run: Running, found: Mending): Promise<Result<undefined, string>> {
  const said = found.before.map((body) => run.ledger.say(body));
  for (const merge of found.merges) {
    const finished = await finishMerge(run, merge);
    if (!finished.ok) return finished;
  }
  for (const one of found.toUndo) {
    const undone = await undo(run, one);
    if (!undone.ok) return undone;
  }
  // A worktree that is gone tells the next owner that all of it is recorded.
  if (found.worktrees.length > 0) await said.at(-1);
  for (const worktree of found.worktrees) {
    const removed = await worktree.remove();
    if (!removed.ok)
      return err(`the worktree ${worktree.root} could not be removed: ${removed.error.message}`);
  }
  return ok(undefined);
}

type LookAt = (run: Running, execution: Execution, found: Draft) => Promise<Result<undefined, string>>;

const lookAtShared: LookAt = async (run, { step, key }, found) => {
  const { workspace } = run.input.ports;
  const { keepTree } = run.input.options;
  const progress = run.ledger.step(key);
  // Its edits are those of a step that has failed, and the run went on from there.
  const goesOn = run.input.updated === undefined && !isEnded(run.ledger.progress.status);
  if (progress.status === 'failed' && goesOn && !step.continueOnError) return ok(undefined);
  const trees = leftInTree(step, progress);
  if (workspace === undefined || trees === undefined) return ok(undefined);
  const looked = await lookAtTree(run, workspace, progress.key, progress.attempt, trees);
  // Whoever keeps the tree needs no recording, and may keep it because there can be none.
  if (!looked.ok) return keepTree === true ? ok(undefined) : looked;
  found.before.push(...looked.value.before);
  if (looked.value.undo === undefined) found.kept.push(progress.key);
  else if (keepTree !== true) found.toUndo.push(looked.value.undo);
  return ok(undefined);
};

const lookAtChange: LookAt = async (run, { key }, found) => {
  const looked = await lookAtMerge(run, key);
  if (!looked.ok) return looked;
  if (looked.value !== undefined) found.merges.push(looked.value);
  return ok(undefined);
};

const lookAtAttempt: LookAt = (run, { key }, found) => lookAtOpen(run, key, found);

/** Of a reduce: what was done on its behalf. It makes no attempt itself. */
const lookAtParts: LookAt = async (run, { key }, found) => {
  for (const part of run.ledger.progress.steps.keys()) {
    if (!isPartOf(part, key)) continue;
    const looked = await lookAtOpen(run, part, found);
    if (!looked.ok) return looked;
  }
  return ok(undefined);
};

const LOOKS: readonly LookAt[] = [lookAtShared, lookAtChange, lookAtAttempt];

const lookAtResolution: LookAt = (run, { key }, found) => lookAtOpen(run, conflictKey(key), found);

async function lookAtOpen(run: Running, key: StepKey, found: Draft): Promise<Result<undefined, string>> {
  const left = await lookAtWorktrees(run, key);
  if (!left.ok) return left;
  found.before.push(...left.value.before);
  found.worktrees.push(...left.value.worktrees);
  const { status, attempt } = run.ledger.step(key);
  if (status !== 'running') return ok(undefined);
  const message = 'the runner ended while this attempt was being made';
  const failure = { reason: 'interrupted', message } as const;
  const values = usedBefore(run, key);
  found.before.push({ ...values, type: 'step-failed', step: key, attempt, final: false, failure });
  return ok(undefined);
}

/** What was used was used, though nobody lived to say so: a bill that leaves it out is wrong. */
function usedBefore({ input, ledger, budgets }: Running, key: StepKey): AttemptValues {
  const { kind, attempt, engine, model: asked } = ledger.step(key);
  if (kind !== 'prompt' || engine === undefined) return {};
  const { usage, model = asked } = input.ports.heardOf?.({ step: key, attempt, engine }) ?? {};
  if (usage === undefined) return {};
  return { engine, ...(model === undefined ? {} : { model }), usage: budgets.priced(usage, asked ?? model) };
}
