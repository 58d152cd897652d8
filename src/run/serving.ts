/** Sees to it that an engine is asked only when it may serve, by going to another one or by waiting. */
import { literalText } from '../model/expression.ts';
import type { Failure } from '../model/failure.ts';
import type { StepKey } from '../model/ids.ts';
import type { PromptStep } from '../model/workflow.ts';
import type { EngineOf, Hindered } from './breaker.ts';
import type { Performance } from './perform.ts';
import type { Phase } from './phase.ts';
import { longestRest, restsTooLong } from './retry.ts';
import type { Running } from './running.ts';
import { sessionBefore } from './session.ts';

/** The engine of the step's next attempt; undefined for what is no agent. An engine that was fallen back on is gone on with. */
export function nextEngine(
  run: Running,
  { step, key, iteration }: Pick<Performance, 'step' | 'key' | 'iteration'>,
): string | undefined {
  if (step.kind !== 'prompt') return undefined;
  const before = sessionBefore(run, step, key, iteration);
  const held = before !== undefined && 'session' in before ? before.session.engine : undefined;
  const current = run.ledger.step(key).engine ?? held;
  return current !== undefined && step.engines.includes(current) ? current : step.engines[0];
}

/** What the next attempt is made with. A model that is computed is known only when the attempt is made. */
export function engineOfNext(
  run: Running,
  performance: Pick<Performance, 'step' | 'key' | 'iteration'>,
): EngineOf | undefined {
  const engine = nextEngine(run, performance);
  return engine === undefined ? undefined : withModel(performance.step as PromptStep, engine);
}

function withModel({ model }: PromptStep, engine: string): EngineOf {
  const text = model === undefined ? undefined : literalText(model);
  return text === undefined ? { engine } : { engine, model: text };
}

/**
 * Waits until the step's next attempt may begin. Without a place: others have engines that serve. Resolves at once where nothing goes
 * on, which whoever asks looks at anyway.
 */
export async function waitToBeServed(
  run: Running,
  phase: Phase,
  performance: Performance,
  isHeld: () => boolean,
): Promise<void> {
  const { clock } = run.input.ports;
  const waits = (): boolean => phase.halted() === undefined && !phase.isResting() && !isHeld();
  while (waits()) {
    const hindered = hinderedNext(run, performance);
    if (hindered !== undefined && goElsewhere(run, performance, hindered)) continue;
    const { retryAt, quotaSince } = run.ledger.step(performance.key);
    const until = retryAt === undefined ? 0 : Date.parse(retryAt);
    if (clock.now() < until) {
      await (quotaSince === undefined ? phase.pause(until) : aside(run, phase, performance, until));
    } else if (hindered === undefined) return;
    else if (hindered.until === undefined) await phase.woken();
    else if (hindered.by === 'quota') sayQuota(run, performance, hindered.until);
    else await phase.pause(hindered.until);
  }
}

/** Whether the next attempt would only hear again what another one has heard. */
export function hinderedNext(
  run: Running,
  performance: Pick<Performance, 'step' | 'key' | 'iteration'>,
): Hindered | undefined {
  const of = engineOfNext(run, performance);
  const hindered = of === undefined ? undefined : run.breaker.hindered(of);
  if (of === undefined || hindered === undefined) return undefined;
  const step = performance.step as PromptStep;
  const { onQuota, engines } = step;
  const late = isLate(run, step, performance.key, hindered);
  const last = of.engine === engines.at(-1);
  const fails = hindered.by === 'quota' && (onQuota === 'fail' || (onQuota === 'fallback' && last));
  if (!late && !fails) return hindered;
  // Who does not wait for a quota, or not so long, hears it from the engine itself and fails with its words, unless another one serves.
  return elsewhere(run, performance, hindered) === undefined ? undefined : hindered;
}

/** Whether the step would have to wait longer than it does. */
function isLate(run: Running, step: PromptStep, key: StepKey, { by, until }: Hindered): boolean {
  if (until === undefined) return false;
  const now = run.input.ports.clock.now();
  if (by === 'rest') return until > now + longestRest(step);
  const { quotaSince } = run.ledger.step(key);
  return until > (quotaSince === undefined ? now : Date.parse(quotaSince)) + step.quotaWaitMs;
}

/** Why the next attempt is not made at all: its engine rests for longer than the step waits. Undefined where it may be made. */
export function restFailure(
  run: Running,
  performance: Pick<Performance, 'step' | 'key' | 'iteration'>,
): Failure | undefined {
  const of = engineOfNext(run, performance);
  const hindered = of === undefined ? undefined : run.breaker.hindered(of);
  if (hindered?.by !== 'rest' || hindered.until === undefined) return undefined;
  const step = performance.step as PromptStep;
  if (!isLate(run, step, performance.key, hindered)) return undefined;
  const serves = new Date(hindered.until).toISOString();
  return restsTooLong(step, { reason: 'rate-limit', message: hindered.because, 'retry-at': serves });
}

/** The next engine of the list that serves; where none does, the one that serves first. Undefined where that is the present one. */
function elsewhere(
  run: Running,
  performance: Pick<Performance, 'step' | 'key' | 'iteration'>,
  { by, until }: Hindered,
): { readonly from: string; readonly to: string } | undefined {
  const { step } = performance;
  const from = nextEngine(run, performance);
  if (step.kind !== 'prompt' || from === undefined) return undefined;
  if (by === 'quota' && (step.onQuota === 'wait' || step.onQuota === 'fail')) return undefined;
  const now = run.input.ports.clock.now();
  const servesAt = (engine: string): number => {
    const there = run.breaker.hindered(withModel(step, engine));
    return there === undefined ? 0 : (there.until ?? now);
  };
  const [first] = step.engines
    .slice(step.engines.indexOf(from) + 1)
    .map((engine) => ({ engine, at: servesAt(engine) }))
    .filter(({ at }) => at < (until ?? now))
    .sort((one, other) => one.at - other.at);
  return first === undefined ? undefined : { from, to: first.engine };
}

function goElsewhere(run: Running, performance: Performance, hindered: Hindered): boolean {
  const other = elsewhere(run, performance, hindered);
  if (other === undefined) return false;
  const { key } = performance;
  const attempt = run.ledger.step(key).attempt + 1;
  const { because } = hindered;
  void run.ledger.say({ type: 'engine-changed', step: key, attempt, ...other, because });
  return true;
}

/** Waits for the reset that another step was told of: nobody asks in vain, and each is seen to wait. */
function sayQuota(run: Running, performance: Performance, until: number): void {
  const engine = nextEngine(run, performance);
  if (engine === undefined) return;
  const { key: step } = performance;
  void run.ledger.say({ type: 'quota-waiting', step, engine, until: new Date(until).toISOString() });
}

/** Where quotas park the run, who waits for one does not keep it from parking. */
async function aside(run: Running, phase: Phase, { aside: list }: Performance, until: number): Promise<void> {
  if (list === undefined || !run.parksAt(phase)) return phase.pause(until);
  // Whatever begins in the same turn has begun when the last one steps aside.
  await Promise.resolve();
  list.leave();
  await phase.pause(until);
  list.enter();
}
