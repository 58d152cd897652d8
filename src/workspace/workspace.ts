/** The door: opens a repository's working tree as a thing that can be recorded, compared and put back. */
import type { Failure } from '../model/failure.ts';
import type { RunId } from '../model/ids.ts';
import type { Match, Workspace } from '../model/ports.ts';
import { ok, type Result } from '../model/result.ts';
import { type Arrived, type Arriving, lookAtArrival } from './arrival.ts';
import {
  applyPatch,
  changedPaths,
  type DiffOptions,
  diffText,
  heldPaths,
  lostPaths,
  patchBytes,
} from './diff.ts';
import { type GitFacts, openFirstLook } from './facts.ts';
import { followHead } from './follow-head.ts';
import type { Environ, Git } from './git.ts';
import { shown } from './git.ts';
import { type Head, headOf, putHeadBack } from './head.ts';
import { ignoredAmong } from './ignored.ts';
import { openWorktrees, type Worktrees } from './isolate.ts';
import { type LeftOut, leaveOut } from './left-out.ts';
import { movedHead } from './moved-head.ts';
import { type Context, oneAtATime, record, watch } from './record.ts';
import { adoptRecording, type KeptRecording, keepRecording, recordingsOf, runOf } from './recordings.ts';
import { dropStaleLock, restoreTree } from './restore.ts';
import { type Places, stillThere } from './root.ts';
import { openStore, type Store } from './store.ts';
import { type Packed, type Packing, packRecordings, recordForExport } from './travel.ts';
import { openTrees, type Trees } from './trees.ts';

/** What is needed to open a workspace. */
export interface OpenWorkspace {
  /** As `findRoot` gave it. */
  readonly places: Places;
  /** Absolute; git's directory of ours becomes its `git/`. */
  readonly stateDir: string;
  readonly git: Git;
  /** The caller's environment. */
  readonly environ: Environ;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** What is neither recorded nor put back beside the state directory; nothing if unsaid. */
  readonly leftOut?: LeftOut;
  /** Decides which files `copy` brings into a worktree; unsaid, a glob stands for the path that it spells. */
  readonly matches?: Match;
}

/** A workspace with everything the commands ask of it. Calls that write wait for each other. */
export interface GitWorkspace extends Workspace, Worktrees {
  readonly root: string;
  /** `sha1` or `sha256`. */
  readonly objectFormat: string;
  /** The `git` context of expressions. */
  facts(): Promise<Result<GitFacts, Failure>>;
  /** Refuses what could not be recorded (too large an untracked file), before anything runs. */
  check(): Promise<Result<undefined, Failure>>;
  /** The difference between two recordings for people: no colour, no program of the user's. */
  diff(from: string, to: string, options?: DiffOptions): Promise<Result<string, Failure>>;
  /** Those of the paths that the ignore rules hide. */
  ignored(paths: readonly string[]): Promise<Result<readonly string[], Failure>>;
  /** Those of the paths that are a file or a link in a recording. */
  holds(recording: string, paths: readonly string[]): Promise<Result<readonly string[], Failure>>;
  /** The difference as bytes that `applyPatch` takes, and `git apply` at the root; empty where nothing differs. */
  patch(from: string, to: string): Promise<Result<Uint8Array, Failure>>;
  /** Makes a patch's changes in the working tree, all or none. Failures have the reason `replay`. */
  applyPatch(patch: Uint8Array): Promise<Result<undefined, Failure>>;
  /** Records now; what it gives records again and tells the change in between as a patch. */
  watch(run: RunId, label: string): Promise<Result<() => Promise<Result<Uint8Array, Failure>>, Failure>>;
  /** What the commands do with recordings. */
  readonly trees: Trees;
  /** What is needed to take a run to another clone. */
  readonly travel: {
    /** Records the tree, unless nothing has changed since that was done last; gives the recording. */
    record(run: RunId, since: string | undefined): Promise<Result<string, Failure>>;
    /** Packs the recordings of a run. */
    pack(what: Packing): Promise<Result<Packed, Failure>>;
    /** Looks at recordings that come from elsewhere. */
    arrive(what: Arriving): Promise<Result<Arrived, Failure>>;
    /** Moves HEAD to where it is in a recording from elsewhere; false where another branch is checked out. */
    follow(head: Head): Promise<Result<boolean, Failure>>;
  };
  /** A run's recordings, oldest first. */
  recordings(run: RunId): Promise<Result<readonly KeptRecording[], Failure>>;
}

