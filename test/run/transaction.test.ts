import { describe, expect, test } from 'vitest';
import type { Workspace } from '../../src/model/ports.ts';
import type { FakeTree, RigOptions, Script } from './rig.ts';
import { agentStep, failing, fakeTree, fine, runStep, start, workflowOf } from './rig.ts';

const writer = (more: Parameters<typeof agentStep>[1] = {}) => agentStep('w', { access: 'write', ...more });

/** Writes its attempt's number; the first attempts fail. */
function edits(tree: FakeTree, good: number, reason: 'overloaded' | 'output' = 'overloaded'): Script {
  return (job) => {
    if (job.step !== 'w') return fine();
    tree.files.set('made', [tree.files.get('made'), job.attempt].join());
    tree.files.delete('there');
    return job.attempt < good ? failing(reason) : fine();
  };
}

function withTree(): FakeTree {
  const tree = fakeTree();
  tree.files.set('there', 'before');
  return tree;
}

describe('a writing agent is a transaction', () => {
  test('a failed attempt is recorded, then undone before the next one', async () => {
    const tree = withTree();
    const rig = start({ workflow: workflowOf([writer()]), tree, script: edits(tree, 2) });
    expect(await rig.result()).toEqual({ end: 'succeeded' });
    expect(tree.files).toEqual(new Map([['made', ',2']]));
    expect(rig.types()).toEqual([
      'run-started',
      ...[
        'step-started w',
        'snapshot-taken w',
        'snapshot-taken w',
        'step-failed w',
        'retry-scheduled w',
        'tree-restored w',
      ],
      ...['step-started w', 'snapshot-taken w', 'snapshot-taken w', 'step-succeeded w'],
      'run-finished',
    ]);
    expect(rig.journal[6]).toMatchObject({ attempt: 1, files: ['made', 'there'] });
  });

  test('it is undone before another engine', async () => {
    const tree = withTree();
    const workflow = workflowOf([
      writer({ engines: ['codex', 'claude-code'], retry: { attempts: 1 } as never }),
    ]);
    const rig = start({ workflow, tree, script: edits(tree, 2) });
    await rig.result();
    expect(tree.files.get('made')).toBe(',2');
  });

  test('it is undone when the run goes on past the failure', async () => {
    const tree = withTree();
    const workflow = workflowOf([writer({ continueOnError: true }), runStep('next', { needs: ['w'] })]);
    const rig = start({ workflow, tree, script: edits(tree, 9, 'output') });
    expect(await rig.result()).toEqual({ end: 'succeeded' });
    expect(tree.files).toEqual(new Map([['there', 'before']]));
    expect(rig.types().indexOf('tree-restored w')).toBeLessThan(rig.types().indexOf('step-started next'));
  });

  test('a failure that ends the run leaves the tree as the agent left it', async () => {
    const tree = withTree();
    const rig = start({ workflow: workflowOf([writer()]), tree, script: edits(tree, 9, 'output') });
    expect(await rig.result()).toEqual({ end: 'failed' });
    expect(tree.files).toEqual(new Map([['made', ',1']]));
  });

  test('a tree that cannot be recorded starts no agent', async () => {
    const tree = withTree();
    const record = async () =>
      ({ ok: false, error: { reason: 'internal', message: 'big.iso is over 100 MiB' } }) as const;
    const rig = start({ workflow: workflowOf([writer()]), tree: { ...tree, record } });
    expect(await rig.result()).toEqual({ end: 'failed' });
    expect(rig.made).toEqual([]);
  });

  test('an undo that fails ends the step: the next attempt must not start on half a tree', async () => {
    const tree = withTree();
    const restore = async () => ({ ok: false, error: { reason: 'internal', message: 'read-only' } }) as const;
    const rig = start({
      workflow: workflowOf([writer()]),
      tree: { ...tree, restore },
      script: edits(tree, 9),
    });
    expect(await rig.result()).toEqual({ end: 'failed' });
    expect(rig.made).toEqual(['w.1']);
    expect(rig.progress().steps.get('w' as never)?.failure?.message).toBe('read-only');
  });
});

