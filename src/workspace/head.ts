/** Keeps what git itself remembers of the checkout: where HEAD is, and what is in the index. */
import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import type { Failure } from '../model/failure.ts';
import { err, ok, type Result } from '../model/result.ts';
import { settledSignature } from './disk.ts';
import { syncObjects } from './durable.ts';
import { line } from './git.ts';
import { elsewhere, leadsElsewhere } from './intact.ts';
import { writeLoose } from './loose.ts';
import { type Operation, putOperationBack, readOperation, rebasedBranches } from './operation.ts';
import { moving, replaceIndex } from './own-locks.ts';
import { plainHead } from './plain-head.ts';
import { type Store, userIndex } from './store.ts';
import type { Memory } from './tree.ts';

/** The user's side of a recording; persisted in the message of its commit. */
export interface Head {
  readonly v: 1;
  /** `refs/heads/…`, or null where HEAD is detached. */
  readonly branch: string | null;
  /** The commit HEAD is at; null before the first one. */
  readonly sha: string | null;
  /** Where the branches were that this recording or the one before it had checked out, or was rebasing. */
  readonly branches: Readonly<Record<string, string | null>>;
  /** The index file's bytes as a blob; null where there is none. */
  readonly index: string | null;
  /** What git noted down of a merge, a rebase or the like; absent where it is too much. */
  readonly operation?: Operation;
  /** The branches that a rebase in progress moves when it ends; absent where none is. */
  readonly rebasing?: readonly string[];
  /** What was left out of the tree, so that another process compares without it too; absent where nothing was. */
  readonly out?: readonly string[];
}

/**
 * Reads HEAD, its branch, and the index, whose bytes are stored as a blob. `before` is the recording it descends from; `memory`
 * only saves time.
 */
export async function readHead(
  store: Store,
  before: Head | undefined,
  memory: Memory = {},
): Promise<Result<Head, Failure>> {
  const [at, index] = await Promise.all([whereHeadIs(store), storeIndex(store, memory)]);
  if (!at.ok) return at;
  if (!index.ok) return index;
  const { branch, sha } = at.value;
  const branches: Record<string, string | null> = branch === null ? {} : { [branch]: sha };
  const rebased = rebasedBranches(store.places.gitDir);
  for (const other of new Set([before?.branch ?? null, ...(before?.rebasing ?? []), ...rebased])) {
    if (other === null || other === branch) continue;
    const tip = await tipOf(store, other);
    if (!tip.ok) return tip;
    branches[other] = tip.value;
  }
  const out = store.leftOut.size === 0 ? {} : { out: [...store.leftOut].sort() };
  const operation = readOperation(store.places.gitDir);
  const under = operation === undefined ? {} : { operation };
  const rebasing = rebased.length === 0 ? {} : { rebasing: rebased };
  return ok({ v: 1, branch, sha, branches, index: index.value, ...under, ...rebasing, ...out });
}

/** Where HEAD is, as in `Head`. Looked up in the files where they are plain, because two gits more cost more than all the rest. */
async function whereHeadIs(store: Store): Promise<Result<Pick<Head, 'branch' | 'sha'>, Failure>> {
  const plain = plainHead(store.places);
  if (plain !== undefined) return ok(plain);
  const [symbolic, commit] = await Promise.all([
    store.theirs(['symbolic-ref', '-q', 'HEAD'], { codes: [0, 1] }),
    store.theirs(['rev-parse', '-q', '--verify', 'HEAD'], { codes: [0, 1] }),
  ]);
  if (!symbolic.ok) return symbolic;
  return commit.ok ? ok({ branch: line(symbolic.value) || null, sha: line(commit.value) || null }) : commit;
}

async function tipOf(store: Store, ref: string): Promise<Result<string | null, Failure>> {
  const tip = await store.theirs(['rev-parse', '-q', '--verify', ref], { codes: [0, 1] });
  return tip.ok ? ok(line(tip.value) || null) : tip;
}

async function storeIndex(store: Store, memory: Memory): Promise<Result<string | null, Failure>> {
  const file = userIndex(store);
  if (file === undefined) return ok(null);
  const signature = settledSignature(file);
  if (signature !== undefined && memory.stored?.index === signature) return ok(memory.stored.blob);
  const byHand = await blobByHand(store, file);
  const written =
    byHand === undefined ? await store.ours(['hash-object', '-w', '--no-filters', file]) : ok(byHand);
  if (!written.ok) return written;
  const blob = typeof written.value === 'string' ? written.value : line(written.value);
  if (signature !== undefined) memory.stored = { index: signature, blob };
  return ok(blob);
}

/** A larger file would keep everybody waiting while it is packed. */
const LARGEST_BY_HAND = 1024 * 1024;

/** The object of a file, on the disk, without starting git; undefined where git has to write it. */
async function blobByHand(store: Store, file: string): Promise<string | undefined> {
  try {
    if (statSync(file).size > LARGEST_BY_HAND || !store.intact().ok) return undefined;
    const blob = writeLoose(store.places, 'blob', readFileSync(file));
    const synced = await syncObjects(store, [blob]);
    return synced.ok ? blob : undefined;
  } catch {
    // Git finds better words for what it cannot write.
    return undefined;
  }
}

