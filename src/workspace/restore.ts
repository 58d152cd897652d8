/** Puts the working tree back to a recording. */
import { chmodSync, mkdirSync, readdirSync, rmdirSync, rmSync, unlinkSync } from 'node:fs';
import type { Failure } from '../model/failure.ts';
import { err, ok, type Result } from '../model/result.ts';
import { ABSENT, type Difference, differences, isIgnoreFile, parentsOf } from './diff.ts';
import { statOf } from './disk.ts';
import { syncFiles } from './durable.ts';
import { diskPath, named, shown, zeroEnded } from './git.ts';
import { gitlinksOf } from './gitlinks.ts';
import { ignoredAmong, ignoredAsOf } from './ignored.ts';
import { ignoredWords, obstacles, obstacleWords } from './in-the-way.ts';
import { editedLater, type LastLook, lastLook } from './last-look.ts';
import { isLeftOut } from './left-out.ts';
import { dropOwnLocks } from './own-locks.ts';
import type { Store } from './store.ts';
import { type Memory, treeOf, writeTree } from './tree.ts';

/** Makes a recording of a tree that is about to be changed, so that nothing of it is lost. */
export type Keep = (tree: string) => Promise<Result<unknown, Failure>>;

/** What a restore is told. */
export interface Restoring {
  readonly to: string;
  readonly from: string;
  readonly found?: string | undefined;
  readonly keep: Keep;
}

/**
 * Puts back every path that differs between `from` (the tree as it is) and `to`; gives those paths, as people read them.
 * Ignored files are never touched. Nothing is written or removed through a link. What was edited since `from` was recorded is
 * not overwritten, unless the recording `found` holds it. Errors name the path in the way; what was done until then is undone
 * or finished by calling again with a fresh `from`.
 */
export async function restoreTree(
  store: Store,
  memory: Memory,
  { to, from, found, keep }: Restoring,
): Promise<Result<readonly string[], Failure>> {
  const listed = await differences(store, from, to);
  if (!listed.ok) return listed;
  const all = listed.value.filter((one) => !isLeftOut(store, one.path));
  if (all.length === 0) return ok([]);
  const looking = await lastLook(store, from, found);
  if (!looking.ok) return looking;
  const look = looking.value;
  const edited = await look.all(all);
  const ruled = all.some((one) => isIgnoreFile(one.path));
  const foreseen = await hiddenAsOf(store, all, ruled ? to : undefined);
  if (!foreseen.ok) return foreseen;
  const trouble = await troubleWith(store, all, edited, foreseen.value);
  if (trouble !== undefined) return err(trouble);
  delete memory.written;
  const read = await store.ours(['read-tree', '--reset', to]);
  if (!read.ok) return read;

  const hidden = ruled ? await hiddenByOldRules(store, look, all) : foreseen;
  if (!hidden.ok) return hidden;
  // Rules in files that nobody records are known only by now.
  const late = ruled ? await troubleWith(store, all, edited, hidden.value) : undefined;
  if (late !== undefined) return err(late);
  const touched = all.filter((one) => !hidden.value.has(one.path));
  const done = await putBack(store, look, touched);
  if (!done.ok) return done;
  const proven = await prove(store, memory, to, touched, ruled ? keep : undefined);
  return proven.ok ? ok(touched.map((one) => shown(one.path))) : proven;
}

/**
 * An attempt that edits an ignore file uncovers files which were there before it, `node_modules` for one. They look created;
 * deleting them would lose what was never recorded. So the old rules are put back first, then asked. Asked also where the rules are
 * equal: a person may have put them back since the files were recorded.
 */
async function hiddenByOldRules(
  store: Store,
  look: LastLook,
  all: readonly Difference[],
): Promise<Result<ReadonlySet<string>, Failure>> {
  const rules = all.filter((one) => isIgnoreFile(one.path) && roomFor(store, one.path));
  const put = await putBack(store, look, rules);
  return put.ok ? hiddenAsOf(store, all, undefined) : put;
}

