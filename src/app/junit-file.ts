/** Keeps a JUnit file for CI. */
import { randomUUID } from 'node:crypto';
import { accessSync, constants, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** Why the file that `--junit` names could not be written; asked before anything runs: an hour later would be too late to find out. */
export function whyUnwritten(file: string): string | undefined {
  const place = path.resolve(file);
  return attempted(file, () => {
    const there = statSync(place, { throwIfNoEntry: false });
    accessSync(there?.isDirectory() === false ? place : path.dirname(place), constants.W_OK);
    if (there?.isDirectory() === true) throw Object.assign(new Error(), { code: 'EISDIR' });
  });
}

/** Writes all of it or nothing; gives the sentence that says why it cannot be. */
export function keepJunit(file: string, text: string): string | undefined {
  const place = path.resolve(file);
  return attempted(file, () => {
    // What is no file, as /dev/stdout, is written to; a link stays one.
    const there = statSync(place, { throwIfNoEntry: false });
    if (there !== undefined && !there.isFile()) return writeFileSync(place, text);
    const temporary = path.join(path.dirname(place), `.${path.basename(place)}.${randomUUID()}`);
    try {
      writeFileSync(temporary, text, { flag: 'wx' });
      renameSync(temporary, place);
    } finally {
      rmSync(temporary, { force: true });
    }
  });
}

function attempted(file: string, work: () => void): string | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    return `--junit ${file} cannot be written (${(error as NodeJS.ErrnoException).code ?? String(error)})`;
  }
}
