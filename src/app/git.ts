/** Introduces git and the workspace to each other. */
import { realpathSync } from 'node:fs';
import path from 'node:path';
import { MARK_VARIABLE, makeMark } from '../engines/mark.ts';
import { runGit } from '../engines/process.ts';
import { err, ok, type Result } from '../model/result.ts';
import { matches } from '../plan/selection.ts';
import type { Lease } from '../state/lease.ts';
import type { LeftOut } from '../workspace/left-out.ts';
import { findRoot } from '../workspace/root.ts';
import { type GitWorkspace, openWorkspace } from '../workspace/workspace.ts';
import type { Place } from './place.ts';
import { type Refusal, refuse } from './refusal.ts';

/** Whose children the gits of a workspace are: nobody's until a run is owned. */
export interface GitOwner {
  mark?: string;
  /** Where the repository is, when somebody asked already. */
  readonly places?: ReturnType<typeof findPlaces>;
  /** What the run itself writes into the tree; only who records needs to know. */
  readonly leftOut?: LeftOut;
}

/** The mark that the gits of an owner carry. */
export function gitMark({ run, epoch }: Lease, env: NodeJS.ProcessEnv): string {
  return makeMark(env[MARK_VARIABLE], { run, epoch, directory: 'git' });
}

/** Asks git where the repository around `place` is; to be called early, since nothing waits for the answer. */
export function findPlaces(place: Place, env: NodeJS.ProcessEnv): ReturnType<typeof findRoot> {
  return place.hasGit ? findRoot(place.root, runGit, env) : Promise.resolve(ok(undefined));
}

/**
 * Opens the workspace around `place`; undefined outside a git repository. With an owner its gits are marked: one that outlives
 * a runner that was killed would go on writing into the tree under the next one's hands, so it is ended like every other child.
 */
export async function openPlaceWorkspace(
  place: Place,
  env: NodeJS.ProcessEnv,
  owner: GitOwner = {},
): Promise<Result<GitWorkspace | undefined, Refusal>> {
  if (!place.hasGit) return ok(undefined);
  const places = await (owner.places ?? findPlaces(place, env));
  if (!places.ok) return refusal(places.error);
  if (places.value === undefined) return ok(undefined);
  const { root } = places.value;
  if (realpathSync(root) !== realpathSync(place.root)) {
    // An agent may have written it: what is recorded and put back must be the tree that the steps work in.
    return refuse(
      `git takes ${root} for the working tree of the repository in ${place.root}`,
      `take \`core.worktree\` out of ${path.join(places.value.gitDir, 'config')}`,
    );
  }
  const opened = await openWorkspace({
    places: places.value,
    stateDir: place.stateDir,
    git: (args, options) =>
      runGit(
        args,
        owner.mark === undefined
          ? options
          : { ...options, env: { ...options.env, [MARK_VARIABLE]: owner.mark } },
      ),
    environ: env,
    now: Date.now,
    matches,
    ...(owner.leftOut === undefined ? {} : { leftOut: owner.leftOut }),
  });
  return opened.ok ? opened : refusal(opened.error);
}

function refusal(failure: { readonly message: string; readonly help?: string }): Result<never, Refusal> {
  return err({ message: failure.message, ...(failure.help === undefined ? {} : { help: failure.help }) });
}
