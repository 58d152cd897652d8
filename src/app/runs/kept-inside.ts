/** Decides what is kept inside of a step that goes on where another run left it. */
import { iterationPrefix, partPrefix, type StepKey, stepKey } from '../../model/ids.ts';
import type { PlannedStep } from '../../model/plan.ts';
import { lastIteration, type Progress, type StepProgress } from '../../model/progress.ts';

/** What is kept of steps that themselves run again. */
export interface Inside {
  /** Executions whose result is kept, with everything in them. */
  readonly kept: ReadonlySet<StepKey>;
  /** Loops that go on in an iteration, matrices whose instances are known. */
  readonly open: ReadonlySet<StepKey>;
}

/** Whether an execution is one of those, lies in one, or was made on behalf of one. */
export function isAmong(keys: ReadonlySet<StepKey>, key: StepKey): boolean {
  if (keys.has(key)) return true;
  return [...key.matchAll(/[[.:]/g)].some(({ index }) => keys.has(key.slice(0, index) as StepKey));
}

/**
 * Looks into steps of the main list that have no result, are what they were, and have everything before them: finished iterations of
 * a loop are kept with whatever their steps came to, since the loop went on; instances of a matrix that succeeded; everywhere else, as
 * in the main list, a step that has a result and stands behind none that has not. What was done under `finally` is not: it runs again.
 * @param resumes whether the same run goes on, which keeps every result, a change that waits to be merged as well
 */
export function keptInside({ steps }: Progress, open: readonly PlannedStep[], resumes: boolean): Inside {
  const found: Found = { steps, resumes, kept: new Set(), open: new Set() };
  for (const planned of open) inStep(found, planned, stepKey('', planned.step.id));
  return found;
}

interface Found extends Inside {
  readonly steps: Progress['steps'];
  readonly resumes: boolean;
  readonly kept: Set<StepKey>;
  readonly open: Set<StepKey>;
}

function inList(found: Found, list: readonly PlannedStep[], prefix: string): void {
  const again = new Set<string>();
  for (const planned of [...list].sort((a, b) => a.batch - b.batch || a.index - b.index)) {
    const { id, needs } = planned.step;
    const key = stepKey(prefix, id);
    const behind = !found.resumes && needs.some((need) => again.has(need));
    if (!behind && hasResult(found, key)) {
      found.kept.add(key);
      continue;
    }
    again.add(id);
    if (!behind) inStep(found, planned, key);
  }
}

function inStep(found: Found, planned: PlannedStep, key: StepKey): void {
  const progress = found.steps.get(key);
  if (planned.step.matrix === undefined) inExecution(found, planned, key);
  else if (progress?.instances !== undefined) {
    found.open.add(key);
    for (const instance of progress.instances) {
      if (hasResult(found, instance.key)) found.kept.add(instance.key);
      else inExecution(found, planned, instance.key);
    }
  }
}

function inExecution(found: Found, { step, body }: PlannedStep, key: StepKey): void {
  const progress = found.steps.get(key);
  if (progress === undefined || body === undefined) return;
  if (step.kind === 'uses') inList(found, body.steps, partPrefix(key));
  else if (step.kind === 'loop' && goesOn(found, progress)) {
    if (progress.loop !== undefined) found.open.add(key);
    const last = lastIteration(progress);
    for (let iteration = 1; iteration < last; iteration++)
      for (const inner of body.steps) found.kept.add(stepKey(iterationPrefix(key, iteration), inner.step.id));
    inList(found, body.steps, iterationPrefix(key, last));
  }
}

function hasResult({ steps, resumes }: Found, key: StepKey): boolean {
  const status = steps.get(key)?.status;
  return status === 'succeeded' || status === 'skipped' || (resumes && status === 'merging');
}

/** One that had its iterations in vain, or did not know whether it goes on, would come to the same: it begins anew. */
function goesOn({ resumes }: Found, { status, failure }: StepProgress): boolean {
  if (status !== 'failed') return true;
  return resumes ? failure?.reason !== 'exhausted' : failure?.reason === 'body';
}
