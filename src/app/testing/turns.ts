/** Says whose turn it is among the answers that a test writes for a step. */
import { asStepKey, stepOfKey } from '../../model/ids.ts';
import type { OneOrList } from '../../workflow/test-file.ts';

/** Answers by step, each of a list given once. */
export interface Turns<T> {
  /** What is answered now; undefined where nothing is left to. */
  next(step: string): T | undefined;
  /** How many there were for the step; Infinity where one stands for all. */
  given(step: string): number;
}

/** An answer under the key of an execution comes before one under the id of its step; one that is in no list is given each time. */
export function byStep<T>(
  written: Readonly<Record<string, OneOrList<T>>>,
  shared: ReadonlySet<string>,
): Turns<T> {
  const taken = new Map<string, number>();
  const nameOf = (step: string): string | undefined => {
    if (Object.hasOwn(written, step)) return step;
    const id = idOf(step, shared);
    return id !== undefined && Object.hasOwn(written, id) ? id : undefined;
  };
  return {
    next: (step) => {
      const name = nameOf(step);
      if (name === undefined) return undefined;
      const entry = written[name];
      if (!Array.isArray(entry)) return entry as T;
      const turn = taken.get(name) ?? 0;
      taken.set(name, turn + 1);
      return (entry as readonly T[])[turn];
    },
    given: (step) => {
      const name = nameOf(step);
      const entry = name === undefined ? [] : written[name];
      return Array.isArray(entry) ? entry.length : Number.POSITIVE_INFINITY;
    },
  };
}

/** The id that an execution is called by; none where others have it too, and for one on behalf of another's change. */
export function idOf(step: string, shared: ReadonlySet<string>): string | undefined {
  const id = stepOfKey(asStepKey(step));
  return step.endsWith('.on-conflict') || shared.has(id) ? undefined : id;
}
