/** Holds that what a step took is what the whole of it took, told by runs in which all of it was worked for. */
import path from 'node:path';
import { expect, it } from 'vitest';
import type { MilestoneBody } from '../../src/model/event.ts';
import { asStepId, asStepKey } from '../../src/model/ids.ts';
import { opened, scratch } from './support/place.ts';
import { record, runId } from './support/samples.ts';

const at = (second: number): string => new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString();
const usage = (usd: number | null) => ({ 'input-tokens': 1, 'output-tokens': 1, 'cached-tokens': 0, usd });

function began(step: string, kind: 'matrix' | 'loop' | 'reduce' | 'prompt' | 'run', attempt = 1) {
  const engine = kind === 'prompt' ? { engine: 'claude-code' } : {};
  return {
    ...{ type: 'step-started', step: asStepKey(step), attempt, kind, ...engine, workspace: 'shared' },
  } as const satisfies MilestoneBody;
}

function ended(step: string, more: object, attempt = 1): MilestoneBody {
  return { type: 'step-succeeded', step: asStepKey(step), attempt, ...more };
}

const asked = (step: string, usd: number | null): readonly MilestoneBody[] => [
  began(step, 'prompt'),
  ended(step, { 'duration-ms': 1000, usage: usage(usd) }),
];

/** What is told of a step by runs with these milestones, each a second after the one before. */
async function spent(step: string, ...runs: readonly (readonly MilestoneBody[])[]) {
  const state = await opened(path.join(scratch(), 'state'));
  for (const [n, milestones] of runs.entries()) {
    const id = runId(n + 1);
    state.createRun(record(id));
    const lease = state.acquire(id, { by: 'run' });
    if (!lease.ok) throw new Error('a new run has an owner');
    for (const [second, body] of milestones.entries()) lease.value.commit([body], at(second));
  }
  return state.cached.spent(record(runId(1)).name, 20).get(asStepId(step));
}

it('of a matrix is the time of the whole, and the cost of all its instances', async () => {
  const fan = [began('fan', 'matrix'), ...asked('fan[a]', 1), ...asked('fan[b]', 2), ended('fan', {})];
  expect(await spent('fan', fan)).toEqual([{ ms: 5000, usd: 3 }]);
});

it('of a loop counts failed attempts, and is not known where one cost nobody knows what', async () => {
  const failed = {
    ...{ type: 'step-failed', step: asStepKey('l[1].fix'), attempt: 1, final: false, usage: usage(4) },
    failure: { reason: 'exit-code', message: 'x' },
  } as const satisfies MilestoneBody;
  const again = [began('l[1].fix', 'prompt', 2), ended('l[1].fix', { usage: usage(1) }, 2)];
  const whole = (last: number | null): readonly MilestoneBody[] => [
    ...[began('l', 'loop'), began('l[1].fix', 'prompt'), failed, ...again],
    ...[...asked('l[2].fix', last), ended('l', { 'duration-ms': 77 })],
  ];
  expect(await spent('l', whole(2))).toEqual([{ ms: 77, usd: 7 }]);
  expect(await spent('l', whole(null))).toEqual([{ ms: 77 }]);
});

it('of a reduce is its own time, and what its judge cost', async () => {
  const checks = [began('pick:checks[a]', 'run'), ended('pick:checks[a]', { 'duration-ms': 5 })];
  const pick = [
    began('pick', 'reduce'),
    ...checks,
    ...asked('pick:judge', 1),
    ended('pick', { 'duration-ms': 9 }),
  ];
  expect(await spent('pick', pick)).toEqual([{ ms: 9, usd: 1 }]);
});

it('is told neither by a run in which a part was not worked for, nor by one in which it did not succeed', async () => {
  const reused = [
    began('l', 'loop'),
    began('l[1].a', 'run'),
    ended('l[1].a', { reused: 'cache' }),
    ended('l', {}),
  ];
  expect(await spent('l', reused, [began('l', 'loop')])).toBeUndefined();
});

it('has no time where the run was resumed in the middle of it', async () => {
  const resumed = { type: 'run-resumed', attempt: 2, workspace: '/w', 'codemachine-version': '1' } as const;
  const loop = [
    began('l', 'loop'),
    ...asked('l[1].a', 1),
    resumed,
    ...asked('l[2].a', 1),
    ended('l', { 'duration-ms': 1 }),
  ];
  expect(await spent('l', loop as readonly MilestoneBody[])).toEqual([{ usd: 2 }]);
});
