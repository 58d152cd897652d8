/** Moves HEAD between two recordings at somebody's wish. */
import { randomUUID } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import type { Failure } from '../model/failure.ts';
import { ok, type Result } from '../model/result.ts';
import { stillHeld } from './commits.ts';
import { text } from './git.ts';
import { type Head, headOf, putHeadBack, readHead } from './head.ts';
import type { Store } from './store.ts';

/** What became of HEAD: it is all where it was wanted, somebody has moved some of it since, or these commits are gone, so that nothing was moved. */
export type HeadTo = 'there' | 'elsewhere' | { readonly gone: readonly string[] };

/**
 * Puts HEAD, its branch, those that a rebase moved, the index and an operation in progress to where they are in `to`, each only where it is as
 * `from` has it.
 */
export async function headTo(store: Store, to: string, from: string): Promise<Result<HeadTo, Failure>> {
  const [wanted, left] = await Promise.all([headOf(store, to), headOf(store, from)]);
  if (!wanted.ok) return wanted;
  if (!left.ok) return left;
  const gone = await goneFrom(store, wanted.value);
  if (!gone.ok) return gone;
  if (gone.value.length > 0) return ok({ gone: gone.value });
  const before = await readHead(store, left.value);
  if (!before.ok) return before;
  // `git status` writes down anew when files were looked at, and the index is the same.
  const same = await sameIndex(store, before.value.index, left.value.index);
  const start = same ? { ...left.value, index: before.value.index } : left.value;
  const put = await putHeadBack(store, wanted.value, start, 'codemachine: restore --head');
  if (!put.ok) return put;
  const now = await readHead(store, left.value);
  if (!now.ok) return now;
  const { branch, sha, index, branches } = now.value;
  const moved = Object.keys(left.value.branches).every((name) => {
    const tip = wanted.value.branches[name];
    return tip === undefined || branches[name] === tip;
  });
  const there =
    moved &&
    branch === wanted.value.branch &&
    sha === wanted.value.sha &&
    (await sameIndex(store, index, wanted.value.index));
  return ok(there ? 'there' : 'elsewhere');
}

/** The commits that HEAD and the branches were at and that the repository has no more. */
async function goneFrom(store: Store, { sha, branches }: Head): Promise<Result<readonly string[], Failure>> {
  const all = [sha, ...Object.values(branches)].filter((one) => one !== null);
  const held = await stillHeld(store, [...new Set(all)]);
  return held.ok ? ok([...new Set(all)].filter((one) => !held.value.includes(one))) : held;
}

/** Whether two indexes hold the same. One that git does not read by itself, a split one, is the same only byte for byte. */
async function sameIndex(store: Store, one: string | null, other: string | null): Promise<boolean> {
  if (one === other) return true;
  if (one === null || other === null) return false;
  const held = await Promise.all([entriesOf(store, one), entriesOf(store, other)]);
  return held[0] !== undefined && held[0] === held[1];
}

async function entriesOf(store: Store, blob: string): Promise<string | undefined> {
  const bytes = await store.ours(['cat-file', 'blob', blob]);
  if (!bytes.ok) return undefined;
  const env = { GIT_INDEX_FILE: `${store.index}.${randomUUID()}.seen` };
  try {
    writeFileSync(env.GIT_INDEX_FILE, bytes.value, { mode: 0o600 });
    const listed = await store.ours(['ls-files', '-v', '--stage', '-z'], { env });
    return listed.ok ? text(listed.value) : undefined;
  } finally {
    rmSync(env.GIT_INDEX_FILE, { force: true });
  }
}
