/** Opens worktrees beside the shared tree, each for one attempt alone. */
import path from 'node:path';
import type { Failure } from '../model/failure.ts';
import type { RunId } from '../model/ids.ts';
import type { Isolation, Match, Recording, Worktree, WorktreeOf } from '../model/ports.ts';
import { err, ok, type Result } from '../model/result.ts';
import { applyPatch } from './diff.ts';
import { type Environ, line } from './git.ts';
import { makeGitlinks } from './gitlinks.ts';
import { headOf, readHead } from './head.ts';
import { lend } from './lent.ts';
import { unresolved } from './markers.ts';
import { merge } from './merge.ts';
import { type Context, oneAtATime, record, watch } from './record.ts';
import { dropStaleLock } from './restore.ts';
import type { Store } from './store.ts';
import { cannotMake, dismantle, plant, plantAgain, standing, straighten } from './worktree.ts';
import { copyInto, linkInto } from './worktree-files.ts';
import {
  leftPlaces,
  makeWay,
  placeOf,
  sameWay,
  usableHome,
  type WorktreePlace,
  worktreeHome,
} from './worktree-place.ts';

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
  /** Where worktrees are made, or why none can be: better known before anything runs than in the middle. Makes the directory. */
  homeOfWorktrees(): Promise<Result<string, Failure>>;
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
export function openWorktrees(deps: OpenWorktrees): Worktrees {
  const entered = new Map<string, Entered>();
  const shared = deps.context.store.places;
  const room: Room = { ...deps, entered, version: memo(() => newEnough(deps.context.store)) };
  return {
    isolation: {
      open: (what) => open(room, what),
      find: (run, directory) => {
        const home = worktreeHome(shared, deps.environ);
        if (!home.ok) return Promise.resolve(home);
        const place = placeOf(shared, home.value, run, directory);
        return Promise.resolve(ok(standing(place) ? enter(room, place).worktree : undefined));
      },
      clear: (run, directory) => {
        const home = worktreeHome(shared, deps.environ);
        if (!home.ok) return Promise.resolve(home);
        const place = placeOf(shared, home.value, run, directory);
        return standing(place) ? Promise.resolve(ok(undefined)) : dismantle(deps.context.store, place);
      },
      merge: (what) => merge(deps.context, what),
      unresolved: (tree, paths) => unresolved(deps.context.store, tree, paths),
    },
    worktree: (root) => entered.get(root)?.tools,
    homeOfWorktrees: async () => {
      const version = await room.version();
      if (!version.ok) return version;
      const home = worktreeHome(shared, deps.environ);
      if (!home.ok) return home;
      const usable = usableHome(home.value, true);
      return usable.ok ? home : usable;
    },
    leftWorktrees: () => Promise.resolve(left(room)),
  };
}

interface Entered {
  readonly worktree: Worktree;
  readonly tools: WorktreeTools;
}

interface Room extends OpenWorktrees {
  readonly entered: Map<string, Entered>;
  readonly version: () => Promise<Result<undefined, Failure>>;
}

function memo<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

/** Merging without a working tree is no older than git 2.38; better said before the work than after it. */
async function newEnough(store: Store): Promise<Result<undefined, Failure>> {
  const said = await store.theirs(['version']);
  if (!said.ok) return said;
  const [, major = 0, minor = 0] = /(\d+)\.(\d+)/.exec(line(said.value))?.map(Number) ?? [];
  if (major > 2 || (major === 2 && minor >= 38)) return ok(undefined);
  return err({
    reason: 'config',
    message: `${line(said.value)} is too old for isolated steps.`,
    help: 'Install git 2.38 or newer.',
  });
}

async function open(room: Room, what: WorktreeOf): Promise<Result<Worktree, Failure>> {
  const { store } = room.context;
  const there = room.context.here();
  if (!there.ok) return there;
  const version = await room.version();
  if (!version.ok) return version;
  const home = worktreeHome(store.places, room.environ);
  if (!home.ok) return home;
  const old = placeOf(store.places, home.value, what.run, what.directory);
  room.entered.delete(old.places.root);
  const way = sameWay(old.places.root);
  if (!way.ok) return way;
  const cleared = await dismantle(store, old);
  if (!cleared.ok) return cleared;

  const place = placeOf(store.places, home.value, what.run, what.directory);
  const made = await make(room, place, what);
  if (made.ok) return ok(enter(room, place).worktree);
  await dismantle(store, place);
  return made;
}

