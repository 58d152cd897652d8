/** Holds what is kept about runs, how they are found, and what others may ask of them. */
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { RunEnd } from '../../src/model/event.ts';
import { NO_USAGE } from '../../src/model/event.ts';
import { asRunId, asStepKey, type RunId } from '../../src/model/ids.ts';
import { systemProcesses } from '../../src/state/processes.ts';
import type { State } from '../../src/state/state.ts';
import { opened, scratch } from './support/place.ts';
import { record, runId } from './support/samples.ts';

const AT = '2026-11-20T15:00:00.000Z';

async function fresh(): Promise<State> {
  return opened(path.join(scratch(), 'state'), { now: () => Date.parse(AT) });
}

function started(state: State, id: RunId) {
  state.createRun(record(id));
  const lease = state.acquire(id, { by: 'run' });
  if (!lease.ok) throw new Error('a new run has an owner');
  lease.value.commit(
    [{ type: 'run-started', workflow: 'w', path: 'p', sha256: 'x', inputs: {}, attempt: 1 }],
    AT,
  );
  return lease.value;
}

function ended(state: State, id: RunId, status: RunEnd): void {
  const lease = started(state, id);
  lease.commit([{ type: 'run-finished', status, 'duration-ms': 1, usage: NO_USAGE, outputs: {} }], AT);
  lease.release();
}

describe('a run', () => {
  it('is kept as it was started', async () => {
    const state = await fresh();
    expect(state.createRun(record(runId(1)))).toBe(true);
    expect(state.runRecord(runId(1))).toEqual(record(runId(1)));
    const { git: _, ...bare } = record(runId(2));
    expect(state.createRun(bare)).toBe(true);
    expect(state.runRecord(runId(2))).toEqual(bare);
    expect(state.runRecord(runId(3))).toBeUndefined();
  });

  it('does not replace another one of the same name', async () => {
    const state = await fresh();
    state.createRun(record(runId(1)));
    expect(state.createRun(record(runId(1), { name: 'other' }))).toBe(false);
    expect(state.runRecord(runId(1))?.name).toBe('build');
  });

  it('can be taken back as long as it never began', async () => {
    const state = await fresh();
    state.createRun(record(runId(1)));
    started(state, runId(2));
    for (const n of [1, 2]) state.forgetRun(runId(n));
    expect(state.listRuns().map(({ id }) => id)).toEqual([runId(2)]);
    expect(state.createRun(record(runId(1)))).toBe(true);
    expect(state.history(runId(2))).toHaveLength(1);
  });
});

describe('the list of runs', () => {
  it('has the newest first, each with the status its milestones gave it', async () => {
    const state = await fresh();
    state.createRun(record(runId(1)));
    ended(state, runId(2), 'succeeded');
    ended(state, runId(3), 'canceled');
    started(state, runId(4));
    const interrupted = started(state, runId(5));
    interrupted.commit([{ type: 'run-interrupted', attempt: 1, by: 'SIGINT' }], AT);
    const parked = started(state, runId(6));
    parked.commit([{ type: 'run-parked', reason: 'quota', resume: 'codemachine resume' }], AT);
    const resumed = started(state, runId(7));
    resumed.commit(
      [
        { type: 'run-interrupted', attempt: 1, by: 'SIGINT' },
        { type: 'run-resumed', attempt: 2, by: 'x' },
      ],
      AT,
    );
    expect(state.listRuns().map((run) => [run.id, run.status])).toEqual([
      [runId(7), 'running'],
      [runId(6), 'parked'],
      [runId(5), 'interrupted'],
      [runId(4), 'running'],
      [runId(3), 'canceled'],
      [runId(2), 'succeeded'],
      [runId(1), 'new'],
    ]);
    expect(state.listRuns()[5]).toEqual({
      id: runId(2),
      name: 'build',
      path: '.codemachine/workflows/build.yml',
      workspace: '/somewhere',
      createdAt: record(runId(2)).createdAt,
      changedAt: AT,
      heardAt: AT,
      status: 'succeeded',
    });
  });

  it('never shows a run as running whose owner is dead', async () => {
    const dir = path.join(scratch(), 'state');
    const system = systemProcesses();
    const dead = await opened(dir, { processes: { ...system, self: { ...system.self, start: '1' } } });
    started(dead, runId(1));
    const state = await opened(dir);
    expect(state.listRuns()[0]?.status).toBe('interrupted');
    expect(state.listRuns()[0]?.owner).toBeUndefined();
  });
});

