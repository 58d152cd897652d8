import { describe, expect, test } from 'vitest';
import type { Milestone } from '../../src/model/event.ts';
import { err } from '../../src/model/result.ts';
import type { Isolated } from '../../src/model/workflow.ts';
import type { RigOptions, Script } from './rig.ts';
import { agentStep, expr, failing, fine, gateStep, held, runStep, start, turn, workflowOf } from './rig.ts';
import type { World } from './worktrees.ts';
import { fakeWorld, ISOLATED } from './worktrees.ts';

type Spec = NonNullable<Parameters<typeof agentStep>[1]>;
const isolated = (id: string, more: Spec = {}, how: Partial<Isolated> = {}) =>
  agentStep(id, { access: 'write', ...more, isolated: { ...ISOLATED, ...how } });

/** Each step writes a file of its own name where it works, and those of `both` a second one too. */
function writes(world: World, both: readonly string[] = [], more: Script = () => fine()): Script {
  return (job, hear, stop) => {
    const files = world.filesOf(job);
    if (job.kind === 'prompt') files.set(job.step, `by ${job.step}.${job.attempt}`);
    if (both.includes(job.step)) files.set('both', `${files.get('both') ?? ''}${job.step}`);
    return more(job, hear, stop);
  };
}

function run(world: World, of: RigOptions) {
  return start({ script: writes(world), ...of, ports: { ...world.ports, ...of.ports } });
}

const merges = (journal: readonly Milestone[]) =>
  journal.flatMap((m) => (m.type === 'change-merged' ? [m.step] : []));

describe('a batch', () => {
  test('is merged in the order of the file when all of it is done, whoever was faster', async () => {
    const world = fakeWorld();
    const slow = held();
    const steps = [isolated('a'), isolated('b'), isolated('c')];
    const bases: string[][] = [];
    const rig = run(world, {
      workflow: workflowOf(steps),
      script: writes(world, [], async (job, hear, stop) => {
        if (job.step !== 'a') return fine();
        bases.push([...world.filesOf(job).keys()]);
        return slow.script(job, hear, stop);
      }),
    });
    await slow.started;
    for (let i = 0; i < 20; i++) await turn();
    expect(rig.statuses()).toEqual({ a: 'running', b: 'merging', c: 'merging' });
    expect(world.tree.files.size).toBe(0);
    slow.end();
    expect(await rig.result()).toEqual({ end: 'succeeded' });
    expect(merges(rig.journal)).toEqual(['a', 'b', 'c']);
  });

  test('waits for no step that has its end, and takes nothing of one that failed', async () => {
    const world = fakeWorld();
    const steps = [isolated('a'), isolated('b'), isolated('no', { if: 'false' })];
    const rig = run(world, {
      workflow: workflowOf(steps),
      script: writes(world, [], (job) => (job.step === 'a' ? failing('output') : fine())),
    });
    expect(await rig.result()).toEqual({ end: 'failed' });
    expect(Object.fromEntries(world.tree.files)).toEqual({ b: 'by b.1' });
  });

  test('is in the worktrees of the next one, and in the tree of who needs one of it, as a whole', async () => {
    const world = fakeWorld();
    const seen: Record<string, string[]> = {};
    const steps = [
      isolated('a'),
      isolated('b'),
      // Of a higher rank than what is still to be merged.
      runStep('needs-a', { needs: ['a'] }),
      runStep('more', { needs: ['needs-a'] }),
      isolated('next', { needs: ['a'] }),
    ];
    const rig = run(world, {
      workflow: workflowOf(steps),
      options: { maxParallel: 8 },
      script: (job) => {
        seen[job.step] = [...world.filesOf(job).keys()];
        return writes(world)(job, undefined as never, undefined as never);
      },
    });
    expect(await rig.result()).toEqual({ end: 'succeeded' });
    expect(seen).toMatchObject({ 'needs-a': ['a', 'b'], next: ['a', 'b'] });
  });

  test('that is late keeps a later one out of its worktrees', async () => {
    const world = fakeWorld();
    const slow = held();
    const steps = [
      runStep('slow'),
      runStep('quick'),
      runStep('quicker', { needs: ['quick'] }),
      isolated('late', { needs: ['slow'] }),
      isolated('early', { needs: ['quicker'] }),
    ];
    let base: string[] = [];
    const rig = run(world, {
      workflow: workflowOf(steps),
      options: { maxParallel: 8 },
      script: (job, hear, stop) => {
        if (job.step === 'slow') return slow.script(job, hear, stop);
        if (job.step === 'late') base = [...world.filesOf(job).keys()];
        return writes(world)(job, hear, stop);
      },
    });
    await slow.started;
    for (let i = 0; i < 20; i++) await turn();
    expect(rig.made).not.toContain('early.1');
    slow.end();
    expect(await rig.result()).toEqual({ end: 'succeeded' });
    expect(base).toEqual([]);
    expect(merges(rig.journal)).toEqual(['late', 'early']);
  });

  test('that waits to be merged takes no place', async () => {
    const world = fakeWorld();
    const steps = [isolated('a'), isolated('b'), isolated('c')];
    const rig = run(world, { workflow: workflowOf(steps), options: { maxParallel: 1 } });
    expect(await rig.result()).toEqual({ end: 'succeeded' });
    expect(merges(rig.journal)).toEqual(['a', 'b', 'c']);
  });

  test('is not merged while a step works in the shared tree', async () => {
    const world = fakeWorld();
    const shared = held();
    const rig = run(world, {
      workflow: workflowOf([isolated('a'), runStep('shared')]),
      script: writes(world, [], (job, hear, stop) =>
        job.step === 'shared' ? shared.script(job, hear, stop) : fine(),
      ),
    });
    await shared.started;
    for (let i = 0; i < 20; i++) await turn();
    expect(rig.statuses()).toMatchObject({ a: 'merging' });
    expect(world.tree.files.size).toBe(0);
    shared.end();
    expect(await rig.result()).toEqual({ end: 'succeeded' });
  });

  test('of `finally` is one step: each merges at once', async () => {
    const world = fakeWorld();
    const more = [isolated('f'), isolated('g')];
    let seen: string[] = [];
    const rig = run(world, {
      workflow: workflowOf([runStep('a')], { finally: more }),
      script: (job, hear, stop) => {
        if (job.step === 'g') seen = [...world.filesOf(job).keys()];
        return writes(world)(job, hear, stop);
      },
    });
    expect(await rig.result()).toEqual({ end: 'succeeded' });
    expect(seen).toEqual(['f']);
    expect(merges(rig.journal)).toEqual(['f', 'g']);
  });
});

