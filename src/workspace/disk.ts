/** Looks at single files of the disk. */
import { type BigIntStats, lstatSync, type Stats, statSync } from 'node:fs';
import { diskPath } from './git.ts';

/** What is at a path, links not followed; undefined if nothing is, or if a part of the way is no directory. */
export function statOf(root: string, name: string): Stats | undefined {
  try {
    return lstatSync(diskPath(root, name));
  } catch {
    return undefined;
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

/** What tells one state of a file from another, but for a change within one tick of the clock. */
export function signatureOf(file: string): string {
  const stat = statSync(file, { throwIfNoEntry: false, bigint: true });
  return stat === undefined ? 'none' : signed(stat);
}

/** The clock of a file system ticks every 10 ms, of some only every 2 s. */
const TICK_MS = 2_500;

/** The same for a plain file or nothing; undefined for anything else, and while another change could look the same. */
export function settledFile(file: string | Buffer): string | undefined {
  try {
    const stat = lstatSync(file, { throwIfNoEntry: false, bigint: true });
    if (stat === undefined) return 'none';
    return stat.isFile() && isSettled(stat) ? signed(stat) : undefined;
  } catch {
    return undefined;
  }
}

/** The same for a file that others write; undefined while another change could look the same. */
export function settledSignature(file: string): string | undefined {
  const stat = statSync(file, { throwIfNoEntry: false, bigint: true });
  if (stat === undefined) return undefined;
  return isSettled(stat) ? signed(stat) : undefined;
}

function isSettled(stat: BigIntStats): boolean {
  return Date.now() - Math.max(Number(stat.mtimeMs), Number(stat.ctimeMs)) >= TICK_MS;
}

function signed(stat: BigIntStats): string {
  return [stat.size, stat.ino, stat.mtimeNs, stat.ctimeNs].join(' ');
}
