import { describe, expect, test } from 'vitest';
import type { Outcome } from '../../src/model/ports.ts';
import { backoff, isRetried, whatNext } from '../../src/run/retry.ts';
import type { Script } from './rig.ts';
import { agentStep, failing, fine, held, runStep, start, template, workflowOf } from './rig.ts';

const retry = {
  attempts: 3,
  delayMs: 10_000,
  backoff: 'exponential',
  maxDelayMs: 300_000,
  on: ['any'],
} as const;

/** Gives one outcome after the other. */
function scripted(...outcomes: Outcome[]): Script {
  let next = 0;
  return () => outcomes[next++] ?? fine();
}

describe('backoff', () => {
  test('doubles up to the longest delay', () => {
    const delays = [1, 2, 3, 4, 5, 6, 7, 99].map((failed) => backoff(retry, failed, () => 0.5));
    expect(delays).toEqual([10_000, 20_000, 40_000, 80_000, 160_000, 300_000, 300_000, 300_000]);
  });

  test('stays the same when fixed', () => {
    expect([1, 2, 9].map((n) => backoff({ ...retry, backoff: 'fixed' }, n, () => 0.5))).toEqual([
      10_000, 10_000, 10_000,
    ]);
  });

  test('varies by a fifth each way, never above the longest delay', () => {
    expect(backoff(retry, 1, () => 0)).toBe(8000);
    expect(backoff(retry, 1, () => 1)).toBe(12_000);
    expect(backoff(retry, 30, () => 1)).toBe(300_000);
  });

  test.each([
    [['transient'], 'overloaded', true],
    [['transient'], 'idle-timeout', true],
    [['transient'], 'exit-code', false],
    [['exit-code', 'signal'], 'signal', true],
    [['any'], 'output', true],
    [[], 'timeout', false],
  ] as const)('on %j, %s is retried: %s', (on, reason, expected) => {
    expect(isRetried({ ...retry, on }, reason)).toBe(expected);
  });
});

describe('retries', () => {
  test('happen after their delay, as often as said, and say so', async () => {
    const step = runStep('a', { retry: { ...retry, on: ['exit-code'] } });
    const rig = start({
      workflow: workflowOf([step]),
      script: () => failing('exit-code', { 'exit-code': 1 }),
    });
    expect(await rig.result()).toEqual({ end: 'failed' });
    expect(rig.made).toEqual(['a.1', 'a.2', 'a.3']);
    expect(rig.clock.waits).toEqual([10_000, 20_000]);
    expect(rig.types()).toEqual([
      'run-started',
      ...['step-started a', 'step-failed a', 'retry-scheduled a'],
      ...['step-started a', 'step-failed a', 'retry-scheduled a'],
      ...['step-started a', 'step-failed a'],
      'run-finished',
    ]);
    expect(rig.journal.flatMap((m) => (m.type === 'step-failed' ? [m.final] : []))).toEqual([
      false,
      false,
      true,
    ]);
  });

  test('a step between two attempts holds no place', async () => {
    const steps = [runStep('a', { retry: { ...retry, on: ['exit-code'] } }), runStep('b')];
    const script: Script = (job) => (job.step === 'a' && job.attempt === 1 ? failing('exit-code') : fine());
    const rig = start({ workflow: workflowOf(steps), script, options: { maxParallel: 1 } });
    await rig.result();
    expect(rig.made).toEqual(['a.1', 'b.1', 'a.2']);
  });

  test('do not happen for reasons that are not named', async () => {
    const step = runStep('a', { retry: { ...retry, on: ['timeout'] } });
    const rig = start({ workflow: workflowOf([step]), script: () => failing('exit-code') });
    await rig.result();
    expect(rig.made).toEqual(['a.1']);
  });

  test('wait as long as the engine asks for', async () => {
    const clock = (await import('./rig.ts')).fakeClock(0);
    const script = scripted(failing('rate-limit', { 'retry-at': new Date(90_000).toISOString() }));
    const rig = start({ workflow: workflowOf([agentStep('a')]), script, clock });
    expect(await rig.result()).toEqual({ end: 'succeeded' });
    expect(clock.waits).toEqual([90_000]);
  });
});

