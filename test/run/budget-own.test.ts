// What is left of a limit in dollars is handed to engines that hold themselves to one.
import { expect, test } from 'vitest';
import type { Budget } from '../../src/model/budget.ts';
import type { PromptJob } from '../../src/model/ports.ts';
import { priced } from '../../src/run/prices.ts';
import { agentStep, failing, fine, type Script, start, workflowOf } from './rig.ts';

const budget = (usd: number, onExceed: Budget['onExceed'] = 'pause'): Budget => ({
  limits: { usd },
  onExceed,
  allowUnknownCost: false,
});

const used = (usd: number) => ({
  usage: { 'input-tokens': 1, 'output-tokens': 1, 'cached-tokens': 0, usd },
});

/** Notes what each attempt was given, and costs so much. */
function noting(usd: number): { readonly given: (number | undefined)[]; readonly script: Script } {
  const given: (number | undefined)[] = [];
  return {
    given,
    script: (job) => {
      given.push((job as PromptJob).maxUsd);
      return fine(used(usd));
    },
  };
}

test('the narrowest of several, less what was spent of it', async () => {
  const { given, script } = noting(0.5);
  const steps = [
    agentStep('a', { budget: budget(4) }),
    agentStep('b', { needs: ['a'], budget: budget(2) }),
    agentStep('c', { needs: ['b'], budget: budget(2) }),
  ];
  const workflow = workflowOf(steps, { budget: budget(2.75, 'fail') });
  await start({ workflow, script }).result();
  expect(given).toEqual([2.75, 2, 1.75]);
});

test('what runs comes to its end where the budget of the run pauses, so nothing is handed over', async () => {
  const { given, script } = noting(0.5);
  await start({ workflow: workflowOf([agentStep('a')], { budget: budget(1) }), script }).result();
  expect(given).toEqual([undefined]);
});

test('`finally` is not held back', async () => {
  const { given, script } = noting(0.5);
  const workflow = workflowOf([], { budget: budget(1, 'fail'), finally: [agentStep('f')] });
  await start({ workflow, script }).result();
  expect(given).toEqual([undefined]);
});

test('an engine that ended at its limit failed for the budget that it was', async () => {
  const script: Script = () => ({ ...failing('budget'), values: used(0.99999) });
  const workflow = workflowOf([agentStep('a', { budget: budget(1, 'fail') })]);
  const rig = start({ workflow, script });
  await rig.result();
  expect(rig.journal.find((m) => m.type === 'step-failed')).toMatchObject({
    failure: {
      reason: 'budget',
      message: 'the budget of the step `a` is used up: $1.00 of $1.00',
      help: 'raise it with `codemachine resume … --budget step:a.usd=2`',
    },
  });
});

test('a run that is interrupted stays so, whatever is spent while it stops', async () => {
  const script: Script = (_job, _hear, stop) =>
    new Promise((resolve) => {
      stop.soft.addEventListener('abort', () => resolve({ ...failing('signal'), values: used(2) }));
      queueMicrotask(() => rig.handle.stop('interrupt', 'SIGTERM'));
    });
  const rig = start({ workflow: workflowOf([agentStep('a')], { budget: budget(1, 'fail') }), script });
  expect((await rig.result()).end).toBe('interrupted');
});

test('what says nothing of its use is unknown, and not free', async () => {
  const steps = [agentStep('a'), agentStep('b', { needs: ['a'] })];
  const script: Script = (job) => fine(job.step === 'a' ? {} : used(1));
  const rig = start({ workflow: workflowOf(steps, { budget: budget(5) }), script });
  await rig.result();
  expect(rig.journal.at(-1)).toMatchObject({ type: 'run-finished', usage: { usd: null, 'input-tokens': 1 } });
  expect(rig.progress().spending.by.get('run')).toMatchObject({ usd: 1, unknown: 1, silent: 1 });
});

test('no price makes nothing of what nobody knows', () => {
  const usage = { 'input-tokens': 0, 'output-tokens': 0, 'cached-tokens': 0, usd: null };
  expect(priced({ m: { input: 1, output: 1 } }, usage, 'm')).toEqual(usage);
});
