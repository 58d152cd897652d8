/** Puts the steps of a workflow in order. */
import type { Diagnostic } from '../model/diagnostic.ts';
import { hasErrors, sorted } from '../model/diagnostic.ts';
import type { StepId } from '../model/ids.ts';
import type { Plan, PlannedStep } from '../model/plan.ts';
import type { Workflow } from '../model/workflow.ts';
import { findCycles } from './cycles.ts';
import type { Links } from './links.ts';
import { linksOf, topologicalOrder } from './links.ts';
import { findParallelWriters } from './writers.ts';

/** What planning gives: the plan unless the order makes no sense, and everything there is to say about the order. */
export interface Planned {
  readonly plan?: Plan;
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Plans the main list: batches, how much remains behind each step, the critical path. Time and memory grow with steps
 * plus needs, and nothing recurses: a chain of 10,000 steps is an ordinary workflow.
 * Needs that name no step, or the step itself, are the reader's to complain about; here they order nothing.
 */
export function planWorkflow(workflow: Workflow): Planned {
  const links = linksOf(workflow.steps);
  const order = topologicalOrder(links);
  if (order.length < workflow.steps.length) {
    return { diagnostics: sorted(findCycles(workflow, links, order)) };
  }
  const diagnostics = sorted(findParallelWriters(workflow, links, order));
  if (hasErrors(diagnostics)) return { diagnostics };
  return { plan: planOf(workflow, links, order), diagnostics };
}

function planOf(workflow: Workflow, links: Links, order: readonly number[]): Plan {
  const count = workflow.steps.length;
  const batch = new Array<number>(count).fill(0);
  const remaining = new Array<number>(count).fill(1);
  for (const index of order) {
    for (const need of links.needs[index] ?? [])
      batch[index] = Math.max(at(batch, index), at(batch, need) + 1);
  }
  for (let i = order.length - 1; i >= 0; i--) {
    const index = at(order, i);
    for (const next of links.dependents[index] ?? []) {
      remaining[index] = Math.max(at(remaining, index), at(remaining, next) + 1);
    }
  }
  const steps: PlannedStep[] = workflow.steps.map((step, index) => ({
    step,
    index,
    batch: at(batch, index),
    remaining: at(remaining, index),
    leftOut: false,
  }));
  return { steps, batches: batchesOf(steps), criticalPath: criticalPathOf(steps, links) };
}

function batchesOf(steps: readonly PlannedStep[]): StepId[][] {
  const batches: StepId[][] = [];
  for (const { batch } of steps) while (batches.length <= batch) batches.push([]);
  for (const { step, batch } of steps) batches[batch]?.push(step.id);
  return batches;
}

/** Follows the longest remaining path; where two are equally long, the step that stands first in the file. */
function criticalPathOf(steps: readonly PlannedStep[], links: Links): StepId[] {
  const path: StepId[] = [];
  let candidates: readonly number[] = steps.filter(({ batch }) => batch === 0).map(({ index }) => index);
  while (candidates.length > 0) {
    let best: PlannedStep | undefined;
    for (const index of candidates) {
      const planned = steps[index];
      if (planned !== undefined && (best === undefined || planned.remaining > best.remaining)) best = planned;
    }
    if (best === undefined) break;
    path.push(best.step.id);
    candidates = links.dependents[best.index] ?? [];
  }
  return path;
}

function at(list: readonly number[], index: number): number {
  return list[index] ?? 0;
}
