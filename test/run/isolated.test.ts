import { describe, expect, test } from 'vitest';
import type { Milestone } from '../../src/model/event.ts';
import { err } from '../../src/model/result.ts';
import type { Isolated } from '../../src/model/workflow.ts';
import type { RunPorts } from '../../src/run/running.ts';
import type { RigOptions, Script } from './rig.ts';
import { agentStep, failing, fine, held, runStep, start, turn, workflowOf } from './rig.ts';
import type { World } from './worktrees.ts';
import { fakeWorld, ISOLATED } from './worktrees.ts';

const isolated = (id: string, more: Parameters<typeof agentStep>[1] = {}, how: Partial<Isolated> = {}) =>
  agentStep(id, { access: 'write', ...more, isolated: { ...ISOLATED, ...how } });

/** Each step writes a file of its own name where it works. */
function writes(world: World, more: Script = () => fine()): Script {
  return (job, hear, stop) => {
    if (job.kind === 'prompt') world.filesOf(job).set(job.step, `by ${job.step}.${job.attempt}`);
    return more(job, hear, stop);
  };
}

function run(world: World, of: RigOptions) {
  return start({ script: writes(world), ...of, ports: { ...world.ports, ...of.ports } });
}

describe('an isolated attempt', () => {
  test('works in a worktree of the tree as it is; its change is merged, and nothing that setup made', async () => {
    const world = fakeWorld();
    world.tree.files.set('there', 'uncommitted');
    const seen: unknown[] = [];
    const script: Script = (job) => {
      const files = world.filesOf(job);
      if (job.kind === 'run') files.set('installed', 'by setup');
      else {
        seen.push(job.root, [...files]);
        files.set('made', 'by a');
        files.delete('there');
      }
      return fine();
    };
    const workflow = workflowOf([isolated('a', {}, { setup: 'npm ci' })]);
    const rig = run(world, { workflow, script });
    expect(await rig.result()).toEqual({ end: 'succeeded' });
    expect(seen).toEqual([
      '/worktrees/a.1',
      [
        ['there', 'uncommitted'],
        ['installed', 'by setup'],
      ],
    ]);
    expect(Object.fromEntries(world.tree.files)).toEqual({ made: 'by a' });
    expect(world.worktrees.size).toBe(0);
    expect(rig.types()).toEqual([
      'run-started',
      ...['step-started a', 'snapshot-taken a', 'snapshot-taken a', 'change-ready a'],
      ...['merge-started a', 'change-merged a', 'step-succeeded a'],
      'run-finished',
    ]);
    expect(rig.journal[1]).toMatchObject({ workspace: 'isolated' });
    expect(rig.journal[4]).toMatchObject({ files: ['made', 'there'] });
  });

  test('that fails touches nothing shared: it is recorded, its worktree goes, the next one is fresh', async () => {
    const world = fakeWorld();
    const roots: unknown[] = [];
    const script = writes(world, (job) => {
      roots.push(job.root, [...world.filesOf(job).keys()]);
      world.tree.files.set('meanwhile', 'edited');
      return job.attempt < 2 ? failing('overloaded') : fine();
    });
    const rig = run(world, { workflow: workflowOf([isolated('a')]), script });
    expect(await rig.result()).toEqual({ end: 'succeeded' });
    expect(roots).toEqual(['/worktrees/a.1', ['a'], '/worktrees/a.2', ['meanwhile', 'a']]);
    expect(rig.types()).not.toContain('tree-restored a');
    expect(Object.fromEntries(world.tree.files)).toEqual({ meanwhile: 'edited', a: 'by a.2' });
    expect(world.calls.filter((call) => call.startsWith('remove'))).toEqual(['remove a.1', 'remove a.2']);
    expect(rig.journal.filter((m) => m.type === 'snapshot-taken')).toHaveLength(4);
  });

  test('is merged by nobody with `merge: never`, and what needs it starts at once', async () => {
    const world = fakeWorld();
    const steps = [isolated('a', {}, { merge: 'never' }), runStep('b', { needs: ['a'] })];
    const rig = run(world, { workflow: workflowOf(steps) });
    expect(await rig.result()).toEqual({ end: 'succeeded' });
    expect(world.tree.files.size).toBe(0);
    expect(rig.types()).not.toContain('change-ready a');
    expect(world.worktrees.size).toBe(0);
  });

  test('that changed nothing is merged without a word', async () => {
    const world = fakeWorld();
    const rig = run(world, {
      workflow: workflowOf([runStep('a', { isolated: ISOLATED })]),
      script: () => fine({ stdout: 'hello', 'exit-code': 0 }),
    });
    expect(await rig.result()).toEqual({ end: 'succeeded' });
    expect(rig.types()).not.toContain('merge-started a');
    expect(rig.journal.find((m) => m.type === 'step-succeeded')).toMatchObject({ stdout: 'hello' });
  });

  test('whose setup fails is a failed attempt that says so, and the agent is not asked', async () => {
    const world = fakeWorld();
    const asked: string[] = [];
    const script: Script = (job) => {
      asked.push(job.kind);
      return job.kind === 'run' ? failing('exit-code', { 'exit-code': 3 }) : fine();
    };
    const workflow = workflowOf([isolated('a', {}, { setup: 'npm ci' })]);
    const rig = run(world, { workflow, script });
    expect(await rig.result()).toEqual({ end: 'failed' });
    expect(asked).toEqual(['run']);
    const { failure } = rig.journal.find((m) => m.type === 'step-failed') as { failure: { message: string } };
    expect(failure.message).toMatch(/^workspace\.setup: /);
    expect(world.worktrees.size).toBe(0);
  });

  test('has one time for setup and work together', async () => {
    const world = fakeWorld();
    const clock = (await import('./rig.ts')).fakeClock();
    const script: Script = (job, _hear, stop) =>
      new Promise((resolve) => {
        if (job.kind === 'run') clock.after(60_000, () => resolve(fine()));
        else
          stop.soft.addEventListener('abort', () =>
            resolve(failing('signal', { message: String(stop.soft.reason) })),
          );
      });
    const workflow = workflowOf([isolated('a', { timeoutMs: 100_000 }, { setup: 'npm ci' })]);
    const rig = run(world, { workflow, script, clock });
    await rig.result();
    expect(clock.waits).toEqual([100_000, 60_000, 40_000]);
    expect(rig.progress().steps.get('a' as never)?.failure?.reason).toBe('timeout');
  });

  test.each(['open', 'before', 'after'] as const)(
    'that the workspace refuses at `%s` has failed with its words',
    async (at) => {
      const world = fakeWorld();
      const full = err({ reason: 'config', message: 'the disk is full.' } as const);
      const isolation = {
        ...world.isolation,
        open: async (what: Parameters<typeof world.isolation.open>[0]) => {
          const opened = await world.isolation.open(what);
          if (!opened.ok || at === 'open') return full;
          const record: typeof opened.value.record = async (of, label, since) =>
            label.endsWith(at) ? full : opened.value.record(of, label, since);
          return { ...opened, value: { ...opened.value, record } };
        },
      };
      const rig = run(world, { workflow: workflowOf([isolated('a')]), ports: { isolation } });
      expect(await rig.result()).toEqual({ end: 'failed' });
      const message = rig.progress().steps.get('a' as never)?.failure?.message;
      expect(message).toMatch(/^the disk is full\./);
      // What could not be recorded is not thrown away.
      expect(world.worktrees.has('a.1')).toBe(at !== 'before');
      if (at === 'after') expect(message).toContain('/worktrees/a.1');
    },
  );
});

