import { describe, expect, test } from 'vitest';
import type { StepStatus } from '../../src/model/progress.ts';
import { ok } from '../../src/model/result.ts';
import { judge } from '../../src/run/judge.ts';
import { isTrue } from '../../src/run/scope.ts';
import { expr, failing, fine, runStep, start, workflowOf } from './rig.ts';

describe('what may run next, by how its only need ended', () => {
  const table: [StepStatus, boolean, string | undefined, string][] = [
    ['succeeded', false, undefined, 'run'],
    ['skipped', false, undefined, 'run'],
    ['failed', true, undefined, 'run'],
    ['failed', false, undefined, 'blocked'],
    ['blocked', false, undefined, 'blocked'],
    ['canceled', false, undefined, 'blocked'],
    ['succeeded', false, 'true', 'run'],
    ['succeeded', false, 'false', 'skipped'],
    ['skipped', false, 'false', 'skipped'],
    ['failed', true, 'false', 'skipped'],
    ['failed', false, 'true', 'blocked'],
    ['failed', false, 'false', 'blocked'],
    ['canceled', false, 'true', 'blocked'],
    ['failed', false, 'always() true', 'run'],
    ['blocked', false, 'always() true', 'run'],
    ['canceled', false, 'always() true', 'run'],
    ['failed', false, 'always() false', 'blocked'],
    ['succeeded', false, 'failure() false', 'skipped'],
  ];
  for (const [status, continueOnError, condition, expected] of table) {
    test(`${status}${continueOnError ? ' (may fail)' : ''}, if: ${condition ?? 'none'} → ${expected}`, () => {
      const ifDecides = condition?.includes('()') ?? false;
      const step = { ifDecides, ...(condition === undefined ? {} : { if: expr(condition) }) };
      const verdict = judge(step, [{ id: 'need', status, continueOnError }], () =>
        ok(condition?.endsWith('true') ?? true),
      );
      expect(verdict.kind).toBe(expected);
    });
  }

  test('an `if` is not asked where the needs decide', () => {
    const asked = () => {
      throw new Error('asked');
    };
    const need = { id: 'need', status: 'failed', continueOnError: false } as const;
    expect(judge({ if: expr('x'), ifDecides: false }, [need], asked).kind).toBe('blocked');
  });

  test.each([
    [null, false],
    [false, false],
    [0, false],
    ['', false],
    ['false', true],
    [1, true],
    [[], true],
    [{}, true],
  ])('%j in a condition is %s', (value, expected) => expect(isTrue(value)).toBe(expected));
});

