/** Runs a loop: its body again and again, each time in a frame of its own. */
import type { Expr } from '../model/expression.ts';
import type { Failure } from '../model/failure.ts';
import type { StepKey } from '../model/ids.ts';
import { lastIteration } from '../model/progress.ts';
import type { Result } from '../model/result.ts';
import { err, ok } from '../model/result.ts';
import type { LoopStep } from '../model/workflow.ts';
import type { AfterAttempt } from './attempt.ts';
import { asksForChanges, lookInTurn, withChanges } from './changes.ts';
import { failureIn } from './ending.ts';
import { condition } from './fill.ts';
import type { Frame } from './frame.ts';
import { keyIn } from './frame.ts';
import type { LoopHere } from './iteration.ts';
import { iterationFrame } from './iteration.ts';
import { becauseOf } from './list.ts';
import type { Phase } from './phase.ts';
import type { Running } from './running.ts';
import type { StatusFunctions } from './scope.ts';
import { isTrue, scopeOf } from './scope.ts';

/** A loop that may start, or go on. */
export interface LoopOf extends LoopHere {
  readonly step: LoopStep;
  readonly status: StatusFunctions;
  /** Runs the body once; resolves when each of its steps has its end, or nothing goes on. */
  readonly runBody: (frame: Frame) => Promise<void>;
}

/**
 * Runs the loop to its end, from where the journal says it is. Left where it is when nothing goes on: it makes no attempts, so there
 * is none to be ended, and whoever resumes the run goes on in the same iteration.
 */
export async function runLoop(run: Running, phase: Phase, loop: LoopOf): Promise<AfterAttempt> {
  const { key, step } = loop;
  const since = run.input.ports.clock.now();
  const { status, attempt: before } = run.ledger.step(key);
  const attempt = status === 'running' ? before : before + 1;
  if (status !== 'running')
    await run.ledger.say({ type: 'step-started', step: key, attempt, kind: 'loop', workspace: 'shared' });
  const end = (count: number, failure?: Failure): AfterAttempt => {
    const values = { count, 'duration-ms': Math.max(0, run.input.ports.clock.now() - since) };
    const said = { ...values, step: key, attempt };
    if (failure === undefined) void run.ledger.say({ ...said, type: 'step-succeeded' });
    else void run.ledger.say({ ...said, type: 'step-failed', final: true, failure });
    return 'ended';
  };
  const first = iterationFrame(run, loop, 1);
  if (!hasBegun(run, first)) {
    const wanted = await goesOn(run, phase, loop, first);
    if (!wanted.ok) return phase.halted() === undefined ? end(0, wanted.error) : left(run, phase, key);
    if (!wanted.value) return end(0);
  }
  for (let iteration = lastIteration(run.ledger.step(key)); ; iteration++) {
    const frame = iterationFrame(run, loop, iteration);
    await loop.runBody(frame);
    if (phase.halted() !== undefined || phase.isResting()) return left(run, phase, key);
    const failed = failureIn(run, frame);
    if (failed !== undefined) return end(iteration, inIteration(key, iteration, failed));
    const next = await whatNext(run, phase, loop, frame, iteration);
    if (!next.ok && phase.halted() !== undefined) return left(run, phase, key);
    if (!next.ok) return end(iteration, next.error);
    const again = next.value === 'again';
    void run.ledger.say({ type: 'loop-decided', step: key, iteration, again });
    if (again) continue;
    const exhausted = next.value === 'exhausted' && step.onExhausted === 'fail';
    return end(iteration, exhausted ? tooMany(step, key) : undefined);
  }
}

function left(run: Running, phase: Phase, key: StepKey): AfterAttempt {
  // Of one that did nothing but wait it was said already.
  if (phase.halted() === 'cancel' && run.ledger.step(key).status !== 'canceled')
    void run.ledger.say({ type: 'step-canceled', step: key, because: becauseOf(phase) });
  return 'halted';
}

async function whatNext(
  run: Running,
  phase: Phase,
  loop: LoopOf,
  frame: Frame,
  iteration: number,
): Promise<Result<'again' | 'done' | 'exhausted', Failure>> {
  const { until, max } = loop.step;
  if (until !== undefined) {
    const value = await asked(run, phase, loop, { key: 'until', expr: until, frame });
    if (!value.ok) return value;
    if (value.value) return ok('done');
  }
  const wanted = await goesOn(run, phase, loop, iterationFrame(run, loop, iteration + 1));
  if (!wanted.ok) return wanted;
  if (!wanted.value) return ok('done');
  return ok(iteration < max ? 'again' : 'exhausted');
}

/** Whether `while` lets an iteration begin. */
async function goesOn(
  run: Running,
  phase: Phase,
  loop: LoopOf,
  frame: Frame,
): Promise<Result<boolean, Failure>> {
  const { while: expr } = loop.step;
  return expr === undefined ? ok(true) : asked(run, phase, loop, { key: 'while', expr, frame });
}

async function asked(
  run: Running,
  phase: Phase,
  { step, key, rank, status }: LoopOf,
  of: { readonly key: 'until' | 'while'; readonly expr: Expr; readonly frame: Frame },
): Promise<Result<boolean, Failure>> {
  let scope = scopeOf(run, of.frame, status);
  if (asksForChanges(of.expr)) {
    const files = await lookInTurn(run, phase, { key, ...rank });
    if (files === undefined) return err({ reason: 'interrupted', message: 'stopped before it was asked' });
    if (!files.ok) return files;
    scope = withChanges(run, scope, files.value);
  }
  const value = run.input.ports.evaluate(of.expr, scope);
  return value.ok ? ok(isTrue(value.value)) : err(condition(step, `${of.key}: ${value.error}`));
}

/** What was begun was decided on: asked again, `while` could say something else. */
function hasBegun(run: Running, frame: Frame): boolean {
  return frame.planned.some(({ step }) => run.ledger.progress.steps.has(keyIn(frame, step)));
}

function inIteration(
  loop: StepKey,
  iteration: number,
  { key, failure }: { readonly key: StepKey; readonly failure?: Failure },
): Failure {
  const why = failure === undefined ? '' : `: ${failure.message}`;
  return { reason: 'body', message: `\`${key}\` failed in iteration ${iteration} of \`${loop}\`${why}` };
}

function tooMany({ max, until }: LoopStep, key: StepKey): Failure {
  const ends = until === undefined ? '`while` still holds' : `\`until: ${until.text.trim()}\` never held`;
  return {
    reason: 'exhausted',
    message: `\`${key}\` had ${max} ${max === 1 ? 'iteration' : 'iterations'}, and ${ends}`,
    help: 'raise `max`, or say `on-exhausted: continue` where the last iteration is good enough',
  };
}
