/** Proves that branches go back which an attempt moved without having them checked out. */
import { afterEach, expect, test } from 'vitest';
import type { GitWorkspace } from '../../src/workspace/workspace.ts';
import { makeRepository, must, type Repository, RUN } from './repository.ts';

let repo: Repository | undefined;
afterEach(() => repo?.remove());

/** A repository in the middle of a rebase of `work`, on which `below` stands, onto main. */
function rebasing(...options: readonly string[]): Repository {
  repo = makeRepository();
  const r = repo;
  r.git('switch', '-qc', 'below');
  r.write('below.txt', 'below\n');
  r.git('add', '-A');
  r.git('commit', '-qm', 'below');
  r.git('switch', '-qc', 'work');
  r.write('a.txt', 'work\n');
  r.git('commit', '-qam', 'work');
  r.git('switch', '-q', 'main');
  r.write('a.txt', 'main\n');
  r.git('commit', '-qam', 'main');
  r.git('switch', '-q', 'work');
  expect(() => r.git('rebase', ...options, 'main')).toThrow(/could not apply|Failed to merge/);
  return r;
}

function goOn(r: Repository): void {
  r.write('a.txt', 'both\n');
  r.git('add', 'a.txt');
  r.git('-c', 'core.editor=true', 'rebase', '--continue');
}

const BRANCHES = ['for-each-ref', '--format=%(refname) %(objectname)', 'refs/heads'] as const;

/** Everything of the user's that an attempt in the middle of a rebase could move. */
function side(r: Repository): readonly string[] {
  return [
    r.git(...BRANCHES),
    r.git('rev-parse', 'HEAD'),
    r.git('status', '--porcelain=v2', '--branch', '-uno'),
  ];
}

async function around(r: Repository, attempt: () => void): Promise<[GitWorkspace, string, string]> {
  const ws = await r.open();
  const start = must(await ws.record(RUN, 'start')).tree;
  attempt();
  return [ws, start, must(await ws.record(RUN, 'end', start)).tree];
}

function moved(ws: GitWorkspace, start: string, end: string): ReturnType<NonNullable<GitWorkspace['moved']>> {
  if (ws.moved === undefined) throw new Error('a repository has a HEAD');
  return ws.moved(start, end);
}

test.each([
  ['the rebase that it ended', [], (r: Repository) => goOn(r)],
  ['with the branches below it', ['--update-refs'], (r: Repository) => goOn(r)],
  ['by the other backend', ['--apply'], (r: Repository) => goOn(r)],
  [
    'where it went elsewhere then',
    [],
    (r: Repository) => {
      goOn(r);
      r.git('switch', '-q', '--detach', 'main');
    },
  ],
])('an undo puts back the branch of a rebase: %s', async (_, options, attempt) => {
  const r = rebasing(...options);
  const before = side(r);
  const [ws, start, end] = await around(r, () => attempt(r));
  const after = side(r);
  expect(after[0]).not.toBe(before[0]);
  expect(must(await moved(ws, start, end))).toBeDefined();
  must(await ws.restore(start, end));
  expect(side(r)).toEqual(before);
  // And forth again, at somebody's wish.
  expect(must(await ws.trees.headTo(end, start))).toBe('there');
  expect(r.git(...BRANCHES)).toBe(after[0]);
  expect(must(await ws.trees.headTo(start, end))).toBe('there');
  goOn(r);
  expect(r.git('log', '--format=%s', 'main..work')).toBe('work\nbelow\n');
});

test('an undo leaves the branch of a rebase that somebody moved on', async () => {
  const r = rebasing();
  const [ws, start, end] = await around(r, () => goOn(r));
  r.git('commit', '-q', '--allow-empty', '-m', 'mine');
  const mine = r.git('rev-parse', 'work');
  must(await ws.restore(start, end));
  expect(r.git('rev-parse', 'work')).toBe(mine);
});

test('the commits of a branch that is rewound while HEAD is elsewhere outlive the garbage collector', async () => {
  repo = makeRepository();
  const r = repo;
  r.git('branch', 'other');
  const [ws, start, found] = await around(r, () => {
    r.git('commit', '-q', '--allow-empty', '-m', 'mine');
    r.git('switch', '-q', 'other');
  });
  const mine = r.git('rev-parse', 'main').trim();
  must(await ws.restore(start, found));
  expect(r.git('rev-parse', 'main').trim()).not.toBe(mine);
  r.git('reflog', 'expire', '--expire=all', '--all');
  r.git('gc', '-q', '--prune=now');
  expect(r.git('log', '-1', '--format=%s', mine)).toBe('mine\n');
});
