/** Keeps files of the workspace from saying where an engine carries its key. */
import { existsSync, realpathSync } from 'node:fs';
import path from 'node:path';
import type { Environ } from './child-env.ts';
import type { AnyDialect } from './dialects/dialect.ts';

/**
 * The variables that are to be set, unless somebody sets them: none where no such file is in the workspace. A home that is the
 * workspace has files of the user's own.
 * @param cwd the directory of the step, in `root`; absolute, without symbolic links
 */
export function heldIn(
  held: AnyDialect['held'],
  cwd: string,
  root: string,
  { HOME }: Environ,
): Readonly<Record<string, string>> {
  if (held === undefined) return {};
  const [top, home] = [root, HOME].map(real);
  for (let directory = cwd; ; directory = path.dirname(directory)) {
    if (directory === home) return {};
    if (held.files.some((file) => existsSync(path.join(directory, file)))) return held.values;
    if (directory === top || directory === path.dirname(directory)) return {};
  }
}

function real(directory: string | undefined): string | undefined {
  try {
    return directory === undefined ? undefined : realpathSync.native(directory);
  } catch {
    return directory;
  }
}
