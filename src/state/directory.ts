/** Makes the state directory, which nobody but its owner can read. */
import { chmodSync, existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { err, ok, type Result } from '../model/result.ts';
import { writeDurably } from './durable.ts';
import { explain, type StateProblem } from './problem.ts';

const OURS = /^(\.gitignore|codemachine\.db.*|runs|artifacts|traces|git)$/;

/** Makes `directory` as far as it is missing: 0700 whatever the umask, with a `.gitignore` that keeps everything in it out of commits. */
export function makeStateDirectory(directory: string): Result<void, StateProblem> {
  try {
    makeParents(path.dirname(directory));
    try {
      mkdirSync(directory, { mode: 0o700 });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    if ((statSync(directory).mode & 0o777) !== 0o700) {
      // Closing a directory that others use (`--state-dir /tmp`) would break what they do there.
      const stranger = readdirSync(directory).find((name) => !OURS.test(name));
      if (stranger !== undefined) return err({ kind: 'foreign', message: shared(directory, stranger) });
      chmodSync(directory, 0o700);
    }
    if (!readdirSync(directory).includes('.gitignore'))
      writeDurably(path.join(directory, '.gitignore'), '*\n');
    return ok(undefined);
  } catch (error) {
    return err(explain(error, directory));
  }
}

/**
 * Makes what is missing above, with the modes that the umask gives: a mode given to a recursive mkdir would close every parent, too.
 * Not by a recursive mkdir at all: where a file system lets nothing be made and says ENOENT, as /proc does, Node's tries for ever.
 */
function makeParents(directory: string): void {
  if (existsSync(directory)) return;
  makeParents(path.dirname(directory));
  try {
    mkdirSync(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

function shared(directory: string, stranger: string): string {
  return `${directory} holds other things (${stranger}) and is open to others, so it is no place for state: give --state-dir a directory of its own`;
}
