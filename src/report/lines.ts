/** Puts the output of children together to whole lines, each stream of each step for itself. */

/** A line that grows beyond this is passed on in pieces: a child may never end it. UTF-16 units. */
const LONGEST_LINE = 64 * 1024;

interface Pending {
  pieces: string[];
  length: number;
}

/** Lines under way. */
export interface LineBuffer {
  /** Gives the lines that `text` completes, without their ends. */
  push(step: string, stream: string, text: string): readonly string[];
  /** Gives what is left of a step, or of all of them, as lines. */
  flush(step?: string): readonly { readonly step: string; readonly line: string }[];
}

/** Starts with nothing pending. */
export function lineBuffer(): LineBuffer {
  const steps = new Map<string, Map<string, Pending>>();
  const pendingOf = (step: string, stream: string): Pending => {
    const streams = steps.get(step) ?? new Map<string, Pending>();
    steps.set(step, streams);
    const pending = streams.get(stream) ?? { pieces: [], length: 0 };
    streams.set(stream, pending);
    return pending;
  };
  return {
    push: (step, stream, text) => {
      const pending = pendingOf(step, stream);
      const end = text.lastIndexOf('\n');
      const whole = end === -1 ? [] : (take(pending) + text.slice(0, end)).split('\n');
      hold(pending, end === -1 ? text : text.slice(end + 1));
      return pending.length < LONGEST_LINE ? whole : [...whole, take(pending)];
    },
    flush: (only) => {
      const keys = only === undefined ? [...steps.keys()] : [only];
      return keys.flatMap((step) => {
        const streams = [...(steps.get(step)?.values() ?? [])];
        steps.delete(step);
        return streams.filter(({ length }) => length > 0).map((pending) => ({ step, line: take(pending) }));
      });
    },
  };
}

/** Pieces are joined once, when the line is whole: adding each to the rest would make a long line cost its length squared. */
function hold(pending: Pending, text: string): void {
  if (text === '') return;
  pending.pieces.push(text);
  pending.length += text.length;
}

function take(pending: Pending): string {
  const text = pending.pieces.join('');
  pending.pieces = [];
  pending.length = 0;
  return text;
}
