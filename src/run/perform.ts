/** Takes one step through as many attempts as it needs. */
import type { StepKey } from '../model/ids.ts';
import type { Scope } from '../model/scope.ts';
import type { Step } from '../model/workflow.ts';
import type { AfterAttempt } from './attempt.ts';
import { makeAttempt } from './attempt.ts';
import { condition } from './fill.ts';
import type { IterationOf } from './frame.ts';
import type { InWorktree } from './isolated.ts';
import { NAMELESS, takeName } from './names.ts';
import type { Phase } from './phase.ts';
import { reuse } from './reuse.ts';
import type { Guest } from './room.ts';
import type { Running } from './running.ts';
import { engineOfNext, hinderedNext, waitToBeServed } from './serving.ts';
import { isRecorded } from './transaction.ts';

/** A step that may start, and what the one who decided that wants to know of it. */
export interface Performance extends InWorktree {
  readonly step: Step;
  /** Of this execution of the step. */
  readonly key: StepKey;
  /** Of a step in a loop: which iteration it is. */
  readonly iteration?: IterationOf;
  /** Asked at each turn: thousands of steps may wait for theirs. */
  readonly scope: () => Scope;
  /** Asked at each of the step's turns; false sends it away, which the asked one has then recorded. */
  readonly admit: () => boolean;
  /** What it is done for: left while it waits for nothing but a time at which the run may as well be parked. */
  readonly aside?: { leave(): void; enter(): void };
  /** The attempt is over. Called before the turn is over, so that what it lets start competes for the place. */
  readonly over: (after: AfterAttempt) => void;
}

/**
 * Resolves when the step ended, when its change waits to be merged, or when the phase was halted. Between two attempts the
 * step holds no place.
 */
export async function perform(run: Running, phase: Phase, performance: Performance): Promise<void> {
  const { step, key, remaining, index } = performance;
  for (;;) {
    const isHeld = (): boolean => run.budgets.holds(step, key);
    await waitToBeServed(run, phase, performance, isHeld);
    if (step.cache !== undefined && !(await goesOnWithout(run, phase, performance))) return;
    if (isHeld()) return;
    // Who waits for nothing asks for a place at once: the first to ask is not to be the last because of a name it does not have.
    const named = step.concurrency !== undefined;
    const name = named ? await takeName(run, phase, step, key, performance.scope) : NAMELESS;
    if (!name.ok) {
      failNameless(run, performance, name.error);
      return;
    }
    if (name.value === undefined) return;
    const leave = await phase.room.enter({ remaining, index, tree: treeUse(step) });
    if (leave === undefined) {
      name.value();
      return;
    }
    try {
      const after = await inItsQueue(run, phase, performance, isHeld);
      if (after === 'sent away') return;
      performance.over(after);
      if (after !== 'again') return;
    } catch (error) {
      if (run.ledger.lost() === undefined) recordDefect(run, key, error);
      return;
    } finally {
      leave();
      name.value();
    }
  }
}

/** Makes the attempt when its engine has room for it, unless it turns out meanwhile that it does not serve: then the step waits again. */
function inItsQueue(
  run: Running,
  phase: Phase,
  performance: Performance,
  isHeld: () => boolean,
): Promise<AfterAttempt | 'sent away'> {
  const { key } = performance;
  const queued = engineOfNext(run, performance);
  return run.limited(queued?.engine, async () => {
    if (phase.halted() !== undefined || phase.isResting() || isHeld()) return 'sent away';
    if (hinderedNext(run, performance) !== undefined) return 'again';
    if (!performance.admit()) return 'sent away';
    if (queued === undefined) return makeAttempt(run, phase, performance);
    const turn = run.breaker.begin(queued, key);
    try {
      return await makeAttempt(run, phase, performance);
    } finally {
      turn.over();
    }
  });
}

/** Waits until then, unless nothing goes on, or what is waited for will not begin anyway. */
export async function pauseUntil(
  { input }: Running,
  phase: Phase,
  at: number,
  isHeld: () => boolean = () => false,
): Promise<void> {
  const waits = (): boolean => phase.halted() === undefined && !phase.isResting() && !isHeld();
  while (input.ports.clock.now() < at && waits()) await phase.pause(at);
}

function failNameless(run: Running, { step, key, admit, over }: Performance, why: string): void {
  if (!admit()) return;
  const attempt = run.ledger.step(key).attempt + 1;
  const failure = condition(step, why);
  void run.ledger.say({ type: 'step-failed', step: key, attempt, final: true, failure });
  over('ended');
}

/** Looks whether there is a result already. False where the step is not to be made: it has one, or nothing goes on. */
async function goesOnWithout(run: Running, phase: Phase, performance: Performance): Promise<boolean> {
  try {
    return (await reuse(run, phase, performance)) === 'miss';
  } catch (error) {
    if (run.ledger.lost() === undefined) recordDefect(run, performance.key, error);
    return false;
  }
}

function treeUse(step: Step): Guest['tree'] {
  if (step.isolated !== undefined) return 'apart';
  return isRecorded(step) ? 'alone' : 'share';
}

function recordDefect(run: Running, key: StepKey, error: unknown): void {
  const { status, attempt } = run.ledger.step(key);
  const message = error instanceof Error ? error.message : String(error);
  if (status === 'running') {
    const failure = { reason: 'internal', message: `a defect of codemachine: ${message}` } as const;
    void run.ledger.say({ type: 'step-failed', step: key, attempt, final: true, failure });
  }
  run.defect(error);
}
