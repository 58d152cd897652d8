// Kills runs in several repositories at once until enough kills have hit a live run.
import assert from 'node:assert/strict';
import { drawing } from './draw.ts';
import { type Ending, killSeries } from './series.ts';

/** What was asked for. */
export interface Campaign {
  readonly seed: number;
  /** How many kills have to hit a live run. */
  readonly kills: number;
  /** How many repositories at once. */
  readonly parallel: number;
}

/** What came of it. */
export interface Figures {
  readonly kills: number;
  readonly live: number;
  readonly runs: number;
  /** Live hits in runs that are big enough for hosts; in them, the children that were begun, and those of hosts. */
  readonly wide: { readonly live: number; readonly begun: number; readonly hosted: number };
  /** Live hits by the kind of moment. */
  readonly moments: Readonly<Record<string, number>>;
  readonly seconds: number;
}

/** Each third series is of a run that hosts make the attempts of; it has to end as the small one does. */
const WIDE_EVERY = 3;

/** Throws where a run ends other than an undisturbed one does. Each series draws from a seed of its own, so one can be repeated alone. */
export async function campaign({ seed, kills, parallel }: Campaign): Promise<Figures> {
  const began = performance.now();
  const undisturbed = (await killSeries(drawing(seed), 0)).ending;
  const moments: Record<string, number> = {};
  const sum = { kills: 0, live: 0, runs: 0 };
  const wide = { live: 0, begun: 0, hosted: 0 };
  let next = seed;
  const work = async (): Promise<void> => {
    while (sum.live < kills) {
      const number = ++next;
      const draw = drawing(number);
      const isWide = number % WIDE_EVERY === 0;
      const series = await named(number, () => killSeries(draw, draw.between(6, 14), isWide));
      assertSame(series.ending, undisturbed, number);
      if (isWide) {
        wide.live += series.live;
        wide.begun += series.begun;
        wide.hosted += series.hosted;
      }
      sum.kills += series.kills;
      sum.live += series.live;
      sum.runs++;
      for (const one of series.moments) moments[one] = (moments[one] ?? 0) + 1;
    }
  };
  await Promise.all(Array.from({ length: parallel }, work));
  return { ...sum, wide, moments, seconds: (performance.now() - began) / 1_000 };
}

async function named<T>(seed: number, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new Error(`series ${seed}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function assertSame(ending: Ending, undisturbed: Ending, seed: number): void {
  assert.deepEqual(ending.tree, undisturbed.tree, `series ${seed}: another tree`);
  assert.deepEqual(ending.outputs, undisturbed.outputs, `series ${seed}: other outputs`);
}

/** One line for logs. */
export function figureLine({ kills, live, runs, wide, moments, seconds }: Figures): string {
  const kinds = Object.entries(moments)
    .sort()
    .map(([kind, count]) => `${kind} ${count}`);
  const hosts = `with hosts ${wide.live}, which began ${wide.hosted} of ${wide.begun} children`;
  return `${kills} kills, ${live} of a live run (${kinds.join(', ')}; ${hosts}), ${runs} runs, ${seconds.toFixed(1)} s`;
}
