/** Computes what a step waits for, for the fold. */
import type { Milestone } from './event.ts';
import type { StepProgress } from './progress.ts';

/** After it was said that a step waits: for the quota of its engine, or for another step. */
export function waitingAfter(
  step: StepProgress,
  m: Extract<Milestone, { type: 'quota-waiting' | 'step-waiting' }>,
): StepProgress {
  const { retryAt: _, ...rest } = step;
  if (m.type === 'quota-waiting') {
    const quotaSince = step.quotaSince ?? m.at;
    return { ...rest, status: 'waiting', retryAt: m.until, quotaSince, because: `quota of ${m.engine}` };
  }
  const { run, step: holder } = m['held-by'];
  const because = `waits for ${holder}${run === m.run ? '' : ` of run ${run}`}, which has \`${m.concurrency}\``;
  return { ...rest, status: 'waiting', because };
}
