/** Decides who may run now: so many at once, the longest remaining path first, a writing agent alone in the shared tree. */
import type { Heap } from './heap.ts';
import { makeHeap } from './heap.ts';

/** Who goes before whom. */
export interface Rank {
  /** Length of the longest path that waits behind it; more goes first. */
  readonly remaining: number;
  /** Settles ties: less goes first. */
  readonly index: number;
}

/** Somebody who wants to run. */
export interface Guest extends Rank {
  /**
   * What the guest does with the shared tree. `share`: works in it beside others. `alone`: nobody else may work in it.
   * `apart`: works elsewhere, so it waits for nobody there, and nobody for it.
   */
  readonly tree: 'share' | 'alone' | 'apart';
  /** Takes none of the places: what it does is short, or is not an attempt. Has no meaning together with `apart`. */
  readonly placeless?: true;
}

/** Where attempts get their turn. */
export interface Room {
  /** Resolves when it is this guest's turn, with the function that ends the turn; undefined when the room was closed. */
  enter(guest: Guest): Promise<(() => void) | undefined>;
  /** Sends everybody away who waits. Who is inside stays until they leave. */
  close(): void;
}

type Waiting = Guest & { readonly go: (leave: (() => void) | undefined) => void };

/** Who is inside. */
interface Inside {
  /** How many of the places are taken. */
  places: number;
  /** Of those with a place: how many share the tree. */
  sharing: number;
  /** Those without a place that look at the tree for a moment. */
  looking: number;
  /** Who has the tree alone. */
  alone: 'nobody' | 'placed' | 'placeless';
}

/** Who waits, by what they wait for. */
interface Queues {
  /** With a place, in the shared tree. */
  readonly tree: Heap<Waiting>;
  /** With a place, elsewhere. */
  readonly apart: Heap<Waiting>;
  /** Without a place, alone in the tree: merges. */
  readonly merges: Heap<Waiting>;
  /** Without a place, beside others in the tree: the recordings that worktrees are made from. */
  readonly looks: Heap<Waiting>;
}

/**
 * Opens a room for `size` guests at once.
 *
 * Who wants the tree alone is not starved: while it is the next in the tree, nobody is let into the tree before it. Nobody
 * stands still: who is inside with a place ends by itself, but for looking at the tree once; and a look is held back only
 * where the one who is alone there, or can be as soon as the others have looked, ends without a further place.
 */
export function openRoom(size: number): Room {
  const queues: Queues = {
    tree: makeHeap<Waiting>(isBefore),
    apart: makeHeap<Waiting>(isBefore),
    merges: makeHeap<Waiting>(isBefore),
    looks: makeHeap<Waiting>(isBefore),
  };
  const inside: Inside = { places: 0, sharing: 0, looking: 0, alone: 'nobody' };
  let closed = false;
  let soon = false;
  const fill = () => {
    for (;;) {
      const queue = next(queues, inside, size);
      const guest = queue?.pop();
      if (guest === undefined) return;
      count(inside, guest, 1);
      guest.go(leaveOnce(guest));
    }
  };
  // Those who come in one go are all known before the first is let in, or the first to ask would be the first to run.
  const fillSoon = () => {
    if (soon) return;
    soon = true;
    void Promise.resolve().then(() => {
      soon = false;
      fill();
    });
  };
  const leaveOnce = (guest: Guest) => {
    let left = false;
    return () => {
      if (left) return;
      left = true;
      count(inside, guest, -1);
      fillSoon();
    };
  };
  return {
    enter: (guest) =>
      new Promise((go) => {
        if (closed) return go(undefined);
        queueOf(queues, guest).push({ ...guest, go });
        fillSoon();
      }),
    close: () => {
      closed = true;
      for (const queue of Object.values(queues)) for (const guest of queue.clear()) guest.go(undefined);
    },
  };
}

/** The order in which guests get their turn. */
export function isBefore(a: Rank, b: Rank): boolean {
  return a.remaining === b.remaining ? a.index < b.index : a.remaining > b.remaining;
}

function queueOf(queues: Queues, { tree, placeless }: Guest): Heap<Waiting> {
  if (tree === 'apart') return queues.apart;
  if (placeless !== true) return queues.tree;
  return tree === 'alone' ? queues.merges : queues.looks;
}

function count(inside: Inside, { tree, placeless }: Guest, by: 1 | -1): void {
  if (tree === 'apart' || placeless !== true) inside.places += by;
  if (tree === 'share' && placeless !== true) inside.sharing += by;
  if (tree === 'share' && placeless === true) inside.looking += by;
  if (tree === 'alone') inside.alone = by < 0 ? 'nobody' : placeless === true ? 'placeless' : 'placed';
}

/** The queue whose first guest is let in now; undefined where everybody has to wait. */
function next(queues: Queues, inside: Inside, size: number): Heap<Waiting> | undefined {
  const merge = queues.merges.first();
  const tree = queues.tree.first();
  const apart = queues.apart.first();
  const place = inside.places < size;
  /** Those with a place are out of the tree: who is still there is out in a moment. */
  const empty = inside.sharing === 0 && inside.alone === 'nobody';
  const treeFirst = tree !== undefined && place && (merge === undefined || isBefore(tree, merge));
  if (merge !== undefined && !treeFirst && empty && inside.looking === 0) return queues.merges;
  const treeNow =
    treeFirst && (tree.tree === 'share' ? inside.alone === 'nobody' : empty && inside.looking === 0);
  const apartFirst = apart !== undefined && (tree === undefined || isBefore(apart, tree));
  if (treeNow && !apartFirst) return queues.tree;
  // Whose way into the tree is free in a moment keeps its place: others would take one after the other for ever.
  const placeIsKept = tree !== undefined && !apartFirst && inside.sharing === 0 && inside.alone !== 'placed';
  if (apart !== undefined && place && !placeIsKept) return queues.apart;
  const aloneNext = empty && (merge !== undefined || (place && tree?.tree === 'alone'));
  return inside.alone === 'nobody' && !aloneNext && queues.looks.size() > 0 ? queues.looks : undefined;
}
