import { describe, expect, test } from 'vitest';
import { instancesOf } from '../../src/model/ids.ts';
import type { Step } from '../../src/model/workflow.ts';
import type { Rig } from './rig.ts';
import {
  agentStep,
  expr,
  failing,
  fakeClock,
  fakeTree,
  fine,
  held,
  loopStep,
  matrixOf,
  runStep,
  start,
  template,
  turn,
  workflowOf,
} from './rig.ts';
import { fakeWorld, ISOLATED } from './worktrees.ts';

const list = (...steps: readonly Step[]) => workflowOf(steps);
const ends = (rig: Rig) =>
  Object.fromEntries([...rig.progress().steps].map(([key, { status }]) => [key, status]));
const instances = (rig: Rig) =>
  rig.journal.flatMap((m) =>
    m.type === 'matrix-expanded' ? m.instances.map((key, i) => ({ key, matrix: m.combinations[i] })) : [],
  );

describe('a matrix', () => {
  test('runs its step once per combination, in its order, each under a key of its own', async () => {
    const scripts: string[] = [];
    const matrix = matrixOf({ os: ['a', 'b'], n: [1, 2] });
    const rig = start({
      workflow: list(
        runStep('test', { matrix, script: template('${{ matrix.os }}${{ matrix.n }}') }),
        runStep('after', { needs: ['test'] }),
      ),
      options: { maxParallel: 1 },
      script: (job) => {
        if (job.kind === 'run') scripts.push(job.script);
        return fine();
      },
    });
    expect((await rig.result()).end).toBe('succeeded');
    expect(rig.made).toEqual(['test[a,1].1', 'test[a,2].1', 'test[b,1].1', 'test[b,2].1', 'after.1']);
    expect(scripts.slice(0, 4)).toEqual(['a1', 'a2', 'b1', 'b2']);
    expect(ends(rig)['test']).toBe('succeeded');
  });

  test('leaves out what `exclude` names, and adds what `include` says, as GitHub Actions does', async () => {
    const matrix = matrixOf(
      { os: ['a', 'b'], n: [1, 2] },
      {
        exclude: [{ os: 'b', n: 2 }],
        include: [{ os: 'a', fast: true }, { all: 'yes' }, { os: 'c', n: 9 }],
      },
    );
    const rig = start({ workflow: list(runStep('test', { matrix })) });
    await rig.result();
    expect(instances(rig)).toEqual([
      { key: 'test[a,1]', matrix: { os: 'a', n: 1, fast: true, all: 'yes' } },
      { key: 'test[a,2]', matrix: { os: 'a', n: 2, fast: true, all: 'yes' } },
      { key: 'test[b,1]', matrix: { os: 'b', n: 1, all: 'yes' } },
      { key: 'test[c,9]', matrix: { os: 'c', n: 9 } },
    ]);
  });

  test('takes an axis from an expression, and is skipped where that gives nothing', async () => {
    const workflow = (values: string) =>
      list(runStep('list'), runStep('test', { needs: ['list'], matrix: matrixOf({ p: expr(values) }) }));
    const rig = start({ workflow: workflow('["x", "y"]') });
    await rig.result();
    expect(rig.made).toEqual(['list.1', 'test[x].1', 'test[y].1']);
    const none = start({ workflow: workflow('[]') });
    expect((await none.result()).end).toBe('succeeded');
    expect(ends(none)).toEqual({ list: 'succeeded', test: 'skipped' });
    const wrong = start({ workflow: workflow("'x'") });
    expect((await wrong.result()).end).toBe('failed');
    expect(wrong.progress().steps.get('test' as never)?.failure).toMatchObject({ reason: 'condition' });
  });

  test('fails when one fails, and the others go on', async () => {
    const rig = start({
      workflow: list(
        runStep('test', { matrix: matrixOf({ n: [1, 2, 3] }) }),
        runStep('after', { needs: ['test'] }),
      ),
      script: (job) => (job.step === 'test[1]' ? failing('exit-code') : fine()),
    });
    expect((await rig.result()).end).toBe('failed');
    expect(ends(rig)).toEqual({
      test: 'failed',
      'test[1]': 'failed',
      'test[2]': 'succeeded',
      'test[3]': 'succeeded',
      after: 'blocked',
    });
    expect(rig.progress().steps.get('test' as never)?.failure).toMatchObject({
      reason: 'exit-code',
      message: '1 of 3 failed, `test[1]` first: it was exit-code',
    });
  });

  test('that may fail lets the run go on', async () => {
    const rig = start({
      workflow: list(
        runStep('test', { matrix: matrixOf({ n: [1] }), continueOnError: true }),
        runStep('after', { needs: ['test'] }),
      ),
      script: (job) => (job.step === 'test[1]' ? failing('exit-code') : fine()),
    });
    expect((await rig.result()).end).toBe('succeeded');
    expect(rig.made).toContain('after.1');
  });

  test('with `fail-fast` starts none after a failure', async () => {
    const rig = start({
      workflow: list(
        runStep('test', { matrix: matrixOf({ n: [1, 2, 3] }, { failFast: true, maxParallel: 1 }) }),
      ),
      script: (job) => (job.step === 'test[2]' ? failing('exit-code') : fine()),
    });
    await rig.result();
    expect(ends(rig)).toEqual({
      test: 'failed',
      'test[1]': 'succeeded',
      'test[2]': 'failed',
      'test[3]': 'canceled',
    });
  });

  test('runs as many at once as it may', async () => {
    const rig = start({
      workflow: list(runStep('test', { matrix: matrixOf({ n: [1, 2, 3, 4] }, { maxParallel: 2 }) })),
      options: { maxParallel: 8 },
      script: async () => {
        await turn();
        return fine();
      },
    });
    await rig.result();
    expect(rig.most()).toBe(2);
    expect(rig.made).toHaveLength(4);
  });

  test('shows its instances to those behind it', async () => {
    const rig = start({
      workflow: workflowOf([runStep('test', { matrix: matrixOf({ n: [1, 2] }) })], {
        outputs: {
          all: template('${{ steps.test.instances }}'),
          status: template('${{ steps.test.status }}'),
        },
      }),
      script: (job) => fine({ stdout: job.step, 'exit-code': 0 }),
    });
    await rig.result();
    expect(rig.progress().outputs).toMatchObject({
      status: 'succeeded',
      all: [
        {
          key: 'test[1]',
          matrix: { n: 1 },
          status: 'succeeded',
          stdout: 'test[1]',
          'exit-code': 0,
          text: null,
        },
        { key: 'test[2]', matrix: { n: 2 } },
      ],
    });
  });

  test('stands on a loop', async () => {
    const scripts: string[] = [];
    const body = [runStep('a', { script: template('${{ matrix.p }}${{ loop.index }}') })];
    const rig = start({
      workflow: list(
        loopStep('l', body, { until: 'loop.index === matrix.p', matrix: matrixOf({ p: [1, 2] }) }),
      ),
      script: (job) => {
        if (job.kind === 'run') scripts.push(`${job.step} ${job.script}`);
        return fine();
      },
    });
    expect((await rig.result()).end).toBe('succeeded');
    expect(scripts.sort()).toEqual(['l[1][1].a 11', 'l[2][1].a 21', 'l[2][2].a 22']);
  });

  test('stands in a loop', async () => {
    const rig = start({
      workflow: workflowOf(
        [
          loopStep('l', [runStep('a', { matrix: matrixOf({ p: ['x', 'y'] }) })], {
            until: 'loop.index === 2',
          }),
        ],
        { outputs: { last: template('${{ steps.a.instances.map((i) => i.key) }}') } },
      ),
      options: { maxParallel: 1 },
    });
    expect((await rig.result()).end).toBe('succeeded');
    expect(rig.made).toEqual(['l[1].a[x].1', 'l[1].a[y].1', 'l[2].a[x].1', 'l[2].a[y].1']);
    expect(rig.progress().outputs).toEqual({ last: ['l[2].a[x]', 'l[2].a[y]'] });
  });
});

