/** Makes a linked worktree as git knows it, or takes it away, without git. */
import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { chmod, copyFile, readdir, rename, rm, utimes } from 'node:fs/promises';
import path from 'node:path';
import type { Failure } from '../model/failure.ts';
import { err, ok, type Result } from '../model/result.ts';
import type { Head } from './head.ts';
import type { Store } from './store.ts';
import { adminHome, GONE_PREFIX, lookAt, notOurs, type WorktreePlace } from './worktree-place.ts';

/** Where HEAD is before the first commit: a ref of this worktree alone, so that no commit made in it makes a branch. */
const UNBORN = 'refs/worktree/head';

/**
 * Writes what `git worktree add` would write, and no more: that one checks out, runs hooks, and wants a commit. HEAD is detached
 * where the recording's is, the index is the recording's. Until it is removed it is locked, so that no `git gc` prunes it.
 */
export async function plant(
  store: Store,
  place: WorktreePlace,
  head: Head,
): Promise<Result<undefined, Failure>> {
  const { root, gitDir } = place.places;
  const home = adminHome(store.places);
  const index = await indexOf(store, head);
  if (!index.ok) return index;
  try {
    const trouble = notAHome(home);
    if (trouble !== undefined) return err(cannotMake(root, trouble));
    mkdirSync(gitDir, { recursive: true });
    const put = (name: string, content: string): void => writeFileSync(path.join(gitDir, name), content);
    put('locked', `codemachine run ${place.run}\n`);
    put('commondir', COMMON);
    mkdirSync(root, { recursive: true, mode: 0o700 });
    const placed = await placeHead(store, place, head);
    if (!placed.ok) return placed;
    if (index.value !== undefined) await putIndex(store, place, index.value);
    await takeOver(store, gitDir);
    const own = path.join(root, '.git');
    if (lookAt(own) === undefined) writeFileSync(own, `gitdir: ${gitDir}\n`);
    put('gitdir', `${own}\n`);
    return ok(undefined);
  } catch (error) {
    return err(cannotMake(root, wordsOf(error)));
  }
}

/** An agent may have put a link there, and what is made or removed behind it is somebody else's. */
function notAHome(home: string): string | undefined {
  const stat = lookAt(home);
  return stat === undefined || stat.isDirectory() ? undefined : `${home} is no directory`;
}

/** Where refs are kept in a table, the file `HEAD` says nothing, and git itself has to write into the table. */
async function placeHead(store: Store, place: WorktreePlace, head: Head): Promise<Result<unknown, Failure>> {
  const { gitDir, commonDir } = place.places;
  const file = path.join(gitDir, 'HEAD');
  if (lookAt(path.join(commonDir, 'reftable'))?.isDirectory() !== true) {
    writeFileSync(file, head.sha === null ? `ref: ${UNBORN}\n` : `${head.sha}\n`);
    return ok(undefined);
  }
  for (const one of ['reftable', 'refs']) mkdirSync(path.join(gitDir, one));
  writeFileSync(file, 'ref: refs/heads/.invalid\n');
  writeFileSync(path.join(gitDir, 'refs/heads'), 'this repository uses the reftable format\n');
  const { theirs } = store.beside(place.places);
  return head.sha === null
    ? theirs(['symbolic-ref', 'HEAD', UNBORN])
    : theirs(['update-ref', '--no-deref', 'HEAD', head.sha]);
}

async function indexOf(store: Store, head: Head): Promise<Result<Buffer | undefined, Failure>> {
  if (head.index === null) return ok(undefined);
  const blob = await store.ours(['cat-file', 'blob', head.index]);
  return blob.ok ? ok(Buffer.from(blob.value)) : blob;
}

/** What an index remembers of the directory that it stands for: git warns where it is another one. */
const OF_ANOTHER_TREE = ['UNTR', 'FSMN'];

/**
 * Its times say that it is older than every file, so that git compares bytes before it believes what the index says of another
 * tree's files. The files that it shares with other indexes (a split index) come along.
 */
async function putIndex(store: Store, place: WorktreePlace, index: Buffer): Promise<void> {
  const { gitDir } = place.places;
  const file = path.join(gitDir, 'index');
  writeFileSync(file, index);
  for (const name of readdirSync(store.places.gitDir)) {
    if (!/^sharedindex\.[0-9a-f]+$/.test(name)) continue;
    const id = Buffer.from(name.slice('sharedindex.'.length), 'hex');
    if (index.includes(id)) await copyFile(path.join(store.places.gitDir, name), path.join(gitDir, name));
  }
  if (OF_ANOTHER_TREE.some((extension) => index.includes(extension)))
    await store.beside(place.places).theirs(['update-index', '--no-untracked-cache', '--force-write-index']);
  await utimes(file, 1, 1);
}

