/** Finds what an attempt of an agent had used when its runner died. */
import { dialectOf, type Engines } from '../../engines/dialects/dialects.ts';
import { type HeardOf, heardIn } from '../../engines/heard.ts';
import type { RunId, StepKey } from '../../model/ids.ts';
import type { State } from '../../state/state.ts';
import { readFrom, transcriptFiles } from '../../state/transcripts.ts';
import { CLOCK } from '../clock.ts';

/** In bytes. */
const PIECE = 1024 * 1024;

/** Nothing where the engine is not known, or wrote nothing. */
export function heardOf(
  state: Pick<State, 'directory'>,
  run: RunId,
  { step, attempt, engine }: { readonly step: StepKey; readonly attempt: number; readonly engine: string },
  engines: Engines,
): HeardOf {
  const dialect = dialectOf(engine, engines);
  const files = transcriptFiles(state.directory, run, step, attempt);
  const events = files.find(({ name }) => name === 'events.jsonl');
  if (dialect === undefined || events === undefined) return {};
  return heardIn(dialect, pieces(events.path), CLOCK.now());
}

function* pieces(file: string): Generator<Uint8Array> {
  for (let offset = 0; ; ) {
    const piece = readFrom(file, offset, PIECE);
    if (piece.length === 0) return;
    offset += piece.length;
    yield piece;
  }
}
