/** Writes the working tree, as it is, into git's objects. */
import { existsSync, rmSync } from 'node:fs';
import path from 'node:path';
import { type Failure, UNRECORDABLE_HELP } from '../model/failure.ts';
import type { RunId } from '../model/ids.ts';
import { err, ok, type Result } from '../model/result.ts';
import { parentsOf } from './diff.ts';
import { recordable, signatureOf, statOf } from './disk.ts';
import { UNSYNCED } from './durable.ts';
import { line, named, names, shown, text, zeroEnded } from './git.ts';
import { type Grown, type Growth, growTree } from './grow-tree.ts';
import type { Head } from './head.ts';
import { hiddenFiles, trackedNames } from './ignored.ts';
import { countEntries } from './index-file.ts';
import { forgetLeftOut, isOurs } from './left-out.ts';
import type { Store } from './store.ts';

/** An untracked file above this is refused: somebody forgot to ignore it, and it would be copied at every change. */
const LARGEST_UNTRACKED_FILE = 100 * 1024 * 1024;

/** Untracked files above this together are refused. */
const LARGEST_UNTRACKED_SUM = 1024 * 1024 * 1024;

interface Written extends Omit<Grown, 'growth'> {
  readonly index: string;
  readonly growth?: Growth;
}

/** What is remembered between recordings of one process; only to save time. */
export interface Memory {
  /** What the user tracks although it is ignored, with the signature of the index that said so. */
  tracked?: { readonly index: string; readonly names: readonly string[] };
  /** The blob that the user's index was stored as, with the signature of that index. */
  stored?: { readonly index: string; readonly blob: string };
  /** What was recorded last. */
  last?: { readonly run: RunId; readonly recording: string; readonly head: Head; readonly tree: string };
  /** The tree of our index, with its signature, how many entries it has, and what it has that the one before had not. */
  written?: Written;
}

/**
 * Writes the tree of everything that is not ignored, and of ignored files that the user tracks or that `since` holds; gives the
 * tree's id. Its objects need not be on the disk before a recording is made of it. Errors name the file that cannot be recorded.
 */
export async function writeTree(
  store: Store,
  memory: Memory,
  since?: string,
): Promise<Result<string, Failure>> {
  const first = await writeOnce(store, memory, since);
  if (first.ok || first.error.reason === 'config') return first;
  // An index that a full disk or a killed machine left torn is only a cache: made again from what was recorded before.
  rmSync(store.index, { force: true });
  return writeOnce(store, memory, since);
}

async function writeOnce(
  store: Store,
  memory: Memory,
  since: string | undefined,
): Promise<Result<string, Failure>> {
  if (!existsSync(store.index)) {
    const seeded = await store.ours(since === undefined ? ['read-tree', '--empty'] : ['read-tree', since]);
    if (!seeded.ok) return seeded;
    delete memory.written;
  }
  const left = await forgetLeftOut(store);
  if (!left.ok) return left;
  // None of them writes the index, so they need not wait for each other.
  const [changed, others, hidden] = await Promise.all([
    store.ours(['diff-files', '-z', '--name-only', '--ignore-submodules=none']),
    untrackedFiles(store),
    hiddenFiles(store, memory, since),
  ]);
  if (!changed.ok) return changed;
  if (!others.ok) return others;
  if (!hidden.ok) return hidden;
  const { added, forgotten } = hidden.value;
  const stale = [...names(changed.value), ...others.value, ...added];
  if (stale.length + forgotten.length === 0) return writeIndex(store, memory);
  const before = memory.written?.index === signatureOf(store.index) ? memory.written : undefined;
  delete memory.written;
  const updated = await update(store, stale, forgotten);
  if (!updated.ok) return updated;
  const index = signatureOf(store.index);
  const grown = before && (await growTree(store, before, [...stale, ...forgotten]));
  if (grown === undefined) return writeIndex(store, memory);
  memory.written = { index, ...grown };
  return ok(grown.tree);
}

/** Our index as a tree. One that is as it was when it was written last has the same tree. */
async function writeIndex(store: Store, memory: Memory): Promise<Result<string, Failure>> {
  const before = signatureOf(store.index);
  if (memory.written?.index === before) return ok(memory.written.tree);
  const tree = await store.ours(['write-tree'], { env: UNSYNCED });
  if (!tree.ok) return tree;
  const written = {
    index: signatureOf(store.index),
    tree: line(tree.value),
    count: countEntries(store.index),
  };
  memory.written = written;
  return ok(written.tree);
}

/**
 * Brings our index up to date with what is at those paths. For the recording, what became a pipe is gone, and so is what lies
 * behind a link: git would refuse either by ending.
 */
