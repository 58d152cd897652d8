/** Decides whether a step may run, by what became of its needs. */
import type { StepStatus } from '../model/progress.ts';
import type { Result } from '../model/result.ts';
import type { Step } from '../model/workflow.ts';

/** What is to become of a step whose needs have all ended. */
export type Verdict =
  | { readonly kind: 'run' }
  | { readonly kind: 'skipped' | 'blocked'; readonly because: string }
  | { readonly kind: 'failed'; readonly message: string };

/** How a need ended. */
export interface Need {
  readonly id: string;
  readonly status: StepStatus;
  readonly continueOnError: boolean;
}

/** Whether a need lets what needs it run. */
export function isFine(need: Need): boolean {
  return (
    need.status === 'succeeded' ||
    need.status === 'skipped' ||
    (need.status === 'failed' && need.continueOnError)
  );
}

/**
 * Judges a step. `condition` evaluates its `if`; it is not asked where the needs alone decide. A step whose `if`
 * decides for itself and says no after a need went wrong is blocked like one without `if`: it "did not ask to run
 * anyway", and what needs it must not run as if all were well.
 */
export function judge(
  step: Pick<Step, 'if' | 'ifDecides'>,
  needs: readonly Need[],
  condition: () => Result<boolean, string>,
): Verdict {
  const wrong = needs.find((need) => !isFine(need));
  const blocked = (): Verdict => ({ kind: 'blocked', because: wrong === undefined ? '' : howItEnded(wrong) });
  if (step.if === undefined || (!step.ifDecides && wrong !== undefined)) {
    return wrong === undefined ? { kind: 'run' } : blocked();
  }
  const asked = condition();
  if (!asked.ok) return { kind: 'failed', message: asked.error };
  if (asked.value) return { kind: 'run' };
  return wrong === undefined
    ? { kind: 'skipped', because: `\`if: ${step.if.text.trim()}\` is false` }
    : blocked();
}

/** Whether a step failed that was not allowed to: this is what fails the run, and what `failure()` asks for. */
export function hasFailed(need: Need): boolean {
  return need.status === 'failed' && !need.continueOnError;
}

function howItEnded({ id, status }: Need): string {
  return status === 'failed' ? `\`${id}\` failed` : `\`${id}\` was ${status}`;
}
