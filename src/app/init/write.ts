/** Writes files that are not there yet: all of them, or none. */
import {
  closeSync,
  constants,
  copyFileSync,
  fsyncSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  realpathSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { ok, type Result } from '../../model/result.ts';
import { lies } from '../files.ts';
import { type Refusal, refuse } from '../refusal.ts';

/** A file to be written. */
export interface NewFile {
  /** Relative to the root. */
  readonly name: string;
  readonly text: string;
}

/** What stands at a name: nothing, a file, or a reason why there can be none. */
export function lookAtPlace(root: string, name: string): Result<'free' | 'taken', Refusal> {
  const parts = name.split('/');
  for (let depth = 1; depth < parts.length; depth++) {
    const place = parts.slice(0, depth).join('/');
    const fine = lookAtDirectory(root, place);
    if (!fine.ok) return fine;
  }
  const file = path.join(root, name);
  if (lstatSync(file, { throwIfNoEntry: false }) === undefined) return ok('free');
  const kind = statSync(file, { throwIfNoEntry: false });
  if (kind === undefined)
    return refuse(`${name} is a link that leads nowhere`, 'remove it, or make its target');
  if (!kind.isFile()) return refuse(`${name} is no file`, 'move it away');
  return ok('taken');
}

function lookAtDirectory(root: string, name: string): Result<undefined, Refusal> {
  const place = path.join(root, name);
  if (lstatSync(place, { throwIfNoEntry: false }) === undefined) return ok(undefined);
  const stat = statSync(place, { throwIfNoEntry: false });
  if (stat === undefined)
    return refuse(`${name} is a link that leads nowhere`, 'remove it, or make its target');
  if (!stat.isDirectory()) return refuse(`${name} is a file, and has to be a directory`, 'move it away');
  if (!lies(realpathSync(root), realpathSync(place)))
    return refuse(
      `${name} is a link that leads out of ${root}`,
      'make it a directory: workflows are committed with the project',
    );
  return ok(undefined);
}

/** Writes all, or leaves everything as it was. A file that somebody else has made meanwhile is not overwritten. */
export function writeAll(root: string, files: readonly NewFile[]): Result<undefined, Refusal> {
  const made: (() => void)[] = [];
  let at = '';
  try {
    const drafts = files.map(({ name, text }) => {
      at = name;
      makeDirectories(root, path.dirname(name), made);
      const draft = path.join(root, path.dirname(name), `.${path.basename(name)}.${process.pid}.tmp`);
      const handle = openSync(draft, 'wx', 0o666);
      made.push(() => rmSync(draft, { force: true }));
      try {
        writeFileSync(handle, text);
        fsyncSync(handle);
      } finally {
        closeSync(handle);
      }
      return { name, draft };
    });
    for (const { name, draft } of drafts) {
      at = name;
      const file = path.join(root, name);
      place(draft, file);
      made.push(() => rmSync(file, { force: true }));
    }
    for (const { draft } of drafts) rmSync(draft, { force: true });
    return ok(undefined);
  } catch (error) {
    for (const undo of made.reverse()) quietly(undo);
    return refuse(`${at} cannot be written: ${why(error)}; nothing was changed`);
  }
}

function makeDirectories(root: string, name: string, made: (() => void)[]): void {
  const parts = name.split('/');
  for (let depth = 1; depth <= parts.length; depth++) {
    const directory = path.join(root, ...parts.slice(0, depth));
    if (statSync(directory, { throwIfNoEntry: false }) !== undefined) continue;
    mkdirSync(directory);
    made.push(() => rmdirSync(directory));
  }
}

/** Unlike a rename, a link takes nobody's place. */
function place(draft: string, file: string): void {
  try {
    linkSync(draft, file);
  } catch (error) {
    if (codeOf(error) === 'EEXIST') throw error;
    copyAs(draft, file);
  }
}

/** Some file systems have no links. */
function copyAs(draft: string, file: string): void {
  try {
    copyFileSync(draft, file, constants.COPYFILE_EXCL);
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') rmSync(file, { force: true });
    throw error;
  }
}

/** What cannot be taken back keeps nothing else from being taken back. */
function quietly(undo: () => void): void {
  try {
    undo();
  } catch {}
}

function why(error: unknown): string {
  switch (codeOf(error)) {
    case 'EACCES':
    case 'EPERM':
      return 'the directory may not be written to';
    case 'EROFS':
      return 'the file system is read-only';
    case 'ENOSPC':
    case 'EDQUOT':
      return 'there is no room left';
    case 'EEXIST':
      return 'somebody else makes it right now';
    default:
      return codeOf(error) ?? String(error);
  }
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}
