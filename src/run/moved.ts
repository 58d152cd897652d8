/** Says in words what happened to HEAD, and who else worked in a tree, since an attempt began. */
import type { RunId } from '../model/ids.ts';
import type { HeadMove } from '../model/ports.ts';

const MOST_COMMITS = 5;
const SHA_SHOWN = 12;

/** From where to where HEAD moved, with the commits that came. */
export function headMoved({ from, to, tip, rebased = [], commits }: HeadMove): string {
  const left =
    tip !== undefined && from.branch !== to.branch
      ? `, and the branch ${from.branch} is at ${tip.slice(0, SHA_SHOWN)} now`
      : '';
  const listed = commits.slice(0, MOST_COMMITS).join('; ');
  const more = commits.length > MOST_COMMITS ? `; … (${commits.length})` : '';
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
