/** Keeps things so that the first one is found fast. */

/** A binary heap: putting in and taking out cost the logarithm of what is in it. */
export interface Heap<T> {
  readonly size: () => number;
  readonly first: () => T | undefined;
  readonly push: (item: T) => void;
  readonly pop: () => T | undefined;
  readonly clear: () => readonly T[];
}

/** Makes a heap. `before` says whether the first argument comes out before the second. */
export function makeHeap<T>(before: (a: T, b: T) => boolean): Heap<T> {
  let items: T[] = [];
  const swapIfBefore = (lower: number, upper: number): boolean => {
    const a = items[lower];
    const b = items[upper];
    if (a === undefined || b === undefined || !before(a, b)) return false;
    items[lower] = b;
    items[upper] = a;
    return true;
  };
  const up = (start: number) => {
    for (let here = start; here > 0; ) {
      const parent = (here - 1) >> 1;
      if (!swapIfBefore(here, parent)) return;
      here = parent;
    }
  };
  const down = () => {
    for (let here = 0; ; ) {
      const left = 2 * here + 1;
      const a = items[left];
      const b = items[left + 1];
      const child = a !== undefined && b !== undefined && before(b, a) ? left + 1 : left;
      if (!swapIfBefore(child, here)) return;
      here = child;
    }
  };
  return {
    size: () => items.length,
    first: () => items[0],
    push: (item) => up(items.push(item) - 1),
    pop: () => {
      const first = items[0];
      const last = items.pop();
      if (items.length > 0 && last !== undefined) {
        items[0] = last;
        down();
      }
      return first;
    },
    clear: () => {
      const all = items;
      items = [];
      return all;
    },
  };
}
