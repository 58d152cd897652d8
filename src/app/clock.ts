/** Tells the time as the machine does. */
import type { Clock } from '../model/ports.ts';

/** A longer timer of Node's fires at once (https://nodejs.org/api/timers.html#settimeoutcallback-delay-args). */
const LONGEST_MS = 2 ** 31 - 1;

/** The machine's clock. */
export const CLOCK: Clock = {
  now: Date.now,
  after: (ms, then) => {
    let left = ms;
    let timer: NodeJS.Timeout | undefined;
    const wait = (): void => {
      const piece = Math.min(left, LONGEST_MS);
      left -= piece;
      timer = setTimeout(left > 0 ? wait : then, piece);
    };
    wait();
    return () => clearTimeout(timer);
  },
};
