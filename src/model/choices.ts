/** Puts the agent in place that an axis or an input chooses, once its value is known. */
import type { Plan, PlannedStep } from './plan.ts';
import type { JsonObject } from './result.ts';
import type { Step } from './workflow.ts';

/** A step as it is with these inputs. An input holds one of its options: that was seen to before. */
export function chosenStep<S extends Step>(step: S, inputs: JsonObject): S {
  if (step.kind !== 'prompt' || step.variants?.of !== 'inputs') return step;
  const value = inputs[step.variants.axis];
  const chosen = typeof value === 'string' ? step.variants.steps[value] : undefined;
  return (chosen as S | undefined) ?? step;
}

/** A plan whose steps, those of loops included, are as they are with these inputs. A used workflow has inputs of its own. */
export function chosenPlan(plan: Plan, inputs: JsonObject): Plan {
  const steps = plan.steps.map((planned) => chosen(planned, inputs));
  const last = plan.last.map((planned) => chosen(planned, inputs));
  const same = steps.every((one, i) => one === plan.steps[i]) && last.every((one, i) => one === plan.last[i]);
  return same ? plan : { ...plan, steps, last };
}

function chosen(planned: PlannedStep, inputs: JsonObject): PlannedStep {
  const step = chosenStep(planned.step, inputs);
  const body =
    planned.body === undefined || step.kind === 'uses' ? planned.body : chosenPlan(planned.body, inputs);
  if (step === planned.step && body === planned.body) return planned;
  return { ...planned, step, ...(body === undefined ? {} : { body }) };
}

/** A step as it is in an instance of its matrix; undefined where the instance names no agent or engine that there is. */
export function instanceStep(step: Step, matrix: JsonObject): Step | undefined {
  if (step.kind !== 'prompt' || step.variants === undefined || step.variants.of === 'inputs') return step;
  const value = matrix[step.variants.axis];
  if (typeof value !== 'string' || !Object.hasOwn(step.variants.steps, value)) return undefined;
  return step.variants.steps[value];
}