describe('timeout', () => {
  test('stops the attempt softly and is what went wrong', async () => {
    const never = held();
    const rig = start({ workflow: workflowOf([runStep('a', { timeoutMs: 60_000 })]), script: never.script });
    expect(await rig.result()).toEqual({ end: 'failed' });
    const step = rig.progress().steps.get('a' as never);
    expect(step?.failure).toMatchObject({ reason: 'timeout', 'exit-code': 124 });
    expect(step?.values['exit-code']).toBe(124);
    expect(rig.clock.waits).toEqual([60_000]);
  });

  test('that comes when the attempt has just ended well changes nothing', async () => {
    const script: Script = (_job, _hear, stop) =>
      new Promise((resolve) => stop.soft.addEventListener('abort', () => resolve(fine())));
    const rig = start({ workflow: workflowOf([runStep('a', { timeoutMs: 1000 })]), script });
    expect(await rig.result()).toEqual({ end: 'succeeded' });
  });

  test('is taken back when the attempt ends', async () => {
    const rig = start({ workflow: workflowOf([runStep('a', { timeoutMs: 1000 })]) });
    await rig.result();
    expect(rig.clock.next()).toBe(false);
  });
});

describe('fallback', () => {
  const engines = ['codex', 'claude-code'];
  const engineOf: Script = (job) =>
    job.kind === 'prompt' && job.engine === 'codex' ? failing('auth') : fine();

  test('goes on with the next engine, with fresh retries, and says which one did the work', async () => {
    const script: Script = (job) => {
      if (job.kind === 'prompt' && job.engine === 'codex') return failing('overloaded');
      return job.attempt < 6 ? failing('overloaded') : fine();
    };
    const rig = start({ workflow: workflowOf([agentStep('a', { engines })]), script });
    expect(await rig.result()).toEqual({ end: 'succeeded' });
    expect(rig.made).toHaveLength(6);
    expect(rig.journal.find((m) => m.type === 'engine-changed')).toMatchObject({
      attempt: 4,
      from: 'codex',
      to: 'claude-code',
    });
    expect(rig.progress().steps.get('a' as never)?.engine).toBe('claude-code');
  });

  test('is at once where time does not heal', async () => {
    const rig = start({ workflow: workflowOf([agentStep('a', { engines })]), script: engineOf });
    expect(await rig.result()).toEqual({ end: 'succeeded' });
    expect(rig.made).toEqual(['a.1', 'a.2']);
  });

  test('does not happen when the work itself went wrong', async () => {
    const rig = start({
      workflow: workflowOf([agentStep('a', { engines })]),
      script: () => failing('output'),
    });
    expect(await rig.result()).toEqual({ end: 'failed' });
    expect(rig.made).toEqual(['a.1']);
  });

  test('ends with the last engine', async () => {
    const rig = start({ workflow: workflowOf([agentStep('a', { engines })]), script: () => failing('auth') });
    expect(await rig.result()).toEqual({ end: 'failed' });
    expect(rig.made).toEqual(['a.1', 'a.2']);
  });
});

