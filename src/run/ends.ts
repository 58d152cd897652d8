/** Records the shared tree at the start and the end of a run, for those who compare the two. */

import { type Step, withBodies } from '../model/workflow.ts';
import { usesChanges } from './changes.ts';
import { showsDiff } from './gate-question.ts';
import type { Running } from './running.ts';
import { isRecorded } from './transaction.ts';

/** The label of a run's own recordings. */
export type EndLabel = 'run.start' | 'run.end';

/**
 * Records the tree of a run that may change it through an agent; other runs need no git. Nothing depends on it, so where it
 * cannot be done nothing is said: an attempt that needs a recording and cannot have one fails with the reason.
 */
export async function recordEnd({ input, main, last }: Running, label: EndLabel): Promise<void> {
  const { ports, run } = input;
  const steps = [...main.planned, ...last.planned].flatMap(({ step, leftOut }) =>
    leftOut ? [] : withBodies([step]),
  );
  const isWorth = (step: Step): boolean =>
    isRecorded(step) || step.isolated !== undefined || showsDiff(step) || usesChanges(step);
  const worth = steps.some(isWorth);
  if (worth) await ports.workspace?.record(run, label);
}
