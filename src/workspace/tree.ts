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
import { type KnownIgnored, knownAfter, stillKnown } from './ignore-rules.ts';
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
  /** What the user tracks although it is ignored, with the signature of the index that said so, beside what was asked of ours then. */
  tracked?: {
    readonly index: string;
    readonly names: readonly string[];
    readonly beside: readonly string[] | undefined;
  };
  /** The blob that the user's index was stored as, with the signature of that index. */
  stored?: { readonly index: string; readonly blob: string };
  /** What the ignore rules hide of our index. */
  ignored?: KnownIgnored | undefined;
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
  const known = stillKnown(store, memory.ignored);
  if (known === undefined) delete memory.ignored;
  // None of them writes the index, so they need not wait for each other.
  const [seen, hidden] = await Promise.all([
    known === undefined ? lookTwice(store) : lookOnce(store),
    hiddenFiles(store, memory, since),
  ]);
  if (!seen.ok) return seen;
  if (!hidden.ok) return hidden;
  const { added, forgotten } = hidden.value;
  const stale = [...seen.value, ...added];
  if (stale.length + forgotten.length === 0) return writeIndex(store, memory);
  const before = memory.written?.index === signatureOf(store.index) ? memory.written : undefined;
  const { ignored } = memory;
  delete memory.written;
  delete memory.ignored;
  const updated = await update(store, stale, forgotten);
  if (!updated.ok) return updated;
  if (ignored !== undefined && added.length + forgotten.length === 0)
    memory.ignored = knownAfter(store, ignored, stale);
  const index = signatureOf(store.index);
  const grown = before && (await growTree(store, before, [...stale, ...forgotten]));
  if (grown === undefined) return writeIndex(store, memory);
  memory.written = { index, ...grown };
  return ok(grown.tree);
}

/** Paths that are not as our index has them, unknown ones too. What was merely touched is among them, so that our index learns of it. */
async function lookTwice(store: Store): Promise<Result<readonly string[], Failure>> {
  const [changed, others] = await Promise.all([
    store.ours(['diff-files', '-z', '--name-only', '--ignore-submodules=none']),
    untrackedFiles(store),
  ]);
  if (!changed.ok) return changed;
  return others.ok ? ok([...names(changed.value), ...others.value]) : others;
}

/**
 * The same in one git, which reads what was merely touched instead of naming it. Like that only while no directory of our index is a link: it
 * would take what lies behind for what was there.
 */
async function lookOnce(store: Store): Promise<Result<readonly string[], Failure>> {
  // Until git 2.37, `-m` alone leaves out what is gone.
  const listed = await store.ours(['ls-files', '-z', '-t', '-o', '-m', '-d', '--exclude-standard']);
  if (!listed.ok) return listed;
  const all = names(listed.value);
  const unknown = all.filter((one) => one.startsWith('? ')).map((one) => one.slice(2));
  const others = await fitting(store, await filesAmong(store, '', unknown));
  const changed = new Set(all.filter((one) => !one.startsWith('? ')).map((one) => one.slice(2)));
  return others.ok ? ok([...changed, ...others.value]) : others;
}

/** Our index as a tree. One that is as it was when it was written last has the same tree. */
async function writeIndex(store: Store, memory: Memory): Promise<Result<string, Failure>> {
  const before = signatureOf(store.index);
  if (memory.written?.index === before) return ok(memory.written.tree);
  const tree = await store.ours(['write-tree'], { env: UNSYNCED });
  if (!tree.ok) return tree;
  const index = signatureOf(store.index);
  // Git may have noted down in it what it found out, which changes no name.
  if (memory.ignored?.index === before) memory.ignored = { ...memory.ignored, index };
  const written = {
    index,
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
  return fitting(store, await listOthers(store, ''));
}

async function fitting(
  store: Store,
  listed: Result<readonly string[], Failure>,
): Promise<Result<readonly string[], Failure>> {
  if (!listed.ok) return listed;
  const sizes = sizesOf(store, listed.value);
  const all = [...sizes.keys()];
  if (whyTooLarge(sizes) === undefined) return ok(all);
  for (const name of await trackedNames(store)) sizes.delete(name);
  const large = whyTooLarge(sizes);
  return large === undefined ? ok(all) : err(tooLarge(large));
}

/** Whether these could be recorded although none of them was before. */
export function fitToRecord(store: Store, files: readonly string[]): boolean {
  return whyTooLarge(sizesOf(store, files)) === undefined;
}

/** Those of them that a recording takes. */
function sizesOf(store: Store, files: readonly string[]): Map<string, number> {
  const sizes = new Map<string, number>();
  for (const name of files) {
    if (isOurs(store, name)) continue;
    const stat = statOf(store.places.root, name);
    if (stat !== undefined && recordable(name, stat)) sizes.set(name, stat.size);
  }
  return sizes;
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
  return listed.ok ? filesAmong(store, prefix, names(listed.value)) : listed;
}

async function filesAmong(
  store: Store,
  prefix: string,
  listed: readonly string[],
): Promise<Result<readonly string[], Failure>> {
  const files: string[] = [];
  for (const name of listed) {
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
