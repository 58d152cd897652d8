/** Follows a run, its state together with what its attempts changed or failed for. */
import type { Milestone } from '../model/event.ts';
import { follow } from '../model/fold.ts';
import type { StepKey } from '../model/ids.ts';
import type { Progress } from '../model/progress.ts';
import { noteTry, type Tries, type Try } from './tries.ts';

/** What each step left changed in the shared tree: paths by step. What an isolated one made counts once it is merged. */
export type Changes = ReadonlyMap<StepKey, readonly string[]>;

/** A run, its changed files and its failed attempts, fed one milestone at a time. */
export interface Watch {
  readonly progress: Progress;
  readonly changes: Changes;
  readonly tries: Tries;
  hear(milestone: Milestone): void;
}

/** Follows a run from where `history` left it. */
export function watch(history: Iterable<Milestone> = []): Watch {
  const follower = follow();
  const changes = new Map<StepKey, readonly string[]>();
  const tries = new Map<StepKey, readonly Try[]>();
  const hear = (milestone: Milestone): void => {
    follower.hear(milestone);
    noteTry(tries, milestone);
    if (milestone.type === 'tree-restored') changes.delete(milestone.step);
    if (isInTree(follower.progress, milestone)) {
      // What an attempt before this one left was not put back, or it would have been taken out above.
      const before = changes.get(milestone.step) ?? [];
      changes.set(milestone.step, [...new Set([...before, ...milestone.files])].sort());
    }
  };
  for (const milestone of history) hear(milestone);
  return { progress: follower.progress, changes, tries, hear };
}

/** Whether the shared tree has these files differently from now on. */
function isInTree(
  progress: Progress,
  m: Milestone,
): m is Extract<Milestone, { type: 'snapshot-taken' | 'change-merged' }> {
  if (m.type === 'change-merged') return true;
  return isEnd(progress, m) && progress.steps.get(m.step)?.trees[m.attempt]?.isolated !== true;
}

/** Whether this is the recording of an attempt's end; the one of its start differs by what others did before. */
export function isEnd(progress: Progress, m: Milestone): m is Extract<Milestone, { type: 'snapshot-taken' }> {
  if (m.type !== 'snapshot-taken') return false;
  return progress.steps.get(m.step)?.trees[m.attempt]?.after === m.tree;
}