describe('a matrix of agents', () => {
  const reader = agentStep('look', { matrix: matrixOf({ who: ['reader', 'writer'] }, { maxParallel: 1 }) });
  const writer = { ...reader, access: 'write', engines: ['codex'] } as const;
  const look = { ...reader, variants: { axis: 'who', steps: { reader, writer } } };

  test('has each instance done by its own, with what that may do', async () => {
    const told: string[] = [];
    const rig = start({
      workflow: list(look),
      tree: fakeTree(),
      script: (job) => {
        if (job.kind === 'prompt') told.push(`${job.step} ${job.engine} ${job.access}`);
        return fine();
      },
    });
    expect((await rig.result()).end).toBe('succeeded');
    expect(told).toEqual(['look[reader] claude-code read', 'look[writer] codex write']);
    const recorded = rig.journal.flatMap((m) => (m.type === 'snapshot-taken' ? [m.step] : []));
    expect(new Set(recorded)).toEqual(new Set(['look[writer]']));
  });

  test('fails where an instance names nobody', async () => {
    const matrix = matrixOf({ who: ['reader'] }, { include: [{ who: 'nobody' }], maxParallel: 1 });
    const rig = start({ workflow: list({ ...look, matrix }), tree: fakeTree() });
    expect((await rig.result()).end).toBe('failed');
    expect(rig.made).toEqual([]);
  });
});

