/** Names the things a run is made of, so that one kind of name is never taken for another. */

declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

/** A run: `20261120-141503-k7qd`. Sorts by the time the run was created (UTC), can be typed. */
export type RunId = Branded<'run-id'>;

/** A step as the file names it: its `id`, or the slug of its name, or `step-3`. Unique in a file. */
export type StepId = Branded<'step-id'>;

/** A step as a run counts it: `test`, and with loops and matrices `build[2].test`, `fix[coder,1]`. */
export type StepKey = Branded<'step-key'>;

/** The letters of a run id's tail: no vowels, so no words; no 0/o or 1/l. */
const TAIL_LETTERS = 'bcdfghjkmnpqrstvwxz23456789';

const TAIL_LENGTH = 4;

/** How a run id looks. */
export const RUN_ID_PATTERN = /^\d{8}-\d{6}-[bcdfghjkmnpqrstvwxz23456789]{4}$/;

/**
 * Makes a run id.
 * @param at when the run is created, milliseconds since the epoch
 * @param random gives numbers in [0, 1)
 */
export function makeRunId(at: number, random: () => number): RunId {
  const stamp = new Date(at).toISOString().replace(/[-:]/g, '').replace('T', '-').slice(0, 15);
  let tail = '';
  for (let i = 0; i < TAIL_LENGTH; i++) tail += TAIL_LETTERS[Math.floor(random() * TAIL_LETTERS.length)];
  return `${stamp}-${tail}` as RunId;
}

/** Takes a text that is known to be a run id. */
export function asRunId(text: string): RunId {
  return text as RunId;
}

/** Takes a text that is known to be a step id. */
export function asStepId(text: string): StepId {
  return text as StepId;
}

/** Takes a text that is known to be a step key. */
export function asStepKey(text: string): StepKey {
  return text as StepKey;
}
