import { expect, test } from 'vitest';
import type { Budget } from '../../src/model/budget.ts';
import type { Usage } from '../../src/model/event.ts';
import type { Script } from './rig.ts';
import {
  agentStep,
  failing,
  fakeTree,
  fine,
  gateStep,
  held,
  loopStep,
  matrixOf,
  runStep,
  start,
  usesStep,
  workflowOf,
} from './rig.ts';

const usage = (usd: number | null, tokens = 0): Usage => ({
  'input-tokens': tokens,
  'output-tokens': 0,
  'cached-tokens': 0,
  usd,
});

const budget = (limits: Budget['limits'], onExceed: Budget['onExceed'] = 'pause'): Budget => ({
  limits,
  onExceed,
  allowUnknownCost: false,
});

/** Each attempt costs so much. */
const costs =
  (usd: number | null, tokens = 0): Script =>
  () =>
    fine({ usage: usage(usd, tokens) });

const three = [agentStep('a'), agentStep('b', { needs: ['a'] }), agentStep('c', { needs: ['b'] })] as const;

test('pause: what runs comes to its end, then the run parks and says how to go on', async () => {
  const workflow = workflowOf(three, { budget: budget({ usd: 2 }), finally: [runStep('f')] });
  const rig = start({ workflow, script: costs(1.5) });
  expect((await rig.result()).end).toBe('parked');
  expect(rig.made).toEqual(['a.1', 'b.1']);
  expect(rig.journal.find((m) => m.type === 'budget-exceeded')).toMatchObject({
    scope: 'run',
    unit: 'usd',
    spent: 3,
    limit: 2,
  });
  expect(rig.journal.at(-1)).toMatchObject({
    type: 'run-parked',
    reason: 'budget',
    resume: 'codemachine resume 20261120-141503-k7qd --budget usd=6',
  });
});

test('a run whose last step used the budget up is done', async () => {
  const workflow = workflowOf(three, { budget: budget({ tokens: 30 }), finally: [runStep('f')] });
  const rig = start({ workflow, script: costs(0, 10) });
  expect((await rig.result()).end).toBe('succeeded');
  expect(rig.made.at(-1)).toBe('f.1');
});

test('resumed as it was it parks again; with more to spend it goes on; what is spent stays spent', async () => {
  const workflow = workflowOf(three, { budget: budget({ usd: 2 }) });
  const first = start({ workflow, script: costs(1.5) });
  await first.result();
  const second = start({ workflow, script: costs(1.5), history: first.journal });
  expect((await second.result()).end).toBe('parked');
  expect(second.made).toEqual([]);
  expect(second.journal.filter((m) => m.type === 'budget-exceeded')).toHaveLength(1);
  const options = { raised: { run: { usd: 4 } } };
  const third = start({ workflow, script: costs(0.5), history: second.journal, options });
  expect((await third.result()).end).toBe('succeeded');
  expect(third.journal.findLast((m) => m.type === 'run-resumed')).toMatchObject({
    budget: { run: { usd: 4 } },
  });
  expect(third.progress().spending.by.get('run')).toMatchObject({ usd: 3.5, unknown: 0 });
});

test('fail: what runs is ended, nothing else starts, finally runs, the run failed', async () => {
  const slow = held();
  const workflow = workflowOf(
    [agentStep('slow'), agentStep('quick'), agentStep('next', { needs: ['slow'] })],
    {
      budget: budget({ usd: 1 }, 'fail'),
      finally: [runStep('f')],
    },
  );
  const script: Script = (job, hear, stop) => {
    if (job.step === 'slow') return slow.script(job, hear, stop);
    return fine({ usage: usage(2) });
  };
  const rig = start({ workflow, script });
  expect((await rig.result()).end).toBe('failed');
  expect(rig.statuses()).toEqual({ slow: 'failed', quick: 'succeeded', next: 'canceled', f: 'succeeded' });
  expect(rig.progress().steps.get('slow' as never)?.failure?.reason).toBe('budget');
  expect(rig.progress().steps.get('next' as never)?.because).toBe(
    'the budget of the run is used up: $2.00 of $1.00',
  );
});

test('an attempt is ended while it works when its step may spend no more; what it used is recorded', async () => {
  const script: Script = (_job, hear, stop) =>
    new Promise((resolve) => {
      stop.soft.addEventListener('abort', () =>
        resolve({ ...failing('interrupted'), values: { usage: usage(null, 60) } } as never),
      );
      const said = { type: 'said', step: 'a', attempt: 1, what: 'usage' } as never as object;
      hear.chatter({ ...said, usage: usage(null, 60) } as never);
    });
  const step = agentStep('a', { budget: { ...budget({ tokens: 50 }, 'fail'), allowUnknownCost: true } });
  const rig = start({ workflow: workflowOf([step, agentStep('b', { needs: ['a'] })]), script });
  expect((await rig.result()).end).toBe('failed');
  expect(rig.progress().steps.get('a' as never)).toMatchObject({
    status: 'failed',
    failure: { reason: 'budget', message: 'the budget of the step `a` is used up: 60 tokens of 50 tokens' },
  });
  expect(rig.progress().spending.by.get('step:a')).toMatchObject({ tokens: 60, unknown: 1 });
});

