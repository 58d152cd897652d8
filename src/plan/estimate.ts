/** Estimates what a plan takes, from what its steps took before. */
import type { StepId } from '../model/ids.ts';
import type { Estimate, Estimated, Plan, Spent } from '../model/plan.ts';
import { type Step, withBodies } from '../model/workflow.ts';
import { linksOf, topologicalOrder } from './links.ts';

/**
 * The median of what each step took as a whole, and what the whole plan takes along its longest path by time. What nobody knows is named and never
 * counted as nothing. How long somebody thinks at a gate is left out.
 */
export function estimate(plan: Plan, spent: ReadonlyMap<StepId, readonly Spent[]>): Estimated {
  const steps: Record<string, Estimate> = {};
  const unknown = { time: [] as StepId[], cost: [] as StepId[] };
  const wanted = [...plan.steps, ...plan.last].filter(({ leftOut }) => !leftOut);
  let usd = 0;
  for (const { step } of wanted) {
    const found = estimateOf(step, spent.get(step.id) ?? []);
    steps[step.id] = found;
    if (found.ms === undefined && step.kind !== 'gate') unknown.time.push(step.id);
    if (found.usd === undefined) unknown.cost.push(step.id);
    usd += found.usd ?? 0;
  }
  const last = plan.last.reduce((sum, { step }) => sum + (steps[step.id]?.ms ?? 0), 0);
  const longest = longestPath(plan, steps);
  return { steps, ms: longest.ms + last, usd, unknown, path: longest.path };
}

function estimateOf(step: Step, before: readonly Spent[]): Estimate {
  const ms = median(before.flatMap((one) => one.ms ?? []));
  const usd = asksAgents(step) ? median(before.flatMap((one) => one.usd ?? [])) : 0;
  return { of: before.length, ...(ms === undefined ? {} : { ms }), ...(usd === undefined ? {} : { usd }) };
}

function asksAgents(step: Step): boolean {
  return (
    step.kind === 'reduce' || withBodies([step]).some(({ kind }) => kind === 'prompt' || kind === 'reduce')
  );
}

function median(values: readonly number[]): number | undefined {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const [low, high] = [sorted[(sorted.length - 1) >> 1], sorted[middle]];
  return low === undefined || high === undefined ? undefined : (low + high) / 2;
}

function longestPath(
  plan: Plan,
  estimates: Readonly<Record<string, Estimate>>,
): { readonly ms: number; readonly path: readonly StepId[] } {
  const links = linksOf(plan.steps.map(({ step }) => step));
  const until = new Array<number>(plan.steps.length).fill(0);
  const from = new Array<number>(plan.steps.length).fill(-1);
  let end = -1;
  for (const index of topologicalOrder(links)) {
    for (const need of links.needs[index] ?? []) {
      if (from[index] !== -1 && (until[need] ?? 0) <= (until[from[index] ?? -1] ?? 0)) continue;
      from[index] = need;
    }
    const id = plan.steps[index]?.step.id ?? '';
    until[index] = (until[from[index] ?? -1] ?? 0) + (estimates[id]?.ms ?? 0);
    if (end === -1 || (until[index] ?? 0) > (until[end] ?? 0)) end = index;
  }
  const path: StepId[] = [];
  for (let at = end; at !== -1; at = from[at] ?? -1) {
    const step = plan.steps[at]?.step;
    if (step !== undefined) path.unshift(step.id);
  }
  return { ms: until[end] ?? 0, path };
}