describe('a worktree', () => {
  test.each([fine(), failing('output')])('goes when the journal has what was in it (%j)', async (outcome) => {
    const world = fakeWorld();
    const committed: string[] = [];
    const atRemoval: string[] = [];
    const isolation: typeof world.isolation = {
      ...world.isolation,
      open: async (what) => {
        const opened = await world.isolation.open(what);
        if (!opened.ok) return opened;
        const remove = async () => {
          atRemoval.push(...committed);
          return opened.value.remove();
        };
        return { ...opened, value: { ...opened.value, remove } };
      },
    };
    const emit: RunPorts['emit'] = async (body) => {
      for (let i = 0; i < 5; i++) await turn();
      committed.push(body.type);
      return { ...body, v: 1, seq: 1, at: '2026-11-20T14:15:03.000Z', run: 'r' } as never;
    };
    const ports = { isolation, emit };
    await run(world, { workflow: workflowOf([isolated('a')]), ports, script: () => outcome }).handle.done;
    expect(atRemoval.filter((type) => type === 'snapshot-taken')).toHaveLength(2);
    expect(atRemoval.includes('change-ready')).toBe(outcome.ok);
  });
});

describe('a writer in the shared tree', () => {
  test('and an isolated attempt do not wait for each other, but for the recording of the tree', async () => {
    const world = fakeWorld();
    const both = held();
    const steps = [agentStep('w', { access: 'write' }), isolated('a')];
    const rig = run(world, {
      workflow: workflowOf(steps),
      script: writes(world, (job, hear, stop) => {
        if (job.step === 'a') return both.script(job, hear, stop);
        both.end();
        return fine();
      }),
    });
    expect(await rig.result()).toEqual({ end: 'succeeded' });
  });

  test('is not looked at for a worktree while it writes', async () => {
    const world = fakeWorld();
    const writer = held();
    const steps = [
      agentStep('w', { access: 'write' }),
      runStep('first'),
      isolated('a', { needs: ['first'] }),
    ];
    const rig = run(world, {
      workflow: workflowOf(steps),
      options: { maxParallel: 3 },
      script: async (job, hear, stop) => {
        if (job.step !== 'w') return fine();
        world.tree.files.set('half', 'an edit');
        return writer.script(job, hear, stop);
      },
    });
    await writer.started;
    for (let i = 0; i < 20; i++) await turn();
    expect(world.calls).not.toContain('open a.1');
    world.tree.files.set('half', 'a whole edit');
    writer.end();
    expect(await rig.result()).toEqual({ end: 'succeeded' });
    const base = [...world.tree.recordings].find(([name]) => name.endsWith('a.1.base'));
    expect(base?.[1].get('half')).toBe('a whole edit');
  });

  test.each([1, 2, 3])('is not starved by many isolated steps, with room for %i', async (maxParallel) => {
    const world = fakeWorld();
    const many = Array.from({ length: 12 }, (_, i) => isolated(`a${i}`));
    const steps = [agentStep('w', { access: 'write' }), runStep('after', { needs: ['w'] }), ...many];
    const rig = run(world, {
      workflow: workflowOf(steps),
      options: { maxParallel },
      script: writes(world, () => turn().then(() => fine())),
    });
    expect(await rig.result()).toEqual({ end: 'succeeded' });
    expect(rig.made.indexOf('w.1')).toBeLessThan(maxParallel);
    expect(rig.most()).toBeLessThanOrEqual(maxParallel);
  });
});

