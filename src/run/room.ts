/** Decides who may run now: so many at once, the longest remaining path first, a writing agent alone. */
import { makeHeap } from './heap.ts';

/** Somebody who wants to run. */
export interface Guest {
  /** Length of the longest path that waits behind it; more goes first. */
  readonly remaining: number;
  /** Settles ties: less goes first. */
  readonly index: number;
  /** Nobody else may run beside it. */
  readonly alone: boolean;
}

/** Where attempts get their turn. */
export interface Room {
  /** Resolves when it is this guest's turn, with the function that ends the turn; undefined when the room was closed. */
  enter(guest: Guest): Promise<(() => void) | undefined>;
  /** Sends everybody away who waits. Who is inside stays until they leave. */
  close(): void;
}

type Waiting = Guest & { readonly go: (leave: (() => void) | undefined) => void };

/**
 * Opens a room for `size` guests at once.
 *
 * When the next guest wants to be alone, nobody else is let in until the room is empty: letting shorter ones slip past
 * would starve it. Nobody inside waits for anybody outside, so the room always empties.
 */
export function openRoom(size: number): Room {
  const waiting = makeHeap<Waiting>(isBefore);
  let inside = 0;
  let taken = false;
  let closed = false;
  let soon = false;
  const fill = () => {
    for (let next = waiting.first(); next !== undefined; next = waiting.first()) {
      if (taken || inside >= size || (next.alone && inside > 0)) return;
      waiting.pop();
      inside++;
      taken = next.alone;
      next.go(leaveOnce(next));
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
  const leaveOnce = (guest: Waiting) => {
    let left = false;
    return () => {
      if (left) return;
      left = true;
      inside--;
      if (guest.alone) taken = false;
      fillSoon();
    };
  };
  return {
    enter: (guest) =>
      new Promise((go) => {
        if (closed) return go(undefined);
        waiting.push({ ...guest, go });
        fillSoon();
      }),
    close: () => {
      closed = true;
      for (const guest of waiting.clear()) guest.go(undefined);
    },
  };
}

/** The order in which guests get their turn. */
export function isBefore(a: Guest, b: Guest): boolean {
  return a.remaining === b.remaining ? a.index < b.index : a.remaining > b.remaining;
}