test('by pause too, and then the edits are taken back, and the next owner tries again', async () => {
  const tree = fakeTree();
  const script: Script = (job, hear, stop) => {
    if (job.attempt > 1) return fine();
    tree.files.set('x', 'half');
    return new Promise((resolve) => {
      stop.soft.addEventListener('abort', () => resolve(failing('interrupted')));
      hear.chatter({ type: 'said', step: job.step, attempt: 1, what: 'usage', usage: usage(3) });
    });
  };
  const step = agentStep('a', { access: 'write', budget: budget({ usd: 2 }) });
  const first = start({ workflow: workflowOf([step]), script, tree });
  expect((await first.result()).end).toBe('parked');
  expect(first.journal.at(-1)).toMatchObject({
    resume: 'codemachine resume 20261120-141503-k7qd --budget step:a.usd=6',
  });
  expect(tree.files.has('x')).toBe(false);
  const options = { raised: { 'step:a': { usd: 6 } } };
  const second = start({ workflow: workflowOf([step]), script, tree, history: first.journal, options });
  expect((await second.result()).end).toBe('succeeded');
  expect(second.made).toEqual(['a.2']);
});

test('a step has one budget for all its attempts, iterations and instances', async () => {
  const step = agentStep('a', { budget: budget({ usd: 2.5 }, 'fail'), continueOnError: true });
  const looped = start({
    workflow: workflowOf([loopStep('l', [step], { max: 5, until: 'loop.index === 5' })]),
    script: costs(1),
  });
  await looped.result();
  expect(looped.made).toEqual(['l[1].a.1', 'l[2].a.1', 'l[3].a.1']);
  expect(looped.progress().steps.get('l[4].a' as never)?.failure?.reason).toBe('budget');
  const instances = start({
    workflow: workflowOf([{ ...step, matrix: matrixOf({ n: [1, 2, 3, 4, 5] }, { maxParallel: 1 }) }]),
    script: costs(1),
  });
  await instances.result();
  expect(instances.made).toHaveLength(3);
});

test('an agent has one for everything it does, and one spender may have two', async () => {
  const steps = ['a', 'b', 'c'].map((id, i, all) =>
    agentStep(id, { agent: i === 1 ? 'other' : 'coder', needs: i === 0 ? [] : [all[i - 1] ?? ''] }),
  );
  const workflow = workflowOf(steps, {
    budget: budget({ usd: 100 }),
    agentBudgets: { coder: budget({ usd: 1 }, 'fail') },
  });
  const rig = start({ workflow, script: costs(1) });
  expect((await rig.result()).end).toBe('failed');
  expect(rig.made).toEqual(['a.1', 'b.1']);
  expect(rig.progress().steps.get('c' as never)?.failure?.message).toContain('the agent `coder`');
});

test('attempts side by side count together', async () => {
  const many = ['a', 'b', 'c', 'd', 'e', 'f'].map((id) => agentStep(id));
  const rig = start({
    workflow: workflowOf(many, { budget: budget({ usd: 2 }) }),
    script: costs(1),
    options: { maxParallel: 2 },
  });
  expect((await rig.result()).end).toBe('parked');
  // One began when half of it was left, and was let to its end.
  expect(rig.made).toHaveLength(3);
});

test('a cost that nobody knows is never nothing', async () => {
  const workflow = workflowOf(three, { budget: { ...budget({ usd: 1 }), allowUnknownCost: true } });
  const rig = start({ workflow, script: costs(null, 10) });
  expect((await rig.result()).end).toBe('succeeded');
  expect(rig.progress().spending.by.get('run')).toMatchObject({ usd: 0, unknown: 3 });
  expect(rig.progress().usage?.usd).toBeNull();
});

test('a price makes a cost of tokens', async () => {
  const template = { parts: ['m'], whole: false, at: { start: 0, end: 0 } };
  const workflow = workflowOf(
    three.map((step) => ({ ...step, model: template })),
    { budget: budget({ usd: 1 }) },
  );
  const script: Script = () =>
    fine({
      usage: { 'input-tokens': 1_000_000, 'cached-tokens': 500_000, 'output-tokens': 100_000, usd: null },
    });
  const prices = { m: { input: 0.2, output: 1, cached: 0.02 } };
  const rig = start({ workflow, script, options: { prices } });
  await rig.result();
  expect(rig.progress().steps.get('a' as never)?.usage?.usd).toBeCloseTo(0.1 + 0.01 + 0.1, 9);
});

