/** Reads the files that a workflow names, and only those that it may name. */
import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readFileSync,
  realpathSync,
  type Stats,
  statSync,
} from 'node:fs';
import path from 'node:path';
import type { Result } from '../model/result.ts';
import { err, ok } from '../model/result.ts';

const LARGEST = 64 * 1024 * 1024;

/**
 * Reads a regular file as UTF-8. With `inside`, the file must lie in that directory after every link is followed.
 * The error is half a sentence that fits behind a colon: "is not there".
 */
export function readText(file: string, inside?: string): Result<string, string> {
  try {
    const real = realpathSync(file);
    if (inside !== undefined && !lies(realpathSync(inside), real)) return err('leads out of the repository');
    // Opened without waiting: a fifo or a device in place of the file must not hang the command.
    const handle = openSync(real, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
    try {
      const stat = fstatSync(handle);
      if (!stat.isFile()) return err(stat.isDirectory() ? 'is a directory' : 'is not a regular file');
      if (stat.size > LARGEST) return err(`is larger than ${LARGEST / 1024 / 1024} MiB`);
      return ok(readFileSync(handle, 'utf8'));
    } finally {
      closeSync(handle);
    }
  } catch (error) {
    return err(sentence(error));
  }
}

/** What a file is when it is looked at, to be compared: who writes by renaming makes another one. */
export function stamp(file: string): string {
  const stat = statSync(file, { throwIfNoEntry: false, bigint: true });
  return stat === undefined ? 'none' : `${stat.ino} ${stat.size} ${stat.mtimeNs} ${stat.ctimeNs}`;
}

/** What is at a path; undefined where nothing is, or where the system takes it for no path: one that is too long, or leads through a file. */
export function entryAt(file: string): Stats | undefined {
  try {
    return statSync(file, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

/** Whether `file` is `directory` or below it; both real paths. */
export function lies(directory: string, file: string): boolean {
  const relative = path.relative(directory, file);
  return (
    relative === '' ||
    (relative !== '..' && !relative.startsWith(`..${path.sep}`) && !path.isAbsolute(relative))
  );
}

/** SHA-256 of a text's UTF-8 bytes, hex. */
export function sha256(text: string): string {
  // Loaded when it is called: `validate` never does.
  const { createHash } = process.getBuiltinModule('node:crypto');
  return createHash('sha256').update(text, 'utf8').digest('hex');
}

function sentence(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ENOENT') return 'is not there';
  if (code === 'EACCES' || code === 'EPERM') return 'may not be read';
  if (code === 'ELOOP') return 'is a link that leads in a circle';
  return `cannot be read (${code ?? String(error)})`;
}
