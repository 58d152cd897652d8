/** Finds the budgets of a workflow, and the steps that spend from them. */
import { agentScope, type Budget, type Scope } from '../model/budget.ts';
import type { Step, Workflow } from '../model/workflow.ts';

/** The budgets of a workflow, those of the workflows that it uses included, by what they bind. */
export function budgetsOf(workflow: Workflow): ReadonlyMap<Scope, Budget> {
  const all = new Map<Scope, Budget>();
  for (const { of, at } of withParts(workflow)) {
    if (of.budget !== undefined) all.set(at === '' ? 'run' : `part:${at.slice(0, -1)}`, of.budget);
    for (const [name, budget] of Object.entries(of.agentBudgets ?? {}))
      all.set(agentScope(`${at}${name}`), budget);
    for (const { step, path } of stepsIn(of, at))
      if (step.kind === 'prompt' && step.budget !== undefined) all.set(`step:${path}`, step.budget);
  }
  return all;
}

interface Part {
  readonly of: Workflow;
  /** What the places of its steps begin with. */
  readonly at: string;
  /** It is used by the `finally` of another part. */
  readonly last: boolean;
}

function withParts(workflow: Workflow): readonly Part[] {
  const found: Part[] = [];
  const walk = (of: Workflow, at: string, last: boolean): void => {
    found.push({ of, at, last });
    for (const { step, path } of stepsIn(of, at))
      if (step.kind === 'uses')
        walk(step.part, `${path}.`, last || (at !== '' && of.finally.some((one) => one === step)));
  };
  walk(workflow, '', false);
  return found;
}

/** The steps of a workflow and of its loops, with their places; not those of what it uses. */
function stepsIn(of: Workflow, at: string): readonly { readonly step: Step; readonly path: string }[] {
  const inList = (steps: readonly Step[], prefix: string): ReturnType<typeof stepsIn> =>
    steps.flatMap((step) => {
      const path = `${prefix}${step.id}`;
      return [{ step, path }, ...(step.kind === 'loop' ? inList(step.steps, `${path}.`) : [])];
    });
  return inList([...of.steps, ...of.finally], at);
}

/** A step as budgets see it. */
export interface StepPlace {
  /** What the name of its agent begins with: an agent belongs to the workflow that declares it. */
  readonly at: string;
  /** It stands in the `finally` of a used workflow, which is not held back. */
  readonly last: boolean;
}

/** The steps of a workflow, and of those that it uses, by their places. */
export function placesOf(workflow: Workflow): ReadonlyMap<string, StepPlace> {
  return new Map(
    withParts(workflow).flatMap(({ of, at, last: inLast }) => {
      const last = new Set<Step>(at === '' ? [] : of.finally);
      return stepsIn(of, at).map(({ step, path }) => [path, { at, last: inLast || last.has(step) }] as const);
    }),
  );
}
