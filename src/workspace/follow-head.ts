/** Moves HEAD to where a recording that came from another clone has it. */
import type { Failure } from '../model/failure.ts';
import { ok, type Result } from '../model/result.ts';
import { type Head, moveBranch, moveHead, readHead } from './head.ts';
import type { Store } from './store.ts';

/**
 * Moves it, with the branch that is checked out, if it is the same one there; false, with nothing moved, if it is not. The index becomes
 * that of the commit: what the other one remembers of files is about another disk.
 */
export async function followHead(store: Store, to: Head): Promise<Result<boolean, Failure>> {
  const now = await readHead(store, undefined);
  if (!now.ok) return now;
  const { branch, sha } = now.value;
  if (to.sha === null || sha === to.sha) return ok(true);
  if (branch !== to.branch) return ok(false);
  const reflog = 'codemachine: import';
  const moved =
    branch === null
      ? await moveHead(store, to, reflog)
      : await moveBranch(store, branch, to.sha, sha, reflog);
  if (!moved.ok) return moved;
  const read = await store.theirs(['read-tree', to.sha]);
  return read.ok ? ok(true) : read;
}
