/** Keeps the steps of a run away from engines that cannot serve for now. */
import { quotaKey } from '../model/engine-stands.ts';
import type { StepKey } from '../model/ids.ts';
import type { Clock } from '../model/ports.ts';
import type { Ledger } from './ledger.ts';

/** How many transient failures in a row, over all steps of the run, make an engine rest. */
export const FAILURES_IN_A_ROW = 5;

/** How long it rests the first time, in milliseconds. Twice as long each time that it fails again right after. */
export const FIRST_REST_MS = 60_000;

/** The longest rest, in milliseconds, unless the engine itself says that it serves later. */
export const LONGEST_REST_MS = 15 * 60_000;

/** What an attempt is made with. */
export interface EngineOf {
  readonly engine: string;
  /** The model that is asked for, where that is known before the attempt. */
  readonly model?: string;
}

/** Why an engine is not to be asked now. `until` in milliseconds since the epoch; absent while somebody tries whether it serves again. */
export interface Hindered {
  readonly by: 'rest' | 'quota';
  readonly until?: number;
  readonly because: string;
}

/** Watches over the engines of a run. */
export interface Breaker {
  /** Says who rests; to be called after each milestone. */
  look(): void;
  /** Undefined where the engine may be asked. */
  hindered(of: EngineOf): Hindered | undefined;
  /** An attempt of the step begins. After a rest the first one is alone until it is known whether the engine serves. */
  begin(of: EngineOf, key: StepKey): { over(): void };
  /** The model works for the step: whoever waits for that need not wait for the end of the attempt. */
  served(key: StepKey): void;
}

/** What a breaker is opened with. */
export interface BreakerOf {
  readonly ledger: Ledger;
  readonly clock: Clock;
  /** Those who wait look again. */
  wake(): void;
}

/** The rest or the quota of an engine, with its time. */
interface Wait {
  readonly key: string;
  readonly by: Hindered['by'];
  readonly until: string;
  readonly because: string;
}

/** Opens one. Everything that outlasts this process is in the milestones. */
export function openBreaker({ ledger, clock, wake }: BreakerOf): Breaker {
  /** Who tries, by what was waited for. */
  const trying = new Map<string, StepKey>();
  /** Until when was waited for what serves again. */
  const served = new Map<string, string>();
  const { engines } = ledger.progress;
  const waits = (of: EngineOf): readonly Wait[] => waitsOf(engines, of);
  const look = (): void => {
    for (const [engine, { failures, rests, until, because, retryAt }] of engines.rests) {
      const known = until !== undefined && served.get(engine) !== until;
      if (failures < (known ? 1 : FAILURES_IN_A_ROW)) continue;
      const own = clock.now() + Math.min(FIRST_REST_MS * 2 ** Math.min(rests, 20), LONGEST_REST_MS);
      const named = retryAt === undefined ? Number.NaN : Date.parse(retryAt);
      const ends = new Date(Number.isNaN(named) ? own : Math.max(own, named)).toISOString();
      void ledger.say({ type: 'engine-rested', engine, until: ends, failures, because });
    }
  };
  return {
    look,
    hindered: (of) => {
      for (const { key, by, until, because } of waits(of)) {
        if (clock.now() < Date.parse(until)) return { by, until: Date.parse(until), because };
        if (served.get(key) !== until && trying.has(key)) return { by, because };
      }
      return undefined;
    },
    begin: (of, key) => {
      const own = waits(of).filter((wait) => served.get(wait.key) !== wait.until && !trying.has(wait.key));
      for (const wait of own) trying.set(wait.key, key);
      return {
        over: () => {
          for (const wait of own) if (trying.get(wait.key) === key) trying.delete(wait.key);
          if (own.length > 0) wake();
        },
      };
    },
    served: (key) => {
      const own = [...trying].filter(([, step]) => step === key);
      for (const [wait] of own) {
        trying.delete(wait);
        const until = untilOf(wait, engines);
        if (until !== undefined) served.set(wait, until);
      }
      if (own.length > 0) wake();
    },
  };
}

/** What would keep an engine from serving; its time may have passed. */
function waitsOf(
  { rests, quotas }: Ledger['progress']['engines'],
  { engine, model }: EngineOf,
): readonly Wait[] {
  const rest = rests.get(engine);
  const quota = quotas.get(quotaKey(engine, model));
  const waits: Wait[] = [];
  if (rest?.until !== undefined) {
    const because = `${engine} rests after ${FAILURES_IN_A_ROW} failures in a row: ${rest.because}`;
    waits.push({ key: engine, by: 'rest', until: rest.until, because });
  }
  if (quota !== undefined) {
    const key = `quota ${quotaKey(engine, model)}`;
    waits.push({ key, by: 'quota', until: quota.until, because: `the quota of ${engine} is used up` });
  }
  return waits;
}

function untilOf(wait: string, { rests, quotas }: Ledger['progress']['engines']): string | undefined {
  return wait.startsWith('quota ') ? quotas.get(wait.slice('quota '.length))?.until : rests.get(wait)?.until;
}
