/** Keeps the end of a stream. */

/** How much of a stream can be read as `steps.x.stdout`, in bytes. */
export const TAIL_BYTES = 64 * 1024;

/** Many small pieces cost more than their bytes; from this number on they are joined. */
const MOST_PIECES = 64;

/** The last bytes of a stream. */
export interface Tail {
  add(chunk: Uint8Array): void;
  /** As text, trimmed at the end. A letter that the beginning cuts in half is left out. */
  text(): string;
}

/** Starts with nothing kept. */
export function keepTail(most: number = TAIL_BYTES): Tail {
  let pieces: Uint8Array[] = [];
  let size = 0;
  let cut = false;

  const joined = (): Buffer => {
    const all = Buffer.concat(pieces);
    const kept = all.length > most ? Buffer.from(all.subarray(all.length - most)) : all;
    if (kept.length < all.length) cut = true;
    return kept;
  };
  return {
    add(chunk) {
      if (chunk.length === 0) return;
      pieces.push(chunk);
      size += chunk.length;
      while (pieces[0] !== undefined && size - pieces[0].length >= most) {
        size -= pieces[0].length;
        pieces.shift();
        cut = true;
      }
      if (pieces.length > MOST_PIECES) {
        pieces = [joined()];
        size = pieces[0]?.length ?? 0;
      }
    },
    text() {
      const kept = joined();
      let start = 0;
      // Bytes 10xxxxxx continue a letter of UTF-8; it has at most three of them.
      while (cut && start < 3 && ((kept[start] ?? 0) & 0xc0) === 0x80) start += 1;
      return kept.toString('utf8', start).trimEnd();
    },
  };
}
