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
  /** Live hits by the kind of moment. */
  readonly moments: Readonly<Record<string, number>>;
  readonly seconds: number;
}

/** Throws where a run ends other than an undisturbed one does. Each series draws from a seed of its own, so one can be repeated alone. */
export async function campaign({ seed, kills, parallel }: Campaign): Promise<Figures> {
  const began = performance.now();
  const undisturbed = (await killSeries(drawing(seed), 0)).ending;
  const moments: Record<string, number> = {};
  const sum = { kills: 0, live: 0, runs: 0 };
  let next = seed;
  const work = async (): Promise<void> => {
    while (sum.live < kills) {
      const draw = drawing(++next);
      const series = await named(next, () => killSeries(draw, draw.between(6, 14)));
      assertSame(series.ending, undisturbed, next);
      sum.kills += series.kills;
      sum.live += series.live;
      sum.runs++;
      for (const one of series.moments) moments[one] = (moments[one] ?? 0) + 1;
    }
  };
  await Promise.all(Array.from({ length: parallel }, work));
  return { ...sum, moments, seconds: (performance.now() - began) / 1_000 };
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
export function figureLine({ kills, live, runs, moments, seconds }: Figures): string {
  const kinds = Object.entries(moments)
    .sort()
    .map(([kind, count]) => `${kind} ${count}`);
  return `${kills} kills, ${live} of a live run (${kinds.join(', ')}), ${runs} runs, ${seconds.toFixed(1)} s`;
}
