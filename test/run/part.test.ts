// Used workflows in the run room: what their steps see, what they come to, where a run goes on in them.
import { describe, expect, test } from 'vitest';
import type { Milestone } from '../../src/model/event.ts';
import { asRunId, asStepKey } from '../../src/model/ids.ts';
import type { RunJob } from '../../src/model/ports.ts';
import { ok } from '../../src/model/result.ts';
import type { Step, UsesStep, Workflow } from '../../src/model/workflow.ts';
import {
  expr,
  failing,
  fakeTree,
  fine,
  gateStep,
  held,
  loopStep,
  matrixOf,
  type Rig,
  runStep,
  type Script,
  start,
  template,
  turn,
  usesStep,
  workflowOf,
} from './rig.ts';
import { fakeWorld, ISOLATED } from './worktrees.ts';

const list = (...steps: readonly Step[]) => workflowOf(steps);
const jobs = (): {
  readonly script: Script;
  readonly scripts: Record<string, string>;
  readonly all: RunJob[];
} => {
  const scripts: Record<string, string> = {};
  const all: RunJob[] = [];
  const script: Script = (job) => {
    if (job.kind === 'run') {
      scripts[job.step] = job.script;
      all.push(job);
    }
    return fine({ stdout: `out of ${job.step}` });
  };
  return { script, scripts, all };
};
const failingAt =
  (...keys: readonly string[]): Script =>
  (job) =>
    keys.includes(job.step) ? failing('exit-code', { 'exit-code': 3 }) : fine({ stdout: job.step });

const step = (rig: Rig, key: string) => rig.progress().steps.get(asStepKey(key));

/** Two steps, one of `finally`, one output. */
function release(more: Partial<Workflow> = {}): Workflow {
  return workflowOf([runStep('build'), runStep('test', { needs: ['build'] })], {
    name: 'release',
    source: { path: 'parts/p.yml', text: '' },
    finally: [runStep('clean', { script: template('${{ run.status }}') })],
    outputs: { log: { parts: [expr('steps.test.stdout')], whole: true, at: { start: 0, end: 0 } } },
    ...more,
  });
}

