/** Writes the working tree, as it is, into git's objects. */
import { existsSync, lstatSync, rmSync, type Stats, statSync } from 'node:fs';
import path from 'node:path';
import type { Failure } from '../model/failure.ts';
import { err, ok, type Result } from '../model/result.ts';
import { diskPath, line, names, shown, text, zeroEnded } from './git.ts';
import { forgetLeftOut, isLeftOut } from './left-out.ts';
import { type Store, userIndex } from './store.ts';

/** An untracked file above this is refused: somebody forgot to ignore it, and it would be copied at every change. */
const LARGEST_UNTRACKED_FILE = 100 * 1024 * 1024;

/** Untracked files above this together are refused. */
const LARGEST_UNTRACKED_SUM = 1024 * 1024 * 1024;

/** What is remembered between recordings of one process; only to save time. */
export interface Memory {
  /** Size and times of the user's index when its names were read last. */
  userIndex?: string;
}

/** What is at a path, links not followed; undefined if nothing is, or if a part of the way is no directory. */
export function statOf(root: string, name: string): Stats | undefined {
  try {
    return lstatSync(diskPath(root, name));
  } catch {
    return undefined;
  }
}

/**
 * Writes the tree of everything that is not ignored, and of ignored files that the user tracks or that `since` holds; gives the
 * tree's id. Errors name the file that cannot be recorded.
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
  delete memory.userIndex;
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
    delete memory.userIndex;
  }
  const left = await forgetLeftOut(store);
  if (!left.ok) return left;
  const updated = await updateKnown(store);
  if (!updated.ok) return updated;
  const forgotten = await forgetIgnored(store, memory, since);
  if (!forgotten.ok) return forgotten;
  const added = await addUnknown(store, memory);
  if (!added.ok) return added;
  const tree = await store.ours(['write-tree']);
  return tree.ok ? ok(line(tree.value)) : tree;
}

/** Brings what our index knows up to date. Its stat cache makes this cheap; git itself sees to files changed within one tick of the clock. */
async function updateKnown(store: Store): Promise<Result<unknown, Failure>> {
  const updated = await store.ours(['add', '-u']);
  if (updated.ok) return updated;
  // A file that became a pipe or a socket cannot be recorded: for the recording it is gone.
  const differing = await store.ours(['diff-files', '-z', '--name-only']);
  if (!differing.ok) return updated;
  const strange = names(differing.value).filter((name) => {
    const stat = statOf(store.places.root, name);
    return stat !== undefined && !recordable(name, stat) && !stat.isDirectory();
  });
  const unreadable = names(differing.value).find((name) => unreadableFile(store.places.root, name));
  if (unreadable !== undefined) return err(cannotRead(unreadable));
  if (strange.length === 0) return updated;
  const removed = await store.ours(['update-index', '--force-remove', '-z', '--stdin'], {
    input: zeroEnded(strange),
  });
  return removed.ok ? store.ours(['add', '-u']) : removed;
}

/**
 * Our index remembers files that are ignored by now: from an earlier run, or uncovered by an ignore file that was put back before the
 * process died. They are the user's and must not look created by an attempt, so only those of `since` stay.
 */
async function forgetIgnored(
  store: Store,
  memory: Memory,
  since: string | undefined,
): Promise<Result<unknown, Failure>> {
  const ignored = await store.ours(['ls-files', '-z', '-c', '-i', '--exclude-standard']);
  if (!ignored.ok) return ignored;
  const all = names(ignored.value);
  if (all.length === 0) return ok(undefined);
  const kept =
    since === undefined
      ? ok(new Uint8Array())
      : await store.ours(['ls-tree', '-r', '-z', '--name-only', since]);
  if (!kept.ok) return kept;
  const known = new Set(names(kept.value));
  const forgotten = all.filter((name) => !known.has(name));
  if (forgotten.length === 0) return ok(undefined);
  // Those among them that the user tracks come back, since their index is read again.
  delete memory.userIndex;
  return store.ours(['update-index', '--force-remove', '-z', '--stdin'], { input: zeroEnded(forgotten) });
}

async function addUnknown(store: Store, memory: Memory): Promise<Result<unknown, Failure>> {
  const untracked = await untrackedFiles(store);
  if (!untracked.ok) return untracked;
  const tracked = await trackedIgnored(store, memory);
  if (!tracked.ok) return tracked;
  const all = [...untracked.value, ...tracked.value];
  if (all.length === 0) return ok(undefined);
  const args = ['update-index', '--add', '--remove', '--replace', '-z', '--stdin'];
  const added = await store.ours(args, { input: zeroEnded(all) });
  if (added.ok) return added;
  const unreadable = all.find((name) => unreadableFile(store.places.root, name));
  return unreadable === undefined ? added : err(cannotRead(unreadable));
}

