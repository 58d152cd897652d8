/** Tells a time that jumps over waiting, for runs that are only tried. */
import type { Clock } from '../../model/ports.ts';
import { CLOCK } from '../clock.ts';

/** A clock that goes on by itself where nobody works. */
export interface JumpingClock {
  readonly clock: Clock;
  /** Somebody works until then: meanwhile time goes as it does, so that `timeout` means what it says. */
  during<T>(work: Promise<T>): Promise<T>;
  /** Jumps no more: the run has come to its end. */
  stop(): void;
}

interface Timer {
  readonly at: number;
  readonly then: () => void;
  takeBack: () => void;
}

/**
 * Opens a clock that starts at the time of the machine. A runner is idle when nothing that it was handed is under way, since it
 * has no other way to wait: what it waits for then is time, and the earliest timer fires at once.
 */
export function jumpingClock(): JumpingClock {
  const timers = new Set<Timer>();
  let ahead = 0;
  let working = 0;
  let looking = false;
  let stopped = false;
  const now = (): number => CLOCK.now() + ahead;
  const fire = (timer: Timer): void => {
    timers.delete(timer);
    timer.takeBack();
    timer.then();
  };
  const arm = (timer: Timer): void => {
    timer.takeBack();
    timer.takeBack = CLOCK.after(Math.max(0, timer.at - now()), () => fire(timer));
  };
  const jump = (): void => {
    const [first] = [...timers].sort((a, b) => a.at - b.at);
    if (working > 0 || stopped || first === undefined) return;
    ahead += Math.max(0, first.at - now());
    for (const timer of timers) arm(timer);
    fire(first);
    look();
  };
  const look = (): void => {
    if (looking || working > 0 || stopped) return;
    looking = true;
    afterTwoTurns(() => {
      looking = false;
      jump();
    });
  };
  return {
    clock: {
      now,
      after: (ms, then) => {
        const timer: Timer = { at: now() + ms, then, takeBack: () => undefined };
        timers.add(timer);
        arm(timer);
        look();
        return () => {
          timers.delete(timer);
          timer.takeBack();
        };
      },
    },
    during: async (work) => {
      working += 1;
      try {
        return await work;
      } finally {
        working -= 1;
        look();
      }
    },
    stop: () => {
      stopped = true;
    },
  };
}

/** What follows from the end of a piece of work follows before the second turn of the event loop. */
function afterTwoTurns(then: () => void): void {
  setImmediate(() => setImmediate(then));
}
