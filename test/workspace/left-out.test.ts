/** Proves that what a run itself writes into the tree is neither recorded nor put back, by whatever process. */
import { lstatSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, expect, test } from 'vitest';
import type { LeftOut } from '../../src/workspace/left-out.ts';
import { findRoot } from '../../src/workspace/root.ts';
import { type GitWorkspace, openWorkspace } from '../../src/workspace/workspace.ts';
import { makeRepository, must, type Repository, RUN, realGit } from './repository.ts';

let repo: Repository | undefined;
afterEach(() => repo?.remove());

async function openWithout(r: Repository, leftOut?: LeftOut): Promise<GitWorkspace> {
  const places = must(await findRoot(r.root, realGit, r.environ));
  if (places === undefined) throw new Error('no repository');
  const stateDir = path.join(r.root, '.codemachine/state');
  const rest = leftOut === undefined ? {} : { leftOut };
  return must(
    await openWorkspace({ places, stateDir, git: realGit, environ: r.environ, now: () => 0, ...rest }),
  );
}

function byId(r: Repository, name: string): LeftOut {
  return { paths: [], files: [lstatSync(path.join(r.root, name), { bigint: true })] };
}

test.each(['tracked.log', 'untracked.log', 'ignored-tracked.log'])('%s, known by its inode', async (name) => {
  repo = makeRepository({ 'a.txt': 'a\n', 'tracked.log': 'old\n' });
  const r = repo;
  r.write('ignored-tracked.log', 'old\n');
  r.git('add', '-A');
  r.git('commit', '-qm', 'more');
  r.write('.gitignore', 'ignored-*\n');
  r.write(name, 'said\n');
  // An earlier process recorded it like any other file.
  must(await (await openWithout(r)).record(RUN, 'earlier'));
  const ws = await openWithout(r, byId(r, name));
  const start = must(await ws.record(RUN, 'start'));
  expect(must(await ws.holds(start.tree, [name, 'a.txt']))).toEqual(['a.txt']);
  r.write('a.txt', 'edited\n');
  writeFileSync(path.join(r.root, name), 'more\n', { flag: 'a' });
  const end = must(await ws.record(RUN, 'end', start.tree));
  expect(end.files).toEqual(['a.txt']);
  expect(must(await ws.restore(start.tree, end.tree))).toEqual(['a.txt']);
  expect(r.read(name)).toBe('said\nmore\n');
});

test('a recording tells the next process what it left out', async () => {
  repo = makeRepository();
  const r = repo;
  const first = await openWithout(r, { paths: [path.join(r.root, 'logs')] });
  const start = must(await first.record(RUN, 'start'));
  r.write('a.txt', 'edited\n');
  r.write('logs/one.log', 'said\n');
  r.write('logs-not', 'new\n');
  const next = await openWithout(r);
  const found = must(await next.record(RUN, 'found', start.tree));
  expect(found.files).toEqual(['a.txt', 'logs-not']);
  must(await next.restore(start.tree, found.tree));
  expect(r.read('logs/one.log')).toBe('said\n');
});

test('what was recorded before and is left out now counts neither as deleted nor as to be put back', async () => {
  repo = makeRepository();
  const r = repo;
  r.write('run.log', 'of an earlier run\n');
  const start = must(await (await openWithout(r)).record(RUN, 'start'));
  r.write('a.txt', 'edited\n');
  r.write('run.log', 'of this one\n');
  const next = await openWithout(r, byId(r, 'run.log'));
  const found = must(await next.record(RUN, 'found', start.tree));
  expect(found.files).toEqual(['a.txt']);
  expect(must(await next.changed(start.tree, found.tree))).toEqual(['a.txt']);
  expect(must(await next.restore(start.tree, found.tree))).toEqual(['a.txt']);
  expect(r.read('run.log')).toBe('of this one\n');
});

test('places outside of the tree, and the tree itself, are no matter', async () => {
  repo = makeRepository();
  const r = repo;
  const ws = await openWithout(r, { paths: [r.root, path.dirname(r.root), `${r.root}-not`] });
  const start = must(await ws.record(RUN, 'start'));
  expect(must(await ws.holds(start.tree, ['a.txt']))).toEqual(['a.txt']);
});