async function update(
  store: Store,
  all: readonly string[],
  forgotten: readonly string[],
): Promise<Result<unknown, Failure>> {
  const root = store.places.root;
  const gone = [...forgotten];
  const looked: string[] = [];
  const skip = new Set(forgotten);
  for (const name of all) {
    if (skip.has(name)) continue;
    const stat = statOf(root, name);
    const strange = stat !== undefined && !stat.isDirectory() && !recordable(name, stat);
    if (strange || behindLink(root, name)) gone.push(name);
    else looked.push(name);
  }
  if (gone.length > 0) {
    const args = ['update-index', '--force-remove', '-z', '--stdin'];
    const removed = await store.ours(args, { input: zeroEnded(gone) });
    if (!removed.ok) return removed;
  }
  if (looked.length === 0) return ok(undefined);
  const args = ['update-index', '--add', '--remove', '--replace', '-z', '--stdin'];
  const updated = await store.ours(args, { input: zeroEnded(looked), env: UNSYNCED });
  if (updated.ok) return updated;
  const unreadable = looked.find((name) => unreadableFile(root, name));
  return unreadable === undefined ? updated : err(cannotRead(unreadable));
}

function behindLink(root: string, name: string): boolean {
  return parentsOf(name).some((parent) => statOf(root, parent)?.isSymbolicLink() === true);
}

/**
 * Files that neither our index nor any ignore rule knows; refuses those that are too large, but not what the user tracks: our
 * first look at a repository knows none of its files.
 */
export async function untrackedFiles(store: Store): Promise<Result<readonly string[], Failure>> {
  const listed = await listOthers(store, '');
  if (!listed.ok) return listed;
  const sizes = new Map<string, number>();
  for (const name of listed.value) {
    if (isOurs(store, name)) continue;
    const stat = statOf(store.places.root, name);
    if (stat !== undefined && recordable(name, stat)) sizes.set(name, stat.size);
  }
  const all = [...sizes.keys()];
  if (whyTooLarge(sizes) === undefined) return ok(all);
  for (const name of await trackedNames(store)) sizes.delete(name);
  const large = whyTooLarge(sizes);
  return large === undefined ? ok(all) : err(tooLarge(large));
}

function whyTooLarge(sizes: ReadonlyMap<string, number>): string | undefined {
  let sum = 0;
  for (const [name, size] of sizes) {
    if (size > LARGEST_UNTRACKED_FILE) return `The untracked file ${named(name)} has ${mib(size)}`;
    sum += size;
    if (sum > LARGEST_UNTRACKED_SUM)
      return `Untracked files have over ${mib(LARGEST_UNTRACKED_SUM)} together, ${named(name)} among them`;
  }
  return undefined;
}

/**
 * Git names a repository inside the tree only as `inner/`, and would record a mere pointer to its commit. Its files are files
 * like all others here, so they are listed by its own ignore rules.
 */
async function listOthers(store: Store, prefix: string): Promise<Result<readonly string[], Failure>> {
  const where = prefix === '' ? {} : innerCall(store, prefix);
  const listed = await store.ours(['ls-files', '-z', '-o', '--exclude-standard'], where);
  if (!listed.ok) return listed;
  const files: string[] = [];
  for (const name of names(listed.value)) {
    if (!name.endsWith('/')) {
      files.push(prefix + name);
      continue;
    }
    const inner = await listOthers(store, prefix + name);
    if (!inner.ok) return inner;
    for (const one of inner.value) files.push(one);
  }
  return ok(files);
}

function innerCall(store: Store, prefix: string): { cwd: string; env: Record<string, string> } {
  const cwd = path.join(store.places.root, shown(prefix));
  return { cwd, env: { GIT_WORK_TREE: cwd, GIT_INDEX_FILE: `${store.index}.none` } };
}

function unreadableFile(root: string, name: string): boolean {
  const stat = statOf(root, name);
  return stat?.isFile() === true && (stat.mode & 0o444) === 0;
}

function cannotRead(name: string): Failure {
  return {
    reason: 'config',
    message: `The file ${named(name)} cannot be read, so the workspace cannot be recorded.`,
    help: UNRECORDABLE_HELP.unreadable,
  };
}

function tooLarge(what: string): Failure {
  return {
    reason: 'config',
    message: `${what}, which is too much to record before each attempt.`,
    help: UNRECORDABLE_HELP.large,
  };
}

function mib(bytes: number): string {
  return `${Math.ceil(bytes / 1024 / 1024)} MiB`;
}

/** The object id of a commit's tree. */
export async function treeOf(store: Store, commit: string): Promise<Result<string, Failure>> {
  const tree = await store.ours(['rev-parse', '--verify', '-q', `${commit}^{tree}`]);
  return tree.ok ? ok(text(tree.value).trim()) : tree;
}
