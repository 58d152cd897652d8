/** Says in words what happened to HEAD, and who else worked in a tree, since an attempt began. */
import type { RunId } from './ids.ts';

/** Where HEAD was and where it is. No branch where it is detached, no commit before the first one. */
export interface HeadMove {
  readonly from: { readonly branch?: string; readonly sha?: string };
  readonly to: HeadMove['from'];
  /** Where the branch is by now that HEAD was on, if it moved. */
  readonly tip?: string;
  /** Where branches are by now that were being rebased, and moved; absent for none. */
  readonly rebased?: readonly { readonly branch: string; readonly tip: string }[];
  /** Those that came since, newest first: the beginning of the id, then the subject. */
  readonly commits: readonly string[];
}

const MOST_COMMITS = 5;
const MOST_KEPT = 50;
const SHA_SHOWN = 12;

/** From where to where HEAD moved, with the commits that came. */
export function headMoved({ from, to, tip, rebased = [], commits }: HeadMove): string {
  const left =
    tip !== undefined && from.branch !== to.branch
      ? `, and the branch ${from.branch} is at ${tip.slice(0, SHA_SHOWN)} now`
      : '';
  const listed = commits.slice(0, MOST_COMMITS).join('; ');
  const many = commits.length >= MOST_KEPT ? `${MOST_KEPT} or more` : commits.length;
  const more = commits.length > MOST_COMMITS ? `; … (${many})` : '';
  const made = commits.length === 0 ? '' : `, with commits made since: ${listed}${more}`;
  const ended = rebased.map(
    (one) =>
      `, and the branch ${one.branch}, which was being rebased, is at ${one.tip.slice(0, SHA_SHOWN)} now`,
  );
  const moved = from.branch !== to.branch || from.sha !== to.sha;
  const head = moved
    ? `HEAD has moved from ${headPlace(from)} to ${headPlace(to)}`
    : `HEAD is at ${headPlace(to)}`;
  return `${head}${left}${ended.join('')}${made}`;
}

/** The same with no more commits than a journal is to hold. */
export function kept(move: HeadMove): HeadMove {
  return { ...move, commits: move.commits.slice(0, MOST_KEPT) };
}

/** A place of HEAD for people. */
export function headPlace({ branch, sha }: HeadMove['from']): string {
  const commit = sha === undefined ? 'no commit' : sha.slice(0, SHA_SHOWN);
  return branch === undefined ? `${commit} without a branch` : `${branch} (${commit})`;
}

/** Which runs may have written what an undo would take away. */
export function othersWorked(others: readonly RunId[]): string {
  return others.length === 1
    ? `run ${others[0]} has worked in this checkout since`
    : `runs ${others.slice(0, MOST_COMMITS).join(', ')} have worked in this checkout since`;
}
