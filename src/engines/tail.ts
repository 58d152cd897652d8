/** Keeps the end of a stream. */

/** How much of a stream can be read as `steps.x.stdout`, in bytes. */
const TAIL_BYTES = 64 * 1024;

/** Most steps say little: room for more is made when it is needed. */
const FIRST_ROOM = 1024;

/** The last bytes of a stream. */
export interface Tail {
  /** The bytes are copied. */
  add(chunk: Uint8Array): void;
  /** As text, trimmed at the end. A letter that the beginning cuts in half is left out. */
  text(): string;
}

/** Starts with nothing kept. */
export function keepTail(most: number = TAIL_BYTES): Tail {
  let room = Buffer.alloc(0);
  let used = 0;

  /** Makes room for `more` bytes: grows up to twice of what is kept, then moves the end of it to the front. */
  const makeRoom = (more: number): void => {
    if (used + more <= room.length) return;
    if (used + more > 2 * most) {
      const kept = Math.min(used, most - more);
      room.copyWithin(0, used - kept, used);
      used = kept;
    }
    if (used + more <= room.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.min(2 * most, Math.max(FIRST_ROOM, 2 * (used + more))));
    room.copy(grown, 0, 0, used);
    room = grown;
  };
  return {
    add(chunk) {
      const end = chunk.length > most ? chunk.subarray(chunk.length - most) : chunk;
      makeRoom(end.length);
      room.set(end, used);
      used += end.length;
    },
    text() {
      let start = Math.max(0, used - most);
      // Bytes 10xxxxxx continue a letter of UTF-8; it has at most three of them.
      const last = start + 3;
      while (start < last && ((room[start] ?? 0) & 0xc0) === 0x80) start += 1;
      return room.toString('utf8', start, used).trimEnd();
    },
  };
}
