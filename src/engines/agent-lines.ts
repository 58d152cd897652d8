/** Cuts a stream of bytes into lines. */

/** A tool's result may hold a whole file; what is longer than this is no event that anybody waits for. In bytes. */
const LONGEST_LINE = 10 * 1024 * 1024;

const NEWLINE = 10;

/** A stream on its way to its lines. */
export interface Lines {
  push(chunk: Uint8Array): void;
  /** The last line may have no end. */
  end(): void;
}

/**
 * Gives every line without its newline, as text: bytes that are no UTF-8 become replacement characters.
 * @param leftOut is told instead of a line that is too long, with its length in bytes
 */
export function cutLines(
  hear: (line: string) => void,
  leftOut: (bytes: number) => void,
  longest: number = LONGEST_LINE,
): Lines {
  let pieces: Uint8Array[] = [];
  let held = 0;
  let tooLong = false;

  const hold = (bytes: Uint8Array): void => {
    if (bytes.length === 0) return;
    held += bytes.length;
    if (held > longest) {
      tooLong = true;
      pieces = [];
    } else if (!tooLong) pieces.push(bytes);
  };
  const speak = (): void => {
    if (tooLong) leftOut(held);
    else hear(Buffer.concat(pieces).toString());
    pieces = [];
    held = 0;
    tooLong = false;
  };
  return {
    push(chunk) {
      let from = 0;
      for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, from)) {
        hold(chunk.subarray(from, at));
        speak();
        from = at + 1;
      }
      // A copy: what the masker gives is valid only until its next call.
      hold(Uint8Array.from(chunk.subarray(from)));
    },
    end() {
      if (held > 0) speak();
    },
  };
}
