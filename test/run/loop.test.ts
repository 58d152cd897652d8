import { describe, expect, test } from 'vitest';
import type { Milestone } from '../../src/model/event.ts';
import type { Step } from '../../src/model/workflow.ts';
import type { Rig, Script } from './rig.ts';
import {
  agentStep,
  failing,
  fakeTree,
  fine,
  held,
  loopStep,
  planOf,
  runStep,
  start,
  template,
  turn,
  workflowOf,
} from './rig.ts';

const list = (...steps: readonly Step[]) => workflowOf(steps);

/** Gives the exit codes of a step one after the other, 0 after the last. */
function codes(step: string, ...all: readonly number[]): Script {
  const left = [...all];
  return (job) => {
    if (!job.step.endsWith(step)) return fine({ stdout: String(job.step) });
    const code = left.shift() ?? 0;
    const failed = failing('exit-code', { 'exit-code': code });
    return code === 0
      ? fine({ 'exit-code': 0, stdout: job.step })
      : { ...failed, values: { 'exit-code': code, stdout: job.step } };
  };
}

const build = (spec: Parameters<typeof loopStep>[2] = {}) =>
  loopStep(
    'build',
    [
      runStep('code', { script: template('echo ${{ loop.index }}:${{ loop.previous.steps.test.stdout }}') }),
      runStep('test', { needs: ['code'], continueOnError: true }),
    ],
    { until: "steps.test['exit-code'] === 0", ...spec },
  );

const ends = (rig: Rig) =>
  Object.fromEntries([...rig.progress().steps].map(([key, { status }]) => [key, status]));

describe('a loop', () => {
  test('runs its body until the condition holds, each iteration under keys of its own', async () => {
    const scripts: string[] = [];
    const script = codes('test', 1, 1);
    const rig = start({
      workflow: list(build(), runStep('after', { needs: ['build'] })),
      script: (job, ...rest) => {
        if (job.kind === 'run') scripts.push(job.script);
        return script(job, ...rest);
      },
    });
    expect((await rig.result()).end).toBe('succeeded');
    expect(rig.made).toEqual(
      [1, 2, 3].flatMap((n) => [`build[${n}].code.1`, `build[${n}].test.1`]).concat('after.1'),
    );
    expect(scripts.filter((text) => text.startsWith('echo ') && text.includes(':'))).toEqual([
      'echo 1:',
      'echo 2:build[1].test',
      'echo 3:build[2].test',
    ]);
    expect(rig.types().filter((type) => type.includes(' build'))).toContain('loop-decided build');
    expect(rig.progress().steps.get('build' as never)?.values).toMatchObject({ count: 3 });
  });

  test('shows a body step as its last execution, with all of them, to those behind the loop', async () => {
    const rig = start({
      workflow: workflowOf([build()], {
        outputs: {
          last: template('${{ steps.test.stdout }}'),
          all: template('${{ steps.test.executions.map((e) => e.status) }}'),
          count: template('${{ steps.build.count }}'),
        },
      }),
      script: codes('test', 1),
    });
    await rig.result();
    expect(rig.progress().outputs).toEqual({ last: 'build[2].test', all: ['failed', 'succeeded'], count: 2 });
  });

  test('that is exhausted fails, unless it may be', async () => {
    const never = start({ workflow: list(build({ max: 2 })), script: codes('test', 1, 1, 1) });
    expect((await never.result()).end).toBe('failed');
    expect(never.progress().steps.get('build' as never)).toMatchObject({
      failure: { reason: 'exhausted' },
      values: { count: 2 },
    });
    const fineSo = start({
      workflow: list(build({ max: 2, onExhausted: 'continue' }), runStep('after', { needs: ['build'] })),
      script: codes('test', 1, 1, 1),
    });
    expect((await fineSo.result()).end).toBe('succeeded');
    expect(fineSo.made).toContain('after.1');
  });

  test('fails with its body, and what needs it is blocked', async () => {
    const rig = start({
      workflow: list(
        loopStep('build', [runStep('code'), runStep('more', { needs: ['code'] })], { until: 'false' }),
        runStep('after', { needs: ['build'] }),
      ),
      script: codes('code', 0, 7),
    });
    expect((await rig.result()).end).toBe('failed');
    expect(ends(rig)).toEqual({
      build: 'failed',
      'build[1].code': 'succeeded',
      'build[1].more': 'succeeded',
      'build[2].code': 'failed',
      'build[2].more': 'blocked',
      after: 'blocked',
    });
    expect(rig.progress().steps.get('build' as never)?.failure?.reason).toBe('body');
  });

  test('may fail where the workflow lets it', async () => {
    const rig = start({
      workflow: list(build({ max: 1, continueOnError: true }), runStep('after', { needs: ['build'] })),
      script: codes('test', 1),
    });
    expect((await rig.result()).end).toBe('succeeded');
  });

  test('with `while` asks before each iteration, and may have none', async () => {
    const rig = start({ workflow: list(loopStep('l', [runStep('a')], { while: 'loop.index <= 2' })) });
    expect((await rig.result()).end).toBe('succeeded');
    expect(rig.made).toEqual(['l[1].a.1', 'l[2].a.1']);
    const none = start({
      workflow: workflowOf([loopStep('l', [runStep('a')], { while: 'false' })], {
        outputs: {
          status: template('${{ steps.a.status }}'),
          all: template('${{ steps.a.executions.length }}'),
        },
      }),
    });
    expect((await none.result()).end).toBe('succeeded');
    expect(none.made).toEqual([]);
    expect(none.progress().outputs).toEqual({ status: 'skipped', all: 0 });
  });

  test('with both is exhausted only while `while` still holds', async () => {
    const rig = start({
      workflow: list(loopStep('l', [runStep('a')], { max: 2, until: 'false', while: 'loop.index <= 2' })),
    });
    expect((await rig.result()).end).toBe('succeeded');
  });

  test('whose condition cannot be evaluated fails with that', async () => {
    const rig = start({ workflow: list(loopStep('l', [runStep('a')], { until: 'nothing.there' })) });
    expect((await rig.result()).end).toBe('failed');
    expect(rig.progress().steps.get('l' as never)?.failure).toMatchObject({ reason: 'condition' });
  });

  test('lies in a loop', async () => {
    const inner = loopStep('inner', [runStep('a')], { until: 'loop.index === 2' });
    const rig = start({
      workflow: workflowOf(
        [loopStep('outer', [inner], { until: "loop.index === 2 && steps.a.stdout !== ''" })],
        {
          outputs: {
            last: template('${{ steps.a.stdout }}'),
            all: template('${{ steps.a.executions.length }}'),
          },
        },
      ),
      script: (job) => fine({ stdout: job.step }),
    });
    expect((await rig.result()).end).toBe('succeeded');
    expect(rig.made).toEqual([1, 2].flatMap((n) => [`outer[${n}].inner[1].a.1`, `outer[${n}].inner[2].a.1`]));
    expect(rig.progress().outputs).toEqual({ last: 'outer[2].inner[2].a', all: 4 });
  });

  test('runs beside others, and its body takes the places', async () => {
    const rig = start({
      workflow: list(loopStep('l', [runStep('a'), runStep('b')], { until: 'true' }), runStep('c')),
      options: { maxParallel: 2 },
      script: async () => {
        await turn();
        return fine();
      },
    });
    expect((await rig.result()).end).toBe('succeeded');
    expect(rig.most()).toBe(2);
  });

  test('is left out with its body', async () => {
    const workflow = list(build());
    const rig = start({
      workflow,
      plan: { ...planOf(workflow), steps: planOf(workflow).steps.map((p) => ({ ...p, leftOut: true })) },
    });
    expect((await rig.result()).end).toBe('succeeded');
    expect(rig.made).toEqual([]);
  });
});