describe('an isolated attempt that is cut off', () => {
  const stopped: Script = (_job, _hear, stop) =>
    new Promise((resolve) => {
      stop.soft.addEventListener('abort', () => resolve(failing('signal')));
    });

  async function cut(world: World, how: 'soft' | 'hard'): Promise<Milestone[]> {
    const rig = run(world, { workflow: workflowOf([isolated('a')]), script: writes(world, stopped) });
    while (rig.made.length === 0) await turn();
    if (how === 'soft') rig.handle.stop('interrupt', 'SIGINT');
    else rig.handle.stopNow();
    expect(await rig.result()).toEqual({ end: 'interrupted' });
    return rig.journal;
  }

  test('softly is recorded, and its worktree removed', async () => {
    const world = fakeWorld();
    const journal = await cut(world, 'soft');
    expect(world.worktrees.size).toBe(0);
    expect(journal.filter((m) => m.type === 'snapshot-taken')).toHaveLength(2);
  });

  test('at once leaves its worktree to the resume, which records what is in it', async () => {
    const world = fakeWorld();
    const history = await cut(world, 'hard');
    expect([...(world.worktrees.get('a.1') ?? [])]).toEqual([['a', 'by a.1']]);
    const rig = run(world, { workflow: workflowOf([isolated('a')]), history });
    expect(await rig.result()).toEqual({ end: 'succeeded' });
    expect(rig.journal[history.length + 1]).toMatchObject({
      type: 'snapshot-taken',
      attempt: 1,
      files: ['a'],
    });
    expect(world.worktrees.size).toBe(0);
    expect(rig.types()).not.toContain('tree-restored a');
    expect(world.tree.files.get('a')).toBe('by a.2');
  });

  test('and whose worktree is gone has nothing to record', async () => {
    const world = fakeWorld();
    const history = await cut(world, 'hard');
    world.worktrees.clear();
    const rig = run(world, { workflow: workflowOf([isolated('a')]), history });
    expect(await rig.result()).toEqual({ end: 'succeeded' });
    expect(rig.journal.filter((m) => m.type === 'snapshot-taken' && m.attempt === 1)).toHaveLength(1);
    // Whoever took it away may have been a runner that died on it.
    expect(world.calls).toContain('clear a.1');
  });

  test('goes on with --keep-tree from what it left, even when the runner dies once more before that', async () => {
    const world = fakeWorld();
    const history = await cut(world, 'hard');
    const workflow = workflowOf([isolated('a')]);
    const options = { keepTree: true };
    const script: Script = (job) => {
      world.filesOf(job).set('more', [...world.filesOf(job).keys()].join());
      return fine();
    };
    const first = run(world, { workflow, history, options, script });
    expect(await first.result()).toEqual({ end: 'succeeded' });
    expect(Object.fromEntries(world.tree.files)).toEqual({ a: 'by a.1', more: 'a' });
    const died = first.journal.findIndex((m) => m.type === 'step-started' && m.attempt === 2);
    world.tree.files.clear();
    const again = run(world, { workflow, history: first.journal.slice(0, died), script });
    expect(await again.result()).toEqual({ end: 'succeeded' });
    expect(Object.fromEntries(world.tree.files)).toEqual({ a: 'by a.1', more: 'a' });
  });

  test('that ended well all the same is not made again', async () => {
    const world = fakeWorld();
    const rig = run(world, {
      workflow: workflowOf([isolated('a')]),
      script: writes(world, () => {
        rig.handle.stopNow();
        return fine();
      }),
    });
    expect(await rig.result()).toEqual({ end: 'interrupted' });
    expect(rig.statuses()).toEqual({ a: 'merging' });
    const again = run(world, { workflow: workflowOf([isolated('a')]), history: rig.journal });
    expect(await again.result()).toEqual({ end: 'succeeded' });
    expect(again.made).toEqual([]);
    expect(world.tree.files.get('a')).toBe('by a.1');
  });
});
