/** Runs `finally`, of a run or of a used workflow: one step after the other, whatever happened. */

import { instanceStep } from '../model/choices.ts';
import type { RunEnd } from '../model/event.ts';
import type { StepKey } from '../model/ids.ts';
import type { PlannedStep } from '../model/plan.ts';
import type { StepStatus } from '../model/progress.ts';
import { err, ok } from '../model/result.ts';
import type { Matrix, Step } from '../model/workflow.ts';
import type { AfterAttempt } from './attempt.ts';
import { lookAtChanges, usesChanges, withChanges } from './changes.ts';
import { type Ending, failureIn, statusAfter } from './ending.ts';
import { condition } from './fill.ts';
import type { Frame } from './frame.ts';
import { keyIn, rankIn } from './frame.ts';
import { expandOnce } from './instances.ts';
import {
  cancelWaiting,
  endMatrix,
  hasEnded,
  keepsResult,
  layOut,
  runWhole,
  type Schedule,
  whyCanceled,
} from './list.ts';
import { mergeInOrder } from './merging.ts';
import { runPart } from './part.ts';
import { perform } from './perform.ts';
import type { Phase } from './phase.ts';
import type { Running } from './running.ts';
import { evaluateIf, scopeOf } from './scope.ts';

/** Starts a list that is laid out. */
export type Begin = (list: Schedule) => void;

/** A step of `finally` whose turn has come. */
interface Turn {
  readonly run: Running;
  readonly phase: Phase;
  readonly end: RunEnd;
  readonly begin: Begin;
  readonly since: number;
  readonly cancels: boolean;
  /** That of the list; of an instance with its `matrix`. */
  readonly frame: Frame;
  readonly planned: PlannedStep;
  readonly step: Step;
  readonly key: StepKey;
}

/**
 * Runs `finally`. Gives whether one of its steps failed that was not allowed to. A result from before a resume is kept only when
 * nothing was decided in the list after it: `finally` comes after everything.
 */
export async function runFinally(
  run: Running,
  phase: Phase,
  ending: Ending,
  end: RunEnd,
  begin: Begin,
): Promise<boolean> {
  const { main, last, cancels } = ending;
  const since = Math.max(ending.since, lastDecision(run, main));
  for (const planned of last.planned) {
    const { step } = planned;
    const key = keyIn(last, step);
    const turn: Turn = { run, phase, end, begin, since, cancels, frame: last, planned, step, key };
    if (goesOn(phase) && !isKept(turn)) await take(turn);
    cancelOpen(turn);
  }
  return failureIn(run, last) !== undefined;
}

const OPEN: ReadonlySet<StepStatus> = new Set(['pending', 'waiting', 'merging']);

function goesOn(phase: Phase): boolean {
  return phase.halted() === undefined && !phase.isResting();
}

function isKept({ run, key, since }: Turn): boolean {
  const { decidedIn } = run.ledger.step(key);
  return keepsResult(run, { key, ranAgain: false }) && decidedIn >= since;
}

function cancelOpen({ run, phase, key, cancels }: Turn): void {
  if (!cancels || phase.halted() !== 'cancel' || !OPEN.has(run.ledger.step(key).status)) return;
  void run.ledger.say({ type: 'step-canceled', step: key, because: whyCanceled(run, phase, key) });
}

/** The newest attempt of the run in which anything was decided in the list. */
function lastDecision(run: Running, main: Frame): number {
  let last = 0;
  for (const { step } of main.planned) last = Math.max(last, run.ledger.step(keyIn(main, step)).decidedIn);
  return last;
}

async function take(turn: Turn): Promise<void> {
  const { run, frame, step, key, end } = turn;
  const bare = scopeOf(run, frame, statusAfter(end), end);
  const { status, attempt } = run.ledger.step(key);
  if (status === 'merging') return make(turn, 'merging');
  const files = step.if !== undefined && usesChanges(step) ? await lookAtChanges(run, key) : ok([]);
  const scope = files.ok ? withChanges(run, bare, files.value) : bare;
  const evaluated = step.if === undefined ? ok(true) : evaluateIf(run, step, step.if, scope);
  const asked = files.ok ? evaluated : err(files.error.message);
  if (!asked.ok) {
    const failure = condition(step, `if: ${asked.error}`);
    void run.ledger.say({ type: 'step-failed', step: key, attempt: attempt + 1, final: true, failure });
  } else if (!asked.value) {
    const because = `\`if: ${step.if?.text.trim()}\` is false`;
    void run.ledger.say({ type: 'step-skipped', step: key, because });
  } else if (step.matrix === undefined) {
    await make(turn, 'again');
  } else {
    await takeInstances(turn, step.matrix);
  }
}

/** The instances of a matrix, one after the other in its order. */
async function takeInstances(turn: Turn, matrix: Matrix): Promise<void> {
  const { run, phase, frame, planned, step, key, end } = turn;
  const scope = scopeOf(run, frame, statusAfter(end), end);
  // A matrix that is begun anew has the instances of today; one that was left in the middle those that were recorded.
  const instances = expandOnce(run, { step, key, matrix, scope }, run.ledger.step(key).status === 'running');
  if (instances === undefined) return;
  let failed = false;
  for (const one of instances) {
    const own: Turn = {
      ...turn,
      frame: { ...frame, contexts: { ...frame.contexts, matrix: one.matrix } },
      step: instanceStep(planned.step, one.matrix) ?? step,
      key: one.key,
    };
    if (failed && matrix.failFast && !isKept(own)) {
      const because = 'another instance failed, and `fail-fast` starts none after that';
      void run.ledger.say({ type: 'step-canceled', step: one.key, because });
    } else if (goesOn(phase) && !isKept(own)) {
      await make(own, run.ledger.step(one.key).status === 'merging' ? 'merging' : 'again');
    }
    cancelOpen(own);
    failed ||= run.ledger.step(one.key).status === 'failed';
  }
  if (instances.every((one) => hasEnded(run.ledger.step(one.key)))) endMatrix(turn, key, instances);
}

/** Makes a step, or an instance of one. Nothing runs beside it, so its change is merged as soon as it is ready. */
async function make(turn: Turn, from: 'again' | 'merging'): Promise<void> {
  const { run, phase, end, begin, frame, planned, step, key, cancels } = turn;
  const scope = scopeOf(run, frame, statusAfter(end), end);
  const rank = rankIn(frame, planned);
  if (step.kind === 'uses') {
    if (planned.body === undefined) throw new Error(`the used workflow \`${key}\` was never planned`);
    const runBody = (inner: Frame) => runAlone(run, phase, inner, begin);
    const runLast = (ending: Ending, how: RunEnd) => runFinally(run, phase, ending, how, begin);
    await runPart(run, phase, { step, key, body: planned.body, rank, scope, runBody, runLast, cancels });
    return;
  }
  const wanted = { step, key, ...rank, scope: () => scope };
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

/** Runs a list that stands in no other. */
async function runAlone(run: Running, phase: Phase, frame: Frame, begin: Begin): Promise<void> {
  const list = layOut(run, phase, frame);
  await runWhole(list, begin);
  if (phase.halted() === 'cancel') cancelWaiting(list);
}