describe('an undo that fails where the run was to go on past the failure', () => {
  test('stops the run: nothing may build on what is in the tree now; the resume undoes it first', async () => {
    const tree = withTree();
    const restore = async () => ({ ok: false, error: { reason: 'internal', message: 'read-only' } }) as const;
    const steps = [
      writer({ continueOnError: true }),
      runStep('next', { needs: ['w'] }),
      agentStep('other', { access: 'write', needs: ['next'] }),
    ];
    const workflow = workflowOf(steps, { finally: [runStep('clean')] });
    const rig = start({ workflow, tree: { ...tree, restore }, script: edits(tree, 9, 'output') });
    const result = await rig.result();
    expect(result.end).toBe('interrupted');
    expect(result.message).toMatch(/edits of `w`.*could not be undone: read-only/);
    expect(rig.made).toEqual(['w.1']);
    expect(rig.statuses()).toEqual({ w: 'failed' });
    expect(rig.types().at(-1)).toBe('run-interrupted');
    const again = start({ workflow, tree, history: rig.journal, script: edits(tree, 9, 'output') });
    expect(await again.result()).toEqual({ end: 'succeeded' });
    expect(tree.files).toEqual(new Map([['there', 'before']]));
    expect(again.types().indexOf('tree-restored w')).toBeLessThan(again.types().indexOf('step-started next'));
  });

  test('wins over a cancel that has begun: `finally` would build on it too', async () => {
    const tree = withTree();
    const restore = async () => {
      rig.handle.stop('cancel', 'somebody');
      return { ok: false, error: { reason: 'internal', message: 'read-only' } } as const;
    };
    const workflow = workflowOf([writer({ continueOnError: true })], { finally: [runStep('clean')] });
    const rig = start({ workflow, tree: { ...tree, restore }, script: edits(tree, 9, 'output') });
    expect((await rig.result()).end).toBe('interrupted');
    expect(rig.made).toEqual(['w.1']);
  });
});

describe('an attempt whose end cannot be recorded', () => {
  const end = (tree: FakeTree, broken: (label: string) => boolean): Workspace => ({
    ...tree,
    record: async (run, label, since) =>
      broken(label)
        ? { ok: false, error: { reason: 'config', message: 'the disk is full' } }
        : tree.record(run, label, since),
  });

  test('is the last one when it failed: it cannot be undone, and the next must not start on its edits', async () => {
    const tree = withTree();
    const rig = start({
      workflow: workflowOf([writer()]),
      tree: end(tree, (label) => label === 'w.1.after'),
      script: edits(tree, 2),
    });
    expect(await rig.result()).toEqual({ end: 'failed' });
    expect(rig.made).toEqual(['w.1']);
    expect(rig.progress().steps.get('w' as never)?.failure?.message).toBe('the disk is full');
    const again = start({
      workflow: workflowOf([writer()]),
      tree,
      history: rig.journal,
      script: edits(tree, 1),
    });
    expect(await again.result()).toEqual({ end: 'succeeded' });
    expect(tree.files.get('made')).toBe(',2');
  });
});

