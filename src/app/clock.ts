/** Tells the time as the machine does. */
import type { Clock } from '../model/ports.ts';

/** The machine's clock. */
export const CLOCK: Clock = {
  now: Date.now,
  after: (ms, then) => {
    const timer = setTimeout(then, ms);
    return () => clearTimeout(timer);
  },
};
