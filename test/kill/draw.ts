// Draws numbers from a seed, so that a series of kills can be asked for again.

/** Draws; equal seeds draw equally. */
export interface Draw {
  /** A whole number from `low` to `high`, both included. */
  between(low: number, high: number): number;
  chance(probability: number): boolean;
  /** Takes one out of the list. */
  take<T>(list: T[]): T | undefined;
  pick<T>(list: readonly [T, ...T[]]): T;
}

/** mulberry32: small, and random enough for moments. */
export function drawing(seed: number): Draw {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const between = (low: number, high: number): number => low + Math.floor(next() * (high - low + 1));
  return {
    between,
    chance: (probability) => next() < probability,
    take: (list) => list.splice(between(0, list.length - 1), 1)[0],
    pick: (list) => list[between(0, list.length - 1)] ?? list[0],
  };
}
