/** Answers, for all steps at once, which of some marked steps can be reached from them. */

const BITS = 32;

/** One row of bits per step; bit n stands for the n-th marked step. */
export interface Reach {
  readonly words: number;
  readonly rows: readonly Uint32Array[];
}

/**
 * Collects along `links` which marked steps lie behind each step, itself not included. Bits and not sets: 10,000 marked
 * steps in a chain are 50 million pairs, which are 12 MB of bits.
 * @param order visits a step after everything its links lead to
 * @param column the number of a marked step, undefined for the others
 */
export function reach(
  order: readonly number[],
  links: readonly (readonly number[])[],
  column: readonly (number | undefined)[],
  columns: number,
): Reach {
  const words = Math.ceil(columns / BITS);
  const all = new Uint32Array(words * links.length);
  const rows = links.map((_, index) => all.subarray(index * words, (index + 1) * words));
  for (const index of order) {
    const row = rows[index];
    if (row === undefined) continue;
    for (const next of links[index] ?? []) {
      merge(row, rows[next]);
      const own = column[next];
      if (own !== undefined) setBit(row, own);
    }
  }
  return { words, rows };
}

/** A row in which these columns are set. */
export function rowOf(set: readonly number[], columns: number): Uint32Array {
  const row = new Uint32Array(Math.ceil(columns / BITS));
  for (const column of set) setBit(row, column);
  return row;
}

/** The columns set in no row nor in `own`, in order, at most `most` of them, below `end`. */
export function missing(
  rows: readonly (Uint32Array | undefined)[],
  own: number,
  end: number,
  most: number,
): number[] {
  const found: number[] = [];
  const words = Math.ceil(end / BITS);
  for (let word = 0; word < words && found.length < most; word++) {
    let taken = 0;
    for (const row of rows) taken |= row?.[word] ?? 0;
    if (taken === -1) continue;
    for (let bit = 0; bit < BITS && found.length < most; bit++) {
      const column = word * BITS + bit;
      if (column < end && column !== own && (taken & (1 << bit)) === 0) found.push(column);
    }
  }
  return found;
}

function merge(into: Uint32Array, from: Uint32Array | undefined): void {
  if (from === undefined) return;
  for (let word = 0; word < into.length; word++) into[word] = (into[word] ?? 0) | (from[word] ?? 0);
}

function setBit(row: Uint32Array, column: number): void {
  const word = Math.floor(column / BITS);
  row[word] = (row[word] ?? 0) | (1 << (column % BITS));
}
