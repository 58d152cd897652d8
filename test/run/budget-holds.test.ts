// Shows that a spent budget holds back what would spend next, and nothing else.
import { expect, test } from 'vitest';
import type { Budget } from '../../src/model/budget.ts';
import type { Usage } from '../../src/model/event.ts';
import type { Script } from './rig.ts';
import {
  agentStep,
  failing,
  fine,
  gateStep,
  loopStep,
  matrixOf,
  runStep,
  start,
  usesStep,
  workflowOf,
} from './rig.ts';

const RUN = 'codemachine resume 20261120-141503-k7qd';

const usage = (usd: number): Usage => ({ 'input-tokens': 0, 'output-tokens': 0, 'cached-tokens': 0, usd });

const budget = (limits: Budget['limits'], onExceed: Budget['onExceed'] = 'pause'): Budget => ({
  limits,
  onExceed,
  allowUnknownCost: false,
});

/** Prompts cost so much; commands cost nothing. */
const costs =
  (usd: number): Script =>
  (job) =>
    job.kind === 'prompt' ? fine({ usage: usage(usd) }) : fine();

test('what a finished step has spent of its own budget is in nobody’s way', async () => {
  const steps = [
    agentStep('a', { budget: budget({ usd: 1 }) }),
    runStep('b', { needs: ['a'] }),
    agentStep('c', { needs: ['b'] }),
  ];
  const rig = start({ workflow: workflowOf(steps), script: costs(1) });
  expect((await rig.result()).end).toBe('succeeded');
  expect(rig.made).toEqual(['a.1', 'b.1', 'c.1']);
});

test('neither is what a finished part has spent', async () => {
  const part = workflowOf([agentStep('a')], { budget: budget({ usd: 1 }), finally: [agentStep('f')] });
  const workflow = workflowOf([usesStep('p', part), agentStep('c', { needs: ['p'] })]);
  const rig = start({ workflow, script: costs(1) });
  expect((await rig.result()).end).toBe('succeeded');
  expect(rig.made).toEqual(['p.a.1', 'p.f.1', 'c.1']);
});

test('a command costs nothing, so it is not held; what is asked meanwhile stays asked', async () => {
  const steps = [
    agentStep('a'),
    agentStep('b', { needs: ['a'] }),
    runStep('c', { needs: ['a'] }),
    gateStep('g', { needs: ['c'] }),
    runStep('d', { needs: ['b'] }),
  ];
  const workflow = workflowOf(steps, { budget: budget({ usd: 1 }) });
  const rig = start({ workflow, script: costs(1) });
  expect((await rig.result()).end).toBe('parked');
  expect(rig.made).toEqual(['a.1', 'c.1']);
  expect(rig.statuses()).toMatchObject({ g: 'asking' });
  expect(rig.journal.at(-1)).toMatchObject({ reason: 'budget', resume: `${RUN} --budget usd=2` });
});

test('a command takes time, and is held where that is up', async () => {
  const script: Script = () => fine({ 'duration-ms': 5000 });
  const part = workflowOf([runStep('a'), runStep('b', { needs: ['a'] })], { budget: budget({ time: 5000 }) });
  const rig = start({ workflow: workflowOf([usesStep('p', part)]), script });
  expect((await rig.result()).end).toBe('parked');
  expect(rig.made).toEqual(['p.a.1']);
});

test('the next iteration and the next instance are held, with a hint that lets one more of the kind run', async () => {
  const step = agentStep('a', { budget: budget({ usd: 1 }) });
  const loop = loopStep('l', [step], { max: 5, until: 'loop.index === 3' });
  const looped = start({ workflow: workflowOf([loop]), script: costs(1.3) });
  expect((await looped.result()).end).toBe('parked');
  expect(looped.made).toEqual(['l[1].a.1']);
  expect(looped.journal.at(-1)).toMatchObject({ resume: `${RUN} --budget step:l.a.usd=2.6` });
  const options = { raised: { 'step:l.a': { usd: 2.6 } } };
  const again = start({ workflow: workflowOf([loop]), script: costs(1.3), history: looped.journal, options });
  await again.result();
  expect(again.made).toEqual(['l[2].a.1']);
  const matrix = { ...step, matrix: matrixOf({ n: [1, 2, 3] }, { maxParallel: 1 }) };
  const instances = start({ workflow: workflowOf([matrix, runStep('z', { needs: [] })]), script: costs(1) });
  expect((await instances.result()).end).toBe('parked');
  expect(instances.made).toEqual(expect.arrayContaining(['a[1].1', 'z.1']));
  expect(instances.made).toHaveLength(2);
});

test('who waits for its time parks at once when it will not begin anyway', async () => {
  const retry = { attempts: 3, on: ['any'], delayMs: 1e9, maxDelayMs: 1e9, backoff: 'constant' } as const;
  const script: Script = () => ({ ...failing('exit-code'), values: { usage: usage(2) } }) as never;
  const workflow = workflowOf([agentStep('a', { retry } as never)], { budget: budget({ usd: 1 }) });
  const rig = start({ workflow, script });
  expect((await rig.result()).end).toBe('parked');
  const last = rig.journal.at(-1);
  expect(Date.parse(last?.at ?? '') - Date.parse(rig.journal[0]?.at ?? '')).toBeLessThan(1e8);
});

test('spent to the last cent is not exceeded: nothing that runs is ended', async () => {
  const script: Script = async (job, hear, stop) => {
    hear.chatter({ type: 'said', step: job.step, attempt: job.attempt, what: 'usage', usage: usage(1) });
    return stop.soft.aborted ? failing('interrupted') : fine({ usage: usage(1) });
  };
  for (const then of ['pause', 'fail'] as const) {
    const workflow = workflowOf([agentStep('a', { budget: budget({ usd: 1 }, then) })], {
      budget: budget({ usd: 1 }, then),
    });
    const rig = start({ workflow, script });
    expect((await rig.result()).end).toBe('succeeded');
  }
});

test('an execution that goes on is ended where its attempts together have had all the time of the step', async () => {
  const step = agentStep('a', { budget: budget({ time: 1000 }) });
  const workflow = workflowOf([step]);
  // Never ends by itself; what it measured is a little less than what passed.
  const endless: Script = (_job, _hear, stop) =>
    new Promise((resolve) => {
      stop.soft.addEventListener('abort', () =>
        resolve({ ...failing('interrupted'), values: { 'duration-ms': 990 } } as never),
      );
    });
  const first = start({ workflow, script: endless });
  expect((await first.result()).end).toBe('parked');
  expect(first.journal.at(-1)).toMatchObject({ resume: `${RUN} --budget step:a.time=2s` });
  const options = { raised: { 'step:a': { time: 2000 } } };
  const second = start({ workflow, script: endless, history: first.journal, options });
  expect((await second.result()).end).toBe('parked');
  expect(second.made).toEqual(['a.2']);
  expect(second.journal.at(-1)).toMatchObject({ resume: `${RUN} --budget step:a.time=4s` });
});

test('a budget of nothing lets no agent start, and the hint is more than nothing', async () => {
  const rig = start({ workflow: workflowOf([agentStep('a')], { budget: budget({ usd: 0 }) }) });
  expect((await rig.result()).end).toBe('parked');
  expect(rig.journal.at(-1)).toMatchObject({ resume: `${RUN} --budget usd=1` });
});
