/** Introduces git and the workspace to each other. */

import { runGit } from '../engines/process.ts';
import { err, ok, type Result } from '../model/result.ts';
import { findRoot } from '../workspace/root.ts';
import { type GitWorkspace, openWorkspace } from '../workspace/workspace.ts';
import type { Place } from './place.ts';
import type { Refusal } from './refusal.ts';

/** Opens the workspace around `place`; undefined outside a git repository. */
export async function openPlaceWorkspace(
  place: Place,
  env: NodeJS.ProcessEnv,
): Promise<Result<GitWorkspace | undefined, Refusal>> {
  if (!place.hasGit) return ok(undefined);
  const places = await findRoot(place.root, runGit, env);
  if (!places.ok) return refusal(places.error);
  if (places.value === undefined) return ok(undefined);
  const opened = await openWorkspace({
    places: places.value,
    stateDir: place.stateDir,
    git: runGit,
    environ: env,
    now: Date.now,
  });
  return opened.ok ? opened : refusal(opened.error);
}

function refusal(failure: { readonly message: string; readonly help?: string }): Result<never, Refusal> {
  return err({ message: failure.message, ...(failure.help === undefined ? {} : { help: failure.help }) });
}
