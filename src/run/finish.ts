/** Brings a run to its end: `finally`, the outputs, the last milestone. */
import type { Milestone, RunEnd } from '../model/event.ts';
import { isByHand, NO_USAGE } from '../model/event.ts';
import type { StepKey } from '../model/ids.ts';
import type { PlannedStep } from '../model/plan.ts';
import type { StepStatus } from '../model/progress.ts';
import type { Json, JsonObject, Result } from '../model/result.ts';
import { err, ok } from '../model/result.ts';
import type { AfterAttempt } from './attempt.ts';
import { condition } from './fill.ts';
import { keyIn } from './frame.ts';
import { whyCanceled } from './list.ts';
import type { Change } from './merging.ts';
import { mergeInOrder } from './merging.ts';
import { perform } from './perform.ts';
import type { Phase } from './phase.ts';
import type { Running } from './running.ts';
import type { StatusFunctions } from './scope.ts';
import { evaluateIf, fill, scopeOf } from './scope.ts';

/** How the main list ended, by what its steps came to. */
export function endOfList(run: Running, canceled: boolean): RunEnd {
  if (canceled) return 'canceled';
  const failed = run.main.planned.some(
    ({ step }) => run.ledger.step(keyIn(run.main, step)).status === 'failed' && !step.continueOnError,
  );
  return failed ? 'failed' : 'succeeded';
}

/**
 * Runs `finally`, one step after the other. Gives whether one of them failed that was not allowed to. A result from
 * before a resume is kept only when nothing was decided in the main list after it: `finally` comes after everything.
 */
export async function runFinally(run: Running, phase: Phase, end: RunEnd): Promise<boolean> {
  const since = lastDecision(run);
  let failed = false;
  for (const planned of run.last.planned) {
    const { step } = planned;
    const key = keyIn(run.last, step);
    if (phase.halted() === undefined && !phase.isResting()) {
      const { status, decidedIn } = run.ledger.step(key);
      const kept = (status === 'succeeded' || status === 'skipped') && decidedIn >= since;
      if (!kept) await runFinallyStep(run, phase, planned, key, end);
    }
    const { status } = run.ledger.step(key);
    if (status === 'failed' && !step.continueOnError) failed = true;
    if (phase.halted() === 'cancel' && OPEN.has(status)) {
      void run.ledger.say({ type: 'step-canceled', step: key, because: whyCanceled(run, phase, key) });
    }
  }
  return failed;
}

const OPEN: ReadonlySet<StepStatus> = new Set(['pending', 'waiting', 'merging']);

/** The newest attempt of the run in which anything was decided that `finally` comes after. */
function lastDecision(run: Running): number {
  let last = 0;
  for (const { step } of run.main.planned) {
    last = Math.max(last, run.ledger.step(keyIn(run.main, step)).decidedIn);
  }
  const { history } = run.input;
  const wasOver = history.findLast((m) => m.type === 'run-finished' || m.type === 'run-resumed');
  return wasOver?.type === 'run-finished' ? run.ledger.progress.attempt : last;
}

async function runFinallyStep(
  run: Running,
  phase: Phase,
  { step, index }: PlannedStep,
  key: StepKey,
  end: RunEnd,
): Promise<void> {
  const status: StatusFunctions = {
    success: () => end === 'succeeded',
    failure: () => end === 'failed',
    canceled: () => end === 'canceled',
  };
  const scope = scopeOf(run, run.last, status, end);
  const wanted = { step, key, remaining: 1, index, scope: () => scope };
  if (run.ledger.step(key).status === 'merging') return performFinally(run, phase, wanted, 'merging');
  const asked = step.if === undefined ? ok(true) : evaluateIf(run, step, step.if, scope);
  if (!asked.ok) {
    const failure = condition(step, `if: ${asked.error}`);
    const attempt = run.ledger.step(key).attempt + 1;
    void run.ledger.say({ type: 'step-failed', step: key, attempt, final: true, failure });
  } else if (!asked.value) {
    const because = `\`if: ${step.if?.text.trim()}\` is false`;
    void run.ledger.say({ type: 'step-skipped', step: key, because });
  } else {
    await performFinally(run, phase, wanted, 'again');
  }
}

/** Nothing runs beside it, so its change is merged as soon as it is ready. */
async function performFinally(
  run: Running,
  phase: Phase,
  wanted: Pick<Change, 'step' | 'key' | 'remaining' | 'index' | 'scope'>,
  from: 'again' | 'merging',
): Promise<void> {
  let after: AfterAttempt = from;
  const over = (next: AfterAttempt) => {
    after = next;
  };
  while (after === 'again' || after === 'merging') {
    const change = after === 'merging';
    after = 'halted';
    if (change) await mergeInOrder(run, phase, [{ ...wanted, busy: () => undefined, over }]);
    else await perform(run, phase, { ...wanted, admit: () => true, over });
  }
}

/** Computes the outputs of the run. All of them or none: half a result would be taken for a whole one. */
export function runOutputs(run: Running, end: RunEnd): Result<JsonObject, string> {
  const status: StatusFunctions = {
    success: () => end === 'succeeded',
    failure: () => end === 'failed',
    canceled: () => end === 'canceled',
  };
  const scope = scopeOf(run, run.main, status, end);
  const outputs: Record<string, Json> = {};
  for (const [name, template] of Object.entries(run.input.workflow.outputs)) {
    const value = fill(run, template, scope);
    if (!value.ok) return err(`output \`${name}\` could not be computed: ${value.error}`);
    outputs[name] = value.value;
  }
  return ok(outputs);
}

/** Says that the run is over, with what it cost. */
export async function sayFinished(
  run: Running,
  status: RunEnd,
  outputs: JsonObject,
  startedAt: number,
): Promise<void> {
  const now = run.input.ports.clock.now();
  await run.ledger.say({
    type: 'run-finished',
    status,
    'duration-ms': ownedBefore(run.input.history) + Math.max(0, now - startedAt),
    usage: run.ledger.progress.usage ?? NO_USAGE,
    outputs,
  });
}

/**
 * For how long earlier owners held the run, in milliseconds: from each start to the last milestone of that owner. The
 * time in which nobody owned it is not the run's; that between an owner's last milestone and its death is not known.
 */
export function ownedBefore(history: readonly Milestone[]): number {
  let sum = 0;
  let start: number | undefined;
  let last = 0;
  for (const milestone of history) {
    const at = Date.parse(milestone.at);
    if (milestone.type === 'run-started' || milestone.type === 'run-resumed') {
      if (start !== undefined) sum += Math.max(0, last - start);
      start = at;
    }
    if (!isByHand(milestone)) last = at;
  }
  return start === undefined ? 0 : sum + Math.max(0, last - start);
}
