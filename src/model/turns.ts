/** Says in which order the changes of isolated steps are merged. */
import type { StepId } from './ids.ts';
import type { PlannedStep } from './plan.ts';
import { type Step, withBodies } from './workflow.ts';

/**
 * The turns of the steps of a list: whose turn is less is merged before. Steps behind fewer gates come first, then those of a higher
 * batch, so that no merge waits for a decision that stands behind none of the step's own needs, unless another step behind as many
 * gates does. Nothing that happens has a say, neither how fast a step is nor when somebody decides.
 */
export function mergeTurns(list: readonly PlannedStep[]): ReadonlyMap<StepId, number> {
  const deepest = list.reduce((most, { batch }) => Math.max(most, batch), 0) + 1;
  const gates = new Map<StepId, number>();
  const asks = new Set(list.filter(({ step }) => asksSomebody(step)).map(({ step }) => step.id));
  const turns = new Map<StepId, number>();
  // Every need stands in a batch before.
  for (const { step, batch } of [...list].sort((a, b) => a.batch - b.batch)) {
    let behind = 0;
    for (const need of step.needs)
      behind = Math.max(behind, (gates.get(need) ?? 0) + (asks.has(need) ? 1 : 0));
    gates.set(step.id, behind);
    turns.set(step.id, behind * deepest + batch);
  }
  return turns;
}

/** A gate, or a loop with one in it. */
function asksSomebody(step: Step): boolean {
  return withBodies([step]).some(({ kind }) => kind === 'gate');
}
