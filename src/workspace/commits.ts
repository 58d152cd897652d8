/** Finds out which objects the repository still has. */
import type { Failure } from '../model/failure.ts';
import { ok, type Result } from '../model/result.ts';
import { text } from './git.ts';
import type { Store } from './store.ts';

/** Those of the ids whose objects are there; git's gc takes what no ref leads to. */
export async function stillHeld(
  store: Store,
  ids: readonly string[],
): Promise<Result<readonly string[], Failure>> {
  if (ids.length === 0) return ok([]);
  const input = ids.map((id) => `${id}\n`).join('');
  const listed = await store.ours(['cat-file', '--batch-check=%(objectname)'], { input });
  if (!listed.ok) return listed;
  const held = new Set(text(listed.value).split('\n'));
  return ok(ids.filter((id) => held.has(id)));
}
