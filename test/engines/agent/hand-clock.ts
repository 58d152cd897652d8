// A clock whose waiting ends when the test says so.
import type { Clock } from '../../../src/model/ports.ts';

/** The time is real, waiting is not. */
export interface HandClock extends Clock {
  /** Ends all that is waited for now. Gives whether there was any. */
  pass(): boolean;
  /** Resolves once something waits for so many milliseconds. */
  armed(ms: number): Promise<void>;
}

/** Starts with nothing waited for. */
export function handClock(): HandClock {
  const alarms = new Set<{ ms: number; then: () => void }>();
  const watchers = new Set<() => void>();
  return {
    now: Date.now,
    after(ms, then) {
      const alarm = { ms, then };
      alarms.add(alarm);
      for (const look of watchers) look();
      return () => alarms.delete(alarm);
    },
    pass() {
      const due = [...alarms];
      alarms.clear();
      for (const { then } of due) then();
      return due.length > 0;
    },
    armed: (ms) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (![...alarms].some((alarm) => alarm.ms === ms)) return;
          watchers.delete(look);
          resolve();
        };
        watchers.add(look);
        look();
      }),
  };
}
