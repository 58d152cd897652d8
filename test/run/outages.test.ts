// Engines that are out for a while, at any time, under any steps: what the journal says is held against a reference of the breaker.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Milestone } from '../../src/model/event.ts';
import { FAILURES_IN_A_ROW, FIRST_REST_MS, LONGEST_REST_MS } from '../../src/run/breaker.ts';
import { runs } from '../support/seed.ts';
import { agentStep, failing, fakeClock, fine, type Script, start, workflowOf } from './rig.ts';

const START = Date.UTC(2026, 10, 20, 14, 15, 3);
const MINUTE = 60_000;
const ENGINES = ['codex', 'claude-code'] as const;

/** An engine serves nobody from a minute on, for some minutes. */
const outage = fc.record({ from: fc.integer({ min: 0, max: 10 }), for: fc.integer({ min: 1, max: 40 }) });
const worlds = fc.record({
  steps: fc.array(
    fc.record({
      engines: fc.constantFrom([ENGINES[0]], [ENGINES[1]], [...ENGINES]),
      takes: fc.integer({ min: 1, max: 90 }),
      behind: fc.boolean(),
    }),
    { minLength: 1, maxLength: 9 },
  ),
  out: fc.record({ codex: outage, 'claude-code': outage }),
  places: fc.integer({ min: 1, max: 6 }),
  cut: fc.nat(10_000),
});

type World = typeof worlds extends fc.Arbitrary<infer Drawn> ? Drawn : never;

async function live({ steps, out, places }: World, history: readonly Milestone[] = []) {
  const clock = fakeClock(Math.max(START, Date.parse(history.at(-1)?.at ?? '') || 0));
  const takes = new Map(steps.map((step, i) => [`s${i}`, step.takes]));
  const script: Script = async (job) => {
    const { from, for: long } = out[(job.kind === 'prompt' ? job.engine : '') as keyof typeof out];
    const begun = clock.now() - START;
    const isOut = begun >= from * MINUTE && begun < (from + long) * MINUTE;
    await new Promise<void>((resolve) =>
      clock.after((takes.get(job.step) ?? 0) * (isOut ? 10 : 1000), resolve),
    );
    return isOut ? failing('overloaded') : fine();
  };
  const retry = { ...agentStep('x').retry, attempts: 30 };
  const all = steps.map(({ engines, behind }, i) =>
    agentStep(`s${i}`, { engines, retry, ...(behind && i > 0 ? { needs: [`s${i - 1}`] } : {}) }),
  );
  const options = { maxParallel: places };
  const rig = start({ workflow: workflowOf(all), script, clock, history, options });
  return { ...(await rig.result()), journal: rig.journal };
}

interface Stand {
  row: number;
  rests: number;
  until: number | undefined;
  /** The attempts that are being made, by step, with when they began. */
  open: Map<string, number>;
}

/** Walks through the journal as a breaker that is written down in ten lines would. */
function expectObeyed(journal: readonly Milestone[]): number {
  const stands = new Map<string, Stand>(
    ENGINES.map((engine) => [engine, { row: 0, rests: 0, until: undefined, open: new Map() }]),
  );
  let rested = 0;
  for (const m of journal) {
    const at = Date.parse(m.at);
    if (m.type === 'run-resumed') for (const one of stands.values()) one.open.clear();
    if (m.type === 'step-started') {
      const stand = stands.get(m.engine ?? '');
      if (stand === undefined) throw new Error('nobody makes it');
      const { until, open } = stand;
      if (until !== undefined) {
        expect(at, `${m.step} asks ${m.engine} in its rest`).toBeGreaterThanOrEqual(until);
        const trying = [...open.values()].filter((begun) => begun >= until);
        expect(trying, `${m.step} asks ${m.engine} beside the one that tries`).toEqual([]);
      }
      open.set(m.step, at);
    }
    if (m.type === 'step-succeeded' || m.type === 'step-failed') {
      const own = [...stands.values()].find(({ open }) => open.delete(m.step));
      if (own === undefined) continue;
      if (m.type === 'step-succeeded') Object.assign(own, { row: 0, rests: 0, until: undefined });
      else if (m.failure.reason === 'overloaded' && (own.until === undefined || at >= own.until)) own.row++;
    }
    if (m.type === 'engine-rested') {
      const stand = stands.get(m.engine);
      if (stand === undefined) throw new Error('nobody rests');
      expect(stand.row).toBe(stand.until === undefined ? FAILURES_IN_A_ROW : 1);
      expect(Date.parse(m.until) - at).toBe(Math.min(FIRST_REST_MS * 2 ** stand.rests, LONGEST_REST_MS));
      Object.assign(stand, { row: 0, rests: stand.rests + 1, until: Date.parse(m.until) });
      rested++;
    }
  }
  return rested;
}

describe('whatever is out, and for how long', () => {
  test('no step fails that has time, nobody asks an engine that rests, and one alone tries it after that', async () => {
    let rested = 0;
    await fc.assert(
      fc.asyncProperty(worlds, async (world) => {
        const { end, journal } = await live(world);
        expect(end).toBe('succeeded');
        rested += expectObeyed(journal);
      }),
      runs(50),
    );
    expect(rested).toBeGreaterThan(20);
  });

  test('that holds when the runner dies after any milestone', async () => {
    await fc.assert(
      fc.asyncProperty(worlds, async (world) => {
        const { journal: whole } = await live(world);
        const history = whole.slice(0, 1 + (world.cut % whole.length));
        const { end, journal } = await live(world, history);
        expect(end).toBe('succeeded');
        expectObeyed(journal);
      }),
      runs(40),
    );
  });
});
