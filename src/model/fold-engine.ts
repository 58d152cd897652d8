/** Computes where a step is whose engine could not serve, for the fold. */
import type { Milestone } from './event.ts';
import type { Failure } from './failure.ts';
import type { StepProgress } from './progress.ts';

/** What its engine before had failed at counts no more, and what was waited for is another engine's matter. */
export function engineChanged(
  step: StepProgress,
  m: Extract<Milestone, { type: 'engine-changed' }>,
): StepProgress {
  const { quotaSince: _, model: __, retryAt: ___, updates: ____, failure, tried = [], ...rest } = step;
  const given = { engine: m.from, ...(failure === undefined ? {} : { failure }) };
  return { ...rest, engine: m.to, counted: 0, because: m.because, tried: [...tried, given] };
}

/** Counts for how many attempts in a row the program was being replaced. */
export function updatesAfter(step: StepProgress, failure: Failure | undefined): StepProgress {
  const { updates = 0, ...rest } = step;
  return failure?.updating === true ? { ...rest, updates: updates + 1 } : rest;
}