describe('a gate', () => {
  /** `a` and `late` are ready; `b` of the first batch, and what needs it, stand behind a gate. */
  const workflow = workflowOf([
    isolated('a'),
    gateStep('g'),
    runStep('first'),
    isolated('b', { needs: ['g'] }),
    isolated('mate', { needs: ['first'] }),
    isolated('late', { needs: ['a', 'mate'] }),
  ]);

  test('is not waited for by what does not stand behind it, and what does sees all of that', async () => {
    const world = fakeWorld();
    const rig = run(world, { workflow });
    expect(await rig.result()).toEqual({ end: 'parked' });
    expect(merges(rig.journal)).toEqual(['a', 'mate', 'late']);
    expect(rig.statuses()).not.toHaveProperty('b');
    const last = rig.journal.at(-1) as Milestone;
    const decided = { ...last, type: 'gate-decided', step: 'g', decision: 'approve', by: 'me' } as never;
    let seen: string[] = [];
    const again = run(world, {
      workflow,
      history: [...rig.journal, decided],
      script: (job, hear, stop) => {
        if (job.step === 'b') seen = [...world.filesOf(job).keys()];
        return writes(world)(job, hear, stop);
      },
    });
    expect(await again.result()).toEqual({ end: 'succeeded' });
    expect(seen).toEqual(['a', 'mate', 'late']);
    expect(merges(again.journal)).toEqual(['a', 'mate', 'late', 'b']);
  });

  test('that was decided early changes nothing: what stands behind it is merged after the rest', async () => {
    const world = fakeWorld();
    const slow = held();
    let seen: string[] = [];
    const rig = run(world, {
      workflow: workflowOf([
        runStep('slow'),
        gateStep('g', { approveIf: expr('true') }),
        isolated('b', { needs: ['g'] }),
        isolated('a', { needs: ['slow'] }),
      ]),
      script: (job, hear, stop) => {
        if (job.step === 'slow') return slow.script(job, hear, stop);
        if (job.step === 'b') seen = [...world.filesOf(job).keys()];
        return writes(world)(job, hear, stop);
      },
    });
    await slow.started;
    for (let i = 0; i < 20; i++) await turn();
    expect(rig.made).not.toContain('b.1');
    slow.end();
    expect(await rig.result()).toEqual({ end: 'succeeded' });
    expect(seen).toEqual(['a']);
  });
});

