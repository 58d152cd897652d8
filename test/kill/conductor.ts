// Lets the children of a run go in a drawn order.
import type { Milestone } from '../../src/model/event.ts';
import type { Draw } from './draw.ts';
import type { Call } from './switchboard.ts';

/** Knows who runs and who waits. */
export interface Conductor {
  readonly held: readonly Call[];
  hear(milestone: Milestone): void;
  hold(call: Call): void;
  /** Lets one go where it is time; gives whether it did. */
  letGo(): boolean;
}

const ENDED = new Set(['step-succeeded', 'step-failed', 'step-canceled']);

/** Makes a conductor for one life of the runner. */
export function conducting(draw: Draw): Conductor {
  const held: Call[] = [];
  const running = new Set<string>();
  return {
    held,
    hear: (milestone) => {
      if (milestone.type === 'step-started') running.add(milestone.step);
      else if (ENDED.has(milestone.type) && 'step' in milestone) running.delete(milestone.step);
    },
    hold: (call) => void held.push(call),
    letGo: () => {
      // Whoever started but did not call yet may still come: waiting for it makes the order a drawn one.
      const all = held.length >= Math.max(1, running.size);
      if (!all && (held.length < 2 || draw.chance(0.5))) return false;
      draw.take(held)?.release();
      return true;
    },
  };
}
