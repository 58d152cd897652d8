/** Makes the frames of a loop's iterations. */
import type { StepKey } from '../model/ids.ts';
import { iterationPrefix } from '../model/ids.ts';
import type { Plan } from '../model/plan.ts';
import type { Json } from '../model/result.ts';
import type { Frame } from './frame.ts';
import type { Rank } from './room.ts';
import type { Running } from './running.ts';
import { previousView, stepsView } from './view.ts';

/** A loop that is being run. */
export interface LoopHere {
  readonly key: StepKey;
  readonly body: Plan;
  /** The frame that the loop itself stands in. */
  readonly frame: Frame;
  readonly rank: Rank;
}

/** One iteration. Its steps see each other, what the loop's own neighbours see, and `loop`. */
export function iterationFrame(run: Running, { key, body, frame, rank }: LoopHere, iteration: number): Frame {
  const prefix = iterationPrefix(key, iteration);
  const before = previousView(run.ledger, {
    prefix: iterationPrefix(key, iteration - 1),
    planned: body.steps,
  });
  const loop: Json = { index: iteration, previous: { steps: before } };
  return {
    prefix,
    planned: body.steps,
    steps: stepsView(run.ledger, [{ prefix, planned: body.steps }], frame.steps),
    contexts: { ...frame.contexts, loop },
    rank,
    of: { loop: key, iteration },
    ...(frame.variables === undefined ? {} : { variables: frame.variables }),
  };
}
