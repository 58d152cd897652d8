/** Opens the state directory for a command. */
import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import type { RunId } from '../model/ids.ts';
import { err, ok, type Result } from '../model/result.ts';
import { openState, type State } from '../state/state.ts';
import { nearest, soleNear } from '../workflow/suggest.ts';
import { type Place, shown } from './place.ts';
import { type Refusal, refuse } from './refusal.ts';
import { VERSION } from './version.ts';

/** Opens the state that belongs to where a command is. */
export async function openPlaceState(place: Place): Promise<Result<State, Refusal>> {
  const opened = await openState(place.stateDir, { version: VERSION });
  return opened.ok ? opened : err({ message: opened.error.message, code: 'state' });
}

/** Opens the state only where there is one: a command that looks leaves nothing behind. Undefined where there is none. */
export async function lookIntoState(place: Place): Promise<Result<State, Refusal> | undefined> {
  const there = existsSync(path.join(place.stateDir, 'codemachine.db')) || isInTheWay(place.stateDir);
  return there ? openPlaceState(place) : undefined;
}

/** Whether something else stands where the state is kept: opening says what. */
function isInTheWay(directory: string): boolean {
  try {
    return statSync(directory, { throwIfNoEntry: false })?.isDirectory() === false;
  } catch {
    // A file further up, or a directory that may not be looked into.
    return true;
  }
}

/** Opens the state and finds the run that `text` means. */
export async function openRun(
  place: Place,
  text: string,
): Promise<Result<{ state: State; run: RunId }, Refusal>> {
  const opened = await lookIntoState(place);
  if (opened === undefined) {
    return refuse(
      `there are no runs yet in ${shown(place, place.stateDir)}`,
      'start one with `codemachine run <workflow>`, or change to the project whose runs you mean',
      'no-run',
    );
  }
  if (!opened.ok) return opened;
  const run = opened.value.resolveRun(text);
  if (run.ok) return ok({ state: opened.value, run: run.value });
  const help = meantRun(opened.value, text);
  opened.value.close();
  return refuse(run.error, help, 'no-run');
}

/** What to type where `text` means no run; undefined where it means several. */
export function meantRun(state: State, text: string): string | undefined {
  const ids = state.listRuns().map(({ id }) => id);
  // What it says of `@failed` itself names the list already.
  if (text === '@failed' || text === '@last') return undefined;
  if (ids.length === 0 || ids.some((id) => text !== '' && id.startsWith(text))) return undefined;
  const all = '`codemachine runs` lists all';
  if (/^(latest|newest|last|@latest|head)$/i.test(text)) return `did you mean \`@last\`? ${all}`;
  // Two runs of one day differ in few letters: of a whole word for several of them none is named.
  const begun = new Map(ids.map((id) => [id.slice(0, text.length), id]));
  const near = nearest(text, ['@last', '@failed']) ?? soleNear(text, begun.keys());
  return near === undefined ? all : `did you mean \`${begun.get(near as RunId) ?? near}\`? ${all}`;
}
