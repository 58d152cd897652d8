import { describe, expect, test } from 'vitest';
import type { Script } from './rig.ts';
import {
  agentStep,
  failing,
  fakeClock,
  fakeTree,
  fine,
  held,
  runStep,
  start,
  turn,
  workflowOf,
} from './rig.ts';

const usage = { 'input-tokens': 10, 'output-tokens': 1, 'cached-tokens': 0, usd: null };

describe('cancel', () => {
  test('stops what runs, cancels what waits, runs finally, ends the run', async () => {
    const running = held();
    const steps = [
      runStep('a'),
      runStep('b', { needs: ['a'] }),
      runStep('c', { needs: ['b'], if: 'always()' }),
    ];
    const rig = start({
      workflow: workflowOf(steps, { finally: [runStep('clean'), runStep('only-ok', { if: 'success()' })] }),
      script: (job, hear, stop) => (job.step === 'a' ? running.script(job, hear, stop) : fine()),
    });
    await running.started;
    rig.handle.stop('cancel', 'somebody');
    expect(await rig.result()).toEqual({ end: 'canceled' });
    expect(rig.statuses()).toEqual({
      a: 'canceled',
      b: 'canceled',
      c: 'canceled',
      clean: 'succeeded',
      'only-ok': 'skipped',
    });
    expect(rig.made).toEqual(['a.1', 'clean.1']);
  });

  test('what a canceled attempt cost is in the bill', async () => {
    const rig = start({
      workflow: workflowOf([agentStep('a')]),
      script: (_job, _hear, stop) =>
        new Promise((resolve) => {
          stop.soft.addEventListener('abort', () =>
            resolve({ ok: false, failure: { reason: 'signal', message: 'SIGINT' }, values: { usage } }),
          );
          rig.handle.stop('cancel', 'somebody');
        }),
    });
    expect(await rig.result()).toEqual({ end: 'canceled' });
    expect(rig.journal.at(-1)).toMatchObject({ type: 'run-finished', usage });
  });

  test('a step that waits for its retry is canceled at once', async () => {
    const step = runStep('a', {
      retry: { attempts: 2, delayMs: 1e9, backoff: 'fixed', maxDelayMs: 1e9, on: ['any'] },
    });
    const clock = fakeClock();
    const rig = start({ workflow: workflowOf([step]), script: () => failing('exit-code'), clock });
    while (clock.waits.length === 0) await turn();
    rig.handle.stop('cancel', 'somebody');
    expect(await rig.handle.done).toEqual({ end: 'canceled' });
    expect(rig.statuses()).toEqual({ a: 'canceled' });
    expect(clock.next()).toBe(false);
  });
});

describe('cancel and finally', () => {
  test('a cancel while finally runs stops it, and cancels what is left of it', async () => {
    const clean = held();
    const rig = start({
      workflow: workflowOf([runStep('a')], { finally: [runStep('clean'), runStep('more')] }),
      script: (job, hear, stop) => (job.step === 'clean' ? clean.script(job, hear, stop) : fine()),
    });
    await clean.started;
    rig.handle.stop('cancel', 'somebody');
    expect(await rig.result()).toEqual({ end: 'canceled' });
    expect(rig.statuses()).toEqual({ a: 'succeeded', clean: 'canceled', more: 'canceled' });
  });

  test('a second cancel does not take finally from a run that is canceled already', async () => {
    const clean = held();
    const rig = start({
      workflow: workflowOf([runStep('a')], { finally: [runStep('clean'), runStep('more')] }),
      script: (job, hear, stop) => {
        if (job.step === 'clean') return clean.script(job, hear, stop);
        if (job.step === 'a') rig.handle.stop('cancel', 'somebody');
        return fine();
      },
    });
    await clean.started;
    rig.handle.stop('cancel', 'somebody else');
    clean.end();
    expect(await rig.result()).toEqual({ end: 'canceled' });
    expect(rig.statuses()).toEqual({ a: 'succeeded', clean: 'succeeded', more: 'succeeded' });
  });

  test('a finally step that fails makes a canceled run a failed one', async () => {
    const rig = start({
      workflow: workflowOf([runStep('a')], { finally: [runStep('clean')] }),
      script: (job) => {
        if (job.step === 'clean') return failing('exit-code');
        rig.handle.stop('cancel', 'somebody');
        return fine();
      },
    });
    expect(await rig.result()).toEqual({ end: 'failed' });
  });
});

