import { describe, expect, test } from 'vitest';
import { agentStep, fakeTree, fine, held, runStep, start, turn, workflowOf } from './rig.ts';

describe('order', () => {
  test('a chain runs in order, and its milestones are those of the contract', async () => {
    const rig = start({ workflow: workflowOf([runStep('a'), runStep('b', { needs: ['a'] })]) });
    expect(await rig.result()).toEqual({ end: 'succeeded' });
    expect(rig.types()).toEqual([
      'run-started',
      'step-started a',
      'step-succeeded a',
      'step-started b',
      'step-succeeded b',
      'run-finished',
    ]);
  });

  test('the end of a step and the start of the next are said in one turn, so that they share a commit', async () => {
    const turns: string[][] = [];
    let now: string[] | undefined;
    const rig = start({
      workflow: workflowOf([runStep('a'), runStep('b', { needs: ['a'] })]),
      ports: {
        emit: async (body) => {
          if (now === undefined) {
            const mine: string[] = [];
            now = mine;
            turns.push(mine);
          }
          now.push(body.type);
          await turn();
          now = undefined;
          return { ...body, v: 1, seq: 1, at: '2026-11-20T14:15:03.000Z', run: 'r' } as never;
        },
      },
    });
    await rig.handle.done;
    expect(turns).toContainEqual(['step-succeeded', 'step-started']);
  });

  test('an attempt starts only when its start is committed', async () => {
    const committed: string[] = [];
    let atStart: string[] = [];
    const rig = start({
      workflow: workflowOf([runStep('a')]),
      ports: {
        emit: async (body) => {
          await turn();
          committed.push(body.type);
          return { ...body, v: 1, seq: 1, at: '2026-11-20T14:15:03.000Z', run: 'r' } as never;
        },
      },
      script: () => {
        atStart = [...committed];
        return fine();
      },
    });
    await rig.handle.done;
    expect(atStart).toEqual(['run-started', 'step-started']);
  });

  test('with room for one, the longest remaining path goes first, then the order of the file', async () => {
    const steps = [runStep('x'), runStep('y'), runStep('z'), runStep('z2', { needs: ['z'] })];
    const rig = start({ workflow: workflowOf(steps), options: { maxParallel: 1 } });
    await rig.result();
    expect(rig.made).toEqual(['z.1', 'x.1', 'y.1', 'z2.1']);
    expect(rig.most()).toBe(1);
  });

  test('no more run at once than there is room for', async () => {
    const steps = Array.from({ length: 9 }, (_, i) => runStep(`s${i}`));
    const rig = start({
      workflow: workflowOf(steps),
      options: { maxParallel: 3 },
      script: () => turn().then(() => fine()),
    });
    await rig.result();
    expect(rig.most()).toBe(3);
  });

  test('a step starts when its own needs ended, while the rest of their batch still runs', async () => {
    const slow = held();
    const steps = [runStep('slow'), runStep('quick'), runStep('next', { needs: ['quick'] })];
    const rig = start({
      workflow: workflowOf(steps),
      script: (job, hear, stop) => {
        if (job.step === 'slow') return slow.script(job, hear, stop);
        if (job.step === 'next') slow.end();
        return fine();
      },
    });
    expect(await rig.result()).toEqual({ end: 'succeeded' });
  });

  test('a writing agent runs alone, nobody slips past it, nothing stands still', async () => {
    const steps = [
      runStep('first'),
      runStep('second'),
      agentStep('writer', { access: 'write' }),
      runStep('after-writer', { needs: ['writer'] }),
      runStep('after-after', { needs: ['after-writer'] }),
      ...Array.from({ length: 6 }, (_, i) => runStep(`small${i}`, { needs: ['first'] })),
    ];
    const beside: string[] = [];
    const inside = new Set<string>();
    const rig = start({
      workflow: workflowOf(steps),
      tree: fakeTree(),
      script: async (job) => {
        inside.add(job.step);
        await turn();
        if (inside.has('writer') && inside.size > 1) beside.push(...inside);
        inside.delete(job.step);
        return fine();
      },
    });
    expect(await rig.result()).toEqual({ end: 'succeeded' });
    expect(beside).toEqual([]);
    expect(rig.made.indexOf('writer.1')).toBeLessThan(3);
  });

  test('a writing agent that is never undone holds nobody back', async () => {
    const both = held();
    const steps = [agentStep('writer', { access: 'write', undo: false }), runStep('beside')];
    const rig = start({
      workflow: workflowOf(steps),
      tree: fakeTree(),
      script: (job, hear, stop) => {
        if (job.step === 'writer') return both.script(job, hear, stop);
        both.end();
        return fine();
      },
    });
    expect(await rig.result()).toEqual({ end: 'succeeded' });
    expect(rig.types()).not.toContain('snapshot-taken writer');
  });

  test('an engine is kept to its own limit', async () => {
    const steps = Array.from({ length: 6 }, (_, i) => agentStep(`a${i}`));
    const options = { maxParallel: 6, engineParallel: { 'claude-code': 2 } };
    const rig = start({ workflow: workflowOf(steps), options, script: () => turn().then(() => fine()) });
    await rig.result();
    expect(rig.most()).toBe(2);
  });
});
