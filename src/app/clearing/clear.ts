/** Takes away what runs have left outside of the database. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import path from 'node:path';
import type { RunId } from '../../model/ids.ts';
import { err, ok, type Result } from '../../model/result.ts';
import { sizeOf } from '../../state/removal.ts';
import type { State } from '../../state/state.ts';
import type { GitWorkspace } from '../../workspace/workspace.ts';
import { openPlaceWorkspace } from '../git.ts';
import { locate, type Place } from '../place.ts';
import { type Refusal, refuse } from '../refusal.ts';

/** What taking something away freed. Sizes in bytes. */
export interface Cleared {
  readonly bytes: number;
  /** Recordings that git keeps no longer; what they took is freed by git itself. */
  readonly recordings: number;
  readonly worktrees: number;
}

/** Opens each repository once. */
export interface Repositories {
  /** Where a run worked; the repository that is here where that is gone. Undefined where none is. */
  of(workspace: string): Promise<Result<GitWorkspace | undefined, Refusal>>;
  /** The repository that the command, or else the state directory, is in. */
  here(): Promise<Result<GitWorkspace | undefined, Refusal>>;
}

/** Looks for repositories from `place`. */
export function repositories(place: Place): Repositories {
  const opened = new Map<string, Promise<Result<GitWorkspace | undefined, Refusal>>>();
  const open = (root: string): Promise<Result<GitWorkspace | undefined, Refusal>> => {
    const known = opened.get(root) ?? openAt(root, place.stateDir);
    opened.set(root, known);
    return known;
  };
  const here = (): Promise<Result<GitWorkspace | undefined, Refusal>> => {
    if (place.hasGit) return open(place.root);
    const around = locate({ cwd: path.dirname(place.stateDir) }, process.env);
    return around.hasGit ? open(around.root) : Promise.resolve(ok(undefined));
  };
  // A checkout that was removed leaves its recordings in the repository that it belonged to.
  return { of: (root) => (existsSync(path.join(root, '.git')) ? open(root) : here()), here };
}

async function openAt(root: string, stateDir: string): Promise<Result<GitWorkspace | undefined, Refusal>> {
  const opened = await openPlaceWorkspace({ ...locate({ cwd: root }, process.env), stateDir }, process.env);
  if (!opened.ok || opened.value !== undefined) return opened;
  return refuse(`git cannot be started, or finds no repository in ${root}`, 'put `git` on PATH');
}

/** Takes away everything of a run but its rows, which went first. What is gone already is fine; the next time does the rest. */
export async function clearRun(
  state: State,
  repository: GitWorkspace | undefined,
  run: RunId,
): Promise<Result<Cleared, Refusal>> {
  let cleared: Cleared = { bytes: 0, recordings: 0, worktrees: 0 };
  if (repository !== undefined) {
    const worktrees = await clearWorktrees(repository, (one) => (one === run ? () => undefined : undefined));
    if (!worktrees.ok) return worktrees;
    const recordings = await repository.trees.forget(run);
    if (!recordings.ok) return err(recordings.error);
    cleared = { ...worktrees.value, recordings: recordings.value };
  }
  return ok({ ...cleared, bytes: cleared.bytes + state.removals.transcripts(run) });
}

/** Removes the worktrees of the runs that `hold` gives, and lets go of each run afterwards; of those that it does not give, none. */
export async function clearWorktrees(
  repository: GitWorkspace,
  hold: (run: RunId) => (() => void) | undefined,
): Promise<Result<Cleared, Refusal>> {
  const left = await repository.leftWorktrees();
  if (!left.ok) return err(left.error);
  let bytes = 0;
  let worktrees = 0;
  for (const one of left.value) {
    const letGo = hold(one.run);
    if (letGo === undefined) continue;
    try {
      const size = sizeOf(one.root);
      const removed = await one.remove();
      if (!removed.ok) return err(removed.error);
      bytes += size;
      worktrees += 1;
    } finally {
      letGo();
    }
  }
  return ok({ bytes, recordings: 0, worktrees });
}

/** A file that nobody touched for so long is not about to be used. In milliseconds. */
const UNUSED_MS = 24 * 60 * 60 * 1000;

/** Clears what belongs to no run in particular. */
export async function clearShared(
  state: State,
  repository: GitWorkspace | undefined,
  now: number,
): Promise<Result<number, Refusal>> {
  const before = now - UNUSED_MS;
  let bytes = state.removals.artifacts(before);
  if (repository !== undefined) {
    const roots = await repository.trees.roots();
    if (!roots.ok) return err(roots.error);
    const runs = state.listRuns().map(({ workspace }) => workspace);
    const used = [...roots.value, ...runs, repository.root].filter((root) => existsSync(root));
    bytes += state.removals.indexes(new Set(used.map(indexOf)), before);
  }
  return ok(bytes);
}

/** How the index of ours is called that belongs to a working tree. */
function indexOf(root: string): string {
  return `index-${createHash('sha256').update(root).digest('hex').slice(0, 16)}`;
}
