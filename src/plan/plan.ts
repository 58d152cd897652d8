/** Puts the steps of a workflow in order. */
import type { Diagnostic } from '../model/diagnostic.ts';
import { hasErrors, sorted } from '../model/diagnostic.ts';
import type { StepId } from '../model/ids.ts';
import type { Plan, PlannedStep } from '../model/plan.ts';
import type { Step, Workflow } from '../model/workflow.ts';
import { findCycles } from './cycles.ts';
import type { Links } from './links.ts';
import { linksOf, topologicalOrder } from './links.ts';
import { findParallelSessions } from './sessions.ts';
import { findParallelWriters } from './writers.ts';

/** What planning gives: the plan unless the order makes no sense, and everything there is to say about the order. */
export interface Planned {
  readonly plan?: Plan;
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Plans the main list, with each loop's body and each used workflow as a list of its own: batches, how much remains behind each step, the critical path. Time and memory grow with steps
 * plus needs, and nothing recurses: a chain of 10,000 steps is an ordinary workflow.
 * Needs that name no step, or the step itself, are the reader's to complain about; here they order nothing.
 */
export function planWorkflow(workflow: Workflow): Planned {
  const parts = new Map<Workflow, Planned>();
  const { plan } = planPart(workflow, parts);
  const found = sorted([...parts.values()].flatMap(({ diagnostics }) => diagnostics));
  return plan === undefined || hasErrors(found) ? { diagnostics: found } : { plan, diagnostics: found };
}

type Parts = Map<Workflow, Planned>;

/** Plans a workflow with its `finally`. One that is used often is planned once, and complained about once. */
function planPart(workflow: Workflow, parts: Parts): Planned {
  const before = parts.get(workflow);
  if (before !== undefined) return before;
  const { plan, diagnostics } = planList(workflow, workflow.steps, parts);
  const last = workflow.finally.map((step, index) => {
    const part = step.kind === 'uses' ? planPart(step.part, parts) : undefined;
    const planned = { step, ...bodyOf(part?.plan), index, batch: index, remaining: 1, leftOut: false };
    return part !== undefined && part.plan === undefined ? undefined : planned;
  });
  const usable = last.filter((planned) => planned !== undefined);
  const isWhole = plan !== undefined && usable.length === last.length;
  const planned = { ...(isWhole ? { plan: { ...plan, last: usable } } : {}), diagnostics };
  parts.set(workflow, planned);
  return planned;
}

/** Plans a list, the bodies of its loops included, and the workflows that it uses. */
function planList(workflow: Workflow, steps: readonly Step[], parts: Parts): Planned {
  const links = linksOf(steps);
  const order = topologicalOrder(links);
  const bodies = new Map<Step, Planned>();
  for (const step of steps) {
    if (step.kind === 'loop') bodies.set(step, planList(workflow, step.steps, parts));
    if (step.kind === 'uses') bodies.set(step, planPart(step.part, parts));
  }
  // What there is to say of a part is said of its file.
  const inside = [...bodies].flatMap(([step, { diagnostics }]) => (step.kind === 'loop' ? diagnostics : []));
  const list = { source: workflow.source, steps };
  if (order.length < steps.length) return { diagnostics: [...inside, ...findCycles(list, links, order)] };
  const diagnostics = [
    ...inside,
    ...findParallelWriters(list, links, order),
    ...findParallelSessions(list, links, order),
  ];
  const plans = new Map(
    [...bodies].flatMap(([step, { plan }]) => (plan === undefined ? [] : [[step, plan] as const])),
  );
  if (plans.size < bodies.size) return { diagnostics };
  return { plan: planOf(steps, links, order, plans), diagnostics };
}

function planOf(
  list: readonly Step[],
  links: Links,
  order: readonly number[],
  bodies: ReadonlyMap<Step, Plan>,
): Plan {
  const count = list.length;
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
  const steps: PlannedStep[] = list.map((step, index) => ({
    step,
    ...bodyOf(bodies.get(step)),
    index,
    batch: at(batch, index),
    remaining: at(remaining, index),
    leftOut: false,
  }));
  return { steps, batches: batchesOf(steps), criticalPath: criticalPathOf(steps, links), last: [] };
}

function bodyOf(body: Plan | undefined): Pick<PlannedStep, 'body'> {
  return body === undefined ? {} : { body };
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
