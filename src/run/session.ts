/** Finds the session that an attempt goes on in. */
import { iterationPrefix, type StepKey, stepKey } from '../model/ids.ts';
import type { StepProgress } from '../model/progress.ts';
import type { PromptStep, Step } from '../model/workflow.ts';
import type { IterationOf } from './frame.ts';
import type { Running } from './running.ts';
import { isUndone } from './transaction.ts';

/** A session with the engine that holds it. */
export interface SessionBefore {
  readonly engine: string | undefined;
  readonly id: string;
  /** Branches off it, so that it stays what it is for an attempt after this one. */
  readonly fork: boolean;
}

/** A session to go on in, or why there is none although the step wants one. */
export type Before = { readonly session: SessionBefore } | { readonly because: string };

/** What the step is to go on in; undefined where it wants a session of its own. */
export function sessionBefore(
  { ledger }: Pick<Running, 'ledger'>,
  step: Step,
  key: StepKey,
  of: IterationOf | undefined,
): Before | undefined {
  if (step.kind !== 'prompt' || step.session === undefined) return undefined;
  if (step.session !== 'continue') return ofOther(ledger, step, step.session, key);
  for (let iteration = (of?.iteration ?? 1) - 1; of !== undefined && iteration > 0; iteration--) {
    const before = ledger.step(stepKey(iterationPrefix(of.loop, iteration), step.id));
    if (before.attempt > 0) return sessionOf(before, 'its iteration before', isUndone(step));
  }
  return undefined;
}

/**
 * The session of another step: of its execution in the innermost iteration that both lie in, of its last one where a loop that
 * has ended ran it many times.
 */
function ofOther(
  ledger: Running['ledger'],
  step: PromptStep,
  { of, fork }: Exclude<PromptStep['session'], 'continue' | undefined>,
  key: StepKey,
): Before {
  const own = placeIn(key);
  const wanted = `${own.slice(0, own.lastIndexOf(step.id))}${of}`;
  const all = [...ledger.progress.steps.values()].filter(
    (one) => placeIn(one.key) === wanted && !one.key.endsWith('.on-conflict'),
  );
  const around = [...key.matchAll(/\./g)].map(({ index }) => key.slice(0, index + 1)).reverse();
  for (const prefix of [...around, '']) {
    const last = all.findLast((one) => one.key.startsWith(prefix));
    if (last !== undefined) return sessionOf(last, `\`${last.key}\``, fork || isUndone(step));
  }
  return { because: `\`${of}\` did not run, so it has no session` };
}

/** Where a step stands, without the iterations and the instances around it: what they repeat is written once. */
function placeIn(key: StepKey): string {
  return key.replace(/[^.[\]]+(\[[^\]]*\])+\.(?=.)/g, '').replace(/\[[^\]]*\]/g, '');
}

/** None where the edits that the session believes in were undone. */
function sessionOf({ session, engine, attempt, trees }: StepProgress, whose: string, fork: boolean): Before {
  if (trees[attempt]?.undone === true)
    return { because: `what the session of ${whose} knows of was taken out of the tree` };
  if (session === undefined) return { because: `${whose} has no session` };
  return { session: { engine, id: session, fork } };
}
