/** Says which checks of candidates need not be made again when a run goes on. */
import { checkedFor, type StepKey } from './ids.ts';
import type { StepProgress } from './progress.ts';

/** The reasons for which a check has failed that was made, and would fail again. */
const SAID_NO: readonly string[] = ['exit-code', 'signal', 'timeout', 'checks'];

/**
 * Checks that said no. They are made anew only where their no was why the step failed: whoever goes on with that run wants them
 * asked again.
 */
export function keptChecks(steps: ReadonlyMap<StepKey, StepProgress>): ReadonlySet<StepKey> {
  const kept = new Set<StepKey>();
  for (const { key, status, failure } of steps.values()) {
    const reduce = checkedFor(key);
    if (reduce === undefined || status !== 'failed') continue;
    const outer = steps.get(reduce);
    const inVain = outer?.status === 'failed' && outer.failure?.reason === 'checks';
    if (!inVain && SAID_NO.includes(failure?.reason ?? '')) kept.add(key);
  }
  return kept;
}