/** A worktree has settings of its own (which files are checked out, for one); without them git would see every other file deleted. */
async function takeOver(store: Store, gitDir: string): Promise<void> {
  const isFile = (name: string): boolean => lookAt(path.join(store.places.gitDir, name))?.isFile() === true;
  if (isFile('info/sparse-checkout')) {
    mkdirSync(path.join(gitDir, 'info'), { recursive: true });
    await copyFile(
      path.join(store.places.gitDir, 'info/sparse-checkout'),
      path.join(gitDir, 'info/sparse-checkout'),
    );
  }
  if (!isFile('config.worktree')) return;
  const file = path.join(gitDir, 'config.worktree');
  await copyFile(path.join(store.places.gitDir, 'config.worktree'), file);
  // These two are about the tree they stand beside.
  for (const key of ['core.worktree', 'core.bare'])
    await store.theirs(['config', '--file', file, '--unset-all', key], { codes: [0, 5] });
}

/** What the file says by which git finds the common directory from a worktree's own. */
const COMMON = '../..\n';

/**
 * Puts right what would lead our own gits elsewhere before one is started: for refs git follows the file `commondir`, whatever its
 * environment says. An agent can write it, or put a link in the place of all that git knows of the worktree.
 */
export function straighten(place: WorktreePlace): void {
  try {
    straightenAt(place.places.gitDir);
  } catch {
    // Then git takes it for no repository, and all of it is made anew.
  }
}

function straightenAt(gitDir: string): void {
  const kind = lookAt(gitDir);
  if (kind?.isDirectory() !== true) {
    rmSync(gitDir, { force: true });
    return;
  }
  const file = path.join(gitDir, 'commondir');
  const stat = lookAt(file);
  if (stat?.isFile() === true && stat.size === COMMON.length && readFileSync(file, 'latin1') === COMMON)
    return;
  rmSync(file, { recursive: true, force: true });
  writeFileSync(file, COMMON, { flag: 'wx' });
}

/** Writes it anew where an agent broke it. */
export async function plantAgain(
  store: Store,
  place: WorktreePlace,
  head: Head,
): Promise<Result<undefined, Failure>> {
  try {
    await removeTree(place.places.gitDir);
  } catch (error) {
    return err(cannotMake(place.places.root, wordsOf(error)));
  }
  return plant(store, place, head);
}

/** Whether the worktree is where it was made, and no link to somewhere else. */
export function standing({ places: { root } }: WorktreePlace): boolean {
  try {
    return lstatSync(root).isDirectory() && realpathSync(root) === root;
  } catch {
    return false;
  }
}

/**
 * Takes a worktree away, whatever is left of it: the directory, what git knows of it, our index of it. Can be called again after a
 * kill. Where there is none, nothing happens.
 */
export async function dismantle(store: Store, place: WorktreePlace): Promise<Result<undefined, Failure>> {
  const { root, gitDir } = place.places;
  const trouble = notOurs(root) ?? notAHome(adminHome(store.places));
  if (trouble !== undefined) return err(cannotRemove(root, trouble));
  const index = path.basename(store.beside(place.places).index);
  try {
    await removeTree(goneOf(place));
    if (lookAt(root) !== undefined) await setAside(place);
    for (const name of readdirSync(store.dir))
      if (name.startsWith(index)) await rm(path.join(store.dir, name), { force: true });
    // Last, because who looks for what a killed removal left finds it by this.
    await removeTree(gitDir);
    removeEmpty(path.dirname(root), path.dirname(path.dirname(root)), adminHome(store.places));
    return ok(undefined);
  } catch (error) {
    return err(cannotRemove(root, wordsOf(error)));
  }
}

function goneOf({ directory, places: { root } }: WorktreePlace): string {
  return path.join(path.dirname(root), `${GONE_PREFIX}${directory}`);
}

/** Renamed first: what a program that is still at work in it makes meanwhile is not in the way of the next one. */
async function setAside(place: WorktreePlace): Promise<void> {
  const { root } = place.places;
  const aside = goneOf(place);
  try {
    await rename(root, aside);
  } catch {
    await removeTree(root);
    return;
  }
  await removeTree(aside);
}

/** Links are removed, not followed. Directories that nobody may write to (caches of package managers) are opened first. */
async function removeTree(wanted: string): Promise<void> {
  const options = { recursive: true, force: true, maxRetries: 5, retryDelay: 20 } as const;
  try {
    await rm(wanted, options);
  } catch (error) {
    // Behind a file there is nothing.
    if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') return;
    await openUp(wanted);
    await rm(wanted, options);
  }
}

async function openUp(directory: string): Promise<void> {
  if (lookAt(directory)?.isDirectory() !== true) return;
  await chmod(directory, 0o700);
  for (const entry of await readdir(directory, { withFileTypes: true }))
    if (entry.isDirectory()) await openUp(path.join(directory, entry.name));
}

function removeEmpty(...directories: readonly string[]): void {
  for (const one of directories) {
    try {
      rmdirSync(one);
    } catch {
      // Somebody else's worktree is in it.
    }
  }
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Why there is no worktree. */
export function cannotMake(root: string, why: string): Failure {
  return {
    reason: 'config',
    message: `The worktree ${root} of an isolated step cannot be made: ${why}.`,
    help: 'Mend that, or use `workspace: shared`, then resume.',
  };
}

function cannotRemove(root: string, why: string): Failure {
  return {
    reason: 'config',
    message: `The worktree ${root} of an isolated step cannot be removed: ${why}.`,
    help: 'Remove it, then resume; what was done in it is kept as a recording.',
  };
}