describe('a conflict', () => {
  test('fails the step, names the files, touches nothing, keeps both sides', async () => {
    const world = fakeWorld();
    const steps = [isolated('a'), isolated('b'), runStep('needs-b', { needs: ['b'] })];
    const usage = { 'input-tokens': 1, 'output-tokens': 1, 'cached-tokens': 0, usd: 1 };
    const rig = run(world, {
      workflow: workflowOf(steps),
      script: writes(world, ['a', 'b'], () => fine({ usage, text: 'done' })),
    });
    expect(await rig.result()).toEqual({ end: 'failed' });
    expect(rig.statuses()).toEqual({ a: 'succeeded', b: 'failed', 'needs-b': 'blocked' });
    const failed = rig.journal.find((m) => m.type === 'step-failed');
    expect(failed).toMatchObject({ final: true, text: 'done', failure: { reason: 'merge-conflict' } });
    expect(rig.progress().steps.get('b' as never)?.failure?.message).toContain('both');
    expect(Object.fromEntries(world.tree.files)).toEqual({ a: 'by a.1', both: 'a' });
    expect(rig.journal.at(-1)).toMatchObject({ usage: { usd: 2 } });
  });

  test('is made again where `retry.on` names it, on what it collided with, before what comes after it', async () => {
    const world = fakeWorld();
    const retry = {
      attempts: 2,
      delayMs: 1,
      backoff: 'fixed',
      maxDelayMs: 1,
      on: ['merge-conflict'],
    } as const;
    const steps = [isolated('a'), isolated('b', { retry }), isolated('c')];
    const rig = run(world, { workflow: workflowOf(steps), script: writes(world, ['a', 'b']) });
    expect(await rig.result()).toEqual({ end: 'succeeded' });
    expect(rig.made).toEqual(['a.1', 'b.1', 'c.1', 'b.2']);
    expect(merges(rig.journal)).toEqual(['a', 'b', 'c']);
    expect(world.tree.files.get('both')).toBe('ab');
  });

  test('of a step that may fail lets the others go on', async () => {
    const world = fakeWorld();
    const steps = [isolated('a'), isolated('b', { continueOnError: true }), isolated('c', { needs: ['b'] })];
    const rig = run(world, { workflow: workflowOf(steps), script: writes(world, ['a', 'b']) });
    expect(await rig.result()).toEqual({ end: 'succeeded' });
    expect(rig.statuses()).toEqual({ a: 'succeeded', b: 'failed', c: 'succeeded' });
  });

  test('ends what has not begun under --fail-fast', async () => {
    const world = fakeWorld();
    const steps = [isolated('a'), isolated('b'), isolated('c', { needs: ['a'] })];
    const options = { failFast: true, maxParallel: 1 };
    const rig = run(world, { workflow: workflowOf(steps), options, script: writes(world, ['a', 'b']) });
    expect(await rig.result()).toEqual({ end: 'failed' });
    expect(rig.statuses()).toEqual({ a: 'succeeded', b: 'failed', c: 'canceled' });
  });
});

