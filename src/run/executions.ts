/** Lists the executions of steps that a run knows of. */
import { chosenPlan, instanceStep } from '../model/choices.ts';
import type { StepKey } from '../model/ids.ts';
import { iterationPrefix, partPrefix } from '../model/ids.ts';
import type { Plan } from '../model/plan.ts';
import { lastIteration } from '../model/progress.ts';
import type { Step } from '../model/workflow.ts';
import type { Frame } from './frame.ts';
import { keyIn } from './frame.ts';
import type { Running } from './running.ts';

/** A step with the key under which it was, or may be, executed. */
export interface Execution {
  readonly step: Step;
  readonly key: StepKey;
}

/**
 * Those of the main list, batch by batch, then those of `finally`: in the order in which they can have begun. A loop is followed by
 * what was executed of its body, iteration by iteration, a used workflow by what was executed of it.
 */
export function executions({
  main,
  last,
  ledger,
}: Pick<Running, 'main' | 'last' | 'ledger'>): readonly Execution[] {
  const inList = ({ prefix, planned }: Pick<Frame, 'prefix' | 'planned'>): readonly Execution[] =>
    [...planned]
      .sort((a, b) => a.batch - b.batch || a.index - b.index)
      .flatMap(({ step, body }) => {
        const own = keyIn({ prefix }, step);
        // A matrix makes no attempts: its instances do.
        const made: readonly Execution[] =
          step.matrix === undefined
            ? [{ step, key: own }]
            : (ledger.step(own).instances ?? []).map(({ key, matrix }) => ({
                step: instanceStep(step, matrix) ?? step,
                key,
              }));
        return made.flatMap((one) => [one, ...(body === undefined ? [] : insideOf(one, body))]);
      });
  const insideOf = ({ step, key }: Execution, body: Plan): readonly Execution[] => {
    if (step.kind !== 'uses') return rounds(key, body);
    if (ledger.step(key).attempt === 0) return [];
    const prefix = partPrefix(key);
    const { steps, last } = chosenPlan(body, ledger.step(key).inputs ?? {});
    return [...inList({ prefix, planned: steps }), ...inList({ prefix, planned: last })];
  };
  const rounds = (key: StepKey, body: Plan): readonly Execution[] => {
    const loop = ledger.step(key);
    if (loop.attempt === 0) return [];
    return Array.from({ length: lastIteration(loop) }, (_, index) =>
      inList({ prefix: iterationPrefix(key, index + 1), planned: body.steps }),
    ).flat();
  };
  return [...inList(main), ...inList(last)];
}
