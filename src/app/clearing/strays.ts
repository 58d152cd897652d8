/** Finds what runs have left in a repository of which the state directory knows nothing. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { RunId } from '../../model/ids.ts';
import type { Stray } from '../../report/gc.ts';
import type { State } from '../../state/state.ts';
import type { GitWorkspace } from '../../workspace/workspace.ts';
import { openPlaceWorkspace } from '../git.ts';
import type { Place } from '../place.ts';

/** What the state knows, and what is being removed by it. */
export function runsKnownTo(state: State): ReadonlySet<RunId> {
  return new Set(
    [...state.listRuns(), ...state.removals.begun().map(({ run }) => ({ id: run }))].map(({ id }) => id),
  );
}

/** Recordings and worktrees of other runs, sorted. What cannot be read is not told: this is no more than a look. */
export async function straysIn(
  repository: GitWorkspace | undefined,
  known: ReadonlySet<RunId>,
): Promise<readonly Stray[]> {
  const [refs, left] = await Promise.all([repository?.trees.runs(), repository?.leftWorktrees()]);
  const strays = new Map<RunId, string[]>();
  for (const run of refs?.ok === true ? refs.value : []) strays.set(run, []);
  for (const { run, root } of left?.ok === true ? left.value : [])
    strays.set(run, [...(strays.get(run) ?? []), root]);
  return [...strays]
    .filter(([run]) => !known.has(run))
    .map(([run, worktrees]) => ({ run, worktrees }))
    .sort((a, b) => (a.run < b.run ? -1 : 1));
}

/** The same of the repository that is here, where there may be no state yet: none is made by looking. */
export async function straysHere(place: Place, known: ReadonlySet<RunId>): Promise<readonly Stray[]> {
  if (!place.hasGit) return [];
  const aside = mkdtempSync(path.join(tmpdir(), 'codemachine-look-'));
  try {
    const workspace = await openPlaceWorkspace({ ...place, stateDir: aside }, process.env);
    return workspace.ok ? await straysIn(workspace.value, known) : [];
  } finally {
    rmSync(aside, { recursive: true, force: true });
  }
}
