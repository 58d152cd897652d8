/** Computes where a step is that goes on with another engine, for the fold. */
import type { Milestone } from './event.ts';
import type { StepProgress } from './progress.ts';

/** What its engine before had failed at counts no more. */
export function engineChanged(
  step: StepProgress,
  m: Extract<Milestone, { type: 'engine-changed' }>,
): StepProgress {
  const { quotaSince: _, model: __, ...rest } = step;
  return { ...rest, engine: m.to, counted: 0, because: m.because };
}