describe('one while the other is being done', () => {
  /** Stopped once, the attempt stays until it is let go. */
  const slow = () => {
    let go: () => void = () => undefined;
    const left = new Promise<void>((resolve) => {
      go = resolve;
    });
    const script: Script = (job, _hear, stop) =>
      job.step !== 'a'
        ? fine()
        : new Promise((resolve) => {
            stop.soft.addEventListener('abort', () => void left.then(() => resolve(failing('signal'))));
          });
    return { script, go: () => go() };
  };
  const workflow = workflowOf([runStep('a'), runStep('b', { needs: ['a'] })], {
    finally: [runStep('clean')],
  });

  test('a cancel that follows an interrupt ends the run, and runs finally', async () => {
    const running = slow();
    const rig = start({ workflow, script: running.script });
    while (rig.made.length === 0) await turn();
    rig.handle.stop('interrupt', 'SIGINT');
    rig.handle.stop('cancel', 'somebody');
    running.go();
    expect(await rig.result()).toEqual({ end: 'canceled' });
    expect(rig.statuses()).toEqual({ a: 'canceled', b: 'canceled', clean: 'succeeded' });
  });

  test('an interrupt that follows a cancel leaves finally to the resume', async () => {
    const running = slow();
    const rig = start({ workflow, script: running.script });
    while (rig.made.length === 0) await turn();
    rig.handle.stop('cancel', 'somebody');
    rig.handle.stop('interrupt', 'SIGINT');
    running.go();
    expect(await rig.result()).toEqual({ end: 'interrupted' });
    expect(rig.made).toEqual(['a.1']);
    expect(rig.journal.at(-1)).toMatchObject({ type: 'run-interrupted', by: 'SIGINT' });
  });

  test('a cancel does not hold up who wants to stop at once', async () => {
    const rig = start({
      workflow,
      script: (_job, _hear, stop) =>
        new Promise((resolve) => {
          stop.hard.addEventListener('abort', () => resolve(failing('signal')));
          rig.handle.stop('interrupt', 'SIGINT');
          rig.handle.stopNow();
          rig.handle.stop('cancel', 'somebody');
        }),
    });
    expect(await rig.result()).toEqual({ end: 'interrupted' });
    expect(rig.made).toEqual(['a.1']);
  });
});