/** The line that a recording's commit message ends with. */
export function headLine(head: Head): string {
  return JSON.stringify(head);
}

/** Reads it back out of a recording, whose left out files are left out from now on; a failure where the recording is gone. A commit that is none of ours is a defect of ours. */
export async function headOf(store: Store, recording: string): Promise<Result<Head, Failure>> {
  const commit = await store.ours(['cat-file', 'commit', recording]);
  if (!commit.ok) return err(gone(recording, commit.error));
  const last = line(commit.value).split('\n').at(-1) ?? '';
  const head = JSON.parse(last) as Head;
  if (head.v !== 1) throw new Error(`recording ${recording} has a head of version ${String(head.v)}`);
  for (const name of head.out ?? []) store.leftOut.add(name);
  return ok(head);
}

/** Somebody may have deleted the refs and run git's gc. */
function gone(recording: string, cause: Failure): Failure {
  return {
    reason: 'config',
    message: `The recording ${recording} is gone from the repository; was its ref under refs/codemachine/ deleted? ${cause.message}`,
    help: 'Resume with --keep-tree to go on with the files as they are.',
  };
}

/**
 * Puts HEAD, its branch, those that a rebase moved, the index and an operation in progress back to `to`, each only where it still is as `from`
 * says: what somebody did since then is theirs. `reflog` is what `git reflog` tells them about it.
 */
export async function putHeadBack(
  store: Store,
  to: Head,
  from: Head,
  reflog: string,
): Promise<Result<undefined, Failure>> {
  const now = await readHead(store, to);
  if (!now.ok) return now;
  const branches = await putBranchesBack(store, to, from, reflog);
  if (!branches.ok) return branches;
  if (sameHead(now.value, from) && !sameHead(from, to)) {
    const moved = await moveHead(store, to, reflog);
    if (!moved.ok) return moved;
  }
  if (now.value.index === from.index && from.index !== to.index) {
    const put = await putIndexBack(store, to.index);
    if (!put.ok) return put;
  }
  return putOperationBack(store.places.gitDir, to.operation, from.operation);
}

/** Those that both know: one may have moved before HEAD left it, or because a rebase of it ended. */
async function putBranchesBack(
  store: Store,
  to: Head,
  from: Head,
  reflog: string,
): Promise<Result<undefined, Failure>> {
  for (const [branch, wanted] of Object.entries(to.branches)) {
    const left = from.branches[branch];
    if (left === undefined || left === wanted) continue;
    const now = await tipOf(store, branch);
    if (!now.ok) return now;
    if (now.value !== left) continue;
    const moved = await moveBranch(store, branch, wanted, left, reflog);
    if (!moved.ok) return moved;
  }
  return ok(undefined);
}

function sameHead(a: Head, b: Head): boolean {
  return a.branch === b.branch && (a.branch !== null || a.sha === b.sha);
}

/** Moves a branch from one commit to another; a failure where it is no longer there. */
export async function moveBranch(
  store: Store,
  branch: string,
  to: string | null,
  from: string | null,
  reflog: string,
): Promise<Result<undefined, Failure>> {
  const command =
    to === null
      ? ['update-ref', '-m', reflog, '-d', branch, from ?? '']
      : ['update-ref', '-m', reflog, branch, to, from ?? '0'.repeat(to.length)];
  const { commonDir } = store.places;
  const led = [branch, `logs/${branch}`].find((name) => leadsElsewhere(commonDir, name));
  if (led !== undefined) return err(elsewhere(path.join(commonDir, led)));
  const moved = await moving(store, branch, () => store.theirs([...reflogged, ...command]));
  return moved.ok ? ok(undefined) : moved;
}

/** Moves HEAD alone. */
export async function moveHead(store: Store, to: Head, reflog: string): Promise<Result<undefined, Failure>> {
  if (to.branch === null && to.sha === null) return ok(undefined);
  const args =
    to.branch === null
      ? ['update-ref', '--no-deref', '-m', reflog, 'HEAD', to.sha ?? '']
      : ['symbolic-ref', '-m', reflog, 'HEAD', to.branch];
  const moved = await moving(store, null, () => store.theirs([...reflogged, ...args]));
  return moved.ok ? ok(undefined) : moved;
}

/** A ref of the user's that moves is told in their reflog, with a name that `git reflog` shows. */
const reflogged = [
  '-c',
  'core.logAllRefUpdates=true',
  '-c',
  'user.name=codemachine',
  '-c',
  'user.email=codemachine@localhost',
];

async function putIndexBack(store: Store, blob: string | null): Promise<Result<undefined, Failure>> {
  const content = blob === null ? undefined : await store.ours(['cat-file', 'blob', blob]);
  if (content?.ok === false) return content;
  replaceIndex(store, content?.value);
  return ok(undefined);
}
