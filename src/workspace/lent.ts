/** Puts files into a worktree for the time of an attempt. */
import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Lent } from '../model/clash.ts';
import type { Failure } from '../model/failure.ts';
import { err, ok, type Result } from '../model/result.ts';
import type { Store } from './store.ts';
import { makeParents } from './worktree-files.ts';

/**
 * Writes them; the function that is given takes them away again. What stands there already is an earlier attempt's that was cut
 * off: the names say whose bytes they are.
 */
export async function lend(
  store: Store,
  root: string,
  files: readonly Lent[],
): Promise<Result<() => Promise<void>, Failure>> {
  const lent: string[] = [];
  const takeBack = async (): Promise<void> => {
    for (const file of lent) await rm(file, { force: true, recursive: true });
  };
  for (const { path: name, object, executable } of files) {
    const bytes = await store.ours(['cat-file', 'blob', object]);
    if (!bytes.ok) return bytes;
    const file = path.join(root, name);
    try {
      await makeParents(root, name);
      // What is written must not go through a link.
      await rm(file, { force: true, recursive: true });
      lent.push(file);
      await writeFile(file, bytes.value, { flag: 'wx', mode: executable ? 0o755 : 0o644 });
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      return err({ reason: 'internal', message: `${file} could not be put there: ${why}` });
    }
  }
  return ok(takeBack);
}
