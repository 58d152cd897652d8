/** Notices that an engine has fallen silent. */
import type { Clock } from '../model/ports.ts';
import type { Line } from './dialects/dialect.ts';

/** Having said how its turn ended, an engine only tidies up. In milliseconds. */
const LINGER_MS = 30_000;

/** Why a silent engine is ended. */
export type Silence = 'idle' | 'lingers';

/** One turn that is being listened to. */
export interface Idle {
  hear(line: Line): void;
  /** Something was said that could not be read; it may have been the end of a tool call, which would otherwise stay open for ever. */
  miss(): void;
  /** The turn is over; nothing is called any more. */
  leave(): void;
}

/**
 * Calls `silent` once when nothing alive was heard for `idleMs`. While a tool call is open only the step's own timeout counts: a
 * test suite may be silent for long. After the end of the turn its process is waited for no longer than `lingerMs`.
 */
export function watchIdle(
  clock: Clock,
  idleMs: number,
  silent: (why: Silence) => void,
  lingerMs: number = LINGER_MS,
): Idle {
  const open = new Set<string>();
  let disarm: () => void = () => {};
  let left = false;

  const arm = (ms: number, why: Silence): void => {
    disarm();
    // A last line that has no end is heard when all is over, and would keep us waiting for the next one.
    if (!left) disarm = clock.after(ms, () => silent(why));
  };
  arm(idleMs, 'idle');
  return {
    hear(line) {
      for (const { opens, closes } of line.said) {
        if (opens !== undefined) open.add(opens);
        if (closes !== undefined) open.delete(closes);
      }
      if (line.over) {
        open.clear();
        arm(Math.min(idleMs, lingerMs), 'lingers');
      } else if (open.size > 0) disarm();
      else if (line.alive) arm(idleMs, 'idle');
    },
    miss() {
      open.clear();
      arm(idleMs, 'idle');
    },
    leave() {
      left = true;
      disarm();
    },
  };
}