describe('undo at resume', () => {
  /** Runs to the end, then cuts the history off after the first milestone of the type. */
  async function cutAfter(type: string, of: RigOptions & { tree: FakeTree }) {
    const files = new Map<string, string>();
    let cut = -1;
    const rig = start({
      ...of,
      refuse: (body) => {
        // The tree at the crash is the one just before the next milestone is said.
        if (cut === 1) for (const [path, text] of of.tree.files) files.set(path, text);
        if (cut >= 0) cut++;
        if (cut < 0 && body.type === type) cut = 1;
        return false;
      },
    });
    await rig.result();
    of.tree.files.clear();
    for (const [path, text] of files) of.tree.files.set(path, text);
    return rig.journal.slice(0, rig.journal.findIndex((m) => m.type === type) + 1);
  }

  test('of an attempt that was cut off by a crash: recorded, undone, made again', async () => {
    const tree = withTree();
    const workflow = workflowOf([writer()]);
    const history = await cutAfter('snapshot-taken', { workflow, tree, script: edits(tree, 1) });
    expect(tree.files.get('made')).toBe(',1');
    const rig = start({ workflow, tree, history, script: edits(tree, 1) });
    expect(await rig.result()).toEqual({ end: 'succeeded' });
    expect(tree.files.get('made')).toBe(',2');
    expect(rig.types().slice(history.length)).toEqual([
      'run-resumed',
      ...['snapshot-taken w', 'step-failed w', 'tree-restored w'],
      ...['step-started w', 'snapshot-taken w', 'snapshot-taken w', 'step-succeeded w'],
      'run-finished',
    ]);
    expect(rig.journal.find((m) => m.type === 'step-failed')).toMatchObject({
      final: false,
      failure: { reason: 'interrupted' },
    });
  });

  test('not with --keep-tree', async () => {
    const tree = withTree();
    const workflow = workflowOf([writer()]);
    const history = await cutAfter('snapshot-taken', { workflow, tree, script: edits(tree, 1) });
    const rig = start({ workflow, tree, history, script: edits(tree, 1), options: { keepTree: true } });
    expect(await rig.result()).toEqual({ end: 'succeeded' });
    expect(tree.files.get('made')).toBe(',1,2');
  });

  test('not by the next owner either, when the one who was told to keep it died before another attempt', async () => {
    const tree = withTree();
    const workflow = workflowOf([writer()]);
    const history = await cutAfter('snapshot-taken', { workflow, tree, script: edits(tree, 1) });
    const kept = start({ workflow, tree, history, script: edits(tree, 1), options: { keepTree: true } });
    await kept.result();
    for (const type of ['run-resumed', 'step-failed'] as const) {
      tree.files.clear();
      tree.files.set('made', ',1');
      const died = kept.journal.findIndex((m) => m.type === type) + 1;
      const rig = start({ workflow, tree, history: kept.journal.slice(0, died), script: edits(tree, 1) });
      expect(await rig.result()).toEqual({ end: 'succeeded' });
      expect(tree.files.get('made')).toBe(',1,2');
    }
  });

  test('not by the next owner either, when somebody who was asked wanted it kept', async () => {
    const tree = withTree();
    const workflow = workflowOf([writer()]);
    const history = await cutAfter('snapshot-taken', { workflow, tree, script: edits(tree, 1) });
    const options = { decideUndo: async () => 'keep' as const };
    const kept = start({ workflow, tree, history, script: edits(tree, 1), options });
    await kept.result();
    tree.files.set('made', ',1');
    const died = kept.journal.findIndex((m) => m.type === 'run-resumed') + 1;
    const rig = start({ workflow, tree, history: kept.journal.slice(0, died), script: edits(tree, 1) });
    expect(await rig.result()).toEqual({ end: 'succeeded' });
    expect(tree.files.get('made')).toBe(',1,2');
  });

  async function failedRun(tree: FakeTree) {
    const workflow = workflowOf([writer()]);
    const rig = start({ workflow, tree, script: edits(tree, 9, 'output') });
    await rig.result();
    return { workflow, history: rig.journal };
  }

  test('stops where somebody edited the same files since, says nothing, names both ways out', async () => {
    const tree = withTree();
    const { workflow, history } = await failedRun(tree);
    tree.files.set('made', 'by hand');
    const rig = start({ workflow, tree, history, script: edits(tree, 1) });
    const result = await rig.result();
    expect(result.end).toBe('refused');
    expect(result.message).toMatch(/made.*--keep-tree.*--restore/s);
    expect(rig.journal).toHaveLength(history.length);
    expect(tree.files.get('made')).toBe('by hand');
    const forced = start({
      workflow,
      tree,
      history,
      script: edits(tree, 1),
      options: { decideUndo: async () => 'undo' },
    });
    expect(await forced.result()).toEqual({ end: 'succeeded' });
    expect(tree.files.get('made')).toBe(',2');
  });

  test('keeps edits of other files', async () => {
    const tree = withTree();
    const { workflow, history } = await failedRun(tree);
    tree.files.set('other', 'by hand');
    const rig = start({ workflow, tree, history, script: edits(tree, 1) });
    expect(await rig.result()).toEqual({ end: 'succeeded' });
    expect(Object.fromEntries(tree.files)).toEqual({ other: 'by hand', made: ',2' });
  });

  test('goes on with an undo that was itself cut off', async () => {
    const tree = withTree();
    const { workflow, history } = await failedRun(tree);
    tree.files.set('there', 'before');
    const rig = start({ workflow, tree, history, script: edits(tree, 1) });
    expect(await rig.result()).toEqual({ end: 'succeeded' });
  });

  test('goes on with an undo that was cut off while a file was away: nobody has edited it', async () => {
    const tree = withTree();
    tree.files.set('made', 'of old');
    const workflow = workflowOf([writer()]);
    const crashed = await cutAfter('snapshot-taken', { workflow, tree, script: edits(tree, 1) });
    const first = start({ workflow, tree, history: crashed, script: edits(tree, 1) });
    await first.result();
    const history = first.journal.slice(
      0,
      first.journal.findIndex((m) => m.type === 'tree-restored'),
    );
    tree.files.delete('made');
    const rig = start({ workflow, tree, history, script: edits(tree, 1) });
    expect(await rig.result()).toEqual({ end: 'succeeded' });
    expect(tree.files.get('made')).toBe('of old,2');
  });

  test('with --keep-tree goes on where nothing can be recorded or compared any more', async () => {
    const tree = withTree();
    const { workflow, history } = await failedRun(tree);
    const gone = { ok: false, error: { reason: 'config', message: 'the recording is gone' } } as const;
    const record: Workspace['record'] = async (run, label, since) =>
      since !== undefined && history.some((m) => 'tree' in m && m.tree === since)
        ? gone
        : tree.record(run, label, since);
    const broken = { ...tree, record };
    const refused = start({ workflow, tree: broken, history });
    expect((await refused.result()).message).toContain('the recording is gone');
    const rig = start({ workflow, tree: broken, history, options: { keepTree: true } });
    expect(await rig.result()).toEqual({ end: 'succeeded' });
    expect(tree.files.get('made')).toBe(',1');
  });

  test('takes nothing from another than the attempt where its end was recorded', async () => {
    const tree = withTree();
    const { workflow, history } = await failedRun(tree);
    const from: string[] = [];
    const restore: Workspace['restore'] = (to, left) => {
      from.push(left);
      return tree.restore(to, left);
    };
    await start({ workflow, tree: { ...tree, restore }, history, script: edits(tree, 1) }).result();
    // What moved HEAD since stands in the newer recording, and is not the attempt's.
    expect(from).toEqual([history.findLast((m) => m.type === 'snapshot-taken')?.tree]);
  });

  test('asks where somebody can be asked', async () => {
    const tree = withTree();
    const workflow = workflowOf([writer()]);
    const history = await cutAfter('snapshot-taken', { workflow, tree, script: edits(tree, 1) });
    const asked: unknown[] = [];
    const decideUndo = async (question: unknown) => {
      asked.push(question);
      return 'stop' as const;
    };
    const rig = start({ workflow, tree, history, options: { decideUndo } });
    expect((await rig.result()).end).toBe('refused');
    expect(asked).toEqual([{ step: 'w', attempt: 1, why: 'crashed', files: ['made', 'there'] }]);
  });
});
