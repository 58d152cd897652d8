/** Takes git's locks in the user's repository so that they are known for ours should we die with them. */
import {
  constants,
  copyFileSync,
  linkSync,
  lstatSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import type { Store } from './store.ts';

/** The user's index, the lock in front of it, and the file of ours that both may be a further name of. */
function indexFiles(store: Store): { index: string; lock: string; mine: string } {
  const index = path.join(store.places.gitDir, 'index');
  return { index, lock: `${index}.lock`, mine: `${index}.codemachine` };
}

/** Replaces the user's index, or removes it without `content`. Where another git holds the lock it is in use by somebody and is left alone. */
export function replaceIndex(store: Store, content: Uint8Array | undefined): void {
  const { index, lock, mine } = indexFiles(store);
  rmSync(mine, { force: true });
  writeFileSync(mine, content ?? '', { flag: 'wx' });
  // Whole from the start, and known by its inode: a lock that we left would keep every git of the user's from working.
  if (take(mine, lock)) {
    if (content === undefined) {
      rmSync(index, { force: true });
      rmSync(lock);
    } else renameSync(lock, index);
  }
  rmSync(mine);
}

function take(mine: string, lock: string): boolean {
  try {
    linkSync(mine, lock);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
  }
  try {
    // A file system without hard links.
    copyFileSync(mine, lock, constants.COPYFILE_EXCL);
    return true;
  } catch {
    return false;
  }
}

/** A git that outlives us does so for moments: what was locked later is somebody else's. */
const LONGEST_MS = 10_000;

/** Notes down which locks a git of ours may take among the user's refs, for as long as it runs. Those of branches are below the common directory. */
export async function moving<T>(store: Store, branch: string | null, move: () => Promise<T>): Promise<T> {
  const { gitDir, commonDir } = store.places;
  const locks = [path.join(gitDir, 'HEAD.lock'), path.join(commonDir, 'packed-refs.lock')];
  if (branch !== null) locks.push(path.join(commonDir, `${branch}.lock`));
  const note = noteOf(store);
  rmSync(note, { force: true });
  writeFileSync(note, JSON.stringify(locks), { flag: 'wx', mode: 0o600 });
  const moved = await move();
  rmSync(note, { force: true });
  return moved;
}

function noteOf(store: Store): string {
  return `${store.index}.moving`;
}

/** Takes away what a process of ours left that died with a lock. For the owner of a run, before anything else. */
export function dropOwnLocks(store: Store): void {
  const { lock, mine } = indexFiles(store);
  const left = inode(mine);
  if (left !== undefined) {
    if (inode(lock) === left) rmSync(lock, { force: true });
    rmSync(mine, { force: true });
  }
  const note = noteOf(store);
  const began = lstatSync(note, { throwIfNoEntry: false })?.mtimeMs;
  if (began === undefined) return;
  for (const one of locksIn(note)) {
    const at = lstatSync(one, { throwIfNoEntry: false })?.mtimeMs;
    if (at !== undefined && at >= began && at - began < LONGEST_MS) rmSync(one, { force: true });
  }
  rmSync(note, { force: true });
}

function inode(file: string): string | undefined {
  try {
    const { dev, ino } = lstatSync(file, { bigint: true });
    return `${dev} ${ino}`;
  } catch {
    return undefined;
  }
}

function locksIn(note: string): readonly string[] {
  try {
    return (JSON.parse(readFileSync(note, 'utf8')) as unknown[]).filter(
      (one): one is string => typeof one === 'string' && one.endsWith('.lock'),
    );
  } catch {
    return [];
  }
}