describe('isolated instances', () => {
  test('take the place of one that waits to be merged', async () => {
    const world = fakeWorld();
    const rig = start({
      workflow: list(
        runStep('fix', { isolated: ISOLATED, matrix: matrixOf({ n: [1, 2, 3] }, { maxParallel: 1 }) }),
      ),
      ports: world.ports,
      script: (job) => {
        world.filesOf(job).set(job.step, 'made');
        return fine();
      },
    });
    expect((await rig.result()).end).toBe('succeeded');
    expect(rig.most()).toBe(1);
    expect([...world.tree.files.keys()]).toEqual(['fix[1]', 'fix[2]', 'fix[3]']);
  });

  const workflow = list(
    agentStep('fix', { access: 'write', isolated: ISOLATED, matrix: matrixOf({ who: ['b', 'a', 'c'] }) }),
    agentStep('beside', { access: 'write', isolated: ISOLATED }),
    runStep('test', { needs: ['fix'] }),
  );

  test('are merged in their order, before what stands behind them in the file', async () => {
    const world = fakeWorld();
    const clock = fakeClock();
    const rig = start({
      workflow,
      clock,
      ports: world.ports,
      script: async (job) => {
        if (job.step === 'fix[b]') await new Promise<void>((resolve) => clock.after(10, resolve));
        world.filesOf(job).set(job.step, 'made');
        return fine();
      },
    });
    expect((await rig.result()).end).toBe('succeeded');
    const merged = rig.journal.flatMap((m) => (m.type === 'change-merged' ? [m.step] : []));
    expect(merged).toEqual(['fix[b]', 'fix[a]', 'fix[c]', 'beside']);
  });
});

describe('a matrix that is stopped', () => {
  const workflow = list(
    runStep('list'),
    runStep('test', {
      needs: ['list'],
      matrix: matrixOf({ n: expr("['a', 'b', 'c']") }, { maxParallel: 1 }),
    }),
    runStep('after', { needs: ['test'] }),
  );

  test('goes on with the instances that were recorded', async () => {
    const { script: hold, started } = held();
    const first = start({
      workflow,
      script: (job, hear, stop) => (job.step === 'test[b]' ? hold(job, hear, stop) : fine()),
    });
    await Promise.race([started, first.result()]);
    first.handle.stop('interrupt', 'a test');
    expect((await first.result()).end).toBe('interrupted');
    const again = start({ workflow, history: first.journal });
    expect((await again.result()).end).toBe('succeeded');
    expect(again.made).toEqual(['test[b].2', 'test[c].1', 'after.1']);
    expect(again.types().filter((type) => type === 'matrix-expanded test')).toHaveLength(1);
  });

  test('is canceled with its instances', async () => {
    const { script, started } = held();
    const rig = start({
      workflow: list(runStep('test', { matrix: matrixOf({ n: [1, 2] }, { maxParallel: 1 }) })),
      script,
    });
    await Promise.race([started, rig.result()]);
    rig.handle.stop('cancel', 'a test');
    expect((await rig.result()).end).toBe('canceled');
    expect(ends(rig)).toEqual({ test: 'canceled', 'test[1]': 'canceled', 'test[2]': 'canceled' });
  });

  test('runs only what failed when the run is resumed', async () => {
    const first = start({
      workflow,
      script: (job) => (job.step === 'test[b]' ? failing('exit-code') : fine()),
    });
    expect((await first.result()).end).toBe('failed');
    const again = start({ workflow, history: first.journal });
    expect((await again.result()).end).toBe('succeeded');
    expect(again.made).toEqual(['test[b].2', 'after.1']);
  });

  test('ends the same wherever its runner dies', async () => {
    const world = fakeWorld();
    const looped = list(
      loopStep(
        'l',
        [agentStep('fix', { access: 'write', isolated: ISOLATED, matrix: matrixOf({ n: [1, 2, 3] }) })],
        {
          until: 'loop.index === 2',
        },
      ),
      runStep('after', { needs: ['l'] }),
    );
    const undisturbed = start({ workflow: looped, ports: world.ports });
    expect((await undisturbed.result()).end).toBe('succeeded');
    for (let cut = 1; cut < undisturbed.journal.length; cut++) {
      const history = undisturbed.journal.slice(0, cut);
      const again = start({ workflow: looped, ports: world.ports, history });
      expect((await again.result()).end).toBe('succeeded');
      expect(ends(again)).toEqual(ends(undisturbed));
      const done = new Set(history.flatMap((m) => (m.type === 'step-succeeded' ? [String(m.step)] : [])));
      expect(again.made.filter((made) => done.has(made.replace(/\.\d+$/, '')))).toEqual([]);
    }
  });
});

test('instances are named so that they can be typed, and never alike', () => {
  const long = 'x'.repeat(50);
  expect(
    instancesOf([
      ['a'],
      ['1.10'],
      ['@org/pkg'],
      ['a b], [c'],
      [''],
      ['a'],
      [long],
      [`${long}y`],
      ['ü', '-x-'],
    ]),
  ).toEqual([
    '[a]',
    '[1.10]',
    '[@org-pkg]',
    '[a-b-c]',
    '[-]',
    '[a~2]',
    `[${'x'.repeat(40)}]`,
    `[${'x'.repeat(40)}~2]`,
    '[ü,x]',
  ]);
});