async function make(room: Room, place: WorktreePlace, what: WorktreeOf): Promise<Result<undefined, Failure>> {
  const { store } = room.context;
  const { root } = place.places;
  const way = makeWay(root);
  if (!way.ok) return way;
  const head = await headOf(store, what.from);
  if (!head.ok) return head;
  const planted = await plant(store, place, head.value);
  if (!planted.ok) return planted;
  const filled = await fill(store, store.beside(place.places), what.from);
  if (!filled.ok) return err(cannotMake(root, filled.error.message.replace(/\.$/, '')));
  const over = { shared: store.places.root, root, stateDir: path.dirname(store.dir) };
  const copied = await copyInto(over, what.copy, room.matches);
  return copied.ok ? linkInto(over, what.link) : copied;
}

/** Writes the recording's bytes; our index of the worktree learns their times, so that recording it again reads no file. */
async function fill(shared: Store, store: Store, from: string): Promise<Result<unknown, Failure>> {
  const read = await store.ours(['read-tree', from]);
  if (!read.ok) return read;
  const written = await store.ours(['checkout-index', '--all', '-u']);
  return written.ok ? makeGitlinks(shared, store) : written;
}

function enter(room: Room, place: WorktreePlace): Entered {
  const { root } = place.places;
  const known = room.entered.get(root);
  if (known !== undefined) return known;
  const { numbers, now, store: shared, here: sharedIsHere } = room.context;
  // What is there by now is what a store goes by.
  if (standing(place)) straighten(place);
  const store = shared.beside(place.places);
  const inTurn = oneAtATime(() => dropStaleLock(store));
  const context: Context = { store, memory: {}, numbers, now, here: () => here(place, sharedIsHere) };
  const entered: Entered = {
    worktree: {
      root,
      lend: (files) => lend(store, root, files),
      record: (run, label, since) => inTurn(() => recordIn(shared, place, context, run, label, since)),
      remove: () => {
        room.entered.delete(root);
        return inTurn(() => dismantle(shared, place));
      },
    },
    tools: {
      applyPatch: (patch) => inTurn(() => applyPatch(store, patch)),
      watch: (run, label) => watch(context, inTurn, run, label),
    },
  };
  room.entered.set(root, entered);
  return entered;
}

function here(place: WorktreePlace, sharedIsHere: Context['here']): Result<undefined, Failure> {
  if (standing(place)) {
    straighten(place);
    return sharedIsHere();
  }
  return err({
    reason: 'config',
    message: `The worktree ${place.places.root} is gone, and what was done in it since it was recorded.`,
    help: 'Find out who removed it; the next attempt gets a new one.',
  });
}

/** Records the worktree. What git knows of it may be gone or broken by then; the files are no less worth for that. */
async function recordIn(
  shared: Store,
  place: WorktreePlace,
  context: Context,
  run: RunId,
  label: string,
  since: string | undefined,
): Promise<Result<Recording, Failure>> {
  const recorded = await record(context, run, label, since);
  if (recorded.ok || !standing(place)) return recorded;
  const known = await context.store.theirs(['rev-parse', '--git-dir']);
  if (known.ok) return recorded;
  const head = await readHead(shared, undefined);
  if (!head.ok) return recorded;
  const again = await plantAgain(shared, place, head.value);
  return again.ok ? record(context, run, label, since) : recorded;
}

function left(room: Room): Result<readonly LeftWorktree[], Failure> {
  const { store } = room.context;
  const home = worktreeHome(store.places, room.environ);
  if (!home.ok) return home;
  return ok(
    leftPlaces(store.places, home.value).map((place) => ({
      run: place.run,
      directory: place.directory,
      root: place.places.root,
      remove: () => {
        room.entered.delete(place.places.root);
        return dismantle(store, place);
      },
    })),
  );
}
