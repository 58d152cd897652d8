/** Opens worktrees beside the shared tree, each for one attempt alone. */
import type { Failure } from '../model/failure.ts';
import type { RunId } from '../model/ids.ts';
import type { Isolation, Match } from '../model/ports.ts';
import { err, type Result } from '../model/result.ts';
import type { Environ } from './git.ts';
import { merge } from './merge.ts';
import type { Context } from './record.ts';

/** A worktree that is there, whoever made it. */
export interface LeftWorktree {
  readonly run: RunId;
  /** The attempt's directory. */
  readonly directory: string;
  /** Absolute; it need not exist any more. */
  readonly root: string;
  /** Takes away the directory, what git knows of it, and our index of it. */
  remove(): Promise<Result<undefined, Failure>>;
}

/** What a worktree can do beside being recorded: for those who record and replay an agent's answers. */
export interface WorktreeTools {
  /** As `GitWorkspace.applyPatch`. */
  applyPatch(patch: Uint8Array): Promise<Result<undefined, Failure>>;
  /** As `GitWorkspace.watch`. */
  watch(run: RunId, label: string): Promise<Result<() => Promise<Result<Uint8Array, Failure>>, Failure>>;
}

/** Everything about worktrees. */
export interface Worktrees {
  readonly isolation: Isolation;
  /** The tools of a worktree that was opened or found and is not removed yet, by its `root`. */
  worktree(root: string): WorktreeTools | undefined;
  /** All worktrees of this repository that this program made and nobody removed yet. Removing one is for who owns its run. */
  leftWorktrees(): Promise<Result<readonly LeftWorktree[], Failure>>;
}

/** What worktrees are opened with. */
export interface OpenWorktrees {
  /** The shared tree. */
  readonly context: Context;
  /** The caller's environment; `HOME` and `XDG_CACHE_HOME` say where worktrees are. */
  readonly environ: Environ;
  /** Decides which files `copy` brings over. */
  readonly matches: Match;
}

/** Prepares worktrees; makes none. */
export function openWorktrees({ context }: OpenWorktrees): Worktrees {
  const none = (): Promise<Result<never, Failure>> =>
    Promise.resolve(err({ reason: 'config', message: 'There are no worktrees in this version.' }));
  return {
    isolation: { open: none, find: none, merge: (what) => merge(context, what) },
    worktree: () => undefined,
    leftWorktrees: none,
  };
}
