/** Sees to it that what a recording is made of is on the disk before anything names it. */
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
  const files = [...new Set(ids)].map((id) => path.join(objects, id.slice(0, 2), id.slice(2)));
  for (let i = 0; i < files.length; i += AT_ONCE) {
    const done = await Promise.allSettled(files.slice(i, i + AT_ONCE).map(syncFile));
    for (const one of done) if (one.status === 'rejected') return err(unsynced(objects, one.reason));
  }
  return ok(undefined);
}

async function syncFile(file: string): Promise<void> {
  let handle: number;
  try {
    handle = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  try {
    await sync(handle);
  } finally {
    closeSync(handle);
  }
}

function unsynced(objects: string, cause: unknown): Failure {
  return {
    reason: 'internal',
    message: `The recording could not be written to ${objects}: ${cause instanceof Error ? cause.message : String(cause)}`,
    help: 'Look at the disk, then resume.',
  };
}
