/** Prints the event union, one event a line, for programs. */
import type { Reporter } from '../model/ports.ts';
import { jsonLine } from './json-line.ts';
import { type Out, writer } from './out.ts';

/** Nothing but the union reaches `out`: what people are to read goes elsewhere. */
export function jsonlReporter(out: Out): Reporter {
  const lines = writer(out);
  return {
    hear: (event) => lines.write(jsonLine(event)),
    close: () => lines.flushed(),
  };
}
