/** Holds that one process owns a run at a time. */
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { isLeaseLost } from '../../src/state/problem.ts';
import { type Processes, SILENCE_MS, startFromStat, systemProcesses } from '../../src/state/processes.ts';
import { startOwner } from './support/child.ts';
import { opened, scratch } from './support/place.ts';
import { milestone, record, runId } from './support/samples.ts';

const AT = '2026-11-20T14:15:03.000Z';
const id = runId(1);

/** This machine's processes, with another idea of who we are. */
function somebody(self: Partial<Processes['self']>): Processes {
  const system = systemProcesses();
  return { ...system, self: { ...system.self, ...self } };
}

/** Two openings of one state, the first of which owns the run. */
async function two(first: Partial<Processes['self']>, second: Partial<Processes['self']> = {}) {
  const dir = path.join(scratch(), 'state');
  let time = Date.parse(AT);
  const now = () => time;
  const early = await opened(dir, { processes: somebody(first), now });
  const late = await opened(dir, { processes: somebody(second), now });
  early.createRun(record(id));
  const lease = early.acquire(id, { by: 'run' });
  if (!lease.ok) throw new Error('a new run has an owner');
  return {
    late,
    lease: lease.value,
    pass: (ms: number) => {
      time += ms;
    },
  };
}

describe('a lease', () => {
  it('goes to exactly one of several processes that want it at once', async () => {
    const dir = path.join(scratch(), 'state');
    const state = await opened(dir);
    const children = await Promise.all(Array.from({ length: 4 }, () => startOwner()));
    onTestFinished(async () => {
      await Promise.all(children.map((child) => child.kill()));
    });
    await Promise.all(children.map((child) => child.tell({ do: 'open', dir })));
    for (let round = 1; round <= 25; round++) {
      const run = runId(round);
      state.createRun(record(run));
      const answers = await Promise.all(children.map((child) => child.tell({ do: 'acquire', run })));
      const won = answers.map((answer, index) => (answer.epoch === 1 ? children[index]?.pid : undefined));
      const winner = won.filter((pid) => pid !== undefined);
      expect(winner).toHaveLength(1);
      expect(answers.filter((answer) => answer.pid === winner[0])).toHaveLength(3);
    }
  });

  it('is refused while its owner lives, however long that was silent', async () => {
    const { late, pass } = await two({});
    pass(1000 * SILENCE_MS);
    expect(late.acquire(id, { by: 'resume' })).toEqual({
      ok: false,
      error: {
        run: id,
        owner: { pid: process.pid, since: AT, by: 'run', machine: systemProcesses().self.machine },
      },
    });
    expect(late.listRuns()[0]?.owner?.pid).toBe(process.pid);
  });

  it('is given once the owner gave it back, with a higher epoch', async () => {
    const { late, lease } = await two({});
    lease.release();
    const next = late.acquire(id, { by: 'resume' });
    expect(next.ok && next.value.epoch).toBe(2);
    expect(() => lease.commit([milestone(1)], AT)).toThrow(/took over run/);
    lease.release();
    expect(late.listRuns()[0]?.owner?.by).toBe('resume');
  });

  it('is taken from an owner whose process id belongs to another process by now', async () => {
    const { late } = await two({ start: '1' });
    expect(late.acquire(id, { by: 'resume' }).ok).toBe(true);
  });

  it('is taken from an owner of an earlier boot of this machine', async () => {
    const { late } = await two({ boot: 'earlier' });
    expect(late.acquire(id, { by: 'resume' }).ok).toBe(true);
  });

  it.each([
    ['on another machine', { machine: 'other', boot: 'other' }],
    ['in another container', { space: 'pid:[1]', machine: 'other' }],
  ])('is taken from an owner %s only after a long silence', async (_, first) => {
    const { late, lease, pass } = await two(first);
    pass(SILENCE_MS - 1);
    const refused = late.acquire(id, { by: 'resume' });
    const deadline = new Date(Date.parse(AT) + SILENCE_MS).toISOString();
    expect(!refused.ok && refused.error.owner.presumedDeadAt).toBe(deadline);
    lease.beat();
    pass(SILENCE_MS - 1);
    expect(late.acquire(id, { by: 'resume' }).ok).toBe(false);
    lease.commit([milestone(1)], AT);
    pass(SILENCE_MS - 1);
    expect(late.acquire(id, { by: 'resume' }).ok).toBe(false);
    pass(1);
    expect(late.acquire(id, { by: 'resume' }).ok).toBe(true);
  });

  it('stops an owner that wakes up late', async () => {
    const { late, lease, pass } = await two({ machine: 'other', boot: 'other' });
    lease.commit(
      [{ type: 'run-started', workflow: 'w', path: 'p', sha256: 'x', inputs: {}, attempt: 1 }],
      AT,
    );
    pass(SILENCE_MS);
    const taken = late.acquire(id, { by: 'resume' });
    if (!taken.ok) throw new Error('a dead owner still owns');
    expect(caught(() => lease.commit([milestone(1), milestone(2)], AT))).toSatisfy(isLeaseLost);
    expect(caught(() => lease.beat())).toSatisfy(isLeaseLost);
    lease.release();
    taken.value.commit([milestone(3)], AT);
    expect(late.history(id).map((one) => one.seq)).toEqual([1, 2]);
    expect(late.verify(id)).toEqual({ ok: true, value: { milestones: 2 } });
  });

  it('is refused where another run owns the workspace, if it is to be alone there', async () => {
    const { late, lease } = await two({});
    const [second, elsewhere] = [runId(2), runId(3)];
    late.createRun(record(second));
    late.createRun(record(elsewhere, { workspace: '/elsewhere' }));
    const refused = late.acquire(second, { by: 'run', alone: true });
    expect(!refused.ok && refused.error.run).toBe(id);
    expect(late.acquire(elsewhere, { by: 'run', alone: true }).ok).toBe(true);
    expect(late.acquire(second, { by: 'cancel' }).ok).toBe(true);
    lease.release();
  });

  it('is an error for a run that is not there', async () => {
    const { late } = await two({});
    expect(() => late.acquire(runId(9), { by: 'resume' })).toThrow(/has just been removed/);
  });
});

describe('the start of a process', () => {
  const line = (name: string, state: string) =>
    `7 (${name}) ${state} ${Array.from({ length: 49 }, (_, index) => index + 4).join(' ')}`;

  it.each(['node', 'a b', 'x) R 1 (y', ')'])('is found behind the name %j', (name) => {
    expect(startFromStat(line(name, 'S'))).toBe('22');
  });

  it('is that of no process for one that ended and was not waited for', () => {
    expect(startFromStat(line('node', 'Z'))).toBeUndefined();
  });

  it('is the same at each look, and none for an id that is not in use', () => {
    const { self, startOf } = systemProcesses();
    expect(startOf(process.pid)).toBe(self.start);
    expect(startOf(2 ** 22 + 1)).toBeUndefined();
  });
});

function caught(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  return undefined;
}