describe('stopping while a change waits to be merged', () => {
  const workflow = workflowOf([isolated('a'), isolated('b')]);

  async function stopped(world: World, kind: 'interrupt' | 'cancel') {
    const slow = held();
    const script = writes(world, [], (job, hear, stop) =>
      job.step === 'b' ? slow.script(job, hear, stop) : fine(),
    );
    const rig = run(world, { workflow, script });
    while (rig.statuses()['a'] !== 'merging') await turn();
    rig.handle.stop(kind, 'a test');
    return { rig, result: await rig.result() };
  }

  test('an interrupt leaves it waiting, and the resume merges it without making it again', async () => {
    const world = fakeWorld();
    const { rig, result } = await stopped(world, 'interrupt');
    expect(result).toEqual({ end: 'interrupted' });
    expect(rig.statuses()).toEqual({ a: 'merging', b: 'waiting' });
    const again = run(world, { workflow, history: rig.journal });
    expect(await again.result()).toEqual({ end: 'succeeded' });
    expect(again.made).toEqual(['b.2']);
    expect(merges(again.journal)).toEqual(['a', 'b']);
  });

  test('a cancel ends the step, says how to have its change, and a resume merges it still', async () => {
    const world = fakeWorld();
    const { rig, result } = await stopped(world, 'cancel');
    expect(result).toEqual({ end: 'canceled' });
    expect(rig.statuses()).toEqual({ a: 'canceled', b: 'canceled' });
    const canceled = rig.journal.find((m) => m.type === 'step-canceled' && m.step === 'a');
    expect(canceled).toMatchObject({ because: expect.stringContaining('codemachine apply') });
    expect(world.tree.files.size).toBe(0);
    const again = run(world, { workflow, history: rig.journal });
    expect(await again.result()).toEqual({ end: 'succeeded' });
    expect(again.made).toEqual(['b.2']);
  });

  test('a merge that is under way is finished first', async () => {
    const world = fakeWorld();
    const workspace = {
      ...world.tree,
      restore: async (...of: Parameters<typeof world.tree.restore>) => {
        rig.handle.stop('cancel', 'a test');
        await turn();
        return world.tree.restore(...of);
      },
    };
    const rig = run(world, { workflow, ports: { workspace } });
    expect(await rig.result()).toEqual({ end: 'canceled' });
    expect(rig.statuses()).toEqual({ a: 'succeeded', b: 'canceled' });
    expect(rig.types()).not.toContain('step-canceled a');
  });
});

describe('a tree that cannot be merged into', () => {
  test('stops the run, whose resume merges what is done: it fails no step, which would be made again', async () => {
    const world = fakeWorld();
    const workflow = workflowOf([isolated('a'), runStep('b', { needs: ['a'] })]);
    const restore = async () => err({ reason: 'config', message: 'The disk is full.' } as const);
    const rig = run(world, { workflow, ports: { workspace: { ...world.tree, restore } } });
    const result = await rig.result();
    expect(result.end).toBe('interrupted');
    expect(result.message).toContain('The disk is full.');
    expect(rig.statuses()).toEqual({ a: 'merging' });
    const again = run(world, { workflow, history: rig.journal });
    expect(await again.result()).toEqual({ end: 'succeeded' });
    expect(again.made).toEqual(['b.1']);
  });
});

