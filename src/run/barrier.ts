/** Says when the changes of a batch may be merged, so that neither speed nor room decides what anybody's worktree holds. */

/** An isolated step. */
export interface InBatch {
  readonly planned: { readonly index: number };
}

/**
 * Holds the isolated steps of a list back, batch by batch. A batch is merged when none of its steps will be worked on any
 * more, and none of an earlier batch is still to be merged; its steps start only then, so each of their worktrees holds
 * exactly the changes of the batches before. A step that nobody merges counts too: it may still have to start.
 */
export interface Barrier<T extends InBatch> {
  /** Whether a worktree for the step would hold what it is to hold. Where not, `released` gives the step back later. */
  mayStart(member: T): boolean;
  /** The steps held back by `mayStart` that may start by now; each is given once. */
  released(): readonly T[];
  /** Adds steps to batches that are there: the instances of a matrix, once they are known. */
  join(members: readonly T[]): void;
  /** The step's change waits to be merged. */
  ready(member: T): void;
  /** The step is worked on again: what was to be merged did not fit. */
  again(member: T): void;
  /** The step has its end. Told of steps that are not isolated, too, which changes nothing. */
  ended(member: T): void;
  /** What is to be merged now, in the order of the file; empty where nothing is yet. */
  next(): readonly T[];
}

interface Batch<T> {
  readonly number: number;
  /** How many of its steps may still come to a change. */
  open: number;
  readonly ready: Set<T>;
}

/** Lays the barrier out. `members` are the isolated steps; `turn` numbers the batch of each, in the order in which they are merged. */
export function openBarrier<T extends InBatch>(
  members: readonly T[],
  turn: (member: T) => number,
): Barrier<T> {
  const batches = batchesOf(members, turn);
  const states = new Map<T, 'open' | 'ready' | 'ended'>(members.map((member) => [member, 'open']));
  const byNumber = new Map(batches.map((batch) => [batch.number, batch]));
  let held: T[] = [];
  let at = 0;
  let releasedAt = 0;
  const present = (): Batch<T> | undefined => {
    for (let batch = batches[at]; batch !== undefined; batch = batches[++at])
      if (batch.open > 0 || batch.ready.size > 0) return batch;
    return undefined;
  };
  const mayStart = (member: T): boolean => {
    const batch = present();
    return batch === undefined || turn(member) <= batch.number;
  };
  const become = (member: T, to: 'open' | 'ready' | 'ended') => {
    const before = states.get(member);
    const batch = byNumber.get(turn(member));
    if (before === undefined || before === to || batch === undefined) return;
    states.set(member, to);
    if (before === 'open') batch.open--;
    if (before === 'ready') batch.ready.delete(member);
    if (to === 'open') batch.open++;
    if (to === 'ready') batch.ready.add(member);
  };
  return {
    mayStart: (member) => {
      if (mayStart(member)) return true;
      held.push(member);
      return false;
    },
    released: () => {
      present();
      if (at === releasedAt) return [];
      releasedAt = at;
      const free = held.filter(mayStart);
      held = held.filter((member) => !mayStart(member));
      return free;
    },
    join: (more) => {
      for (const member of more) {
        const batch = byNumber.get(turn(member));
        if (batch === undefined || states.has(member)) continue;
        states.set(member, 'open');
        batch.open++;
      }
    },
    ready: (member) => become(member, 'ready'),
    again: (member) => become(member, 'open'),
    ended: (member) => become(member, 'ended'),
    next: () => inOrder(present()),
  };
}

/** The changes of a batch whose steps are all done. */
function inOrder<T extends InBatch>(batch: Batch<T> | undefined): readonly T[] {
  if (batch === undefined || batch.open > 0) return [];
  return [...batch.ready].sort((a, b) => a.planned.index - b.planned.index);
}

function batchesOf<T>(members: readonly T[], turn: (member: T) => number): readonly Batch<T>[] {
  const batches = new Map<number, Batch<T>>();
  for (const member of members) {
    const number = turn(member);
    const batch = batches.get(number) ?? { number, open: 0, ready: new Set() };
    batch.open++;
    batches.set(number, batch);
  }
  return [...batches.values()].sort((a, b) => a.number - b.number);
}
