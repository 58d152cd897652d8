/** Knows which files of the working tree are no part of any recording, because this program itself is writing them. */
import { lstatSync } from 'node:fs';
import path from 'node:path';
import type { Failure } from '../model/failure.ts';
import { ok, type Result } from '../model/result.ts';
import { diskPath, names, shown, zeroEnded } from './git.ts';
import type { Store } from './store.ts';

/** What is neither recorded nor put back. Whatever of it lies outside of the working tree does not matter. */
export interface LeftOut {
  /** Files and directories: absolute, their links resolved. They need not exist yet. */
  readonly paths: readonly string[];
  /** Open files whose paths the system does not tell. Looked for once, when the workspace is opened. */
  readonly files?: readonly FileId[];
}

/** Which file it is, whatever it is called. */
export interface FileId {
  readonly dev: bigint;
  readonly ino: bigint;
}

/** Notes what is to be left out in this process. */
export async function leaveOut(
  store: Store,
  { paths, files = [] }: LeftOut,
): Promise<Result<undefined, Failure>> {
  for (const one of paths) {
    const relative = path.relative(store.places.root, one);
    if (relative !== '' && relative !== '..' && !relative.startsWith(`..${path.sep}`))
      store.leftOut.add(Buffer.from(relative, 'utf8').toString('latin1'));
  }
  if (files.length === 0) return ok(undefined);
  const [here, tracked] = await Promise.all([
    store.ours(['ls-files', '-z', '-c', '-o', '--exclude-standard']),
    store.theirs(['ls-files', '-z']),
  ]);
  if (!here.ok) return here;
  if (!tracked.ok) return tracked;
  for (const name of [...names(here.value), ...names(tracked.value)])
    if (isOneOf(store.places.root, name, files)) store.leftOut.add(name);
  return ok(undefined);
}

function isOneOf(root: string, name: string, files: readonly FileId[]): boolean {
  try {
    const { dev, ino } = lstatSync(diskPath(root, name), { bigint: true });
    return files.some((file) => file.dev === dev && file.ino === ino);
  } catch {
    return false;
  }
}

/** Whether a path is left out, or lies in a directory that is. */
export function isLeftOut({ leftOut }: Store, name: string): boolean {
  if (leftOut.size === 0) return false;
  for (let at = name.length; at > 0; at = name.lastIndexOf('/', at - 1))
    if (leftOut.has(name.slice(0, at))) return true;
  return false;
}

/** Whether a file is written by this program, and so no part of what is recorded. */
export function isOurs(store: Store, name: string): boolean {
  return (store.statePrefix !== undefined && name.startsWith(store.statePrefix)) || isLeftOut(store, name);
}

/** Takes out of our index what an earlier process, to which it was a file like any other, had recorded. */
export async function forgetLeftOut(store: Store): Promise<Result<unknown, Failure>> {
  if (store.leftOut.size === 0) return ok(undefined);
  const listed = await store.ours(['ls-files', '-z', '-c', '--', ...[...store.leftOut].map(shown)]);
  if (!listed.ok) return listed;
  // The names themselves too: one that is not UTF-8 cannot be asked for on a command line.
  const input = zeroEnded([...store.leftOut, ...names(listed.value)]);
  return store.ours(['update-index', '--force-remove', '-z', '--stdin'], { input });
}
