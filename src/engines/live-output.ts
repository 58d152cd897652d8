/** Turns a child's bytes into chatter that a terminal can keep up with. */

/** What may be shown in a second, in bytes; the log has everything. */
const SHOWN_PER_SECOND = 256 * 1024;
/** A line that grows beyond this is shown in pieces. */
const LONGEST_LINE = 16 * 1024;

const NEWLINE = 10;

/** One stream of one attempt, on its way to the reporters. */
export interface LiveOutput {
  /** Nothing of the chunk is held afterwards. */
  push(chunk: Uint8Array): void;
  /** Says what is left: a last line without an end, and how much was left out. */
  end(): void;
}

/**
 * Passes whole lines on, as many as people can be shown: of a flood, the beginning of each second and a note about the rest.
 * @param say gets whole lines, or pieces of very long ones
 * @param now milliseconds of a clock that never goes back
 */
export function liveOutput(say: (text: string) => void, now: () => number): LiveOutput {
  const decoder = new TextDecoder();
  let pending: Uint8Array[] = [];
  let held = 0;
  const budget = openBudget(now);
  let leftOut = 0;
  let midLine = false;

  const speak = (last: boolean): void => {
    const text = decoder.decode(Buffer.concat(pending), { stream: !last });
    pending = [];
    held = 0;
    if (text === '') return;
    midLine = !text.endsWith('\n');
    say(text);
  };
  const hold = (bytes: Uint8Array): void => {
    pending.push(bytes);
    held += bytes.length;
  };
  const noteLeftOut = (): void => {
    if (leftOut === 0) return;
    if (held > 0) speak(false);
    say(`${midLine ? '\n' : ''}[${leftOut} bytes not shown; the log has them]\n`);
    midLine = false;
    leftOut = 0;
  };
  /** Gives what of the chunk may be shown. After a gap the next thing shown is the beginning of a line. */
  const admit = (chunk: Uint8Array): Uint8Array => {
    const resumeAt = leftOut === 0 ? 0 : chunk.indexOf(NEWLINE) + 1;
    const fits = budget.left() >= Math.min(chunk.length, SHOWN_PER_SECOND / 2);
    if (!fits || (leftOut > 0 && resumeAt === 0)) {
      leftOut += chunk.length;
      return chunk.subarray(chunk.length);
    }
    const shown = chunk.subarray(resumeAt, resumeAt + Math.floor(budget.left()));
    leftOut += resumeAt;
    noteLeftOut();
    leftOut = chunk.length - resumeAt - shown.length;
    budget.spend(shown.length);
    return shown;
  };

  return {
    push(chunk) {
      const shown = admit(chunk);
      const cut = shown.lastIndexOf(NEWLINE) + 1;
      if (cut > 0) {
        hold(shown.subarray(0, cut));
        speak(false);
      }
      hold(Uint8Array.from(shown.subarray(cut)));
      if (held > LONGEST_LINE) speak(false);
    },
    end() {
      speak(true);
      noteLeftOut();
    },
  };
}

/** A bucket of bytes that fills up again in a second. */
function openBudget(now: () => number): { left(): number; spend(bytes: number): void } {
  let left = SHOWN_PER_SECOND;
  let refilled = now();
  return {
    left() {
      const at = now();
      left = Math.min(SHOWN_PER_SECOND, left + ((at - refilled) * SHOWN_PER_SECOND) / 1000);
      refilled = at;
      return left;
    },
    spend(bytes) {
      left -= bytes;
    },
  };
}
