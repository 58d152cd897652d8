/** Holds what is promised of owners that are killed. */
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { foldAll } from '../../src/model/fold.ts';
import { startOwner } from './support/child.ts';
import { opened, scratch } from './support/place.ts';
import { milestone, record, runId } from './support/samples.ts';

/** Numbers that are the same in every round: when each child is killed. */
const KILL_AFTER = [1, 2, 3, 7, 19, 40, 83, 150];

it('keeps every milestone that was said to be stored, whenever its owner is killed', async () => {
  const dir = path.join(scratch(), 'state');
  const state = await opened(dir);
  const id = runId(1);
  state.createRun(record(id));
  let stored = 0;
  for (const [round, limit] of KILL_AFTER.entries()) {
    const child = await startOwner();
    await child.tell({ do: 'open', dir });
    const { epoch } = await child.tell({ do: 'acquire', run: id });
    expect(epoch).toBe(round + 1);
    let said = (await child.tell({ do: 'commit-forever' })).seq ?? 0;
    for (let heard = 1; heard < limit; heard++) said = (await child.next())?.seq ?? said;
    await child.kill();
    for (let late = await child.next(); late !== undefined; late = await child.next())
      said = late.seq ?? said;

    const history = state.history(id);
    expect(history.length).toBeGreaterThanOrEqual(said);
    expect(history.length).toBeGreaterThan(stored);
    expect(history.map((one) => one.seq)).toEqual(history.map((_, index) => index + 1));
    expect(state.verify(id)).toEqual({ ok: true, value: { milestones: history.length } });
    stored = history.length;
  }
  const lease = state.acquire(id, { by: 'resume' });
  if (!lease.ok) throw new Error('the dead owner still owns');
  const [next] = lease.value.commit([milestone(0)], '2026-11-20T14:15:03.000Z');
  expect(next?.seq).toBe(stored + 1);
  expect(state.verify(id).ok).toBe(true);
  expect(foldAll(state.history(id)).seq).toBe(stored + 1);
});

it('takes a run from an owner that was killed and not waited for', async () => {
  const dir = path.join(scratch(), 'state');
  const state = await opened(dir);
  const id = runId(1);
  state.createRun(record(id));
  // The shell becomes a program that never waits for its children, as PID 1 of many a container is.
  const shell = 'exec 3<&0; "$@" <&3 3<&- & exec 3<&-; exec sleep 1000 </dev/null >/dev/null 2>&1';
  const child = await startOwner({ through: ['sh', '-c', shell, 'sh'] });
  onTestFinished(() => child.kill());
  await child.tell({ do: 'open', dir });
  await child.tell({ do: 'acquire', run: id });
  const refused = state.acquire(id, { by: 'resume' });
  if (refused.ok) throw new Error('a living owner was replaced');
  process.kill(refused.error.owner.pid, 'SIGKILL');
  expect(await child.next()).toBeUndefined();
  // Its pipe closes a moment before it counts as ended.
  await expect.poll(() => state.acquire(id, { by: 'resume' }).ok).toBe(true);
  expect(state.listRuns()[0]?.owner?.pid).toBe(process.pid);
});
