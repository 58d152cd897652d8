/** Finds the directory of a step. */
import { realpathSync, statSync } from 'node:fs';
import path from 'node:path';
import { err, ok, type Result } from '../model/result.ts';

/**
 * The real path of `relative` below `root`, which has to be a directory there: not outside by `..`, not by a link.
 * Asked right before each start, because an earlier step may have swapped a directory for a link. The error is a sentence.
 */
export function stepDirectory(root: string, relative: string): Result<string, string> {
  const outside = `working-directory "${relative}" leads out of the workspace; name a directory inside it`;
  if (path.isAbsolute(relative)) return err(outside);
  try {
    const home = realpathSync.native(root);
    if (relative === '') return ok(home);
    const found = realpathSync.native(path.join(home, relative));
    if (found !== home && !found.startsWith(home === path.sep ? home : home + path.sep)) return err(outside);
    if (!statSync(found).isDirectory())
      return err(`working-directory "${relative}" is not a directory; name one`);
    return ok(found);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // A path that climbs out and is not there is wrong for the first reason, not for the second.
    if (path.normalize(relative).startsWith('..')) return err(outside);
    if (code === 'ENOENT')
      return err(
        `working-directory "${relative}" does not exist in the workspace; create it in an earlier step or correct the name`,
      );
    return err(`working-directory "${relative}" cannot be entered (${code}); check its permissions`);
  }
}
