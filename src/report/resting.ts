/** Shows which engines of a run are left alone for a while. */
import type { Progress } from '../model/progress.ts';
import type { JsonObject } from '../model/result.ts';
import { oneLine } from './clean.ts';
import { moment } from './words.ts';

const WIDEST = 120;

/** One line for each engine that rests, or whose quota is used up, at `now` (milliseconds since the epoch). */
export function engineLines(progress: Progress, now: number): readonly string[] {
  const today = new Date(now).toISOString();
  return resting(progress, now).map(({ engine, until, because }) => {
    const why = because === undefined ? 'its quota is used up' : `it failed, the last time: ${because}`;
    return oneLine(`${engine} is not asked until ${moment(until, today)}: ${why}`, WIDEST * 2);
  });
}

/** The same for programs; undefined where every engine may be asked. */
export function enginesJson(progress: Progress, now: number): readonly JsonObject[] | undefined {
  const all = resting(progress, now).map(({ engine, model, until, because }) => ({
    engine,
    ...(model === undefined ? {} : { model }),
    until,
    reason: because === undefined ? 'quota' : 'rest',
    ...(because === undefined ? {} : { because }),
  }));
  return all.length === 0 ? undefined : all;
}

interface Resting {
  readonly engine: string;
  readonly model?: string;
  readonly until: string;
  /** Of a rest. */
  readonly because?: string;
}

function resting({ engines }: Progress, now: number): readonly Resting[] {
  const rests = [...engines.rests].flatMap(([engine, { until, because }]) =>
    until === undefined ? [] : [{ engine, until, because }],
  );
  const quotas = [...engines.quotas].map(([key, { until }]) => {
    const [engine = '', model] = key.split(' ');
    return { engine, until, ...(model === undefined ? {} : { model }) };
  });
  return [...rests, ...quotas].filter(({ until }) => Date.parse(until) > now);
}
