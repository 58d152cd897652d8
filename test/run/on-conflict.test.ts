import { describe, expect, test } from 'vitest';
import type { PromptStep } from '../../src/model/workflow.ts';
import type { RigOptions, Script } from './rig.ts';
import { agentStep, failing, fine, held, runStep, start, workflowOf } from './rig.ts';
import type { World } from './worktrees.ts';
import { fakeWorld, ISOLATED } from './worktrees.ts';

const USAGE = { 'input-tokens': 1, 'output-tokens': 1, 'cached-tokens': 0, usd: 1 };

const agent = (more: Partial<PromptStep> = {}): PromptStep => ({
  ...agentStep('merger', { access: 'write' }),
  ...more,
});

function workflowWith(checks: readonly string[] = [], more: Partial<PromptStep> = {}) {
  const onConflict = { agent: agent(more), checks };
  return workflowOf([
    agentStep('a', { access: 'write', isolated: ISOLATED }),
    agentStep('b', { access: 'write', isolated: { ...ISOLATED, setup: 'npm ci', onConflict } }),
    runStep('after', { needs: ['b'] }),
  ]);
}

/** `a` and `b` write the same file; whoever resolves does what `resolve` says. */
function colliding(
  world: World,
  resolve: (files: Map<string, string>) => void,
  more: Script = () => fine(),
): Script {
  return (job, hear, stop) => {
    const files = world.filesOf(job);
    if (job.kind === 'run' && job.script === 'npm ci') files.set('installed', 'by setup');
    else if (job.step === 'b.on-conflict' && job.kind === 'prompt') resolve(files);
    else if (job.kind === 'prompt') files.set('both', job.step);
    return more(job, hear, stop);
  };
}

function run(world: World, of: RigOptions) {
  return start({ ...of, ports: { ...world.ports, ...of.ports } });
}

const solve = (files: Map<string, string>) => files.set('both', 'a and b');