describe('interrupt', () => {
  test('records each running attempt, runs no finally, and leaves the rest to the resume', async () => {
    const running = held();
    const rig = start({
      workflow: workflowOf([runStep('a'), runStep('b', { needs: ['a'] })], { finally: [runStep('clean')] }),
      script: running.script,
    });
    await running.started;
    rig.handle.stop('interrupt', 'SIGINT');
    expect(await rig.result()).toEqual({ end: 'interrupted' });
    expect(rig.types()).toEqual(['run-started', 'step-started a', 'step-failed a', 'run-interrupted']);
    expect(rig.journal[2]).toMatchObject({ final: false, failure: { reason: 'interrupted' } });
    expect(rig.journal[3]).toMatchObject({ by: 'SIGINT', attempt: 1 });
  });

  test('an attempt that ended well while it was stopped has succeeded', async () => {
    const rig = start({
      workflow: workflowOf([runStep('a'), runStep('b', { needs: ['a'] })]),
      script: () => {
        rig.handle.stop('interrupt', 'SIGINT');
        return fine();
      },
    });
    expect(await rig.result()).toEqual({ end: 'interrupted' });
    expect(rig.statuses()).toEqual({ a: 'succeeded' });
  });

  test('the tree of a writing agent is recorded, and left as it is', async () => {
    const tree = fakeTree();
    const rig = start({
      workflow: workflowOf([agentStep('a', { access: 'write' })]),
      tree,
      script: (_job, _hear, stop) =>
        new Promise((resolve) => {
          tree.files.set('half', 'done');
          stop.soft.addEventListener('abort', () =>
            resolve({ ok: false, failure: { reason: 'signal', message: '' }, values: {} }),
          );
          rig.handle.stop('interrupt', 'SIGINT');
        }),
    });
    expect(await rig.result()).toEqual({ end: 'interrupted' });
    expect(rig.types().filter((type) => type.startsWith('snapshot'))).toHaveLength(2);
    expect(tree.files.get('half')).toBe('done');
  });

  test('a second signal reaches attempts that ignore the first', async () => {
    const rig = start({
      workflow: workflowOf([runStep('a')]),
      script: (_job, _hear, stop) =>
        new Promise((resolve) => {
          stop.soft.addEventListener('abort', () => rig.handle.stopNow());
          stop.hard.addEventListener('abort', () =>
            resolve({ ok: false, failure: { reason: 'signal', message: '' }, values: {} }),
          );
          rig.handle.stop('interrupt', 'SIGTERM');
        }),
    });
    expect(await rig.result()).toEqual({ end: 'interrupted' });
  });

  test('before anything started starts nothing', async () => {
    const rig = start({ workflow: workflowOf([runStep('a')]) });
    rig.handle.stop('interrupt', 'SIGINT');
    expect(await rig.result()).toEqual({ end: 'interrupted' });
    expect(rig.made).toEqual([]);
  });

  test('of `finally` of a canceled run leaves it to the resume', async () => {
    const clean = held();
    const rig = start({
      workflow: workflowOf([runStep('a')], { finally: [runStep('clean'), runStep('more')] }),
      script: (job, hear, stop) => {
        if (job.step === 'clean') return clean.script(job, hear, stop);
        rig.handle.stop('cancel', 'somebody');
        return fine();
      },
    });
    await clean.started;
    rig.handle.stop('interrupt', 'SIGINT');
    expect(await rig.result()).toEqual({ end: 'interrupted' });
    expect(rig.types().at(-1)).toBe('run-interrupted');
  });
});

describe('when we are wrong or nobody', () => {
  test('a run that has another owner stops at once and says so', async () => {
    const running = held();
    const rig = start({
      workflow: workflowOf([runStep('a'), runStep('b')]),
      script: (job, hear, stop) => (job.step === 'b' ? running.script(job, hear, stop) : fine()),
      refuse: (body) => body.type === 'step-succeeded',
    });
    expect(await rig.result()).toEqual({ end: 'lost', message: 'the run has another owner' });
  });

  test('a defect of an expression stops what was started too', async () => {
    const running = held();
    const rig = start({
      workflow: workflowOf([runStep('a'), runStep('b', { if: 'true' })]),
      script: running.script,
      ports: {
        evaluate: () => {
          throw new Error('we are wrong');
        },
      },
    });
    await expect(rig.result()).rejects.toThrow('we are wrong');
    expect(rig.types().at(-1)).toBe('run-interrupted');
  });

  test('a defect in finally is thrown too', async () => {
    const rig = start({
      workflow: workflowOf([runStep('a')], { finally: [runStep('clean')] }),
      script: (job) => {
        if (job.step === 'clean') throw new Error('we are wrong');
        return fine();
      },
    });
    await expect(rig.result()).rejects.toThrow('we are wrong');
  });

  test('a defect stops the others softly, is recorded, then thrown', async () => {
    const running = held();
    const rig = start({
      workflow: workflowOf([runStep('a'), runStep('b')]),
      script: async (job, hear, stop) => {
        if (job.step === 'a') return running.script(job, hear, stop);
        await running.started;
        throw new Error('we are wrong');
      },
    });
    await expect(rig.result()).rejects.toThrow('we are wrong');
    expect(rig.statuses()).toEqual({ a: 'waiting', b: 'failed' });
    expect(rig.progress().steps.get('b' as never)?.failure?.reason).toBe('internal');
    expect(rig.types().at(-1)).toBe('run-interrupted');
  });
});
