/** Notices that a file in use was taken away under its name, which SQLite does not: it goes on writing into what nobody finds again. */
import { statSync } from 'node:fs';
import path from 'node:path';
import { StateError } from './problem.ts';

/**
 * Remembers which file stands there now. What it gives says whether that file still does, as a StateError where not; one system
 * call, a few microseconds. The number of a file that is kept open is given to no other, so a file made anew is told apart.
 */
export function watchPresence(file: string): () => StateError | undefined {
  const then = statSync(file);
  return () => {
    const now = statSync(file, { throwIfNoEntry: false });
    return now !== undefined && now.ino === then.ino && now.dev === then.dev ? undefined : gone(file);
  };
}

function gone(file: string): StateError {
  const directory = path.dirname(file);
  return new StateError(
    'io',
    `the state directory ${directory} was removed or replaced while the run went on: what ran since then is recorded nowhere, and the run cannot be resumed; start it again, and let whatever cleans the tree leave the state alone: \`git clean -fdx -e .codemachine/state\``,
  );
}