describe('quota', () => {
  const now = Date.UTC(2026, 0, 1);
  const inAnHour = new Date(now + 3_600_000).toISOString();
  const nextAfter = (
    step: ReturnType<typeof agentStep>,
    retryAt?: string,
    quotaSince?: number,
    inVain?: number,
  ) =>
    whatNext({
      step,
      failure: {
        reason: 'quota',
        message: 'used up',
        ...(retryAt === undefined ? {} : { 'retry-at': retryAt }),
      },
      engine: 'codex',
      counted: 1,
      now,
      ...(quotaSince === undefined ? {} : { quotaSince }),
      ...(inVain === undefined ? {} : { inVain }),
      random: () => 0.5,
    });
  const one = { engines: ['codex'] };
  const two = { engines: ['codex', 'claude-code'] };

  test.each([
    ['one engine, reset known', agentStep('a', one), inAnHour, 'quota'],
    ['one engine, reset unknown', agentStep('a', one), undefined, 'final'],
    ['one engine, reset too far away', agentStep('a', { ...one, quotaWaitMs: 60_000 }), inAnHour, 'final'],
    ['two engines', agentStep('a', two), inAnHour, 'engine'],
    ['two engines, wait', agentStep('a', { ...two, onQuota: 'wait' }), inAnHour, 'quota'],
    ['two engines, fail', agentStep('a', { ...two, onQuota: 'fail' }), inAnHour, 'final'],
    ['one engine, fallback', agentStep('a', { ...one, onQuota: 'fallback' }), inAnHour, 'final'],
  ] as const)('%s', (_name, step, retryAt, expected) => {
    expect(nextAfter(step, retryAt).kind).toBe(expected);
  });

  test('all waits together are bounded, so that "in a minute" for ever ends', () => {
    const step = agentStep('a', { ...one, quotaWaitMs: 2 * 3_600_000 });
    expect(nextAfter(step, inAnHour, now - 3_600_000).kind).toBe('quota');
    expect(nextAfter(step, inAnHour, now - 3_600_001).kind).toBe('final');
  });

  describe('whose time has passed', () => {
    const anHourAgo = new Date(now - 3_600_000).toISOString();
    const short = agentStep('a', { ...one, retry: { ...agentStep('x').retry, delayMs: 500 } });

    test('is asked for again after longer and longer pauses, and not for ever', () => {
      const pauses = Array.from({ length: 30 }, (_, inVain) => {
        const next = nextAfter(short, anHourAgo, undefined, inVain);
        return next.kind === 'quota' ? (next.until - now) / 1000 : next.kind;
      });
      expect(pauses.slice(0, 11)).toEqual([0.5, 10, 20, 40, 80, 160, 320, 640, 1280, 1800, 1800]);
      expect(pauses.indexOf('final')).toBe(20);
      expect(nextAfter(short, anHourAgo, undefined, 20)).toMatchObject({
        failure: { message: expect.stringMatching(/asked 21 times/), help: expect.stringMatching(/resume/) },
      });
    });

    test('is not waited for longer than `quota-wait`, the pause included', () => {
      const bound = agentStep('a', { ...one, quotaWaitMs: 60_000 });
      expect(nextAfter(bound, anHourAgo, now - 49_000).kind).toBe('quota');
      expect(nextAfter(bound, anHourAgo, now - 51_000)).toMatchObject({
        kind: 'final',
        failure: { message: expect.stringMatching(/has passed.*`quota-wait: 1m`/) },
      });
    });

    test('is asked for no more often where the reset is said to be near, time and again', () => {
      const soon = new Date(now + 1000).toISOString();
      expect(nextAfter(short, soon, undefined, 5)).toMatchObject({ until: now + 160_000 });
      expect(nextAfter(short, inAnHour, undefined, 5)).toMatchObject({ until: now + 3_600_000 });
    });
  });

  test('says which bound keeps it from waiting', async () => {
    const script: Script = () => failing('quota', { 'retry-at': '2026-11-22T09:30:00.000Z' });
    const rig = start({ workflow: workflowOf([agentStep('a', { quotaWaitMs: 5_400_000 })]), script });
    expect(await rig.result()).toEqual({ end: 'failed' });
    expect(rig.progress().steps.get('a' as never)?.failure).toMatchObject({
      message: expect.stringMatching(/serves again at 2026-11-22T09:30:00.000Z.*`quota-wait: 1h30m`/),
      help: expect.stringContaining('raise `quota-wait`'),
    });
  });

  test('is waited for, costs no retry, and the run shows as waiting', async () => {
    const script: Script = (job) => {
      if (job.attempt > 1) return fine();
      return failing('quota', { 'retry-at': new Date(Date.UTC(2026, 10, 20, 15)).toISOString() });
    };
    const rig = start({ workflow: workflowOf([agentStep('a')]), script });
    expect(await rig.result()).toEqual({ end: 'succeeded' });
    expect(rig.journal.find((m) => m.type === 'quota-waiting')).toMatchObject({
      until: '2026-11-20T15:00:00.000Z',
    });
  });
});

describe('what an attempt is given', () => {
  test('the model as written, nothing where it came out empty', async () => {
    const models: unknown[] = [];
    const steps = [
      agentStep('a', { model: template('opus') }),
      agentStep('b', { needs: ['a'], model: template("${{ '' }}") }),
      agentStep('c', { needs: ['b'], model: template("${{ '--yolo' }}") }),
    ];
    const script: Script = (job) => {
      models.push('model' in job ? job.model : undefined);
      return fine();
    };
    const rig = start({ workflow: workflowOf(steps), script });
    expect(await rig.result()).toEqual({ end: 'failed' });
    expect(models).toEqual(['opus', undefined]);
    expect(rig.progress().steps.get('c' as never)?.failure?.reason).toBe('config');
  });

  test('a session is said as soon as the engine names it', async () => {
    const script: Script = (_job, hear) => {
      hear.session('s-1');
      return fine();
    };
    const rig = start({ workflow: workflowOf([agentStep('a')]), script });
    await rig.result();
    expect(rig.types()).toEqual([
      'run-started',
      'step-started a',
      'session-opened a',
      'step-succeeded a',
      'run-finished',
    ]);
  });
});

describe('a prompt that begins with a slash', () => {
  test.each([
    ['${{ "/deploy now" }}', '\n/deploy now'],
    ['/${{ "deploy" }} now', '\n/deploy now'],
    ['${{ "" }}/deploy', '\n/deploy'],
    ['/review ${{ "/x" }}', '/review /x'],
    ['/review', '/review'],
    ['see ${{ "/x" }}', 'see /x'],
  ])('%j is %j for the engine: data names no command', async (written, expected) => {
    const prompts: string[] = [];
    const rig = start({
      workflow: workflowOf([agentStep('a', { prompt: template(written) })]),
      script: (job) => {
        if (job.kind === 'prompt') prompts.push(job.prompt);
        return fine();
      },
    });
    await rig.result();
    expect(prompts).toEqual([expected]);
  });
});