describe('a merge that was cut off', () => {
  const workflow = workflowOf([isolated('a')]);

  /** The run dies when `files` of the merge stand in the tree, and nothing says so. */
  async function half(world: World, files: Record<string, string | undefined>): Promise<Milestone[]> {
    world.tree.files.set('old', 'before');
    const script: Script = (job) => {
      world.filesOf(job).set('new', 'by a').set('more', 'by a').delete('old');
      return fine();
    };
    const rig = run(world, { workflow, script });
    await rig.result();
    world.tree.files.clear();
    world.tree.files.set('old', 'before');
    for (const [path, text] of Object.entries(files)) {
      if (text === undefined) world.tree.files.delete(path);
      else world.tree.files.set(path, text);
    }
    return rig.journal.slice(0, rig.journal.findIndex((m) => m.type === 'merge-started') + 1);
  }

  const done = { new: 'by a', more: 'by a' };

  test('is finished, and nothing is made again; what was edited elsewhere stays', async () => {
    const world = fakeWorld();
    const history = await half(world, { new: 'by a', other: 'by hand' });
    const rig = run(world, { workflow, history });
    expect(await rig.result()).toEqual({ end: 'succeeded' });
    expect(rig.made).toEqual([]);
    expect(rig.types().slice(history.length)).toEqual([
      ...['run-resumed', 'change-merged a', 'step-succeeded a'],
      'run-finished',
    ]);
    expect(Object.fromEntries(world.tree.files)).toEqual({ ...done, other: 'by hand' });
  });

  test('over a file that holds neither side: it is kept in a recording, and told', async () => {
    const world = fakeWorld();
    const history = await half(world, { new: 'by', more: 'by a' });
    const told: unknown[] = [];
    const undone = async (what: unknown) => {
      told.push(what);
    };
    const rig = run(world, { workflow, history, options: { undone } });
    expect(await rig.result()).toEqual({ end: 'succeeded' });
    expect(Object.fromEntries(world.tree.files)).toEqual(done);
    expect(told).toMatchObject([{ step: 'a', merging: true, files: ['new'] }]);
    const { found } = told[0] as { found: string };
    expect(world.tree.recordings.get(found)?.get('new')).toBe('by');
  });

  test('asks first where somebody can be asked; kept means merged anew with what is there', async () => {
    const world = fakeWorld();
    const history = await half(world, { new: 'by hand' });
    const asked: unknown[] = [];
    const decideUndo = async (question: unknown) => {
      asked.push(question);
      return 'keep' as const;
    };
    const rig = run(world, { workflow, history, options: { decideUndo } });
    expect(await rig.result()).toEqual({ end: 'failed' });
    expect(asked).toEqual([{ step: 'a', attempt: 1, why: 'crashed', files: ['new'], merging: true }]);
    expect(world.tree.files.get('new')).toBe('by hand');
    expect(rig.progress().steps.get('a' as never)?.failure?.reason).toBe('merge-conflict');
    // What was begun then is given up: the step is made again, on what is there.
    const again = run(world, { workflow, history: rig.journal });
    expect(await again.result()).toEqual({ end: 'succeeded' });
    expect(again.made).toEqual(['a.2']);
    expect(world.tree.files.get('new')).toBe('by hand');
  });

  test('stops where an owner that ended orderly found an edit in its way', async () => {
    const world = fakeWorld();
    const history = await half(world, { new: 'by hand' });
    const last = history.at(-1) as Milestone;
    const orderly = { ...last, type: 'run-interrupted', attempt: 1, by: 'x', seq: last.seq + 1 } as Milestone;
    const rig = run(world, { workflow, history: [...history, orderly] });
    const result = await rig.result();
    expect(result.end).toBe('refused');
    expect(result.message).toMatch(/being merged.*new.*--keep-tree.*--restore/s);
  });

  test('before it was begun is begun by the resume, a worktree that was left is taken away', async () => {
    const world = fakeWorld();
    const first = run(world, { workflow });
    await first.result();
    world.tree.files.clear();
    world.worktrees.set('a.1', new Map());
    const ready = first.journal.findIndex((m) => m.type === 'change-ready') + 1;
    const rig = run(world, { workflow, history: first.journal.slice(0, ready) });
    expect(await rig.result()).toEqual({ end: 'succeeded' });
    expect(rig.made).toEqual([]);
    expect(world.tree.files.get('a')).toBe('by a.1');
    expect(world.worktrees.size).toBe(0);
  });

  test('what needs a step that was skipped before is decided anew behind one that was merged by the resume', async () => {
    const world = fakeWorld();
    const steps = [
      isolated('a', { continueOnError: true }),
      runStep('b', { needs: ['a'], if: "steps.a.text === 'yes'" }),
      runStep('c'),
    ];
    const two = workflowOf(steps);
    const first = run(world, { workflow: two, script: () => failing('output') });
    await first.result();
    expect(first.statuses()).toMatchObject({ a: 'failed', b: 'skipped' });
    const second = run(world, { workflow: two, history: first.journal, script: () => fine({ text: 'yes' }) });
    await second.result();
    const cut = second.journal.findIndex((m) => m.type === 'change-ready') + 1;
    const third = run(world, { workflow: two, history: second.journal.slice(0, cut) });
    expect(await third.result()).toEqual({ end: 'succeeded' });
    expect(third.made).toContain('b.1');
    expect(third.made).not.toContain('a.3');
  });
});
