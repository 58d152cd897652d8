/** Lists the executions of steps that a run knows of. */
import type { StepKey } from '../model/ids.ts';
import type { Step } from '../model/workflow.ts';
import { keyIn } from './frame.ts';
import type { Running } from './running.ts';

/** A step with the key under which it was, or may be, executed. */
export interface Execution {
  readonly step: Step;
  readonly key: StepKey;
}

/** Those of the main list, batch by batch, then those of `finally`: in the order in which they can have begun. */
export function executions({ main, last }: Pick<Running, 'main' | 'last'>): readonly Execution[] {
  const byAge = [...main.planned].sort((a, b) => a.batch - b.batch || a.index - b.index);
  return [main, last].flatMap((frame) =>
    (frame === main ? byAge : frame.planned).map(({ step }) => ({ step, key: keyIn(frame, step) })),
  );
}
