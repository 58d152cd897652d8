/** Compares where HEAD is in two recordings. */
import type { Failure } from '../model/failure.ts';
import type { HeadMove } from '../model/head-move.ts';

import { ok, type Result } from '../model/result.ts';
import { text } from './git.ts';
import { type Head, headOf } from './head.ts';
import type { Store } from './store.ts';

/** As `Workspace.moved`: undefined where HEAD, and the branch it was on, are where they were. */
export async function movedHead(
  store: Store,
  from: string,
  to: string,
): Promise<Result<HeadMove | undefined, Failure>> {
  const [was, is] = await Promise.all([headOf(store, from), headOf(store, to)]);
  if (!was.ok) return was;
  if (!is.ok) return is;
  const [before, now] = [was.value, is.value];
  if (!headDiffers(before, now)) return ok(undefined);
  const tip = tipLeft(before, now);
  const left = tip !== undefined && tip !== before.sha;
  const rebased = movedBranches(before, now);
  const tips = rebased.map((one) => one.tip);
  const ends = [...new Set([now.sha, tip ?? null, ...tips])].filter((sha) => sha !== null);
  const commits = await commitsSince(store, before, ends);
  if (!commits.ok) return commits;
  const at = ({ branch, sha }: Head): HeadMove['from'] => ({
    ...(branch === null ? {} : { branch: short(branch) }),
    ...(sha === null ? {} : { sha }),
  });
  return ok({
    ...{ from: at(before), to: at(now), commits: commits.value },
    ...(left && tip !== null ? { tip } : {}),
    ...(rebased.length === 0 ? {} : { rebased }),
  });
}

/** Whether HEAD, the branch it was on or one that was being rebased is elsewhere. */
export function headDiffers(before: Head, now: Head): boolean {
  const tip = tipLeft(before, now);
  const left = tip !== undefined && tip !== before.sha;
  const same = before.branch === now.branch && before.sha === now.sha;
  return !same || left || movedBranches(before, now).length > 0;
}

/** Where the branch is now that HEAD was on. */
function tipLeft(before: Head, now: Head): string | null | undefined {
  return before.branch === null ? undefined : now.branches[before.branch];
}

/** Those that a rebase was to move, and that are elsewhere. */
function movedBranches({ rebasing = [], branches }: Head, now: Head): NonNullable<HeadMove['rebased']> {
  return rebasing.flatMap((branch) => {
    const tip = now.branches[branch];
    return tip === undefined || tip === null || tip === branches[branch]
      ? []
      : [{ branch: short(branch), tip }];
  });
}

function short(branch: string): string {
  return branch.replace(/^refs\/heads\//, '');
}

/** One line each, newest first. What the branches of a rebase had before is not new. */
async function commitsSince(
  store: Store,
  { sha, rebasing = [], branches }: Head,
  ends: readonly string[],
): Promise<Result<readonly string[], Failure>> {
  if (ends.length === 0) return ok([]);
  const old = [sha, ...rebasing.map((branch) => branches[branch] ?? null)].filter((one) => one !== null);
  const not = [...new Set(old)].map((one) => `^${one}`);
  // What is gone cannot be named; the rest is no worse for it.
  const args = ['rev-list', '--ignore-missing', '--format=%h %s', '--abbrev=12', ...ends, ...not];
  const listed = await store.theirs(args);
  if (!listed.ok) return listed;
  const lines = text(listed.value).split('\n');
  return ok(lines.filter((one) => one !== '' && !/^commit [0-9a-f]{40,}$/.test(one)));
}