describe('a used workflow', () => {
  test('runs under keys of its own, then its `finally`, and gives its outputs', async () => {
    const { script, scripts } = jobs();
    const rig = start({
      workflow: list(
        usesStep('release', release()),
        runStep('after', { needs: ['release'], script: template('${{ steps.release.outputs.log }}') }),
      ),
      script,
    });
    expect((await rig.result()).end).toBe('succeeded');
    expect(rig.made).toEqual(['release.build.1', 'release.test.1', 'release.clean.1', 'after.1']);
    expect(scripts['release.clean']).toBe('succeeded');
    expect(scripts['after']).toBe('out of release.test');
    expect(rig.types().slice(0, 3)).toEqual([
      'run-started',
      'step-started release',
      'step-started release.build',
    ]);
  });

  test('sees its own inputs and workflow, and nothing of the one that uses it', async () => {
    const { script, scripts } = jobs();
    const part = workflowOf(
      [
        runStep('a', {
          script: template(
            '${{ JSON.stringify([inputs, workflow.name, workflow.path, Object.keys(steps)]) }}',
          ),
        }),
      ],
      {
        name: 'inner',
        inputs: {
          n: { type: 'number', required: true, at: { start: 0, end: 0 } },
          mode: { type: 'string', required: false, default: 'fast', at: { start: 0, end: 0 } },
          none: { type: 'json', required: false, at: { start: 0, end: 0 } },
        },
      },
    );
    const rig = start({
      workflow: list(
        runStep('first'),
        usesStep('release', part, {
          needs: ['first'],
          with: { n: { template: template('${{ steps.first.stdout.length }}') }, mode: { value: null } },
        }),
      ),
      script,
    });
    expect((await rig.result()).end).toBe('succeeded');
    expect(JSON.parse(scripts['release.a'] ?? '')).toEqual([
      { n: 12, mode: 'fast', none: null },
      'inner',
      'parts/p.yml',
      ['a'],
    ]);
  });

  test('has its own variables, those of the step that uses it above them, those of its steps above all', async () => {
    const { script, all } = jobs();
    const own = { A: template('part'), B: template('part'), C: template('part') };
    const part = workflowOf(
      [runStep('a', { env: { ...own, C: template('step'), SEEN: template('${{ env.B }}') } })],
      { env: own },
    );
    const rig = start({
      workflow: workflowOf(
        [
          usesStep('release', part, {
            env: {
              B: template('call'),
              C: template('call'),
              TOKEN: template('${{ secrets.TOKEN }}'),
              OUT: template('call'),
            },
            given: ['B', 'C', 'TOKEN'],
          }),
        ],
        { env: { OUT: template('workflow') } },
      ),
      script,
    });
    expect((await rig.result()).end).toBe('succeeded');
    expect(all[0]?.env).toEqual({ A: 'part', B: 'call', C: 'step', TOKEN: 'hush', SEEN: 'call' });
    expect(all[0]?.secretNames).toEqual(['TOKEN']);
  });

  test('keeps its variables where it asks for what the run has changed', async () => {
    const { script, all } = jobs();
    const tree = fakeTree();
    const before = await tree.record(asRunId('20261120-141503-k7qd'), 'start');
    tree.files.set('a.txt', 'new');
    const part = workflowOf([
      runStep('a', { if: "changed('a.txt')", env: { SEEN: template("${{ changed('a.txt') }}") } }),
    ]);
    const rig = start({
      workflow: list(
        usesStep('release', part, { env: { GIVEN: template("${{ changed('a.txt') }}") }, given: ['GIVEN'] }),
      ),
      tree,
      ports: {
        match: (path, globs) => globs.includes(path),
        treeAtStart: () => Promise.resolve(ok(before.ok ? before.value.tree : undefined)),
      },
      script,
    });
    expect((await rig.result()).end).toBe('succeeded');
    expect(all[0]?.env).toEqual({ GIVEN: 'true', SEEN: 'true' });
  });

  test('that fails fails its step, says which of its steps did, and has run its `finally` first', async () => {
    const { scripts, script } = jobs();
    const rig = start({
      workflow: list(usesStep('release', release()), runStep('after', { needs: ['release'] })),
      script: (job, ...rest) => (job.step === 'release.build' ? failing('exit-code') : script(job, ...rest)),
    });
    expect((await rig.result()).end).toBe('failed');
    expect(scripts).toEqual({ 'release.clean': 'failed' });
    expect(step(rig, 'release')?.failure).toEqual({
      reason: 'body',
      message: '`release.build` of ./parts/p.yml failed: it was exit-code',
    });
    expect(rig.statuses()).toMatchObject({ 'release.test': 'blocked', after: 'blocked' });
  });

  test('fails where its `finally` does, or where its outputs cannot be computed', async () => {
    const late = start({
      workflow: list(usesStep('release', release())),
      script: failingAt('release.clean'),
    });
    expect((await late.result()).end).toBe('failed');
    expect(step(late, 'release')?.failure?.message).toContain('`release.clean`');
    const outputs = { log: template('${{ nowhere.at.all }}') };
    const rig = start({ workflow: list(usesStep('release', release({ outputs }))) });
    expect((await rig.result()).end).toBe('failed');
    expect(step(rig, 'release')?.failure).toMatchObject({ reason: 'condition' });
  });

  test.each([
    ['config', 'must be a number, and is `x`', { n: { template: template('${{ "x" }}') } }],
    ['config', 'is required, and came out as null', { n: { template: template('${{ null }}') } }],
    ['condition', 'with.n', { n: { list: [{ template: template('${{ nowhere.at.all }}') }] } }],
  ] as const)('is not begun with what does not fit: %s, %s', async (reason, words, given) => {
    const n = { type: 'number', required: true, at: { start: 0, end: 0 } } as const;
    const rig = start({ workflow: list(usesStep('release', release({ inputs: { n } }), { with: given })) });
    expect((await rig.result()).end).toBe('failed');
    expect(rig.made).toEqual([]);
    expect(step(rig, 'release')?.failure?.reason).toBe(reason);
    expect(step(rig, 'release')?.failure?.message).toContain(words);
  });

  test('is told the same when the run goes on in it, and makes nothing twice', async () => {
    const { script, scripts } = jobs();
    const input = { type: 'number', required: true, at: { start: 0, end: 0 } } as const;
    const part = release({
      inputs: { n: input },
      steps: [runStep('build'), runStep('test', { needs: ['build'], script: template('${{ inputs.n }}') })],
    });
    const workflow = list(
      usesStep('release', part, { with: { n: { template: template('${{ run.attempt }}') } } }),
    );
    const long = held();
    const rig = start({
      workflow,
      script: (job, ...rest) => (job.step === 'release.test' ? long.script(job, ...rest) : fine()),
    });
    await long.started;
    rig.handle.stop('interrupt', 'a test');
    expect((await rig.result()).end).toBe('interrupted');
    expect(rig.made).toEqual(['release.build.1', 'release.test.1']);
    const again = start({ workflow, history: rig.journal, script });
    expect((await again.result()).end).toBe('succeeded');
    expect(again.made).toEqual(['release.test.2', 'release.clean.1']);
    expect(scripts['release.test']).toBe('1');
  });

  test('runs its `finally` when it is canceled, as the run does after it', async () => {
    const { script, scripts } = jobs();
    const inner = release({ name: 'inner' });
    const outer = workflowOf([usesStep('in', inner)], {
      finally: [runStep('tidy', { script: template('${{ run.status }}') })],
    });
    const long = held();
    const rig = start({
      workflow: workflowOf(
        [
          loopStep('round', [usesStep('out', outer)], { until: 'false' }),
          usesStep('done', release()),
          usesStep('later', release(), { needs: ['round'] }),
        ],
        { finally: [runStep('end')] },
      ),
      script: (job, ...rest) =>
        job.step === 'round[1].out.in.test' ? long.script(job, ...rest) : script(job, ...rest),
    });
    while (step(rig, 'done')?.status !== 'succeeded') await turn();
    await long.started;
    rig.handle.stop('cancel', 'a test');
    expect((await rig.result()).end).toBe('canceled');
    expect(rig.made.slice(-3)).toEqual(['round[1].out.in.clean.1', 'round[1].out.tidy.1', 'end.1']);
    expect(scripts['round[1].out.in.clean']).toBe('canceled');
    expect(scripts['round[1].out.tidy']).toBe('canceled');
    expect(rig.statuses()).toMatchObject({
      'round[1].out.in': 'canceled',
      round: 'canceled',
      later: 'canceled',
    });
  });

  test('runs its `finally` when a run is ended that nobody runs', async () => {
    const long = held();
    const workflow = list(usesStep('release', release()));
    const rig = start({
      workflow,
      script: (job, ...rest) => (job.step === 'release.test' ? long.script(job, ...rest) : fine()),
    });
    await long.started;
    rig.handle.stop('interrupt', 'a test');
    await rig.result();
    const ended = start({ workflow, history: rig.journal });
    ended.handle.stop('cancel', 'a test');
    expect((await ended.result()).end).toBe('canceled');
    expect(ended.made).toEqual(['release.clean.1']);
  });

  test('parks at a gate in it, and goes on when that is decided', async () => {
    const part = workflowOf([gateStep('approve'), runStep('ship', { needs: ['approve'] })], {
      finally: [runStep('clean')],
    });
    const workflow = list(
      usesStep('release', part),
      runStep('after', { needs: ['release'] }),
      runStep('long'),
    );
    const parked = start({ workflow });
    expect((await parked.result()).end).toBe('parked');
    expect(parked.made).toEqual(['long.1']);
    const key = asStepKey('release.approve');
    const long = held();
    const rig = start({
      workflow,
      script: (job, ...rest) => (job.step === 'long' ? long.script(job, ...rest) : fine()),
    });
    while (!rig.types().includes('gate-opened release.approve')) await turn();
    const digest = step(rig, key)?.gate?.question?.digest ?? '';
    await rig.handle.decide({ step: key, decision: 'approve', by: 'ann', digest });
    long.end();
    expect((await rig.result()).end).toBe('succeeded');
    expect(rig.made).toEqual(['long.1', 'release.ship.1', 'release.clean.1', 'after.1']);
  });

  test('is one of many in a matrix, in a loop, in another', async () => {
    const leaf = workflowOf([runStep('leaf', { script: template('${{ inputs.v }}') })], {
      inputs: { v: { type: 'json', required: false, at: { start: 0, end: 0 } } },
    });
    const mid = workflowOf([
      usesStep('each', leaf, {
        matrix: matrixOf({ n: [1, 2] }, { maxParallel: 1 }),
        with: { v: { template: template('${{ matrix.n }}') } },
      }),
    ]);
    const { script, scripts } = jobs();
    const rig = start({
      workflow: list(loopStep('round', [usesStep('mid', mid)], { until: 'loop.index === 2' })),
      script,
    });
    expect((await rig.result()).end).toBe('succeeded');
    expect(rig.made).toEqual([
      'round[1].mid.each[1].leaf.1',
      'round[1].mid.each[2].leaf.1',
      'round[2].mid.each[1].leaf.1',
      'round[2].mid.each[2].leaf.1',
    ]);
    expect(Object.values(scripts)).toEqual(['1', '2', '1', '2']);
  });

  test('merges its isolated steps batch by batch, beside those of the list it stands in', async () => {
    const { tree, ports, filesOf } = fakeWorld(fakeTree());
    const part = workflowOf([
      runStep('one', { isolated: ISOLATED }),
      runStep('two', { isolated: ISOLATED }),
      runStep('three', { isolated: ISOLATED, needs: ['one', 'two'] }),
    ]);
    const seen: Record<string, readonly string[]> = {};
    const rig = start({
      workflow: list(usesStep('release', part), runStep('beside', { isolated: ISOLATED })),
      ports,
      tree,
      script: (job) => {
        const files = filesOf(job);
        seen[job.step] = [...files.keys()].sort();
        files.set(job.step, 'x');
        return fine();
      },
    });
    expect((await rig.result()).end).toBe('succeeded');
    expect(seen['release.one']).toEqual(seen['release.two']);
    expect(seen['release.three']).toEqual(expect.arrayContaining(['release.one', 'release.two']));
    expect([...tree.files.keys()].sort()).toEqual(['beside', 'release.one', 'release.three', 'release.two']);
  });

  test('ends the same wherever its runner dies, and makes nothing twice that is done', async () => {
    const part = release({
      steps: [runStep('build'), usesStep('inner', release({ name: 'inner' }), { needs: ['build'] })],
      outputs: {},
    });
    const workflow = workflowOf([usesStep('release', part), runStep('after', { needs: ['release'] })], {
      finally: [usesStep('last', release())],
    });
    const whole = start({ workflow });
    expect((await whole.result()).end).toBe('succeeded');
    for (let cut = 1; cut < whole.journal.length; cut++) {
      const history: readonly Milestone[] = whole.journal.slice(0, cut);
      const again = start({ workflow, history });
      expect((await again.result()).end).toBe('succeeded');
      expect(again.statuses()).toEqual(whole.statuses());
      const done = new Set(history.flatMap((m) => (m.type === 'step-succeeded' ? [String(m.step)] : [])));
      expect(again.made.filter((made) => done.has(made.replace(/\.\d+$/, '')))).toEqual([]);
    }
  });

  test('begins anew with its `finally` when the run is gone on with after it failed', async () => {
    const part: UsesStep = usesStep('release', release());
    const rig = start({ workflow: list(part), script: failingAt('release.test') });
    expect((await rig.result()).end).toBe('failed');
    const again = start({ workflow: list(part), history: rig.journal });
    expect((await again.result()).end).toBe('succeeded');
    expect(again.made).toEqual(['release.test.2', 'release.clean.2']);
  });
});

