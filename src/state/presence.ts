/** Notices that a file in use was taken away under its name, which SQLite does not: it goes on writing into what nobody finds again. */
import { statSync } from 'node:fs';
import path from 'node:path';
import { StateError } from './problem.ts';

/** A file that is to stay where it is. */
export interface Presence {
  /** Why the file is no longer there, or another one is; undefined while all is well. A system call, two microseconds. */
  gone(): StateError | undefined;
  /** Throws that. */
  insist(): void;
}

/** Remembers which file stands there now. The number of a file that is kept open is given to no other, so one made anew is told apart. */
export function watchPresence(file: string): Presence {
  const then = statSync(file);
  const look = (): StateError | undefined => {
    const now = statSync(file, { throwIfNoEntry: false });
    return now !== undefined && now.ino === then.ino && now.dev === then.dev ? undefined : gone(file);
  };
  return {
    gone: look,
    insist: () => {
      const error = look();
      if (error !== undefined) throw error;
    },
  };
}

function gone(file: string): StateError {
  const directory = path.dirname(file);
  return new StateError(
    'io',
    `the state directory ${directory} was removed or replaced while the run went on: what ran since then is recorded nowhere, and the run cannot be resumed; start it again, and let whatever cleans the tree leave the state alone: \`git clean -fdx -e .codemachine/state\``,
  );
}
