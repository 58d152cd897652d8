/** Compares where HEAD is in two recordings. */
import type { Failure } from '../model/failure.ts';
import type { HeadMove } from '../model/ports.ts';
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
  const tip = before.branch === null ? undefined : now.branches[before.branch];
  const left = tip !== undefined && tip !== before.sha;
  if (before.branch === now.branch && before.sha === now.sha && !left) return ok(undefined);
  const ends = [...new Set([now.sha, tip ?? null])].filter((sha) => sha !== null);
  const commits = await commitsSince(store, before.sha, ends);
  if (!commits.ok) return commits;
  const at = ({ branch, sha }: Head): HeadMove['from'] => ({
    ...(branch === null ? {} : { branch: branch.replace(/^refs\/heads\//, '') }),
    ...(sha === null ? {} : { sha }),
  });
  return ok({
    ...{ from: at(before), to: at(now), commits: commits.value },
    ...(left && tip !== null ? { tip } : {}),
  });
}

/** One line each, newest first. */
async function commitsSince(
  store: Store,
  since: string | null,
  ends: readonly string[],
): Promise<Result<readonly string[], Failure>> {
  if (ends.length === 0) return ok([]);
  const not = since === null ? [] : [`^${since}`];
  const listed = await store.theirs(['rev-list', '--format=%h %s', '--abbrev=12', ...ends, ...not]);
  if (!listed.ok) return listed;
  const lines = text(listed.value).split('\n');
  return ok(lines.filter((one) => one !== '' && !/^commit [0-9a-f]{40,}$/.test(one)));
}