describe('`finally`', () => {
  test('runs the instances of a matrix one after the other, those of data too', async () => {
    const { script, scripts } = jobs();
    const rig = start({
      workflow: workflowOf([runStep('list')], {
        finally: [
          runStep('each', {
            matrix: matrixOf({ n: expr("['a', 'b', run.status]") }),
            script: template('${{ matrix.n }}'),
          }),
          runStep('end'),
        ],
      }),
      script,
    });
    expect((await rig.result()).end).toBe('succeeded');
    expect(rig.most()).toBe(1);
    expect(rig.made).toEqual(['list.1', 'each[a].1', 'each[b].1', 'each[succeeded].1', 'end.1']);
    expect(scripts['each[succeeded]']).toBe('succeeded');
  });

  test('stops a matrix at the first failure where that says so, and is failed by it', async () => {
    const matrix = matrixOf({ n: [1, 2] }, { failFast: true });
    const rig = start({
      workflow: workflowOf([runStep('a')], { finally: [runStep('each', { matrix }), runStep('end')] }),
      script: failingAt('each[1]'),
    });
    expect((await rig.result()).end).toBe('failed');
    expect(rig.statuses()).toMatchObject({ each: 'failed', 'each[2]': 'canceled', end: 'succeeded' });
  });

  test('leaves the rest of a matrix to the resume', async () => {
    const long = held();
    const workflow = workflowOf([runStep('a')], {
      finally: [runStep('each', { matrix: matrixOf({ n: [1, 2, 3] }) })],
    });
    const rig = start({
      workflow,
      script: (job, ...rest) => (job.step === 'each[2]' ? long.script(job, ...rest) : fine()),
    });
    await long.started;
    rig.handle.stop('interrupt', 'a test');
    expect((await rig.result()).end).toBe('interrupted');
    const again = start({ workflow, history: rig.journal });
    expect((await again.result()).end).toBe('succeeded');
    expect(again.made).toEqual(['each[2].2', 'each[3].1']);
  });
});

test('literal places of a matrix take expressions', async () => {
  const rig = start({
    workflow: list(
      runStep('each', {
        matrix: matrixOf(
          { os: ['a', 'written'], n: [1, 2] },
          {
            include: [{ tag: 'written' }],
            exclude: [{ os: 'written' }],
            patterns: {
              axes: { os: [{ value: 'a' }, { template: template('${{ run.id.slice(0, 4) }}') }] },
              include: [{ os: { value: 'a' }, tag: { template: template('t-${{ run.attempt }}') } }],
              exclude: [{ os: { template: template('${{ run.id.slice(0, 4) }}') }, n: { value: 2 } }],
            },
          },
        ),
      }),
    ),
  });
  expect((await rig.result()).end).toBe('succeeded');
  const expanded = rig.journal.find((m) => m.type === 'matrix-expanded');
  expect(expanded).toMatchObject({
    combinations: [
      { os: 'a', n: 1, tag: 't-1' },
      { os: 'a', n: 2, tag: 't-1' },
      { os: '2026', n: 1 },
    ],
  });
});
