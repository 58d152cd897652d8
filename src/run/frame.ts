/** Holds one execution of a list of steps: what its steps are called, and what their expressions see. */
import type { StepId, StepKey } from '../model/ids.ts';
import { stepKey } from '../model/ids.ts';
import type { PlannedStep } from '../model/plan.ts';
import type { Json, JsonObject } from '../model/result.ts';

/** The main list, `finally`, or one iteration of a loop's body. */
export interface Frame {
  /** What the keys of its steps begin with; empty for the main list, and for `finally`. */
  readonly prefix: string;
  /** Its steps, in file order. */
  readonly planned: readonly PlannedStep[];
  /** The `steps` context. */
  readonly steps: JsonObject;
  /** Contexts that only its steps have, by name: `loop`, `matrix`. */
  readonly contexts: Readonly<Record<string, Json>>;
}

/** The key of a step's execution in a frame. */
export function keyIn({ prefix }: Pick<Frame, 'prefix'>, { id }: { readonly id: StepId }): StepKey {
  return stepKey(prefix, id);
}
