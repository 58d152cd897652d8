/** Sees to it that what a milestone names is on the disk before the milestone. */
import { closeSync, constants, fsync, openSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import type { Failure } from '../model/failure.ts';
import { err, ok, type Result } from '../model/result.ts';
import type { Store } from './store.ts';

const sync = promisify(fsync);

/** How many files are open at once. The threads that wait are four, and a disk that hears of several at once writes them together. */
const AT_ONCE = 64;

/**
 * The environment of a git that need not wait for the disk, since `syncObjects` does so for all that it writes: git itself waits
 * for one object after the other.
 */
export const UNSYNCED = syncing('none');

/** The environment of a git that moves refs: its default leaves them to the kernel. */
export const SYNCED_REFS = syncing('committed,reference');

function syncing(what: string): Readonly<Record<string, string>> {
  return { GIT_CONFIG_COUNT: '1', GIT_CONFIG_KEY_0: 'core.fsync', GIT_CONFIG_VALUE_0: what };
}

/** Waits until those of the objects that are files of their own are on the disk; in a pack they were before it got its name. */
export async function syncObjects(store: Store, ids: readonly string[]): Promise<Result<undefined, Failure>> {
  const objects = path.join(store.places.commonDir, 'objects');
  return syncFiles([...new Set(ids)].map((id) => path.join(objects, id.slice(0, 2), id.slice(2))));
}

/** The same for files; what is away, or a link, needs no waiting for. */
export async function syncFiles(files: readonly (string | Buffer)[]): Promise<Result<undefined, Failure>> {
  for (let i = 0; i < files.length; i += AT_ONCE) {
    const part = files.slice(i, i + AT_ONCE);
    const done = await Promise.allSettled(part.map(syncFile));
    for (const [at, one] of done.entries())
      if (one.status === 'rejected') return err(unsynced(String(part[at] ?? ''), one.reason));
  }
  return ok(undefined);
}

async function syncFile(file: string | Buffer): Promise<void> {
  let handle: number;
  try {
    handle = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if (['ENOENT', 'ELOOP', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return;
    throw error;
  }
  try {
    await sync(handle);
  } finally {
    closeSync(handle);
  }
}

function unsynced(file: string, cause: unknown): Failure {
  return {
    reason: 'internal',
    message: `${file} could not be brought to the disk: ${cause instanceof Error ? cause.message : String(cause)}`,
    help: 'Look at the disk, then resume.',
  };
}
