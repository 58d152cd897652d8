/** Turns what an engine said into chatter that fits a screen. */
import type { Chatter } from '../model/event.ts';
import type { StepKey } from '../model/ids.ts';
import type { Hear } from '../model/ports.ts';
import type { AnyDialect, Reader, Said } from './dialects/dialect.ts';
import { versionOf } from './dialects/versions.ts';

/** What is shown of one thing said, in letters; the transcript has all of it. */
const LONGEST = 4_000;

/** The chatter of one thing that was said in an attempt; undefined where nothing is left to show. */
export function chatterOf(step: StepKey, attempt: number, said: Said): Chatter | undefined {
  const { what, text, tool, usage } = said;
  if (text === '' && tool === undefined && usage === undefined) return undefined;
  const shown = text !== undefined && text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
  return {
    type: 'said',
    step,
    attempt,
    what,
    ...(shown === undefined ? {} : { text: shown }),
    ...(tool === undefined ? {} : { tool }),
    ...(usage === undefined ? {} : { usage }),
  };
}

/** Says each session that the engine names once, with the version that it named by then. */
export function sayingSessions({ tested }: AnyDialect, reader: Reader, hear: Hear): () => void {
  let session: string | undefined;
  return () => {
    const named = reader.session();
    if (named === undefined || named === session) return;
    session = named;
    hear.session(named, versionOf(reader, tested));
  };
}
