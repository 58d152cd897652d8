/** Holds one execution of a list of steps: what its steps are called, and what their expressions see. */
import type { StepId, StepKey } from '../model/ids.ts';
import { stepKey } from '../model/ids.ts';
import type { PlannedStep } from '../model/plan.ts';
import type { Json, JsonObject } from '../model/result.ts';
import type { Rank } from './room.ts';

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
  /** Of an iteration: the loop it belongs to. */
  readonly of?: IterationOf;
}

/** Which iteration of which loop. */
export interface IterationOf {
  readonly loop: StepKey;
  /** From 1. */
  readonly iteration: number;
  /** The loop among the others: its body takes its turn there. */
  readonly rank: Rank;
}

/** The key of a step's execution in a frame. */
export function keyIn({ prefix }: Pick<Frame, 'prefix'>, { id }: { readonly id: StepId }): StepKey {
  return stepKey(prefix, id);
}

/** What an attempt is told of the iteration it is made in. */
export function iterationOf({ of }: Frame): { readonly iteration?: IterationOf } {
  return of === undefined ? {} : { iteration: of };
}

/** A step among all that wait for a place: those of a body stand where their loop stands, in their own order. */
export function rankIn({ of, planned: { length } }: Frame, { remaining, index }: Rank): Rank {
  if (of === undefined) return { remaining, index };
  const { rank } = of;
  return { remaining: rank.remaining + remaining - 1, index: rank.index + (index + 1) / (length + 2) };
}
