/** Finds the files of agents that killed runners have left in the system's temporary directory. */
import os from 'node:os';
import path from 'node:path';
import { scratchIn, scratchOf } from '../../engines/scratch.ts';
import type { State } from '../../state/state.ts';

/** Directories of agents of runs that nobody owns now. Absolute paths. */
export function deserted(state: State): readonly string[] {
  const tmp = os.tmpdir();
  // Looked for before it is asked who lives: what a run makes that begins meanwhile is not among them.
  const names = scratchIn(tmp);
  if (names.length === 0) return [];
  const dead = state.listRuns().flatMap(({ id, owner }) => (owner === undefined ? [id] : []));
  return scratchOf(names, dead).map((name) => path.join(tmp, name));
}
