/** Searches bytes for many patterns at once. */

/** Finds a fixed set of patterns. */
export interface FormFinder {
  /** Calls `hit` for each position below `until` at which a pattern lies whole, with the longest one's length; in order. */
  scan(data: Uint8Array, until: number, hit: (at: number, length: number) => void): void;
  /** The first position at which a pattern may begin that needs more bytes than there are; the length of `data` if none. */
  settled(data: Uint8Array): number;
}

const BLOCKS = 65_536;
/** Shifts are bytes. */
const LONGEST_WINDOW = 255;

/**
 * Makes a finder; undefined when there is nothing to find. Wu and Manber's search (TR 94-17, Arizona): a table over pairs of bytes
 * says how far the window may jump, so the cost hardly grows with the number of patterns, where an `indexOf` for each of them
 * would read the stream a dozen times.
 * @param patterns at least two bytes each
 */
export function findForms(patterns: readonly Buffer[]): FormFinder | undefined {
  if (patterns.length === 0) return undefined;
  const longestFirst = [...patterns].sort((a, b) => b.length - a.length);
  const longest = longestFirst[0]?.length ?? 0;
  const window = Math.min(LONGEST_WINDOW, ...patterns.map((pattern) => pattern.length));
  const shifts = shiftTable(patterns, window);
  const byBlock = groupBy(longestFirst, (pattern) => blockAt(pattern, window - 1));
  const byFirst = groupBy(longestFirst, (pattern) => pattern[0] ?? 0);

  return {
    scan(data, until, hit) {
      const bytes = asBuffer(data);
      const lastEnd = Math.min(bytes.length, until + window - 1);
      for (let end = window - 1; end < lastEnd; ) {
        const block = blockAt(bytes, end);
        const shift = shifts[block] ?? 0;
        if (shift === 0) {
          const at = end - window + 1;
          const found = byBlock.get(block)?.find((pattern) => beginsWith(bytes, at, pattern, pattern.length));
          if (found !== undefined) hit(at, found.length);
          end += 1;
        } else {
          end += shift;
        }
      }
    },
    settled(data) {
      const bytes = asBuffer(data);
      for (let at = Math.max(0, bytes.length - longest + 1); at < bytes.length; at++) {
        const there = bytes.length - at;
        const candidates = byFirst.get(bytes[at] ?? -1);
        if (candidates?.some((pattern) => pattern.length > there && beginsWith(bytes, at, pattern, there)))
          return at;
      }
      return bytes.length;
    },
  };
}

function asBuffer(data: Uint8Array): Buffer {
  return Buffer.isBuffer(data) ? data : Buffer.from(data.buffer, data.byteOffset, data.byteLength);
}

function blockAt(bytes: Buffer, end: number): number {
  return (bytes[end - 1] ?? 0) | ((bytes[end] ?? 0) << 8);
}

function beginsWith(bytes: Buffer, at: number, pattern: Buffer, length: number): boolean {
  if (bytes[at] !== pattern[0] || at + length > bytes.length) return false;
  return bytes.compare(pattern, 0, length, at, at + length) === 0;
}

function shiftTable(patterns: readonly Buffer[], window: number): Uint8Array {
  const shifts = new Uint8Array(BLOCKS).fill(window - 1);
  for (const pattern of patterns) {
    for (let end = 1; end < window; end++) {
      const block = blockAt(pattern, end);
      shifts[block] = Math.min(shifts[block] ?? 0, window - 1 - end);
    }
  }
  return shifts;
}

function groupBy(
  patterns: readonly Buffer[],
  key: (pattern: Buffer) => number,
): ReadonlyMap<number, readonly Buffer[]> {
  const groups = new Map<number, Buffer[]>();
  for (const pattern of patterns) {
    const group = groups.get(key(pattern));
    if (group === undefined) groups.set(key(pattern), [pattern]);
    else group.push(pattern);
  }
  return groups;
}
