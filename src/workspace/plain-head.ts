/** Reads HEAD without git, where its files are plain. */
import { lstatSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Places } from './root.ts';

/** A branch whose name can stand in a path as it is. What is not one is asked of git. */
const BRANCH = /^ref: (refs\/heads\/[\w@+-][\w.@+-]*(?:\/[\w@+-][\w.@+-]*)*)\n$/;

/**
 * Where HEAD is, and at which commit; undefined where git has to be asked: packed refs, another backend, no commit yet, a
 * branch that is a link or leads on to another. The formats are those of git's own documentation of the repository's layout.
 */
export function plainHead(places: Places): { branch: string | null; sha: string } | undefined {
  const id = places.objectFormat === 'sha256' ? /^[0-9a-f]{64}\n$/ : /^[0-9a-f]{40}\n$/;
  const head = small(path.join(places.gitDir, 'HEAD'));
  if (head === undefined) return undefined;
  if (id.test(head)) return { branch: null, sha: head.trim() };
  const branch = BRANCH.exec(head)?.[1];
  if (branch === undefined || branch.includes('..')) return undefined;
  const tip = small(path.join(places.commonDir, branch));
  return tip !== undefined && id.test(tip) ? { branch, sha: tip.trim() } : undefined;
}

function small(file: string): string | undefined {
  try {
    const stat = lstatSync(file);
    return stat.isFile() && stat.size < 4096 ? readFileSync(file, 'latin1') : undefined;
  } catch {
    return undefined;
  }
}