/** Files that neither our index nor any ignore rule knows; refuses those that are too large. */
export async function untrackedFiles(store: Store): Promise<Result<readonly string[], Failure>> {
  const listed = await listOthers(store, '');
  if (!listed.ok) return listed;
  const kept: string[] = [];
  let sum = 0;
  for (const name of listed.value) {
    if (isOurs(store, name)) continue;
    const stat = statOf(store.places.root, name);
    if (stat === undefined || !recordable(name, stat)) continue;
    if (stat.size > LARGEST_UNTRACKED_FILE)
      return err(tooLarge(`The untracked file ${shown(name)} has ${mib(stat.size)}`));
    sum += stat.size;
    if (sum > LARGEST_UNTRACKED_SUM) {
      return err(
        tooLarge(
          `Untracked files have over ${mib(LARGEST_UNTRACKED_SUM)} together, ${shown(name)} among them`,
        ),
      );
    }
    kept.push(name);
  }
  return ok(kept);
}

/** Whether a file is written by this program, and so no part of what is recorded. */
function isOurs(store: Store, name: string): boolean {
  return (store.statePrefix !== undefined && name.startsWith(store.statePrefix)) || isLeftOut(store, name);
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

/** What the user tracks although it is ignored: `ls-files -o` never names it. Asked only when the user's index changed. */
async function trackedIgnored(store: Store, memory: Memory): Promise<Result<readonly string[], Failure>> {
  const index = userIndex(store);
  if (index === undefined) return ok([]);
  const signature = signatureOf(index);
  if (signature === memory.userIndex) return ok([]);
  const staged = await store.theirs(['ls-files', '-z', '-s']);
  if (!staged.ok) return staged;
  const tracked = names(staged.value)
    .filter((entry) => !entry.startsWith('160000 '))
    .map((entry) => entry.slice(entry.indexOf('\t') + 1))
    .filter((name) => !isOurs(store, name));
  const ignored = await ignoredAmong(store, tracked);
  if (!ignored.ok) return ignored;
  memory.userIndex = signature;
  return ok(
    ignored.value.filter((name) => {
      const stat = statOf(store.places.root, name);
      return stat !== undefined && recordable(name, stat);
    }),
  );
}

/**
 * Those of the names that the ignore rules, as they are on the disk now, would hide. Asked of an index made of the names:
 * `check-ignore` reads names as pathspecs, so one that starts with `:(` or lies behind a link would end it.
 */
export async function ignoredAmong(
  store: Store,
  all: readonly string[],
): Promise<Result<readonly string[], Failure>> {
  if (all.length === 0) return ok([]);
  const env = { GIT_INDEX_FILE: `${store.index}.asked` };
  // A process that died here left its names behind, and they would be answered for too.
  for (const old of [env.GIT_INDEX_FILE, `${env.GIT_INDEX_FILE}.lock`]) rmSync(old, { force: true });
  const object = '1'.repeat(store.places.objectFormat === 'sha256' ? 64 : 40);
  try {
    const input = zeroEnded(all.map((name) => `100644 ${object}\t${name}`));
    const made = await store.ours(['update-index', '-z', '--index-info'], { env, input });
    if (!made.ok) return made;
    const ignored = await store.ours(['ls-files', '-z', '-c', '-i', '--exclude-standard'], { env });
    return ignored.ok ? ok(names(ignored.value)) : ignored;
  } finally {
    rmSync(env.GIT_INDEX_FILE, { force: true });
  }
}

/** What kind of thing is at a path. */
export type Kind = Pick<Stats, 'isFile' | 'isSymbolicLink'>;

/** Git records files and links, none of them inside a `.git`, and no link by the name of `.gitmodules`. */
export function recordable(name: string, stat: Kind): boolean {
  if (!stat.isFile() && !stat.isSymbolicLink()) return false;
  if (/(^|\/)\.git(\/|$)/i.test(name)) return false;
  return !(stat.isSymbolicLink() && /(^|\/)\.gitmodules$/i.test(name));
}

function unreadableFile(root: string, name: string): boolean {
  const stat = statOf(root, name);
  return stat?.isFile() === true && (stat.mode & 0o444) === 0;
}

function cannotRead(name: string): Failure {
  return {
    reason: 'config',
    message: `The file ${shown(name)} cannot be read, so the workspace cannot be recorded.`,
    help: 'Make it readable or ignore it, then resume.',
  };
}

function tooLarge(what: string): Failure {
  return {
    reason: 'config',
    message: `${what}, which is too much to record before each attempt.`,
    help: 'Add it to .gitignore, move it away, or set `undo: never` on the step, then resume.',
  };
}

function mib(bytes: number): string {
  return `${Math.ceil(bytes / 1024 / 1024)} MiB`;
}

function signatureOf(file: string): string {
  const stat = statSync(file, { throwIfNoEntry: false, bigint: true });
  return stat === undefined ? 'none' : [stat.size, stat.ino, stat.mtimeNs, stat.ctimeNs].join(' ');
}

/** The object id of a commit's tree. */
export async function treeOf(store: Store, commit: string): Promise<Result<string, Failure>> {
  const tree = await store.ours(['rev-parse', '--verify', '-q', `${commit}^{tree}`]);
  return tree.ok ? ok(text(tree.value).trim()) : tree;
}