/** Those of the paths to be removed that are ignored by the rules on the disk, or by those of a recording. */
async function hiddenAsOf(
  store: Store,
  all: readonly Difference[],
  recording: string | undefined,
): Promise<Result<ReadonlySet<string>, Failure>> {
  const created = all
    .filter((one) => one.toMode === ABSENT && !isIgnoreFile(one.path))
    .map((one) => one.path);
  const hidden =
    recording === undefined
      ? await ignoredAmong(store, created)
      : await ignoredAsOf(store, recording, created);
  return hidden.ok ? ok(new Set(hidden.value)) : hidden;
}

/** Looks at every path before the first is touched: what is edited, and what stands in the way. */
async function troubleWith(
  store: Store,
  all: readonly Difference[],
  edited: readonly string[],
  hidden: ReadonlySet<string>,
): Promise<Failure | undefined> {
  const lost = edited.filter((name) => !hidden.has(name));
  const wanted = all.filter((one) => !hidden.has(one.path));
  const found = obstacles(store.places.root, wanted);
  if (lost.length === 0 && found.length === 0) return undefined;
  const unknown = new Set(all.filter((one) => one.fromMode === ABSENT).map((one) => one.path));
  const asked = [...lost.filter((name) => unknown.has(name)), ...found.map((one) => one.path)];
  const ignored = await ignoredAmong(store, [...new Set(asked)]);
  if (!ignored.ok) return ignored.error;
  if (ignored.value.length > 0) return inTheWay(ignoredWords(ignored.value));
  if (lost.length > 0) return inTheWay(editedLater(lost));
  const [first] = found;
  return first === undefined ? undefined : inTheWay(obstacleWords(store.places.root, first));
}

/** Whether every directory above a path is there, as a directory. */
function roomFor(store: Store, name: string): boolean {
  return parentsOf(name).every((parent) => statOf(store.places.root, parent)?.isDirectory() === true);
}

async function putBack(
  store: Store,
  look: LastLook,
  all: readonly Difference[],
): Promise<Result<undefined, Failure>> {
  const root = store.places.root;
  const modes = new Map<string, number>();
  const writes: Difference[] = [];
  try {
    for (const one of all) {
      const stat = statOf(root, one.path);
      if (stat?.isFile() === true) modes.set(one.path, stat.mode & 0o666);
      const standing = look.now(one);
      if (standing === 'edited') return err(inTheWay(editedLater([one.path])));
      if (standing === 'done') continue;
      remove(root, one.path);
      if (one.toMode !== ABSENT) writes.push(one);
    }
    for (const one of writes) {
      const trouble = makeRoom(root, one.path);
      if (trouble !== undefined) return err(trouble);
    }
  } catch (error) {
    return err(inTheWay(error instanceof Error ? error.message : String(error)));
  }
  if (writes.length > 0) {
    // Without `-f`: a file that somebody made in between is not overwritten. With `-u` our index learns the times.
    const input = zeroEnded(writes.map((one) => one.path));
    const written = await store.ours(['checkout-index', '-u', '-z', '--stdin'], { input });
    if (!written.ok) return written;
    const synced = await syncFiles(writes.map((one) => diskPath(root, one.path)));
    if (!synced.ok) return synced;
  }
  restoreModes(root, writes, modes);
  const gone = all.filter((one) => one.toMode === ABSENT && one.path.includes('/'));
  if (gone.length === 0) return ok(undefined);
  const links = await gitlinksOf(store);
  if (!links.ok) return links;
  for (const one of gone) prune(root, one.path, links.value);
  return ok(undefined);
}

/** A file that was closed to others stays closed: git keeps only the executable bit, and would make it 0644. */
function restoreModes(root: string, writes: readonly Difference[], modes: ReadonlyMap<string, number>): void {
  for (const one of writes) {
    const mode = modes.get(one.path);
    const now = statOf(root, one.path);
    if (mode === undefined || now?.isFile() !== true || (now.mode & 0o666) === mode) continue;
    const executable = one.toMode === '100755' ? (mode & 0o444) >> 2 : 0;
    chmodSync(diskPath(root, one.path), mode | executable);
  }
}

