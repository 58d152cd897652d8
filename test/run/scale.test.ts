import { describe, expect, test } from 'vitest';
import { ok } from '../../src/model/result.ts';
import { makeHeap } from '../../src/run/heap.ts';
import type { Guest } from '../../src/run/room.ts';
import { isBefore, openRoom } from '../../src/run/room.ts';
import { runStep, start, workflowOf } from './rig.ts';

describe('10,000 steps', () => {
  const count = 10_000;

  test.each([
    ['in a chain that is blocked at its head', (i: number) => (i === 0 ? [] : [`s${i - 1}`])],
    ['side by side', () => []],
    ['behind one', (i: number) => (i === 0 ? [] : ['s0'])],
  ])('%s: a few milestones each, and the stack holds', async (name, needs) => {
    const blocked = name.includes('blocked');
    const steps = Array.from({ length: count }, (_, i) => {
      const spec = { needs: needs(i) };
      return runStep(`s${i}`, blocked && i === 0 ? { ...spec, if: 'nothing.at.all' } : spec);
    });
    let said = 0;
    const rig = start({
      workflow: workflowOf(steps),
      options: { maxParallel: 100 },
      ports: {
        emit: (body) => {
          said++;
          return Promise.resolve({
            ...body,
            v: 1,
            seq: said,
            at: '2026-11-20T14:15:03.000Z',
            run: 'r',
          } as never);
        },
      },
    });
    expect((await rig.handle.done).end).toBe(blocked ? 'failed' : 'succeeded');
    expect(said).toBe(blocked ? count + 2 : 2 * count + 2);
  });

  test.each([
    ['in a chain', (i: number) => (i === 0 ? [] : [`s${i - 1}`])],
    ['side by side', () => []],
  ])('isolated, %s', async (_, needs) => {
    const isolated = { copy: [], link: [], merge: 'auto' } as const;
    const steps = Array.from({ length: count / 4 }, (_each, i) =>
      runStep(`s${i}`, { needs: needs(i), isolated }),
    );
    const nothing = async () => ({ ok: true, value: { tree: 't', files: [] } }) as const;
    const none = async () => ({ ok: true, value: undefined }) as const;
    let said = 0;
    const rig = start({
      workflow: workflowOf(steps),
      options: { maxParallel: 8 },
      ports: {
        workspace: { record: nothing, restore: async () => ok([]), changed: async () => ok([]) },
        isolation: {
          open: async () => ok({ root: '/w', record: nothing, remove: none }),
          find: none,
          merge: async () => ok({ tree: 't', files: [], conflicts: [] }),
        },
        attemptDirectory: (step) => step,
        emit: (body) => {
          said++;
          const at = '2026-11-20T14:15:03.000Z';
          return Promise.resolve({ ...body, v: 1, seq: said, at, run: 'r' } as never);
        },
      },
    });
    expect((await rig.handle.done).end).toBe('succeeded');
    expect(said).toBe(5 * steps.length + 2);
  });

  test('finding who is next costs the logarithm of those who wait', () => {
    const operations = (guests: number) => {
      let asked = 0;
      const heap = makeHeap<Guest>((a, b) => {
        asked++;
        return isBefore(a, b);
      });
      for (let i = 0; i < guests; i++) heap.push({ index: i, remaining: (i * 7919) % guests, tree: 'share' });
      while (heap.pop() !== undefined);
      return asked / guests;
    };
    expect(operations(10_000)).toBeLessThan(operations(1000) * 1.5);
  });
});

describe('the heap', () => {
  test('gives everything back in order', () => {
    const heap = makeHeap<number>((a, b) => a < b);
    const numbers = Array.from({ length: 500 }, (_, i) => (i * 7919) % 501);
    for (const number of numbers) heap.push(number);
    const sorted: number[] = [];
    for (let next = heap.pop(); next !== undefined; next = heap.pop()) sorted.push(next);
    expect(sorted).toEqual([...numbers].sort((a, b) => a - b));
  });
});

describe('the room', () => {
  test('a turn that is ended twice is ended once', async () => {
    const room = openRoom(1);
    const leave = await room.enter({ remaining: 1, index: 0, tree: 'share' });
    leave?.();
    leave?.();
    const inside: number[] = [];
    for (const index of [1, 2])
      void room.enter({ remaining: 1, index, tree: 'share' }).then(() => inside.push(index));
    await new Promise(setImmediate);
    expect(inside).toEqual([1]);
  });

  test('closing sends away who waits and who comes later', async () => {
    const room = openRoom(1);
    await room.enter({ remaining: 1, index: 0, tree: 'share' });
    const waiting = room.enter({ remaining: 1, index: 1, tree: 'share' });
    room.close();
    expect(await waiting).toBeUndefined();
    expect(await room.enter({ remaining: 1, index: 2, tree: 'share' })).toBeUndefined();
  });
});
