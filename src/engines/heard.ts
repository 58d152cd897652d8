/** Reads from the transcript of an attempt, whose end nobody saw, what it had used. */
import type { Usage } from '../model/event.ts';
import { cutLines } from './agent-lines.ts';
import type { AnyDialect } from './dialects/dialect.ts';

/** What it said of itself. */
export interface HeardOf {
  readonly usage?: Usage;
  readonly model?: string;
}

/**
 * Follows the lines that the engine printed. What it counts for a whole session says nothing about one attempt, so that is left
 * out: then it is not known.
 * @param events the transcript, piece by piece
 */
export function heardIn(dialect: AnyDialect, events: Iterable<Uint8Array>, now: number): HeardOf {
  const reader = dialect.reader({ prompt: '' });
  const lines = cutLines(
    (line) => void reader.line(line),
    () => undefined,
  );
  for (const piece of events) lines.push(piece);
  lines.end();
  const { usage, cumulative, model } = reader.end({ exitCode: null, signal: 'SIGKILL', stderr: '', now });
  return {
    ...(usage === undefined || cumulative === true ? {} : { usage }),
    ...(model === undefined ? {} : { model }),
  };
}