test('time passes while somebody works, and not while a gate is waited for', async () => {
  const workflow = workflowOf(
    [runStep('a'), gateStep('g', { needs: ['a'] }), runStep('b', { needs: ['g'] })],
    {
      budget: budget({ time: 60_000 }),
    },
  );
  const first = start({ workflow, script: costs(0) });
  expect((await first.result()).end).toBe('parked');
  expect(first.journal.at(-1)).toMatchObject({ reason: 'gate' });
  const before = first.progress().spending.by.get('run')?.time ?? 0;
  expect(before).toBeLessThan(1000);
  const slow = held();
  const hanging = start({
    workflow: workflowOf([runStep('a'), runStep('b', { needs: ['a'] })], {
      budget: budget({ time: 60_000 }, 'fail'),
    }),
    script: slow.script,
  });
  expect((await hanging.result()).end).toBe('failed');
  expect(hanging.progress().steps.get('a' as never)?.failure?.message).toBe(
    'the budget of the run is used up: 60 s of 60 s',
  );
});

test('a replay spends what it replays, and costs nothing', async () => {
  const workflow = workflowOf(three, { budget: budget({ usd: 2 }) });
  const script: Script = () => ({ ok: true, reused: 'replay', values: { usage: usage(1.5) } });
  const rig = start({ workflow, script });
  expect((await rig.result()).end).toBe('parked');
  expect(rig.progress().usage).toBeUndefined();
});

test('a budget of nothing lets nothing start', async () => {
  const rig = start({ workflow: workflowOf(three, { budget: budget({ usd: 0 }) }) });
  expect((await rig.result()).end).toBe('parked');
  expect(rig.made).toEqual([]);
});

test('a used workflow has a budget of its own, with its own agents; its finally runs whatever was spent', async () => {
  const part = (onExceed: Budget['onExceed']) =>
    workflowOf([agentStep('a', { agent: 'coder' }), agentStep('b', { agent: 'coder', needs: ['a'] })], {
      budget: budget({ usd: 1 }, onExceed),
      agentBudgets: { coder: budget({ usd: 50 }) },
      finally: [runStep('f')],
    });
  const around = (onExceed: Budget['onExceed']) =>
    workflowOf([
      agentStep('a', { agent: 'coder' }),
      usesStep('release', part(onExceed), { needs: ['a'] }),
      agentStep('c', { needs: ['release'] }),
    ]);
  const failed = start({ workflow: around('fail'), script: costs(1) });
  expect((await failed.result()).end).toBe('failed');
  expect(failed.made).toEqual(['a.1', 'release.a.1', 'release.f.1']);
  expect(failed.progress().steps.get('release.b' as never)?.failure?.message).toContain(
    'the used workflow `release`',
  );
  expect([...failed.progress().spending.by.keys()].filter((scope) => scope.startsWith('agent:'))).toEqual([
    'agent:coder',
    'agent:release.coder',
  ]);
  const parked = start({ workflow: around('pause'), script: costs(1) });
  expect((await parked.result()).end).toBe('parked');
  expect(parked.journal.at(-1)).toMatchObject({
    resume: 'codemachine resume 20261120-141503-k7qd --budget part:release.usd=2',
  });
  const options = { raised: { 'part:release': { usd: 9 } } } as const;
  const resumed = start({ workflow: around('pause'), script: costs(1), history: parked.journal, options });
  expect((await resumed.result()).end).toBe('succeeded');
  expect(resumed.made).toEqual(['release.b.1', 'release.f.1', 'c.1']);
});

test('a limit that was raised stays raised where the run goes on with other files; one that the file raises higher goes by the file', async () => {
  const parked = start({ workflow: workflowOf(three, { budget: budget({ usd: 1 }) }), script: costs(1.5) });
  expect((await parked.result()).end).toBe('parked');
  const again = start({
    workflow: workflowOf(three, { budget: budget({ usd: 1 }) }),
    script: costs(1.5),
    history: parked.journal,
    options: { raised: { run: { usd: 2.5 } } },
  });
  expect((await again.result()).end).toBe('parked');
  const updated = (usd: number) =>
    start({
      workflow: workflowOf(three, { budget: budget({ usd }) }),
      script: costs(0),
      history: again.journal,
      opening: { updated: { sha256: 'cd'.repeat(32), inputs: {}, again: [], gone: [] } },
      options: { raised: {} },
    });
  const said = async (usd: number) => {
    const rig = updated(usd);
    await rig.result();
    return rig.journal.findLast((m) => m.type === 'run-resumed');
  };
  expect(await said(1)).toMatchObject({ budget: { run: { usd: 2.5 } } });
  expect(await said(9)).toMatchObject({ budget: { run: { usd: 9 } } });
});
