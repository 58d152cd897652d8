/** Holds which runs are kept, and that one which is not leaves nothing behind. */
import { existsSync, mkdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { MilestoneBody, RunEnd } from '../../src/model/event.ts';
import { NO_USAGE } from '../../src/model/event.ts';
import { asStepKey, type RunId } from '../../src/model/ids.ts';
import { expired, type Limits } from '../../src/state/retention.ts';
import type { State } from '../../src/state/state.ts';
import { opened, scratch } from './support/place.ts';
import { milestone, record, runId } from './support/samples.ts';

const AT = '2026-11-20T15:00:00.000Z';
const DAY = 24 * 60 * 60 * 1000;

async function fresh(): Promise<State> {
  return opened(path.join(scratch(), 'state'), { now: () => Date.parse(AT) });
}

function take(state: State, id: RunId) {
  const lease = state.acquire(id, { by: 'run' });
  if (!lease.ok) throw new Error('the run has an owner');
  return lease.value;
}

function ended(state: State, id: RunId, { status = 'succeeded' as RunEnd, at = AT, from = '' } = {}): void {
  state.createRun(record(id, from === '' ? {} : { extras: { 'retry-of': from } }));
  const lease = take(state, id);
  lease.commit([{ type: 'run-started', workflow: 'w', path: 'p', sha256: 'x', inputs: {}, attempt: 1 }], at);
  lease.commit([milestone(1)], at);
  lease.commit([{ type: 'run-finished', status, 'duration-ms': 1, usage: NO_USAGE, outputs: {} }], at);
  lease.release();
}

function transcript(state: State, id: RunId, text: string): string {
  const kept = state.openTranscript(id, asStepKey('a'), 1);
  kept.write('stdout.log', text);
  kept.close();
  return kept.directory;
}

describe('taking a run away', () => {
  it('takes its rows at once, and remembers the rest until that is done', async () => {
    const state = await fresh();
    ended(state, runId(1));
    ended(state, runId(2));
    const directory = transcript(state, runId(1), 'x'.repeat(1000));
    state.ask(runId(1), { kind: 'cancel', by: 'somebody', at: AT });
    const size = state.removals.size(runId(1));
    const begun = state.removals.begin(runId(1));
    expect(begun).toMatchObject({ ok: true });
    expect(size).toBe((begun.ok ? begun.value : 0) + 1000);
    expect(state.listRuns().map(({ id }) => id)).toEqual([runId(2)]);
    expect(state.history(runId(1))).toEqual([]);
    expect(state.runRecord(runId(1))).toBeUndefined();
    expect(state.removals.begun()).toEqual([{ run: runId(1), workspace: '/somewhere' }]);
    // Whoever comes next finds it begun.
    const next = await opened(state.directory);
    expect(next.removals.begun()).toHaveLength(1);
    expect(next.removals.transcripts(runId(1))).toBe(1000);
    expect(existsSync(path.dirname(directory))).toBe(false);
    expect(next.removals.transcripts(runId(1))).toBe(0);
    next.removals.finish(runId(1));
    expect(state.removals.begun()).toEqual([]);
    expect(state.verify(runId(2))).toMatchObject({ ok: true });
  });

  it('is refused while somebody owns the run, and ends an owner that comes late', async () => {
    const state = await fresh();
    ended(state, runId(1));
    const owner = take(state, runId(1));
    expect(state.removals.begin(runId(1))).toMatchObject({ ok: false, error: { pid: process.pid } });
    expect(state.listRuns()).toHaveLength(1);
    owner.release();
    expect(state.removals.begin(runId(1))).toMatchObject({ ok: true });
    expect(() => state.acquire(runId(1), { by: 'resume' })).toThrow(/has just been removed/);
    expect(() => owner.commit([milestone(2)], AT)).toThrow();
  });

  it('can be begun twice', async () => {
    const state = await fresh();
    ended(state, runId(1));
    expect(state.removals.begin(runId(1))).toMatchObject({ ok: true });
    expect(state.removals.begin(runId(1))).toEqual({ ok: true, value: 0 });
    expect(state.removals.begun()).toHaveLength(1);
  });
});

describe('what runs share', () => {
  const old = (file: string): string => {
    writeFileSync(file, 'x'.repeat(10));
    utimesSync(file, 1000, 1000);
    return file;
  };

  it('goes when no run names it and it is not young: artifacts', async () => {
    const state = await fresh();
    const directory = path.join(state.directory, 'artifacts');
    mkdirSync(directory);
    const [named, stray, young] = ['aa', 'bb', 'cc'].map((name) => old(path.join(directory, name))) as [
      string,
      string,
      string,
    ];
    utimesSync(young, Date.now() / 1000, Date.now() / 1000);
    state.createRun(record(runId(1)));
    const lease = take(state, runId(1));
    lease.commit([{ ...milestone(1), artifacts: [{ path: 'out.txt', sha256: 'aa' }] } as MilestoneBody], AT);
    lease.release();
    expect(state.removals.artifacts(Date.now() - DAY)).toBe(10);
    expect([named, stray, young].map((file) => existsSync(file))).toEqual([true, false, true]);
    expect(state.removals.begin(runId(1))).toMatchObject({ ok: true });
    expect(state.removals.artifacts(Date.now() - DAY)).toBe(10);
    expect(existsSync(named)).toBe(false);
  });

  it('goes when its working tree is gone: an index, never the configuration beside it', async () => {
    const state = await fresh();
    const directory = path.join(state.directory, 'git');
    mkdirSync(directory);
    for (const name of ['index-0a', 'index-0b', 'index-0b.lock', 'config']) old(path.join(directory, name));
    expect(state.removals.indexes(new Set(['index-0a']), Date.now() - DAY)).toBe(20);
    expect(existsSync(path.join(directory, 'index-0a'))).toBe(true);
    expect(existsSync(path.join(directory, 'config'))).toBe(true);
  });

  it('gives the disk back what a large run took in the database', async () => {
    const state = await fresh();
    state.createRun(record(runId(1)));
    const lease = take(state, runId(1));
    for (let i = 0; i < 40; i++)
      lease.commit([{ ...milestone(i), stdout: 'x'.repeat(50_000) } as MilestoneBody], AT);
    lease.release();
    const file = path.join(state.directory, 'codemachine.db');
    expect(state.removals.compact()).toBe(0);
    expect(state.removals.begin(runId(1))).toMatchObject({ ok: true });
    expect(state.removals.compact()).toBeGreaterThan(1_000_000);
    expect(statSync(file).size).toBeLessThan(500_000);
    ended(state, runId(2));
    expect(state.verify(runId(2))).toMatchObject({ ok: true });
  });
});

describe('runs that are kept no longer', () => {
  const now = Date.parse(AT);
  const ago = (days: number): string => new Date(now - days * DAY).toISOString();

  async function chosen(limits: Limits, make: (state: State) => void) {
    const state = await fresh();
    make(state);
    return expired(state.listRuns(), limits, state.removals.takenOver(), now);
  }

  it('are those that ended too long ago, and those behind the newest', async () => {
    const make = (state: State): void => {
      ended(state, runId(1), { at: ago(31) });
      ended(state, runId(2), { at: ago(29), status: 'failed' });
      ended(state, runId(3), { at: ago(40), status: 'canceled' });
    };
    expect((await chosen({ ageMs: 30 * DAY, runs: 200 }, make)).go).toEqual([runId(1), runId(3)]);
    expect((await chosen({ runs: 2 }, make)).go).toEqual([runId(1)]);
    expect((await chosen({ runs: 0 }, make)).go).toEqual([runId(1), runId(2), runId(3)]);
    expect((await chosen({}, make)).go).toEqual([]);
  });

  it('are never those that may go on', async () => {
    const { go } = await chosen({ runs: 0 }, (state) => {
      state.createRun(record(runId(1)));
      state.createRun(record(runId(2)));
      const running = take(state, runId(2));
      running.commit(
        [{ type: 'run-started', workflow: 'w', path: 'p', sha256: 'x', inputs: {}, attempt: 1 }],
        AT,
      );
      running.commit([{ type: 'run-interrupted', attempt: 1, by: 'SIGINT' }], AT);
      running.release();
      ended(state, runId(3));
      take(state, runId(3));
    });
    expect(go).toEqual([]);
  });

  it('are not those on which one stands that is kept, however many are between', async () => {
    const make = (state: State): void => {
      ended(state, runId(1), { at: ago(50) });
      ended(state, runId(2), { at: ago(40), from: runId(1) });
      ended(state, runId(3), { at: ago(1), from: runId(2) });
      ended(state, runId(4), { at: ago(50) });
      ended(state, runId(5), { at: ago(40), from: runId(4) });
    };
    const { go, stay } = await chosen({ ageMs: 30 * DAY }, make);
    expect(go).toEqual([runId(4), runId(5)]);
    expect([...stay].sort((a, b) => (a.run < b.run ? -1 : 1))).toEqual([
      { run: runId(1), for: runId(2) },
      { run: runId(2), for: runId(3) },
    ]);
  });
});
