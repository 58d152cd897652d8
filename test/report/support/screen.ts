/** Gives reporters something to write to and something to go by. */
import { asStepId } from '../../../src/model/ids.ts';
import type { Plan, PlannedStep } from '../../../src/model/plan.ts';
import type { Out } from '../../../src/report/out.ts';

/** A stream that keeps what is written to it. */
export interface Memory extends Out {
  text(): string;
  /** How often it was written to. */
  writes(): number;
}

/** Starts with nothing written. */
export function memory(): Memory {
  const written: string[] = [];
  return {
    write: (text, done) => {
      written.push(text);
      done?.();
    },
    text: () => written.join(''),
    writes: () => written.length,
  };
}

/** A plan as far as reporters look at one: the order, and who may fail. */
export function planOf(
  ids: readonly string[] | undefined,
  mayFail: readonly string[] = [],
): Plan | undefined {
  if (ids === undefined) return undefined;
  const steps = ids.map((id, index) => {
    const step = { id: asStepId(id), continueOnError: mayFail.includes(id) } as PlannedStep['step'];
    return { step, index, batch: index, remaining: ids.length - index, leftOut: false };
  });
  return { steps, batches: steps.map(({ step }) => [step.id]), criticalPath: [], last: [] };
}
