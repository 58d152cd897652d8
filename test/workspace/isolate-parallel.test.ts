/** Proves that what eight agents make side by side comes to the same tree, whoever is faster. */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { GitWorkspace } from '../../src/workspace/workspace.ts';
import { runs } from '../support/seed.ts';
import { makeRepository, must, type Repository, RUN } from './repository.ts';

const AGENTS = [0, 1, 2, 3, 4, 5, 6, 7];

/** Each has a file of its own and a line of its own in one that all change; the third and the sixth collide. */
function edit(root: string, agent: number): void {
  writeFileSync(path.join(root, `made-by-${agent}.txt`), `${agent}\n`);
  const shared = path.join(root, 'shared.txt');
  const lines = readFileSync(shared, 'utf8').split('\n');
  lines[agent * 5] = `by ${agent}`;
  writeFileSync(shared, lines.join('\n'));
  if (agent === 2 || agent === 5) writeFileSync(path.join(root, 'clash.txt'), `by ${agent}\n`);
}

interface Change {
  readonly base: string;
  readonly theirs: string;
}

/** One batch: worktrees are opened, edited, recorded and removed in the order of the schedule, several at a time. */
async function attempts(ws: GitWorkspace, from: string, order: readonly number[], atOnce: number) {
  const changes = new Map<number, Change>();
  const waiting = [...order];
  const worker = async (): Promise<void> => {
    for (let agent = waiting.shift(); agent !== undefined; agent = waiting.shift()) {
      const what = { run: RUN, directory: `agent-${agent}.1`, from, copy: [], link: [] };
      const tree = must(await ws.isolation.open(what));
      const base = must(await tree.record(RUN, `${agent}.before`, from)).tree;
      edit(tree.root, agent);
      const theirs = must(await tree.record(RUN, `${agent}.after`, base)).tree;
      changes.set(agent, { base, theirs });
      must(await tree.remove());
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return changes;
}

/** Merges in the order of the file; gives who collided. */
async function mergeAll(ws: GitWorkspace, changes: ReadonlyMap<number, Change>): Promise<string[]> {
  const collided: string[] = [];
  for (const agent of AGENTS) {
    const change = changes.get(agent);
    if (change === undefined) throw new Error(`agent ${agent} made nothing`);
    const ours = must(await ws.record(RUN, `${agent}.ours`)).tree;
    const merged = must(await ws.isolation.merge({ run: RUN, label: `${agent}.merged`, ours, ...change }));
    if (merged.conflicts.length > 0) collided.push(`${agent}: ${merged.conflicts.join()}`);
    else must(await ws.restore(merged.tree, ours));
  }
  return collided;
}

async function finalTree(r: Repository, ws: GitWorkspace, from: string): Promise<string> {
  const end = must(await ws.record(RUN, 'end', from)).tree;
  must(await ws.restore(from, end));
  return r.git('rev-parse', `${end}^{tree}`).trim();
}

test('eight agents in any order, any number at once: the same tree, the same conflicts', {
  timeout: 600_000,
}, async () => {
  const lines = Array.from({ length: 40 }, (_, i) => `line ${i}`);
  const r = makeRepository({ 'shared.txt': `${lines.join('\n')}\n`, 'clash.txt': 'nobody\n' });
  try {
    r.write('shared.txt', `uncommitted\n${lines.join('\n')}\n`);
    const ws = await r.open();
    const from = must(await ws.record(RUN, 'base')).tree;
    const trees = new Set<string>();
    const schedule = fc.tuple(
      fc.shuffledSubarray(AGENTS, { minLength: AGENTS.length, maxLength: AGENTS.length }),
      fc.integer({ min: 1, max: 8 }),
    );
    await fc.assert(
      fc.asyncProperty(schedule, async ([order, atOnce]) => {
        const changes = await attempts(ws, from, order, atOnce);
        expect(await mergeAll(ws, changes)).toEqual(['5: clash.txt']);
        expect(r.read('clash.txt')).toBe('by 2\n');
        for (const agent of AGENTS) expect(r.read('shared.txt').includes(`by ${agent}\n`)).toBe(agent !== 5);
        trees.add(await finalTree(r, ws, from));
        expect(trees.size).toBe(1);
      }),
      runs(5),
    );
    expect(must(await ws.leftWorktrees())).toEqual([]);
  } finally {
    r.remove();
  }
});
