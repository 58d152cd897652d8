/** Reads out of a journal what was done to the shared tree, in which order. */
import type { Milestone } from '../model/event.ts';
import type { StepKey } from '../model/ids.ts';

/** What one attempt, or one merge, made of the shared tree. */
export interface TreeChange {
  readonly step: StepKey;
  readonly attempt: number;
  /** Number of the milestone that it begins with. */
  readonly start: number;
  readonly from: string;
  /** Undefined where nobody recorded its end: its owner died. */
  to?: string;
  /** The tree was put back to `from` since. */
  undone: boolean;
  readonly merge: boolean;
}

/** What a journal says about the shared tree. */
export interface TreeHistory {
  /** In the order in which they began. */
  readonly changes: readonly TreeChange[];
  /** The newest recording of it; undefined where there is none. */
  readonly last: string | undefined;
  /** Number of the newest milestone by which a step may have worked in the shared tree itself. */
  readonly worked: ReadonlyMap<StepKey, number>;
}

/** Reads the journal of a run. */
export function treeHistory(history: readonly Milestone[]): TreeHistory {
  const changes: TreeChange[] = [];
  const open = new Map<string, TreeChange>();
  const isolated = new Set<string>();
  const worked = new Map<StepKey, number>();
  let last: string | undefined;
  for (const m of history) {
    if (!('step' in m) || !('attempt' in m)) continue;
    const { step, attempt } = m;
    const id = `${step}.${attempt}`;
    if (m.type === 'step-started' && m.workspace === 'isolated') isolated.add(id);
    if (m.type === 'merge-started') {
      // Not known to be whole until `change-merged` says so.
      const change: TreeChange = { step, attempt, start: m.seq, from: m.from, undone: false, merge: true };
      open.set(id, change);
      changes.push(change);
      worked.set(step, m.seq);
      last = m.from;
      continue;
    }
    if (isolated.has(id) && m.type !== 'change-merged') continue;
    worked.set(step, m.seq);
    if (m.type !== 'snapshot-taken' && m.type !== 'tree-restored' && m.type !== 'change-merged') continue;
    last = m.tree;
    const change = open.get(id);
    if (change === undefined) {
      if (m.type !== 'snapshot-taken') continue;
      const begun = { step, attempt, start: m.seq, from: m.tree, undone: false, merge: false };
      open.set(id, begun);
      changes.push(begun);
    } else if (m.type === 'tree-restored') change.undone = true;
    else change.to = m.tree;
  }
  return { changes, last, worked };
}
