/** Holds that milestones are stored before they are heard, whole and in order. */
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Milestone } from '../../src/model/event.ts';
import { canonical } from '../../src/state/canonical.ts';
import { loadDriver } from '../../src/state/driver.ts';
import { journal } from '../../src/state/journal.ts';
import { opened, scratch } from './support/place.ts';
import { milestone, record, runId } from './support/samples.ts';

const AT = '2026-11-20T14:15:03.000Z';
const now = () => Date.parse(AT);
const id = runId(1);

async function owned() {
  const dir = path.join(scratch(), 'state');
  const state = await opened(dir, { now });
  state.createRun(record(id));
  const lease = state.acquire(id, { by: 'run' });
  if (!lease.ok) throw new Error('a new run has an owner');
  return { dir, state, lease: lease.value };
}

/** Changes the database behind our back. */
async function meddle(dir: string, sql: string): Promise<void> {
  const driver = await loadDriver();
  if (!driver.ok) throw new Error(driver.error.message);
  const connection = driver.value(path.join(dir, 'codemachine.db'));
  connection.pragma('foreign_keys = OFF');
  const { changes } = connection.prepare(sql).run();
  connection.close();
  expect(changes).toBeGreaterThan(0);
}

describe('the journal', () => {
  it('gives back what was put in, numbered from 1', async () => {
    const { state, lease } = await owned();
    const first = lease.commit([milestone(1)], AT);
    const rest = lease.commit([milestone(2), milestone(3)], AT);
    expect(state.history(id)).toEqual([...first, ...rest]);
    expect(state.history(id)).toEqual(
      [1, 2, 3].map((seq) => ({ v: 1, seq, at: AT, run: id, ...milestone(seq) })),
    );
    expect(lease.commit([], AT)).toEqual([]);
    expect(state.history(id, 2)).toEqual(rest.slice(1));
    expect(state.history(id, 3)).toEqual([]);
  });

  it('commits what is emitted in one turn at once, answers, and lets it be heard in order', async () => {
    const { state, lease } = await owned();
    const commits: number[] = [];
    const counting: typeof lease = {
      ...lease,
      commit: (bodies, at) => {
        commits.push(bodies.length);
        return lease.commit(bodies, at);
      },
    };
    const { emit, listen, flush } = journal(counting, now);
    const heard: string[] = [];
    listen((one) => heard.push(`${one.seq} heard with ${state.history(id).length} stored`));
    const answers = [1, 2, 3].map((number) =>
      emit(milestone(number)).then((one) => heard.push(`${one.seq} answered`)),
    );
    expect(state.history(id)).toEqual([]);
    await Promise.all(answers);
    await flush();
    await emit(milestone(4));
    await flush();
    expect(commits).toEqual([3, 1]);
    expect(heard).toEqual([
      '1 answered',
      '2 answered',
      '3 answered',
      '1 heard with 3 stored',
      '2 heard with 3 stored',
      '3 heard with 3 stored',
      '4 heard with 4 stored',
    ]);
  });

  it('lets nothing be heard before the disk has it, and shares one wait for it', async () => {
    const { state, lease } = await owned();
    let waits = 0;
    let written = (): void => undefined;
    const slow: typeof lease = {
      ...lease,
      durable: async () => {
        waits++;
        await new Promise<void>((resolve) => {
          written = resolve;
        });
        await lease.durable();
      },
    };
    const { emit, listen, flush } = journal(slow, now);
    const heard: number[] = [];
    listen((one) => heard.push(one.seq));
    for (const number of [1, 2, 3]) await emit(milestone(number));
    expect(state.history(id)).toHaveLength(3);
    expect(heard).toEqual([]);
    const flushed = flush();
    written();
    await expect.poll(() => waits).toBe(2);
    expect(heard).toEqual([1]);
    written();
    await flushed;
    expect({ heard, waits }).toEqual({ heard: [1, 2, 3], waits: 2 });
  });

  it('keeps what is said of a milestone behind it', async () => {
    const { lease } = await owned();
    const { emit, listen, behind, flush } = journal(lease, now);
    const heard: string[] = [];
    listen((one) => heard.push(`milestone ${one.seq}`));
    behind(() => heard.push('said before'));
    await emit(milestone(1));
    behind(() => heard.push('said of 1'));
    await emit(milestone(2));
    behind(() => heard.push('said of 2'));
    await flush();
    behind(() => heard.push('said after'));
    expect(heard).toEqual([
      'said before',
      'milestone 1',
      'said of 1',
      'milestone 2',
      'said of 2',
      'said after',
    ]);
  });

  it('stops where the disk does not take what it was given', async () => {
    const { lease } = await owned();
    const broken: typeof lease = { ...lease, durable: () => Promise.reject(new Error('the disk is gone')) };
    const { emit, listen, flush } = journal(broken, now);
    const heard: number[] = [];
    listen((one) => heard.push(one.seq));
    await emit(milestone(1));
    await expect(flush()).rejects.toThrow('the disk is gone');
    await expect(emit(milestone(2))).rejects.toThrow('the disk is gone');
    expect(heard).toEqual([]);
  });

  it('keeps the order when a listener emits', async () => {
    const { state, lease } = await owned();
    const funnel = journal(lease, now);
    const late: Promise<Milestone>[] = [];
    const unlisten = funnel.listen((one) => {
      if (one.seq === 1) late.push(funnel.emit(milestone(30)));
    });
    await Promise.all([funnel.emit(milestone(10)), funnel.emit(milestone(20))]);
    await funnel.flush();
    unlisten();
    expect((await late[0])?.seq).toBe(3);
    expect(state.history(id)).toMatchObject([milestone(10), milestone(20), milestone(30)]);
  });

  it('goes not on behind a gap, even where the disk has room again', async () => {
    const { state, lease } = await owned();
    let full = false;
    const disk: typeof lease = {
      ...lease,
      commit: (bodies, at) => {
        if (full) throw new Error('full');
        return lease.commit(bodies, at);
      },
    };
    const funnel = journal(disk, now);
    await funnel.emit(milestone(1));
    full = true;
    await expect(funnel.emit(milestone(2))).rejects.toThrow('full');
    full = false;
    await expect(funnel.emit(milestone(3))).rejects.toThrow('full');
    expect(state.history(id)).toHaveLength(1);
  });

  it('rejects everything from the first failure on, and stores none of it', async () => {
    const { state, lease } = await owned();
    const funnel = journal(lease, now);
    await funnel.emit(milestone(1));
    lease.release();
    const results = await Promise.allSettled([
      funnel.emit(milestone(2)),
      funnel.emit(milestone(3)),
      funnel.flush(),
    ]);
    const after = await Promise.allSettled([funnel.emit(milestone(4))]);
    expect([...results, ...after].map((one) => one.status)).toEqual(Array(4).fill('rejected'));
    expect(state.history(id)).toHaveLength(1);
  });
});

