/** Climbs the ladder of signals that ends a child which was asked to stop. */
import type { Stop, StopReason } from '../model/ports.ts';

/** The signals of the ladder, mildest first. */
export type LadderSignal = 'SIGINT' | 'SIGTERM' | 'SIGKILL';

/** How long each rung waits for the child before the next one, in milliseconds. */
export interface LadderPauses {
  /** Between SIGINT and SIGTERM. */
  readonly interruptMs: number;
  /** Between SIGTERM and SIGKILL. */
  readonly terminateMs: number;
}

/** What a person at a terminal is promised: after the first Ctrl-C everything has ended within ten seconds. */
export const LADDER: LadderPauses = { interruptMs: 7_500, terminateMs: 2_500 };

/** A child that is being watched for a stop. */
export interface Ladder {
  /** The child has ended: no further signal is sent. Gives why it was stopped, if it was. */
  leave(): StopReason | undefined;
}

/** Why `stop` has been raised already; undefined while it has not. */
export function raised(stop: Stop): StopReason | undefined {
  if (stop.hard.aborted) return stop.hard.reason as StopReason;
  if (stop.soft.aborted) return stop.soft.reason as StopReason;
  return undefined;
}

/**
 * Waits for `stop` and sends the signals, each one once. `hard` skips to the last rung.
 * @param send delivers a signal to everything that belongs to the child
 */
export function climb(
  stop: Stop,
  send: (signal: LadderSignal) => void,
  pauses: LadderPauses = LADDER,
): Ladder {
  let timer: NodeJS.Timeout | undefined;
  let reason: StopReason | undefined;

  const softly = (): void => {
    if (reason !== undefined) return;
    reason = stop.soft.reason as StopReason;
    timer = setTimeout(() => {
      timer = setTimeout(() => send('SIGKILL'), pauses.terminateMs);
      send('SIGTERM');
    }, pauses.interruptMs);
    send('SIGINT');
  };
  const atOnce = (): void => {
    reason ??= stop.hard.reason as StopReason;
    send('SIGKILL');
  };
  stop.soft.addEventListener('abort', softly, { once: true });
  stop.hard.addEventListener('abort', atOnce, { once: true });

  return {
    leave() {
      clearTimeout(timer);
      // The signals outlive the child by far: a listener that stays keeps the child's memory for the whole run.
      stop.soft.removeEventListener('abort', softly);
      stop.hard.removeEventListener('abort', atOnce);
      return reason;
    },
  };
}
