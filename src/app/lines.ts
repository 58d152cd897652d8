/** Asks for lines at the terminal, which stays as it is: Ctrl-C is the signal that it always is. */
import { createInterface } from 'node:readline';
import { harmless } from './print.ts';

/** Puts a text on standard error, and gives the line that is typed then; undefined when there will be none. */
export type Ask = (text: string) => Promise<string | undefined>;

/** Asks for a line each time. What was typed ahead, or pasted, answers what is asked next. */
export function openLines(): { readonly ask: Ask; readonly close: () => void } {
  const lines = createInterface({ input: process.stdin, terminal: false });
  const typed: string[] = [];
  let waiting: ((line: string | undefined) => void) | undefined;
  let isClosed = false;
  lines.on('line', (line) => {
    if (waiting === undefined) typed.push(line);
    else waiting(line);
    waiting = undefined;
  });
  lines.once('close', () => {
    isClosed = true;
    waiting?.(undefined);
  });
  return {
    ask: (text) => {
      process.stderr.write(harmless(text, process.stderr, process.env));
      return new Promise((resolve) => {
        if (typed.length > 0 || isClosed) resolve(typed.shift());
        else waiting = resolve;
      });
    },
    close: () => lines.close(),
  };
}