describe('what a person types', () => {
  it('finds the run', async () => {
    const state = await fresh();
    ended(state, runId(1), 'failed');
    ended(state, runId(2), 'failed');
    ended(state, runId(70), 'succeeded');
    expect(state.resolveRun(runId(1))).toEqual({ ok: true, value: runId(1) });
    expect(state.resolveRun('20261120-1401')).toEqual({ ok: true, value: runId(70) });
    expect(state.resolveRun('@last')).toEqual({ ok: true, value: runId(70) });
    expect(state.resolveRun('@failed')).toEqual({ ok: true, value: runId(2) });
  });

  it('is not found by its id with more behind it', async () => {
    const state = await fresh();
    const short = asRunId('20261120-140001-bbbc');
    state.createRun(record(short));
    expect(state.resolveRun(`${short}x`).ok).toBe(false);
  });

  it.each([
    ['2026', '`2026` begins several runs: 20261120-140109-bbjn, 20261120-140002-bbbd; type more of it'],
    ['jn', 'no run begins with `jn`; did you mean 20261120-140109-bbjn?'],
    ['20%', 'no run begins with `20%`; the newest: 20261120-140109-bbjn, 20261120-140002-bbbd'],
    ['*', 'no run begins with `*`; the newest: 20261120-140109-bbjn, 20261120-140002-bbbd'],
    ['', 'no run begins with ``; the newest: 20261120-140109-bbjn, 20261120-140002-bbbd'],
    ['@failed', 'no run has failed: `codemachine runs` lists them all'],
  ])('is answered with a sentence where it finds none or several: %j', async (text, sentence) => {
    const state = await fresh();
    state.createRun(record(runId(2)));
    state.createRun(record(runId(69)));
    expect(state.resolveRun(text)).toEqual({ ok: false, error: sentence });
  });

  it('names only a few of many', async () => {
    const state = await fresh();
    for (let number = 1; number <= 8; number++) state.createRun(record(runId(number)));
    const found = state.resolveRun('2026');
    expect(!found.ok && found.error.split(', ')).toHaveLength(6);
    expect(!found.ok && found.error).toContain('…');
  });

  it('is answered in a state without runs', async () => {
    const state = await fresh();
    expect(state.resolveRun('@last')).toMatchObject({
      ok: false,
      error: expect.stringContaining('no run yet'),
    });
    expect(state.resolveRun('x')).toMatchObject({
      ok: false,
      error: 'no run begins with `x`; there is none yet',
    });
  });
});

describe('a request', () => {
  it('is seen by another process’s connection until it is done', async () => {
    const dir = path.join(scratch(), 'state');
    const [owner, other] = [await opened(dir), await opened(dir)];
    for (const number of [1, 2]) owner.createRun(record(runId(number)));
    expect(owner.pending(runId(1))).toEqual([]);
    const id = other.ask(runId(1), { kind: 'cancel', by: 'somebody', at: AT });
    other.ask(runId(2), { kind: 'cancel', by: 'somebody else', at: AT });
    expect(owner.pending(runId(1))).toEqual([{ id, kind: 'cancel', by: 'somebody' }]);
    owner.done(id);
    expect(owner.pending(runId(1))).toEqual([]);
    expect(owner.pending(runId(2))).toHaveLength(1);
  });

  it('holds a decision as it was brought', async () => {
    const state = await fresh();
    state.createRun(record(runId(1)));
    const decision = {
      step: asStepKey('build[2].ok'),
      digest: 'd',
      decision: 'ship',
      by: 'ann',
      answers: { why: 'because', 'how-many': 3 },
    };
    const id = state.ask(runId(1), { kind: 'decide', by: 'ann', at: AT, decision });
    expect(state.pending(runId(1))).toEqual([{ id, kind: 'decide', by: 'ann', decision }]);
  });

  it('was asked of the owner of that time: the next one begins without it', async () => {
    const state = await fresh();
    const id = runId(1);
    state.createRun(record(id));
    const first = state.acquire(id, { by: 'run' });
    if (!first.ok) throw new Error('a new run has an owner');
    state.ask(id, { kind: 'cancel', by: 'somebody', at: AT });
    expect(state.pending(id)).toHaveLength(1);
    first.value.release();
    expect(state.acquire(id, { by: 'resume' }).ok).toBe(true);
    expect(state.pending(id)).toEqual([]);
    state.ask(id, { kind: 'cancel', by: 'somebody', at: AT });
    expect(state.pending(id)).toHaveLength(1);
  });
});