describe('on-conflict', () => {
  test('has the agent resolve it in a worktree with the markers; what it made is put in place', async () => {
    const world = fakeWorld();
    let before = '';
    let prompt = '';
    const rig = run(world, {
      workflow: workflowWith(['npm test']),
      options: { maxParallel: 1 },
      script: colliding(
        world,
        (files) => {
          before = files.get('both') ?? '';
          solve(files);
        },
        (job) => {
          if (job.kind === 'prompt' && job.step === 'b.on-conflict') prompt = job.prompt;
          return fine({ usage: USAGE });
        },
      ),
    });
    expect(await rig.result()).toEqual({ end: 'succeeded' });
    expect(before).toContain('<<<<<<<');
    for (const what of ['- both', '`a`: do a', '`b`: do b']) expect(prompt).toContain(what);
    expect(Object.fromEntries(world.tree.files)).toEqual({ both: 'a and b' });
    expect(rig.types().filter((type) => type.endsWith('b.on-conflict'))).toEqual([
      'step-started b.on-conflict',
      ...['snapshot-taken b.on-conflict', 'snapshot-taken b.on-conflict', 'step-succeeded b.on-conflict'],
    ]);
    expect(rig.statuses()).toMatchObject({ b: 'succeeded', after: 'succeeded' });
    expect(rig.journal.at(-1)).toMatchObject({ usage: { usd: 4 } });
    expect(world.worktrees.size).toBe(0);
  });

  test.each([
    ['markers are left', () => undefined, [], /markers are left in both/],
    ['a check fails', solve, ['npm test'], /`npm test` failed/],
  ])('is refused where %s', async (_, resolve, checks, says) => {
    const world = fakeWorld();
    const script = colliding(world, resolve as typeof solve, (job) =>
      job.kind === 'run' && job.script === 'npm test' ? failing('exit-code') : fine(),
    );
    const rig = run(world, { workflow: workflowWith(checks), script });
    expect(await rig.result()).toEqual({ end: 'failed' });
    const failure = rig.progress().steps.get('b' as never)?.failure;
    expect(failure?.reason).toBe('merge-conflict');
    expect(failure?.message).toMatch(/both; it was not resolved/);
    expect(failure?.message).toMatch(says);
    expect(rig.statuses()).toMatchObject({ b: 'failed', 'b.on-conflict': 'failed', after: 'blocked' });
    expect(Object.fromEntries(world.tree.files)).toEqual({ both: 'a' });
  });

  describe('where a conflict has no markers', () => {
    /** `a` edits what `b` deletes. */
    function bare(world: World, resolve: (files: Map<string, string>) => void, text: string): Script {
      world.tree.files.set('bare', 'before');
      return (job) => {
        const files = world.filesOf(job);
        if (job.step === 'a') files.set('bare', 'by a');
        if (job.step === 'b' && job.kind === 'prompt') files.delete('bare');
        if (job.step !== 'b.on-conflict') return fine();
        if (job.kind === 'prompt') resolve(files);
        return fine({ text });
      };
    }

    test.each([
      ['left as it is', () => undefined, 'All done: I keep bare.', 'failed'],
      ['edited', (files: Map<string, string>) => files.set('bare', 'by both'), '', 'succeeded'],
      ['deleted', (files: Map<string, string>) => files.delete('bare'), '', 'succeeded'],
      ['left as it is and named', () => undefined, 'Resolved:\n- keep `bare`\n', 'succeeded'],
    ])('it is decided when it is changed, or named: %s', async (_, resolve, text, status) => {
      const world = fakeWorld();
      const script = bare(world, resolve as (files: Map<string, string>) => void, text);
      let prompt = '';
      const rig = run(world, {
        workflow: workflowWith(),
        script: (job, hear, stop) => {
          if (job.kind === 'prompt' && job.step === 'b.on-conflict') prompt = job.prompt;
          return script(job, hear, stop);
        },
      });
      await rig.result();
      expect(rig.statuses()['b']).toBe(status);
      expect(prompt).toContain('`keep <path>`');
      if (status === 'succeeded') return;
      const failure = rig.progress().steps.get('b' as never)?.failure;
      expect(failure?.message).toContain('not resolved: bare is as the merge left it');
    });
  });

  test('that is needed no more when the step is made again is said to be skipped', async () => {
    const world = fakeWorld();
    const workflow = workflowWith();
    const rig = run(world, { workflow, script: colliding(world, () => undefined) });
    expect(await rig.result()).toEqual({ end: 'failed' });
    const again = run(world, { workflow, history: rig.journal, script: colliding(world, solve) });
    expect(await again.result()).toEqual({ end: 'succeeded' });
    expect(again.statuses()).toMatchObject({ b: 'succeeded', 'b.on-conflict': 'skipped' });
  });

  test('is an attempt like others: tried again for what time may heal', async () => {
    const world = fakeWorld();
    const script = colliding(world, solve, (job) =>
      job.step === 'b.on-conflict' && job.attempt === 1 && job.kind === 'prompt'
        ? failing('overloaded')
        : fine(),
    );
    const rig = run(world, { workflow: workflowWith(), script });
    expect(await rig.result()).toEqual({ end: 'succeeded' });
    expect(rig.types()).toContain('retry-scheduled b.on-conflict');
  });

  test('lets others work in the shared tree meanwhile, and merges with what they did', async () => {
    const world = fakeWorld();
    const resolving = held();
    const workflow = workflowWith();
    const steps = [...workflow.steps, runStep('beside', { needs: ['a'] })];
    const rig = run(world, {
      workflow: { ...workflow, steps },
      script: colliding(world, solve, (job, hear, stop) => {
        if (job.step === 'b.on-conflict' && job.kind === 'prompt') return resolving.script(job, hear, stop);
        if (job.step === 'beside') {
          world.tree.files.set('beside', 'too');
          resolving.end();
        }
        return fine();
      }),
    });
    expect(await rig.result()).toEqual({ end: 'succeeded' });
    expect(Object.fromEntries(world.tree.files)).toEqual({ beside: 'too', both: 'a and b' });
  });

  test('that is interrupted leaves the change to be merged by the resume', async () => {
    const world = fakeWorld();
    const resolving = held();
    const workflow = workflowWith();
    const rig = run(world, {
      workflow,
      script: colliding(world, solve, (job, hear, stop) =>
        job.step === 'b.on-conflict' && job.kind === 'prompt' ? resolving.script(job, hear, stop) : fine(),
      ),
    });
    await resolving.started;
    rig.handle.stop('interrupt', 'SIGINT');
    expect(await rig.result()).toEqual({ end: 'interrupted' });
    expect(rig.statuses()).toMatchObject({ a: 'succeeded', b: 'merging', 'b.on-conflict': 'waiting' });
    const again = run(world, { workflow, history: rig.journal, script: colliding(world, solve) });
    expect(await again.result()).toEqual({ end: 'succeeded' });
    expect(again.made).not.toContain('b.2');
    expect(world.tree.files.get('both')).toBe('a and b');
  });

  test('is not asked again where the runner died between its answer and the merge', async () => {
    const world = fakeWorld();
    const workflow = workflowWith();
    const rig = run(world, { workflow, script: colliding(world, solve) });
    await rig.result();
    const cut = rig.journal.findIndex((m) => m.type === 'step-succeeded' && m.step === 'b.on-conflict') + 1;
    world.tree.files.set('both', 'a');
    const again = run(world, {
      workflow,
      history: rig.journal.slice(0, cut),
      script: colliding(world, solve),
    });
    expect(await again.result()).toEqual({ end: 'succeeded' });
    expect(again.made).toEqual(['after.1']);
    expect(world.tree.files.get('both')).toBe('a and b');
  });

  test('of an attempt that died is closed by the resume, its worktree recorded and removed', async () => {
    const world = fakeWorld();
    const workflow = workflowWith();
    const rig = run(world, { workflow, script: colliding(world, solve) });
    await rig.result();
    const at = rig.journal.findIndex((m) => m.type === 'snapshot-taken' && m.step === 'b.on-conflict') + 1;
    world.tree.files.set('both', 'a');
    world.worktrees.set('b.on-conflict.1', new Map([['both', 'half a']]));
    const history = rig.journal.slice(0, at);
    const again = run(world, { workflow, history, script: colliding(world, solve) });
    expect(await again.result()).toEqual({ end: 'succeeded' });
    expect(again.types().slice(at, at + 3)).toEqual([
      'run-resumed',
      ...['snapshot-taken b.on-conflict', 'step-failed b.on-conflict'],
    ]);
    expect(world.worktrees.size).toBe(0);
  });

  test('is canceled with the run', async () => {
    const world = fakeWorld();
    const resolving = held();
    const rig = run(world, {
      workflow: workflowWith(),
      script: colliding(world, solve, (job, hear, stop) =>
        job.step === 'b.on-conflict' && job.kind === 'prompt' ? resolving.script(job, hear, stop) : fine(),
      ),
    });
    await resolving.started;
    rig.handle.stop('cancel', 'somebody');
    expect(await rig.result()).toEqual({ end: 'canceled' });
    expect(rig.statuses()).toMatchObject({ b: 'canceled', 'b.on-conflict': 'canceled', after: 'canceled' });
  });
});
