import { describe, expect, test } from 'vitest';
import { failing, fine, runStep, start, template, workflowOf } from './rig.ts';

describe('finally', () => {
  test('runs in order whatever happened, and sees how the list ended', async () => {
    const seen: string[] = [];
    const env = { STATUS: template('${{ run.status }} ${{ steps.a.status }} ${{ steps.b.stdout }}') };
    const rig = start({
      workflow: workflowOf([runStep('a'), runStep('b', { needs: ['a'] })], {
        finally: [
          runStep('one', { env }),
          runStep('two', { if: 'failure()' }),
          runStep('three', { if: 'success()' }),
        ],
      }),
      script: (job) => {
        if (job.step === 'one') seen.push(job.env.STATUS ?? '');
        return job.step === 'a' ? failing('exit-code') : fine();
      },
    });
    expect(await rig.result()).toEqual({ end: 'failed' });
    expect(rig.made).toEqual(['a.1', 'one.1', 'two.1']);
    expect(seen).toEqual(['failed failed ']);
    expect(rig.statuses().three).toBe('skipped');
  });

  test('a failing one makes the run failed, and the others still run', async () => {
    const rig = start({
      workflow: workflowOf([runStep('a')], { finally: [runStep('one'), runStep('two')] }),
      script: (job) => (job.step === 'one' ? failing('exit-code') : fine()),
    });
    expect(await rig.result()).toEqual({ end: 'failed' });
    expect(rig.made).toEqual(['a.1', 'one.1', 'two.1']);
  });

  test('runs again when an ended run is resumed, and not when only it was cut off', async () => {
    const workflow = workflowOf([runStep('a')], { finally: [runStep('one'), runStep('two')] });
    const first = start({ workflow, script: (job) => (job.step === 'two' ? failing('exit-code') : fine()) });
    await first.result();
    const again = start({ workflow, history: first.journal });
    expect(await again.result()).toEqual({ end: 'succeeded' });
    expect(again.made).toEqual(['one.2', 'two.2']);
    const cut = first.journal.findIndex((m) => m.type === 'step-started' && m.step === 'two') + 1;
    const resumed = start({ workflow, history: first.journal.slice(0, cut) });
    expect(await resumed.result()).toEqual({ end: 'succeeded' });
    expect(resumed.made).toEqual(['two.2']);
  });
});

describe('the end', () => {
  test('outputs are those of the steps, null where they did not run, with their types', async () => {
    const outputs = {
      n: template('${{ steps.a.outputs.n }}'),
      no: template('${{ steps.b.text }}'),
      t: template('n=${{ steps.a.outputs.n }}'),
    };
    const rig = start({
      workflow: workflowOf([runStep('a'), runStep('b', { if: 'false' })], { outputs }),
      script: () => fine({ outputs: { n: 3 } }),
    });
    expect(await rig.result()).toEqual({ end: 'succeeded' });
    expect(rig.journal.at(-1)).toMatchObject({ outputs: { n: 3, no: null, t: 'n=3' } });
  });

  test('outputs that cannot be computed fail the run, and say which', async () => {
    const rig = start({
      workflow: workflowOf([runStep('a')], { outputs: { n: template('${{ nothing.here }}') } }),
    });
    const result = await rig.result();
    expect(result.end).toBe('failed');
    expect(result.message).toContain('`n`');
    const failure = { reason: 'condition', message: result.message };
    expect(rig.journal.at(-1)).toMatchObject({ type: 'run-finished', outputs: {}, failure });
  });

  test('usage is added up, unknown cost stays unknown, the time is that of the owners', async () => {
    const usage = { 'input-tokens': 10, 'output-tokens': 2, 'cached-tokens': 1, usd: 0.5 };
    const workflow = workflowOf([runStep('a'), runStep('b', { needs: ['a'] })]);
    const rig = start({
      workflow,
      script: (job) => fine({ usage: job.step === 'a' ? usage : { ...usage, usd: null } }),
    });
    await rig.result();
    expect(rig.journal.at(-1)).toMatchObject({ usage: { 'input-tokens': 20, usd: null } });
    const { ownedBefore } = await import('../../src/run/finish.ts');
    const at = (type: string, seconds: number) =>
      ({ type, at: new Date(seconds * 1000).toISOString() }) as never;
    const history = [
      at('run-started', 0),
      at('step-started', 5),
      at('run-resumed', 100),
      at('step-started', 107),
    ];
    expect(ownedBefore(history)).toBe(12_000);
  });

  test('what is masked is masked before anybody sees it, the next step included', async () => {
    let seen = '';
    const steps = [
      runStep('a'),
      runStep('b', { needs: ['a'], env: { X: template('${{ steps.a.stdout }}') } }),
    ];
    const rig = start({
      workflow: workflowOf(steps),
      ports: { mask: (body) => JSON.parse(JSON.stringify(body).replaceAll('hush', '***')) },
      script: (job) => {
        if (job.step === 'b') seen = job.env.X ?? '';
        return fine({ stdout: 'hush now' });
      },
    });
    await rig.result();
    expect(seen).toBe('*** now');
    expect(JSON.stringify(rig.journal)).not.toContain('hush');
  });
});
