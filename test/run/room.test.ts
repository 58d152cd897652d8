import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Guest } from '../../src/run/room.ts';
import { openRoom } from '../../src/run/room.ts';
import { runs } from '../support/seed.ts';
import { turn } from './rig.ts';

const rank = { remaining: 1, index: 0 };

/** Who is inside by now. */
async function inside(room: ReturnType<typeof openRoom>, guests: Readonly<Record<string, Guest>>) {
  const names = new Map<string, () => void>();
  for (const [name, guest] of Object.entries(guests))
    void room.enter(guest).then((leave) => leave && names.set(name, leave));
  await turn();
  return names;
}

describe('the room', () => {
  test('lets those apart in beside whoever is alone, as long as there is a place', async () => {
    const room = openRoom(2);
    const apart = { tree: 'apart', remaining: 1 } as const;
    const names = await inside(room, {
      alone: { tree: 'alone', remaining: 9, index: 0 },
      share: { tree: 'share', remaining: 8, index: 1 },
      a: { ...apart, index: 2 },
      b: { ...apart, index: 3 },
    });
    expect([...names.keys()]).toEqual(['alone', 'a']);
  });

  test('lets a merge in without a place, before those of lower rank, when the tree is empty', async () => {
    const room = openRoom(1);
    const names = await inside(room, { first: { ...rank, tree: 'share' } });
    const later = await inside(room, {
      share: { tree: 'share', remaining: 1, index: 5 },
      higher: { tree: 'share', remaining: 7, index: 6 },
      merge: { tree: 'alone', placeless: true, remaining: 3, index: 9 },
    });
    expect([...later.keys()]).toEqual([]);
    names.get('first')?.();
    await turn();
    expect([...later.keys()]).toEqual(['higher']);
    later.get('higher')?.();
    await turn();
    expect([...later.keys()]).toEqual(['higher', 'merge']);
    later.get('merge')?.();
    await turn();
    expect([...later.keys()]).toEqual(['higher', 'merge', 'share']);
  });

  test('keeps nobody from looking at the tree who has the only place, though a writer waits for it', async () => {
    const room = openRoom(1);
    await inside(room, { apart: { ...rank, tree: 'apart' } });
    const names = await inside(room, {
      writer: { tree: 'alone', remaining: 9, index: 1 },
      look: { ...rank, tree: 'share', placeless: true },
    });
    expect([...names.keys()]).toEqual(['look']);
  });

  test('keeps the place of who can be alone as soon as the others have looked', async () => {
    const room = openRoom(2);
    const first = await inside(room, {
      apart: { ...rank, tree: 'apart' },
      look: { ...rank, tree: 'share', placeless: true },
    });
    const names = await inside(room, {
      writer: { tree: 'alone', remaining: 9, index: 1 },
      other: { ...rank, tree: 'apart' },
    });
    expect([...names.keys()]).toEqual([]);
    first.get('look')?.();
    await turn();
    expect([...names.keys()]).toEqual(['writer']);
  });

  test('holds looks back where a merge waits for nothing else', async () => {
    const room = openRoom(4);
    const look = { ...rank, tree: 'share', placeless: true } as const;
    const first = await inside(room, { look });
    const names = await inside(room, { merge: { ...rank, tree: 'alone', placeless: true }, look });
    expect([...names.keys()]).toEqual([]);
    first.get('look')?.();
    await turn();
    expect([...names.keys()]).toEqual(['merge']);
  });

  test('lets everybody in at last, whatever they want: nobody beside who is alone, nobody without a place', async () => {
    const guest = fc.record({
      tree: fc.constantFrom('share', 'share', 'alone', 'apart', 'apart') as fc.Arbitrary<Guest['tree']>,
      remaining: fc.nat(4),
      turns: fc.nat(3),
      /** Merges, or comes back in one go for another attempt. */
      placeless: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(guest, { maxLength: 25 }),
        fc.integer({ min: 1, max: 4 }),
        async (guests, size) => {
          const room = openRoom(size);
          const now = { places: 0, inTree: 0, alone: 0 };
          const seen: string[] = [];
          const visit = async (guest: Guest, turns: number, more: () => Promise<void>) => {
            const leave = await room.enter(guest);
            if (leave === undefined) throw new Error('closed');
            if (guest.placeless !== true) now.places++;
            if (guest.tree !== 'apart') now.inTree++;
            if (guest.tree === 'alone') now.alone++;
            if (now.places > size) seen.push('too many');
            if (now.alone > 0 && now.inTree > 1) seen.push('beside who is alone');
            for (let i = 0; i < turns; i++) await turn();
            await more();
            if (guest.placeless !== true) now.places--;
            if (guest.tree !== 'apart') now.inTree--;
            if (guest.tree === 'alone') now.alone--;
            leave();
          };
          const visits = guests.map(({ tree, remaining, turns, placeless }, index) => {
            const own = { remaining, index, tree } as const;
            // Who works apart looks at the tree while holding a place.
            const look = () =>
              visit({ ...own, tree: 'share', placeless: true }, turns, async () => undefined);
            if (tree === 'apart') return visit(own, turns, look);
            const guest: Guest = tree === 'alone' && placeless ? { ...own, placeless: true } : own;
            return visit(guest, turns, async () => undefined);
          });
          await Promise.all(visits);
          expect(seen).toEqual([]);
        },
      ),
      runs(200),
    );
  });

  test('takes 10,000 who wait, of every kind', async () => {
    const count = 10_000;
    const room = openRoom(3);
    let left = 0;
    const kinds = ['share', 'apart', 'share', 'alone'] as const;
    const visits = Array.from({ length: count }, async (_, index) => {
      const leave = await room.enter({ tree: kinds[index % 4] ?? 'share', remaining: index % 7, index });
      left++;
      leave?.();
    });
    await Promise.all(visits);
    expect(left).toBe(count);
  });
});
