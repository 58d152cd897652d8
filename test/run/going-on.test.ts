// Goes on with runs that were parked or cut off behind steps that had failed for good.
import { describe, expect, test } from 'vitest';
import type { Milestone } from '../../src/model/event.ts';
import type { Workflow } from '../../src/model/workflow.ts';
import {
  agentStep,
  failing,
  fakeClock,
  fakeTree,
  fine,
  gateStep,
  loopStep,
  matrixOf,
  type Rig,
  runStep,
  type Script,
  start,
  usesStep,
  workflowOf,
} from './rig.ts';

const approve = { askGate: async () => ({ decision: 'approve', by: 'me' }) };

/** Goes on from each moment at which the runner could have died, and from the park, with a world in which nothing fails any more. */
async function goOn(
  workflow: Workflow,
  script: Script,
  options: Parameters<typeof start>[0]['options'] = {},
): Promise<readonly { readonly cut: readonly Milestone[]; readonly rig: Rig }[]> {
  const first = start({ workflow, script, options });
  expect(await first.result()).toEqual({ end: 'parked' });
  const all: { cut: readonly Milestone[]; rig: Rig }[] = [];
  const since = first.journal.findIndex((m) => m.type === 'step-failed' && m.final);
  for (let length = since + 1; length <= first.journal.length; length++) {
    const cut = first.journal.slice(0, length);
    const rig = start({ workflow, history: cut, options, ports: approve });
    await rig.result();
    all.push({ cut, rig });
  }
  return all;
}

const failsAt =
  (...keys: readonly string[]): Script =>
  (job) =>
    keys.includes(job.step) ? failing('exit-code') : fine();

describe('a step that failed for good before the run was parked', () => {
  test('has failed: the rollback that somebody approved is made, and the deployment is not made again', async () => {
    const workflow = workflowOf([
      runStep('deploy'),
      gateStep('ask', { needs: ['deploy'], if: 'failure()' }),
      runStep('rollback', {
        needs: ['ask'],
        if: "failure() && steps.ask.decision === 'approve'",
      }),
    ]);
    for (const { rig } of await goOn(workflow, failsAt('deploy'))) {
      expect(rig.made).toEqual(['rollback.1']);
      expect(rig.statuses()).toEqual({ deploy: 'failed', ask: 'succeeded', rollback: 'succeeded' });
      expect(rig.progress().status).toBe('failed');
      // It has ended now, and gets another chance.
      const again = start({ workflow, history: rig.journal, ports: approve });
      await again.result();
      expect(again.made[0]).toBe('deploy.2');
    }
  });

  test('blocks what it blocked, without a word about it', async () => {
    const workflow = workflowOf([
      runStep('a'),
      runStep('b', { needs: ['a'] }),
      gateStep('ask', { needs: ['b'], if: 'failure()' }),
      runStep('c', { needs: ['b', 'ask'] }),
    ]);
    for (const { cut, rig } of await goOn(workflow, failsAt('a'))) {
      expect(rig.statuses()).toEqual({ a: 'failed', b: 'blocked', ask: 'succeeded', c: 'blocked' });
      expect(rig.types().filter((type) => type === 'step-blocked b')).toHaveLength(1);
      expect(rig.made).toEqual([]);
      expect(cut.length).toBeGreaterThan(0);
    }
  });

  test('is what ends its loop, its used workflow, its matrix', async () => {
    const part = workflowOf([runStep('inner')], { finally: [runStep('last')] });
    const workflow = workflowOf([
      loopStep('again', [runStep('body')], { until: 'true' }),
      usesStep('part', part),
      runStep('each', { matrix: matrixOf({ n: [1, 2] }, { failFast: true, maxParallel: 1 }) }),
      gateStep('ask', { needs: ['again', 'part', 'each'], if: 'failure()' }),
    ]);
    const script = failsAt('again[1].body', 'part.inner', 'each[1]');
    const whole = start({ workflow, script, ports: approve });
    await whole.result();
    expect(whole.statuses()).toMatchObject({ 'each[2]': 'canceled', 'part.last': 'succeeded' });
    const first = start({ workflow, script });
    await first.result();
    const rig = start({ workflow, history: first.journal, ports: approve });
    await rig.result();
    expect(rig.statuses()).toEqual(whole.statuses());
    expect(rig.made).toEqual([]);
  });

  test('stops what `--fail-fast` stops', async () => {
    const workflow = workflowOf([
      runStep('a'),
      gateStep('ask', { needs: [] }),
      runStep('b', { needs: ['ask'] }),
    ]);
    for (const { rig } of await goOn(workflow, failsAt('a'), { failFast: true })) {
      expect(rig.statuses()).toMatchObject({ a: 'failed', b: 'canceled' });
      expect(rig.made).toEqual([]);
    }
  });

  test('leaves its edits, as it does in a run that is not parked', async () => {
    const tree = fakeTree();
    const workflow = workflowOf([
      agentStep('code', { access: 'write' }),
      gateStep('ask', { needs: ['code'], if: 'failure()' }),
      runStep('mend', { needs: ['ask'], if: 'failure()' }),
    ]);
    const first = start({
      workflow,
      tree,
      script: () => {
        tree.files.set('half', 'done');
        return failing('refused');
      },
    });
    expect(await first.result()).toEqual({ end: 'parked' });
    const rig = start({ workflow, tree, history: first.journal, ports: approve });
    await rig.result();
    expect(rig.made).toEqual(['mend.1']);
    expect(tree.files.get('half')).toBe('done');
  });

  test('keeps `finally` where it was when the runner died in it', async () => {
    const workflow = workflowOf([runStep('a'), runStep('b', { needs: ['a'] })], {
      finally: [runStep('one'), runStep('two')],
    });
    const first = start({ workflow, script: failsAt('a', 'one') });
    await first.result();
    const end = first.journal.findIndex((m) => m.type === 'step-failed' && m.step === 'one');
    const rig = start({ workflow, history: first.journal.slice(0, end + 1) });
    expect(await rig.result()).toEqual({ end: 'failed' });
    expect(rig.made).toEqual(['two.1']);
  });

  test('and a gate whose time was up is not asked again because another one is answered', async () => {
    const workflow = workflowOf([
      gateStep('first', { gateTimeoutMs: 100, onTimeout: 'fail' }),
      gateStep('second', { needs: ['first'], if: 'true || failure()' }),
      runStep('c', { needs: ['second'], if: 'failure()' }),
    ]);
    const one = start({ workflow });
    await one.result();
    const clock = fakeClock(one.clock.now() + 1000);
    const two = start({ workflow, history: one.journal, clock });
    expect(await two.result()).toEqual({ end: 'parked' });
    const three = start({ workflow, history: two.journal, clock, ports: approve });
    await three.result();
    expect(three.progress().steps.get('first' as never)).toMatchObject({
      ...{ status: 'failed', attempt: 1, failure: { reason: 'timeout' } },
    });
    expect(three.made).toEqual(['c.1']);
  });
});
