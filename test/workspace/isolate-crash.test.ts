/** Proves that a process which is killed while it makes or removes a worktree is in nobody's way. */
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { compiled } from '../support/ts.ts';
import { runToDeath } from './kill-points.ts';
import { makeRepository, must, picture, type Repository, RUN } from './repository.ts';
import { ATTEMPT, theirGit } from './worktrees.ts';

const DIRECTORY = ATTEMPT.directory;
const NEVER = 1_000_000;
// `npm run soak -- merges` dies at each step.
const EVERY = Number(process.env['CODEMACHINE_KILL_EVERY'] || 3);
let script = '';
let tmp = '';
beforeAll(async () => {
  script = await compiled(path.join(import.meta.dirname, 'fixtures/isolate-child.ts'));
  tmp = mkdtempSync(path.join(tmpdir(), 'codemachine-kill-'));
});
afterAll(() => rmSync(tmp, { recursive: true, force: true }));

/** Runs the child until it kills itself; gives how many things it did where it lived to the end. */
async function childDoes(
  what: 'open' | 'remove',
  r: Repository,
  from: string,
  killAt: number,
): Promise<number | undefined> {
  const args = [what, r.root, r.home, from, DIRECTORY, String(killAt)];
  const { points } = await runToDeath(script, args, { PATH: process.env['PATH'] ?? '', TMPDIR: tmp });
  return points;
}

function make(): Repository {
  const r = makeRepository({ '.gitignore': '.env\ndeps\n', 'a.txt': 'a\n', 'dir/b.txt': 'b\n' });
  r.write('.env', 'A=1\n', 0o600);
  r.write('deps/x', 'x\n');
  r.write('a.txt', 'staged\n');
  r.git('add', 'a.txt');
  r.write('a.txt', 'edited\n');
  return r;
}

/** What is the user's, as bytes. */
function theirs(r: Repository): unknown {
  return [picture(r.root), theirGit(r)];
}

/** Somebody else's turn: the place is as good as new, and can be given back. */
async function nextOwner(r: Repository, from: string): Promise<void> {
  const ws = await r.open();
  const what = { run: RUN, directory: DIRECTORY, from, copy: ['.env'], link: ['deps'] };
  const tree = must(await ws.isolation.open(what));
  const shown = picture(r.root, ['.git', '.codemachine', 'deps']);
  expect(picture(tree.root)).toEqual({ ...shown, deps: `link ${path.join(r.root, 'deps')}` });
  expect(must(await tree.record(RUN, 'before', from)).files).toEqual([]);
  must(await tree.remove());
  expect(must(await ws.leftWorktrees())).toEqual([]);
  expect(existsSync(path.join(r.root, '.git/worktrees'))).toBe(false);
  expect(readdirSync(path.join(r.home, '.cache/codemachine'))).toEqual([]);
}

test('killed at any step of making a worktree, the next one is whole and nothing is left', {
  timeout: 240_000,
}, async () => {
  const r = make();
  try {
    const ws = await r.open();
    const from = must(await ws.record(RUN, 'base')).tree;
    const before = theirs(r);
    const all = (await childDoes('open', r, from, NEVER)) ?? 0;
    expect(all).toBeGreaterThan(20);
    await nextOwner(r, from);
    for (let at = 1; at <= all; at += EVERY) {
      expect([at, await childDoes('open', r, from, at)]).toEqual([at, undefined]);
      expect([at, theirs(r)]).toEqual([at, before]);
      expect(r.git('worktree', 'list', '--porcelain')).toContain(r.root);
      if (at % 5 === 0 || at + EVERY > all) await nextOwner(r, from);
    }
    expect(theirs(r)).toEqual(before);
  } finally {
    r.remove();
  }
});

test('killed at any step of removing a worktree, it can be removed to the end', {
  timeout: 240_000,
}, async () => {
  const r = make();
  try {
    const ws = await r.open();
    const from = must(await ws.record(RUN, 'base')).tree;
    const before = theirs(r);
    const what = { run: RUN, directory: DIRECTORY, from, copy: ['.env'], link: ['deps'] };
    must(await ws.isolation.open(what));
    const all = (await childDoes('remove', r, from, NEVER)) ?? 0;
    expect(all).toBeGreaterThan(5);
    for (let at = 1; at <= all; at++) {
      must(await ws.isolation.open(what));
      await childDoes('remove', r, from, at);
      expect([at, theirs(r)]).toEqual([at, before]);
      const left = must(await (await r.open()).leftWorktrees());
      for (const one of left) must(await one.remove());
      expect(must(await ws.leftWorktrees())).toEqual([]);
      // An empty directory may be left over, until the next one is removed.
      const roots = r.git('worktree', 'list', '--porcelain').match(/^worktree .*$/gm);
      expect([at, roots]).toEqual([at, [`worktree ${r.root}`]]);
      const indexes = readdirSync(path.join(r.root, '.codemachine/state/git')).filter((f) =>
        /^index-/.test(f),
      );
      expect([at, indexes.length]).toEqual([at, 1]);
    }
    await nextOwner(r, from);
  } finally {
    r.remove();
  }
});
