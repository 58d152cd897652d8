/** Holds one execution of a list of steps: what its steps are called, and what their expressions see. */
import type { StepId, StepKey } from '../model/ids.ts';
import { stepKey } from '../model/ids.ts';
import type { PlannedStep } from '../model/plan.ts';
import type { Json, JsonObject } from '../model/result.ts';
import type { PartVariables } from '../model/scope.ts';
import type { Rank } from './room.ts';

/** The main list, `finally`, one iteration of a loop's body, or the list of a used workflow. */
export interface Frame {
  /** What the keys of its steps begin with; empty for the main list, and for `finally`. */
  readonly prefix: string;
  /** Its steps, in file order. */
  readonly planned: readonly PlannedStep[];
  /** The `steps` context. */
  readonly steps: JsonObject;
  /** Contexts that only its steps have, by name: `loop`, `matrix`; in a used workflow `inputs` and `workflow` instead of the run's. */
  readonly contexts: Readonly<Record<string, Json>>;
  /** Of a list inside another: the step that it is the list of, among its own neighbours. It takes its turn there. */
  readonly rank?: Rank;
  /** Of an iteration: the loop it belongs to. */
  readonly of?: IterationOf;
  /** In a used workflow. */
  readonly variables?: PartVariables;
}

/** Which iteration of which loop. */
export interface IterationOf {
  readonly loop: StepKey;
  /** From 1. */
  readonly iteration: number;
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
export function rankIn({ rank, planned: { length } }: Frame, { remaining, index }: Rank): Rank {
  if (rank === undefined) return { remaining, index };
  return { remaining: rank.remaining + remaining - 1, index: rank.index + (index + 1) / (length + 2) };
}