/** Removes one file or link, where every directory above it is one. A directory is left: it is not what was recorded. */
function remove(root: string, name: string): void {
  for (const parent of parentsOf(name)) {
    const stat = statOf(root, parent);
    // Gone already, or replaced by a file or link of the same difference: there is nothing of ours behind it.
    if (stat === undefined || !stat.isDirectory()) return;
  }
  const stat = statOf(root, name);
  if (stat !== undefined && !stat.isDirectory()) unlinkSync(diskPath(root, name));
}

/** Makes the directories above a path, refusing to go through a link, then clears its place of empty directories. */
function makeRoom(root: string, name: string): Failure | undefined {
  for (const parent of parentsOf(name)) {
    const stat = statOf(root, parent);
    if (stat === undefined) mkdirSync(diskPath(root, parent));
    else if (!stat.isDirectory()) return inTheWay(obstacleWords(root, { path: parent, wanted: name }));
  }
  const stat = statOf(root, name);
  if (stat === undefined) return undefined;
  if (!stat.isDirectory()) return undefined;
  if (clearEmpty(diskPath(root, name))) return undefined;
  return inTheWay(`${named(name)} was a file and is a directory now, with ignored files in it`);
}

/** Removes a directory that holds nothing but such directories; false when it holds anything else. */
function clearEmpty(directory: Buffer): boolean {
  let empty = true;
  for (const entry of readdirSync(directory, { withFileTypes: true, encoding: 'buffer' })) {
    const inner = Buffer.concat([directory, Buffer.from('/'), entry.name as unknown as Buffer]);
    if (!entry.isDirectory() || !clearEmpty(inner)) empty = false;
  }
  if (empty) rmdirSync(directory);
  return empty;
}

/** Removes the directories above a removed file that have nothing left in them. One of a submodule stays: git wants it there. */
function prune(root: string, name: string, links: ReadonlySet<string>): void {
  for (const parent of [...parentsOf(name)].reverse()) {
    if (links.has(parent)) return;
    if (statOf(root, parent)?.isDirectory() !== true) continue;
    try {
      rmdirSync(diskPath(root, parent));
    } catch {
      return;
    }
  }
}

/**
 * Looks at the tree again: every touched path must be as `to` says. Where ignore rules changed, what the attempt hid by its
 * own rules appears only now, and goes too, once it is recorded (`keep`). Elsewhere, what appeared meanwhile is somebody's and stays.
 */
async function prove(
  store: Store,
  memory: Memory,
  to: string,
  touched: readonly Difference[],
  keep: Keep | undefined,
): Promise<Result<undefined, Failure>> {
  const wanted = await treeOf(store, to);
  if (!wanted.ok) return wanted;
  const now = await writeTree(store, memory, to);
  if (!now.ok) return now;
  if (now.value === wanted.value) return ok(undefined);
  const rest = await differences(store, now.value, wanted.value);
  if (!rest.ok) return rest;
  const ours = new Set(touched.map((one) => one.path));
  const wrong = rest.value.find((one) => ours.has(one.path));
  if (wrong !== undefined) {
    return err(
      inTheWay(`${named(wrong.path)} was put back and differs again; something is still writing to it`),
    );
  }
  const appeared = rest.value.filter((one) => one.toMode === ABSENT);
  if (keep === undefined || appeared.length === 0) return ok(undefined);
  const kept = await keep(now.value);
  if (!kept.ok) return kept;
  const look = await lastLook(store, now.value, undefined);
  return look.ok ? putBack(store, look.value, appeared) : look;
}

function inTheWay(what: string): Failure {
  return {
    reason: 'config',
    message: `The workspace could not be put back: ${what}.`,
    help: 'Move it away and resume; both states are kept as recordings.',
  };
}

/** Drops the locks that a killed process left, of our index and of the user's. Only the owner of a run may call this. */
export function dropStaleLock(store: Store): void {
  rmSync(`${store.index}.lock`, { force: true });
  dropOwnLocks(store);
}
