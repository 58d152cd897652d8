/** Prints the event union, one event a line, for programs. */
import type { Event } from '../model/event.ts';
import type { Reporter } from '../model/ports.ts';
import { type Out, writer } from './out.ts';

// What JSON lets stand as it is, and a terminal (C1, DEL) or the runner of GitHub Actions (`##[`, anywhere in a line) would obey.
const OBEYED = /[\x7f-\x9f]|#(?=\[)/g;

/** One event as one line. What somebody could obey is written as an escape, so that the event is the same for who reads JSON. */
function lineOf(event: Event): string {
  const line = JSON.stringify(event);
  return line.replace(OBEYED, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** Nothing but the union reaches `out`: what people are to read goes elsewhere. */
export function jsonlReporter(out: Out): Reporter {
  const lines = writer(out);
  return {
    hear: (event) => lines.write(`${lineOf(event)}\n`),
    close: () => lines.flushed(),
  };
}
