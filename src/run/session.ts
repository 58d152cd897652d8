/** Finds the session that a step of a loop goes on in. */
import { iterationPrefix, stepKey } from '../model/ids.ts';
import type { Step } from '../model/workflow.ts';
import type { IterationOf } from './frame.ts';
import type { Running } from './running.ts';
import { isRecorded } from './transaction.ts';

/** A session with the engine that holds it. */
export interface SessionBefore {
  readonly engine: string | undefined;
  readonly id: string;
  /** Branches off it, so that it stays what it is for an attempt after this one. */
  readonly fork: boolean;
}

/**
 * The session of the step's iteration before; of an earlier one where it did not run in that. None where the edits that the session
 * believes in were undone.
 */
export function sessionBefore(
  { ledger }: Pick<Running, 'ledger'>,
  step: Step,
  of: IterationOf | undefined,
): SessionBefore | undefined {
  if (step.kind !== 'prompt' || step.session !== 'continue' || of === undefined) return undefined;
  for (let iteration = of.iteration - 1; iteration > 0; iteration--) {
    const { session, engine, attempt, trees } = ledger.step(
      stepKey(iterationPrefix(of.loop, iteration), step.id),
    );
    if (attempt === 0) continue;
    if (session === undefined || trees[attempt]?.undone === true) return undefined;
    return { engine, id: session, fork: isRecorded(step) };
  }
  return undefined;
}