describe('a loop that is stopped', () => {
  test('goes on in the same iteration', async () => {
    const { script: hold, started } = held();
    const first = start({
      workflow: list(build()),
      script: (job, hear, stop) =>
        job.step === 'build[2].test' ? hold(job, hear, stop) : codes('test', 1)(job, hear, stop),
    });
    await Promise.race([started, first.result()]);
    first.handle.stop('interrupt', 'a test');
    expect((await first.result()).end).toBe('interrupted');
    const again = start({ workflow: list(build()), history: first.journal, script: codes('test') });
    expect((await again.result()).end).toBe('succeeded');
    expect(again.made).toEqual(['build[2].test.2']);
    expect(ends(again)['build[1].test']).toBe('failed');
    expect(again.progress().steps.get('build' as never)).toMatchObject({ attempt: 1, values: { count: 2 } });
  });

  test('is canceled with what its body was doing', async () => {
    const { script, started } = held();
    const rig = start({ workflow: list(build(), runStep('after', { needs: ['build'] })), script });
    await Promise.race([started, rig.result()]);
    rig.handle.stop('cancel', 'a test');
    expect((await rig.result()).end).toBe('canceled');
    expect(ends(rig)).toEqual({
      build: 'canceled',
      'build[1].code': 'canceled',
      'build[1].test': 'canceled',
      after: 'canceled',
    });
  });

  test('that had all its iterations in vain begins anew when the run is resumed', async () => {
    const first = start({ workflow: list(build({ max: 2 })), script: codes('test', 1, 1) });
    await first.result();
    const again = start({
      workflow: list(build({ max: 2 })),
      history: first.journal,
      script: codes('test', 1),
    });
    expect((await again.result()).end).toBe('succeeded');
    expect(again.made).toEqual(['build[1].code.2', 'build[1].test.2', 'build[2].code.2', 'build[2].test.2']);
  });

  test('that failed with its body goes on where that failed', async () => {
    const workflow = list(
      loopStep('build', [runStep('code'), runStep('more', { needs: ['code'] })], {
        until: 'loop.index === 3',
      }),
    );
    const first = start({ workflow, script: codes('more', 0, 7) });
    await first.result();
    const again = start({ workflow, history: first.journal });
    expect((await again.result()).end).toBe('succeeded');
    expect(again.made).toEqual(['build[2].more.2', 'build[3].code.1', 'build[3].more.1']);
  });

  test('ends the same wherever its runner dies', async () => {
    const inner = loopStep('inner', [runStep('a'), agentStep('b', { access: 'write', needs: ['a'] })], {
      until: 'loop.index === 2',
    });
    const workflow = list(
      loopStep('outer', [inner, runStep('c', { needs: ['inner'] })], { until: 'loop.index === 2' }),
      runStep('d', { needs: ['outer'] }),
    );
    const undisturbed = start({ workflow, tree: fakeTree() });
    await undisturbed.result();
    const journal: readonly Milestone[] = undisturbed.journal;
    for (let cut = 1; cut < journal.length; cut++) {
      const again = start({ workflow, tree: fakeTree(), history: journal.slice(0, cut) });
      expect((await again.result()).end).toBe('succeeded');
      expect(ends(again)).toEqual(ends(undisturbed));
      const done = new Set(
        journal.slice(0, cut).flatMap((m) => (m.type === 'step-succeeded' ? [m.step] : [])),
      );
      expect(again.made.filter((made) => done.has(made.replace(/\.\d+$/, '') as never))).toEqual([]);
    }
  });
});