/** Opens a workspace; writes nothing outside `stateDir`. Only the owner of a run may record and restore with it. */
export async function openWorkspace(input: OpenWorkspace): Promise<Result<GitWorkspace, Failure>> {
  const opened = await openStore(input.places, input.stateDir, input.git, input.environ);
  if (!opened.ok) return opened;
  const store = opened.value;
  const left = await leaveOut(store, input.leftOut ?? { paths: [] });
  if (!left.ok) return left;
  const inTurn = oneAtATime(() => dropStaleLock(store));
  const context: Context = {
    store,
    memory: {},
    numbers: new Map(),
    now: input.now,
    here: () => stillThere(store.places),
  };
  const worktrees = openWorktrees({
    context,
    environ: input.environ,
    matches: input.matches ?? ((name, globs) => globs.includes(name)),
  });
  return ok({
    ...worktrees,
    root: input.places.root,
    objectFormat: input.places.objectFormat,
    record: (run, label, since) => inTurn(() => record(context, run, label, since)),
    watch: (run, label) => watch(context, inTurn, run, label),
    restore: (to, from, found) => inTurn(() => restore(context, to, from, found)),
    adopt: (run, label, of, since) =>
      inTurn(() => adoptRecording(store, context.numbers, { run, label, of, since, at: input.now() })),
    applyPatch: (patch) => inTurn(() => applyPatch(store, patch)),
    ...openFirstLook(store),
    changed: (from, to) => changedPaths(store, from, to),
    lost: (from, to) => lostPaths(store, from, to),
    moved: (from, to) => movedHead(store, from, to),
    diff: (from, to, options = {}) => diffText(store, from, to, options),
    ignored: (paths) => inTurn(() => hidden(store, paths)),
    holds: (recording, paths) => heldPaths(store, recording, paths),
    patch: (from, to) => patchBytes(store, from, to),
    travel: {
      record: (run, since) => inTurn(() => recordForExport(context, run, since)),
      pack: (what) => packRecordings(store, what),
      arrive: (what) => lookAtArrival(store, what),
      follow: (head) => inTurn(() => followHead(store, head)),
    },
    recordings: (run) => recordingsOf(store, run),
    trees: openTrees({ store, numbers: context.numbers, now: input.now, inTurn }),
  });
}

async function hidden(store: Store, paths: readonly string[]): Promise<Result<readonly string[], Failure>> {
  const asked = paths.map((one) => Buffer.from(one).toString('latin1'));
  const found = await ignoredAmong(store, asked);
  return found.ok ? ok(found.value.map(shown)) : found;
}

async function restore(
  context: Context,
  to: string,
  from: string,
  found: string | undefined,
): Promise<Result<readonly string[], Failure>> {
  const { store, memory } = context;
  const here = context.here();
  if (!here.ok) return here;
  const [heads, leaving] = await Promise.all([headOf(store, to), headOf(store, from)]);
  if (!heads.ok) return heads;
  if (!leaving.ok) return leaving;
  const keep = async (tree: string): Promise<Result<unknown, Failure>> => {
    const run = await runOf(store, from);
    if (!run.ok || run.value === undefined) return run;
    const what = { run: run.value, label: 'undo', tree, head: leaving.value, since: from, at: context.now() };
    return keepRecording(store, context.numbers, what);
  };
  const restored = await restoreTree(store, memory, { to, from, found, keep });
  if (!restored.ok) return restored;
  const put = await putHeadBack(store, heads.value, leaving.value, 'codemachine: undo of a failed attempt');
  return put.ok ? restored : put;
}