describe('a journal that is not as it was written', () => {
  it.each([
    [
      'an edited body',
      3,
      'is not what was written',
      "UPDATE milestones SET body = replace(body, 'build', 'bulid') WHERE seq = 3",
    ],
    [
      'an edit that means the same',
      3,
      'is not what was written',
      'UPDATE milestones SET body = replace(body, \'"attempt":1\', \'"attempt": 1\') WHERE seq = 3',
    ],
    [
      'an edited time',
      2,
      'is not what was written',
      "UPDATE milestones SET at = '2026-11-20T14:15:04.000Z' WHERE seq = 2",
    ],
    ['an edited epoch', 4, 'is not what was written', 'UPDATE milestones SET epoch = 7 WHERE seq = 4'],
    ['an edited hash', 5, 'is not what was written', "UPDATE milestones SET hash = 'no' WHERE seq = 5"],
    ['a missing row', 2, 'is missing', 'DELETE FROM milestones WHERE seq = 2'],
    ['a missing end', 4, 'is missing at the end', 'DELETE FROM milestones WHERE seq > 3'],
    [
      'a row before the first',
      0,
      'was never written',
      'INSERT INTO milestones SELECT run, 0, epoch, at, type, body, hash FROM milestones WHERE seq = 1',
    ],
    ['no rows', 1, 'is missing at the end', 'DELETE FROM milestones'],
    [
      'a torn row',
      3,
      'is not what was written',
      'UPDATE milestones SET body = substr(body, 1, 20) WHERE seq = 3',
    ],
    ["another run's rows", 1, 'is missing at the end', `UPDATE milestones SET run = '${runId(2)}'`],
  ])('is reported with the number of the milestone: %s', async (_, seq, what, sql) => {
    const { dir, state, lease } = await owned();
    state.createRun(record(runId(2)));
    lease.commit([1, 2, 3, 4, 5].map(milestone), AT);
    expect(state.verify(id)).toEqual({ ok: true, value: { milestones: 5 } });
    await meddle(dir, sql);
    expect(state.verify(id)).toEqual({ ok: false, error: { seq, what } });
  });

  it('is not believed when it is read', async () => {
    const { dir, state, lease } = await owned();
    lease.commit([1, 2, 3].map(milestone), AT);
    await meddle(dir, 'UPDATE milestones SET body = substr(body, 1, 20) WHERE seq = 3');
    expect(() => state.history(id)).toThrow(/milestone 3 of run .* is damaged: .*doctor/);
  });
});

describe('canonical JSON', () => {
  it('is that of RFC 8785', () => {
    // The example of RFC 8785 §3.2.2 to §3.2.4.
    const input = String.raw`{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],"string":"\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/","literals":[null,true,false]}`;
    expect(canonical(JSON.parse(input))).toBe(
      String.raw`{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}`,
    );
    // The example of §3.2.3: keys sort by UTF-16 units.
    const keys = ['\u20ac', '\r', '\ufb33', '1', '\ud83d\ude00', '\u0080', '\u00f6'];
    const sorted = ['\r', '1', '\u0080', '\u00f6', '\u20ac', '\ud83d\ude00', '\ufb33'];
    const text = canonical(Object.fromEntries(keys.map((key) => [key, 0])));
    expect(Object.keys(JSON.parse(text))).toEqual(['1', ...sorted.filter((key) => key !== '1')]);
    expect(text.indexOf('\u20ac')).toBeLessThan(text.indexOf('\ufb33'));
  });

  it('refuses what is no JSON', () => {
    expect(() => canonical(Number.NaN)).toThrow(/NaN/);
    expect(() => canonical([undefined as unknown as null])).toThrow(/undefined/);
  });
});
