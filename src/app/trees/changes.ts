/** Reads out of a journal what was done to the shared tree, in which order. */
import type { Milestone } from '../../model/event.ts';
import type { StepKey } from '../../model/ids.ts';

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

/** The shared tree between two recordings that follow each other: an attempt's or a merge's own, what lies between them, an undo. */
export type Stretch =
  | { readonly kind: 'change'; readonly change: TreeChange }
  | {
      readonly kind: 'gap';
      readonly from: string;
      readonly to: string;
      /** Numbers of the milestones around it. */
      readonly after: number;
      readonly before: number;
    }
  | { readonly kind: 'back'; readonly from: string; readonly to: string; readonly changes: TreeChange[] };

/** What a journal says about the shared tree. */
export interface TreeHistory {
  /** In the order in which they began. */
  readonly changes: readonly TreeChange[];
  /** The newest recording of it; undefined where there is none. */
  readonly last: string | undefined;
  /** From the first recording to the last, without a hole. */
  readonly stretches: readonly Stretch[];
  /** Number of the milestone with the newest recording. */
  readonly lastSeq: number;
}

/** Reads the journal of a run. */
export function treeHistory(history: readonly Milestone[]): TreeHistory {
  const changes: TreeChange[] = [];
  const open = new Map<string, TreeChange>();
  const isolated = new Set<string>();
  const stretches: Stretch[] = [];
  let last: string | undefined;
  let lastSeq = 0;
  const begin = (change: TreeChange): void => {
    const { from, start } = change;
    if (last !== undefined)
      stretches.push({ kind: 'gap', from: last, to: from, after: lastSeq, before: start });
    stretches.push({ kind: 'change', change });
    changes.push(change);
  };
  const back = (change: TreeChange, to: string): void => {
    change.undone = true;
    const newest = stretches.at(-1);
    // One undo of several changes says the same of each.
    if (newest?.kind === 'back' && newest.to === to) newest.changes.push(change);
    else stretches.push({ kind: 'back', from: last ?? to, to, changes: [change] });
  };
  for (const m of history) {
    if (!('step' in m) || !('attempt' in m)) continue;
    const { step, attempt } = m;
    const id = `${step}.${attempt}`;
    if (m.type === 'step-started' && m.workspace === 'isolated') isolated.add(id);
    if (m.type === 'merge-started') {
      // Not known to be whole until `change-merged` says so.
      const change: TreeChange = { step, attempt, start: m.seq, from: m.from, undone: false, merge: true };
      open.set(id, change);
      begin(change);
      [last, lastSeq] = [m.from, m.seq];
      continue;
    }
    if (isolated.has(id) && m.type !== 'change-merged') continue;
    if (m.type !== 'snapshot-taken' && m.type !== 'tree-restored' && m.type !== 'change-merged') continue;
    const change = open.get(id);
    if (change === undefined && m.type === 'snapshot-taken') {
      const begun = { step, attempt, start: m.seq, from: m.tree, undone: false, merge: false };
      open.set(id, begun);
      begin(begun);
    } else if (change !== undefined && m.type === 'tree-restored') back(change, m.tree);
    else if (change !== undefined) change.to = m.tree;
    [last, lastSeq] = [m.tree, m.seq];
  }
  return { changes, last, lastSeq, stretches };
}