describe('statuses of a run', () => {
  const script = (failing_: string) => (job: { step: string }) =>
    job.step === failing_ ? failing('exit-code', { 'exit-code': 1 }) : fine();

  test('being skipped does not spread, being blocked does, what does not need the failure goes on', async () => {
    const rig = start({
      workflow: workflowOf([
        runStep('a'),
        runStep('skipped', { if: 'false' }),
        runStep('after-skipped', { needs: ['skipped'] }),
        runStep('after-a', { needs: ['a'] }),
        runStep('after-after', { needs: ['after-a'] }),
        runStep('cleanup', { needs: ['after-after'], if: 'failure()' }),
        runStep('no-cleanup', { needs: ['after-skipped'], if: 'failure()' }),
        runStep('both', { needs: ['a', 'after-skipped'], if: 'always()' }),
      ]),
      script: script('a'),
    });
    expect(await rig.result()).toEqual({ end: 'failed' });
    expect(rig.statuses()).toEqual({
      a: 'failed',
      skipped: 'skipped',
      'after-skipped': 'succeeded',
      'after-a': 'blocked',
      'after-after': 'blocked',
      cleanup: 'succeeded',
      'no-cleanup': 'skipped',
      both: 'succeeded',
    });
  });

  test('a failure that is allowed is no failure for anybody behind it', async () => {
    const steps = [
      runStep('a', { continueOnError: true }),
      runStep('b', { needs: ['a'] }),
      runStep('c', { needs: ['b'], if: 'failure()' }),
    ];
    const rig = start({ workflow: workflowOf(steps), script: script('a') });
    expect(await rig.result()).toEqual({ end: 'succeeded' });
    expect(rig.statuses()).toEqual({ a: 'failed', b: 'succeeded', c: 'skipped' });
  });

  test('a condition that cannot be evaluated fails the step', async () => {
    const rig = start({
      workflow: workflowOf([runStep('a', { if: 'nothing.at.all' }), runStep('b', { needs: ['a'] })]),
    });
    expect(await rig.result()).toEqual({ end: 'failed' });
    expect(rig.progress().steps.get('a' as never)?.failure?.reason).toBe('condition');
    expect(rig.statuses()).toEqual({ a: 'failed', b: 'blocked' });
    expect(rig.made).toEqual([]);
  });

  test('a template that cannot be filled in fails the step, once', async () => {
    const { template } = await import('./rig.ts');
    const step = runStep('a', {
      env: { X: template('${{ nothing.at.all }}') },
      retry: { attempts: 3, on: ['any'] } as never,
    });
    const rig = start({ workflow: workflowOf([step]) });
    expect(await rig.result()).toEqual({ end: 'failed' });
    expect(rig.progress().steps.get('a' as never)?.failure?.message).toContain('env X');
    expect(rig.types().filter((type) => type.startsWith('step-failed'))).toHaveLength(1);
  });

  test('steps that were left out count as skipped', async () => {
    const workflow = workflowOf([runStep('a'), runStep('b', { needs: ['a'] })]);
    const { planOf } = await import('./rig.ts');
    const plan = planOf(workflow);
    const rig = start({
      workflow,
      plan: { ...plan, steps: plan.steps.map((p) => ({ ...p, leftOut: p.step.id === 'a' })) },
    });
    expect(await rig.result()).toEqual({ end: 'succeeded' });
    expect(rig.statuses()).toEqual({ a: 'skipped', b: 'succeeded' });
  });

  test('fail-fast starts nothing new and stops nothing', async () => {
    const steps = [
      runStep('a'),
      runStep('b'),
      runStep('c'),
      runStep('d', { needs: ['b'] }),
      runStep('e', { needs: ['a'] }),
    ];
    const rig = start({
      workflow: workflowOf(steps),
      script: script('a'),
      options: { failFast: true, maxParallel: 2 },
    });
    expect(await rig.result()).toEqual({ end: 'failed' });
    expect(rig.statuses()).toEqual({
      a: 'failed',
      b: 'succeeded',
      c: 'canceled',
      d: 'canceled',
      e: 'blocked',
    });
  });

  test('conditions and templates see the steps before', async () => {
    const { template } = await import('./rig.ts');
    const seen: string[] = [];
    const rig = start({
      workflow: workflowOf([
        runStep('a'),
        runStep('skipped', { if: 'false' }),
        runStep('b', {
          needs: ['a', 'skipped'],
          if: "steps.a.outputs.n === 3 && steps.skipped.status === 'skipped' && steps.skipped.stdout === null",
          env: {
            PLAIN: template('p'),
            N: template('n=${{ steps.a.outputs.n }} ${{ env.PLAIN }}'),
            KEY: template('${{ secrets.TOKEN }}'),
          },
          workingDirectory: template('sub/${{ env.PLAIN }}${{ env.KEY }}'),
        }),
      ]),
      script: (job) => {
        if (job.step === 'b') seen.push(JSON.stringify(job.env), JSON.stringify(job.secretNames), job.cwd);
        return fine(job.step === 'a' ? { outputs: { n: 3 } } : {});
      },
    });
    expect(await rig.result()).toEqual({ end: 'succeeded' });
    expect(seen).toEqual(['{"PLAIN":"p","N":"n=3 p","KEY":"hush"}', '["KEY"]', 'sub/p']);
  });
});
