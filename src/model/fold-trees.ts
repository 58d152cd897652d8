/** Computes what is recorded of an attempt's trees, for the fold. */
import type { Milestone } from './event.ts';
import type { AttemptTrees, StepProgress } from './progress.ts';

/** After a recording of the tree: the first of an attempt is its start, the second its end. */
export function treesAfter(
  trees: AttemptTrees | undefined,
  m: Extract<Milestone, { type: 'snapshot-taken' | 'tree-restored' }>,
): AttemptTrees {
  if (m.type === 'tree-restored') return { ...trees, undone: true };
  if (trees?.before === undefined) return { ...trees, before: m.tree, undone: false };
  const differs = trees.isolated === true && m.files.length > 0;
  const head = m.head === undefined ? {} : { head: m.head };
  return { ...trees, after: m.tree, undone: false, ...(differs ? { differs } : {}), ...head };
}

/** After a merge was begun, or done. */
export function mergedAfter(
  trees: AttemptTrees | undefined,
  m: Extract<Milestone, { type: 'merge-started' | 'change-merged' }>,
): AttemptTrees {
  const from = m.type === 'merge-started' ? m.from : (trees?.merge?.from ?? m.tree);
  return { undone: false, ...trees, merge: { from, tree: m.tree, done: m.type === 'change-merged' } };
}

/** After somebody brought the change in by hand, or one side of files in which it collided. */
export function appliedAfter(
  trees: AttemptTrees | undefined,
  m: Extract<Milestone, { type: 'change-applied' }>,
): AttemptTrees {
  if (m.taken !== undefined) {
    const taken = [...new Set([...(trees?.taken ?? []), ...m.taken.paths])];
    return { undone: false, ...trees, taken };
  }
  return { undone: false, ...trees, applied: { at: m.at, conflicts: m.conflicts !== undefined } };
}

/** A merge that was cut off is not finished for a step that runs again. */
export function withoutHalfMerge(
  attempt: number,
  trees: AttemptTrees | undefined,
): Readonly<Record<number, AttemptTrees>> {
  if (trees?.merge === undefined || trees.merge.done) return {};
  const { merge: _, ...rest } = trees;
  return { [attempt]: rest };
}

/** What could not be taken from the cache was never there. */
export function missed(step: StepProgress, m: Extract<Milestone, { type: 'cache-missed' }>): StepProgress {
  const { reused: _, endedAt: __, trees, ...rest } = step;
  const { [m.attempt]: ___, ...others } = trees;
  return { ...rest, status: 'pending', values: {}, trees: others, cacheMissed: true };
}
