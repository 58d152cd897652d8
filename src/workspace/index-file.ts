/** Looks up entries in our index without starting git. */
import { closeSync, openSync, readFileSync, readSync } from 'node:fs';

/** What an index, or a tree, says of a path. */
export interface Entry {
  /** As a tree writes it: `100644`. */
  readonly mode: string;
  /** Hexadecimal. */
  readonly id: string;
}

/** What was found in an index. */
export interface IndexLook {
  /** How many entries it has in all. */
  readonly count: number;
  /** Those of the wanted ones that are there. */
  readonly found: ReadonlyMap<string, Entry>;
}

/** Before the id of each entry stand its times, its device and so on; behind the id two bytes of flags, then the name. */
const BEFORE_ID = 40;
const MODE_AT = 24;
const NAME_LENGTH = 0x0fff;
const EXTENDED = 0x4000;
const STAGE = 0x3000;

/**
 * Reads the entries of `wanted` (names as of `names`) from an index of version 2, the format of git's `index-format.txt`. Undefined
 * where it is of another version or holds what our index never does: a path in several stages.
 */
export function lookInIndex(file: string, idBytes: number, wanted: Iterable<string>): IndexLook | undefined {
  const bytes = readFileSync(file);
  if (bytes.length < 12 || bytes.toString('latin1', 0, 4) !== 'DIRC' || bytes.readUInt32BE(4) !== 2)
    return undefined;
  const count = bytes.readUInt32BE(8);
  // The entries stand in the order of their bytes, so both are gone through once.
  const names = [...wanted].sort().map((name) => Buffer.from(name, 'latin1'));
  const found = new Map<string, Entry>();
  let next = 0;
  let at = 12;
  for (let i = 0; i < count && next < names.length; i++) {
    const start = at + BEFORE_ID + idBytes + 2;
    if (start > bytes.length) return undefined;
    const flags = bytes.readUInt16BE(start - 2);
    if ((flags & (EXTENDED | STAGE)) !== 0) return undefined;
    const short = flags & NAME_LENGTH;
    const end = short === NAME_LENGTH ? bytes.indexOf(0, start) : start + short;
    if (end < start || end >= bytes.length) return undefined;
    let order = 1;
    while (next < names.length && order > 0) {
      order = bytes.compare(names[next] ?? bytes, 0, undefined, start, end);
      if (order > 0) next += 1;
    }
    if (order === 0 && next < names.length) {
      const id = bytes.toString('hex', at + BEFORE_ID, at + BEFORE_ID + idBytes);
      found.set(bytes.toString('latin1', start, end), {
        mode: bytes.readUInt32BE(at + MODE_AT).toString(8),
        id,
      });
      next += 1;
    }
    // Filled up with one to eight zeros.
    at += Math.floor((end - at + 8) / 8) * 8;
  }
  return { count, found };
}

/** How many entries an index has. Throws where there is none. */
export function countEntries(file: string): number {
  const head = Buffer.alloc(12);
  const handle = openSync(file, 'r');
  try {
    readSync(handle, head, 0, head.length, 0);
  } finally {
    closeSync(handle);
  }
  return head.readUInt32BE(8);
}

/** All names of an index of version 2, in their order; undefined where it is another one. Throws where there is none. */
export function namesInIndex(file: string, idBytes: number): readonly string[] | undefined {
  const bytes = readFileSync(file);
  if (bytes.length < 12 || bytes.toString('latin1', 0, 4) !== 'DIRC' || bytes.readUInt32BE(4) !== 2)
    return undefined;
  const all: string[] = [];
  for (let left = bytes.readUInt32BE(8), at = 12; left > 0; left--) {
    const start = at + BEFORE_ID + idBytes + 2;
    if (start > bytes.length) return undefined;
    const flags = bytes.readUInt16BE(start - 2);
    if ((flags & EXTENDED) !== 0) return undefined;
    const short = flags & NAME_LENGTH;
    const end = short === NAME_LENGTH ? bytes.indexOf(0, start) : start + short;
    if (end < start || end >= bytes.length) return undefined;
    all.push(bytes.toString('latin1', start, end));
    at += Math.floor((end - at + 8) / 8) * 8;
  }
  return all;
}
