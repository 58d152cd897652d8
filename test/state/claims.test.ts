/** Holds that a name has one owner at a time, the first who asked and lives. */
import path from 'node:path';
import { expect, it } from 'vitest';
import { asStepKey } from '../../src/model/ids.ts';
import { type Processes, SILENCE_MS, systemProcesses } from '../../src/state/processes.ts';
import { opened, scratch } from './support/place.ts';
import { record, runId } from './support/samples.ts';

const [one, two] = [runId(1), runId(2)];
const ship = asStepKey('ship');

/** Two openings of one state: the first by somebody else, the second by this process. */
async function both(other: Partial<Processes['self']> = {}) {
  const dir = path.join(scratch(), 'state');
  let time = Date.parse('2026-11-20T14:15:03.000Z');
  const now = () => time;
  const system = systemProcesses();
  const first = await opened(dir, { processes: { ...system, self: { ...system.self, ...other } }, now });
  const second = await opened(dir, { now });
  for (const id of [one, two]) first.createRun(record(id));
  const pass = (ms: number): void => {
    time += ms;
  };
  return { first: first.claims, second: second.claims, pass };
}

it('is had by the first who asked, then by the next', async () => {
  const { first, second } = await both();
  const a = first.claim('step:x', { run: one, step: ship });
  const b = second.claim('step:x', { run: two, step: ship });
  const c = first.claim('step:x', { run: one, step: asStepKey('late') });
  const elsewhere = second.claim('step:y', { run: two, step: ship });
  expect([a.before(), elsewhere.before()]).toEqual([[], []]);
  expect(b.before()).toEqual([{ run: one, step: ship }]);
  expect(c.before()).toHaveLength(2);
  a.release();
  expect([b.before(), c.before().length]).toEqual([[], 1]);
  b.release();
  b.release();
  expect(c.before()).toEqual([]);
});

it('is given up by who died, and by who cannot be seen and has been silent', async () => {
  const dead = await both({ pid: 4_194_303, start: '1' });
  dead.first.claim('run:g', { run: one });
  expect(dead.first.isClaimed(one)).toBe(false);
  expect(dead.second.claim('run:g', { run: two }).before()).toEqual([]);
  const far = await both({ space: 'pid:[1]' });
  far.first.claim('run:g', { run: one });
  const mine = far.second.claim('run:g', { run: two });
  expect(mine.before()).toEqual([{ run: one }]);
  expect(far.second.isClaimed(one)).toBe(true);
  far.pass(SILENCE_MS + 1);
  expect(mine.before()).toEqual([]);
});

it('is kept by who is silent and looks, as waiting does', async () => {
  const { first, second, pass } = await both({ space: 'pid:[1]' });
  const a = first.claim('run:g', { run: one });
  const mine = second.claim('run:g', { run: two });
  for (let i = 0; i < 20; i++) {
    pass(SILENCE_MS / 10);
    a.before();
    expect(mine.before()).toHaveLength(1);
  }
});
