/** Lets an attempt wait for the name that only one step may have at a time. */
import type { StepKey } from '../model/ids.ts';
import type { Result } from '../model/result.ts';
import { err, ok } from '../model/result.ts';
import type { Scope } from '../model/scope.ts';
import type { Step } from '../model/workflow.ts';
import type { Phase } from './phase.ts';
import type { Running } from './running.ts';
import { fill, fillEnv, withContext } from './scope.ts';

/** How often it is looked whether the name is free, in milliseconds. */
const LOOK_MS = 250;

/** The name is had: the function gives it back. */
export type Had = () => void;

/** Where nothing is to be waited for. */
export const NAMELESS: Result<Had, string> = ok(() => undefined);

/**
 * Waits for the step's name, without a place: who has a name waits for a place, and nobody who has a place for a name, so they cannot
 * wait for each other. Undefined where the phase ended meanwhile. An error is the sentence why the name is none.
 */
export async function takeName(
  run: Running,
  phase: Phase,
  step: Step,
  key: StepKey,
  scope: () => Scope,
): Promise<Result<Had | undefined, string>> {
  const { claim: claimName, clock } = run.input.ports;
  if (step.concurrency === undefined || claimName === undefined) return NAMELESS;
  const name = nameOf(run, step, scope());
  if (!name.ok) return name;
  const claim = claimName(name.value, key);
  let told = '';
  for (;;) {
    if (phase.halted() !== undefined || phase.isResting()) {
      claim.release();
      return ok(undefined);
    }
    const holder = claim.holder();
    if (holder === undefined) return ok(claim.release);
    const who = `${holder.run} ${holder.step}`;
    if (who !== told)
      void run.ledger.say({ type: 'step-waiting', step: key, concurrency: name.value, 'held-by': holder });
    told = who;
    await phase.pause(clock.now() + LOOK_MS);
  }
}

function nameOf(run: Running, step: Step, scope: Scope): Result<string, string> {
  const env = fillEnv(run, step, scope);
  if (!env.ok) return env;
  if (step.concurrency === undefined) return ok('');
  const filled = fill(run, step.concurrency, withContext(scope, 'env', env.value.visible));
  if (!filled.ok) return err(`concurrency: ${filled.error}`);
  const name = run.input.ports.toText(filled.value);
  return name === '' ? err('concurrency: it came out empty') : ok(name);
}
