/** Proves that recording sees every file as it is, at a moderate price. */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { findRoot } from '../../src/workspace/root.ts';
import { openWorkspace } from '../../src/workspace/workspace.ts';
import { makeRepository, must, openAt, picture, type Repository, RUN, realGit } from './repository.ts';

let repo: Repository | undefined;
afterEach(() => repo?.remove());

function make(files?: Record<string, string>): Repository {
  repo = makeRepository(files);
  return repo;
}

/** What a recording holds: mode, then path. */
function listing(of: Repository, recording: string): string[] {
  return of
    .git('ls-tree', '-r', '-z', recording)
    .split('\0')
    .filter((entry) => entry !== '')
    .map((entry) => `${entry.slice(0, 6)} ${entry.slice(entry.indexOf('\t') + 1)}`)
    .sort();
}

test('records tracked, untracked and tracked-but-ignored files with modes and odd names', async () => {
  const r = make({ '.gitignore': 'ignored*\n', 'a.txt': 'a\n' });
  r.write('ignored-tracked', 'x');
  r.git('add', '-f', 'ignored-tracked');
  r.write('ignored-untracked', 'x');
  r.write('run.sh', '#!/bin/sh\n', 0o755);
  symlinkSync('nowhere', path.join(r.root, 'link'));
  for (const odd of ['-dash', 'new\nline', 'quo"te', "it's", 'tab\there', ':(top)x', 'grüße', '*', 'git~1'])
    r.write(odd, odd);
  writeFileSync(Buffer.concat([Buffer.from(`${r.root}/`), Buffer.from([0x62, 0xff, 0xfe])]), 'not utf-8');
  const ws = await r.open();
  const before = must(await ws.record(RUN, 'start'));
  expect(before.files).toEqual([]);
  const seen = listing(r, before.tree);
  for (const name of [
    '-dash',
    'new\nline',
    'quo"te',
    "it's",
    'tab\there',
    ':(top)x',
    'grüße',
    '*',
    'git~1',
    'a.txt',
  ]) {
    expect(seen).toContain(`100644 ${name}`);
  }
  expect(seen).toContain('100644 ignored-tracked');
  expect(seen).toContain('100755 run.sh');
  expect(seen).toContain('120000 link');
  expect(seen.some((one) => one.includes('ignored-untracked') || one.includes('.codemachine'))).toBe(false);
  expect(seen.some((one) => one.startsWith('100644 b\ufffd'))).toBe(true);

  r.write('ignored-tracked', 'y');
  chmodSync(path.join(r.root, 'run.sh'), 0o644);
  rmSync(path.join(r.root, '-dash'));
  const after = must(await ws.record(RUN, 'end', before.tree));
  expect([...after.files].sort()).toEqual(['-dash', 'ignored-tracked', 'run.sh']);
});

test('keeps the bytes, whatever attributes say', async () => {
  const r = make({
    '.gitattributes': '* text=auto eol=crlf\n*.u16 working-tree-encoding=UTF-16\n*.i ident\n',
  });
  const bytes = { 'crlf.txt': 'a\r\nb\n', 'x.u16': 'plain\n', 'y.i': '$Id$ $Id: 12 $\n' };
  for (const [name, content] of Object.entries(bytes)) r.write(name, content);
  const ws = await r.open();
  const { tree } = must(await ws.record(RUN, 'start'));
  for (const [name, content] of Object.entries(bytes))
    expect(r.git('cat-file', 'blob', `${tree}:${name}`)).toBe(content);
});

test('a change within the same tick and of the same size is seen', async () => {
  const r = make();
  const ws = await r.open();
  let last = must(await ws.record(RUN, 'start')).tree;
  for (let i = 0; i < 10; i++) {
    r.write('a.txt', `${i}\n`);
    const next = must(await ws.record(RUN, 'next', last));
    expect(next.files).toEqual(['a.txt']);
    last = next.tree;
  }
});

test('each recording descends from the one before it and is kept by a ref, its index and HEAD too', async () => {
  const r = make();
  const ws = await r.open();
  const one = must(await ws.record(RUN, 'first'));
  const two = must(await ws.record(RUN, 'second', one.tree));
  const refs = r
    .git('for-each-ref', '--format=%(refname) %(objectname)', 'refs/codemachine/')
    .trim()
    .split('\n');
  expect(refs).toContain(`refs/codemachine/${RUN}/1 ${one.tree}`);
  expect(refs).toContain(`refs/codemachine/${RUN}/2 ${two.tree}`);
  // One that an earlier recording of the run keeps is kept.
  expect(refs.filter((ref) => ref.includes('.index'))).toHaveLength(1);
  expect(refs).toContain(`refs/codemachine/${RUN}/1.head ${r.git('rev-parse', 'HEAD').trim()}`);
  expect(r.git('rev-parse', `${two.tree}^`).trim()).toBe(one.tree);
  r.git('gc', '--prune=now', '--quiet');
  expect(must(await ws.changed(one.tree, two.tree))).toEqual([]);

  const again = await r.open();
  must(await again.record(RUN, 'third', two.tree));
  expect(must(await again.recordings(RUN)).map((kept) => kept.number)).toEqual([1, 2, 3]);
});

test('numbers go on where refs are packed, and no directory says how many there are', async () => {
  const r = make();
  const first = must(await (await r.open()).record(RUN, 'one'));
  r.git('pack-refs', '--all', '--prune');
  const again = await r.open();
  const second = must(await again.record(RUN, 'two'));
  const third = must(await again.record(RUN, 'three'));
  expect(must(await again.recordings(RUN)).map(({ number, tree }) => [number, tree])).toEqual([
    [1, first.tree],
    [2, second.tree],
    [3, third.tree],
  ]);
});

test('leaves index, HEAD, stash, hooks, config and branches byte for byte', async () => {
  const r = make({ 'a.txt': 'a\n', 'b.txt': 'b\n' });
  r.write('a.txt', 'stashed\n');
  r.git('stash');
  r.write('a.txt', 'staged\n');
  r.git('add', 'a.txt');
  const users = (): Record<string, string> => {
    const all = picture(path.join(r.root, '.git'), ['objects']);
    return Object.fromEntries(Object.entries(all).filter(([name]) => !name.startsWith('refs/codemachine')));
  };
  const before = users();
  const ws = await r.open();
  const start = must(await ws.record(RUN, 'start'));
  r.write('a.txt', 'by the agent\n');
  r.write('new.txt', 'n');
  rmSync(path.join(r.root, 'b.txt'));
  const end = must(await ws.record(RUN, 'end', start.tree));
  must(await ws.restore(start.tree, end.tree));
  expect(users()).toEqual(before);
  expect(r.git('status', '--porcelain')).toBe('M  a.txt\n?? .codemachine/\n');
});

test('an untracked file that is too large stops the run by name', async () => {
  const r = make();
  r.write('core.dump', '');
  truncateSync(path.join(r.root, 'core.dump'), 101 * 1024 * 1024);
  const ws = await r.open();
  for (const refused of [await ws.check(), await ws.record(RUN, 'start')]) {
    expect(refused).toMatchObject({ ok: false, error: { reason: 'config' } });
    expect(refused.ok ? '' : refused.error.message).toContain('core.dump has 101 MiB');
  }
});

test('many untracked files that are too large together are refused too', async () => {
  const r = make();
  for (let i = 0; i < 11; i++) {
    r.write(`big-${i}`, '');
    truncateSync(path.join(r.root, `big-${i}`), 99 * 1024 * 1024);
  }
  const refused = await (await r.open()).check();
  expect(refused.ok ? '' : refused.error.message).toContain('over 1024 MiB together');
});

test("the user's own ignore files count: info/exclude and the global one", async () => {
  const r = make();
  mkdirSync(path.join(r.home, '.config/git'), { recursive: true });
  writeFileSync(path.join(r.home, '.config/git/ignore'), '*.global\n');
  writeFileSync(path.join(r.root, '.git/info/exclude'), '*.local\n');
  for (const name of ['x.global', 'x.local', 'x.seen']) r.write(name, 'x');
  const { tree } = must(await (await r.open()).record(RUN, 'start'));
  expect(listing(r, tree)).toEqual(['100644 a.txt', '100644 x.seen']);
});

test('files of a repository inside the tree are recorded as files', async () => {
  const r = make();
  r.write('inner/file', 'one');
  r.write('inner/skipped.o', 'x');
  r.write('inner/.gitignore', '*.o\n');
  spawnSync('git', ['init', '-q', path.join(r.root, 'inner')], { env: r.environ });
  const ws = await r.open();
  const start = must(await ws.record(RUN, 'start'));
  expect(listing(r, start.tree)).toEqual(['100644 a.txt', '100644 inner/.gitignore', '100644 inner/file']);
  r.write('inner/file', 'two');
  r.write('inner/more', 'more');
  const end = must(await ws.record(RUN, 'end', start.tree));
  expect(end.files).toEqual(['inner/file', 'inner/more']);
  must(await ws.restore(start.tree, end.tree));
  expect(r.read('inner/file')).toBe('one');
});

test('a lock or a torn index that a killed process left does not stop the next recording', async () => {
  const r = make();
  const ws = await r.open();
  const start = must(await ws.record(RUN, 'start'));
  const dir = path.join(r.root, '.codemachine/state/git');
  const index = path.join(
    dir,
    spawnSync('ls', [dir], { encoding: 'utf8' }).stdout.match(/index-\w+/)?.[0] ?? '',
  );
  writeFileSync(`${index}.lock`, '');
  writeFileSync(index, readFileSync(index).subarray(0, 40));
  r.write('a.txt', 'changed\n');
  const next = must(await (await r.open()).record(RUN, 'next', start.tree));
  expect(next.files).toEqual(['a.txt']);
});

test('a tracked file that became a pipe is gone for the recording, and comes back', async () => {
  const r = make();
  const ws = await r.open();
  const start = must(await ws.record(RUN, 'start'));
  rmSync(path.join(r.root, 'a.txt'));
  spawnSync('mkfifo', [path.join(r.root, 'a.txt')]);
  const end = must(await ws.record(RUN, 'end', start.tree));
  expect(end.files).toEqual(['a.txt']);
  must(await ws.restore(start.tree, end.tree));
  expect(r.read('a.txt')).toBe('a\n');
});

test('calls at the same time wait for each other', async () => {
  const r = make();
  const ws = await r.open();
  const all = await Promise.all([1, 2, 3, 4].map((n) => ws.record(RUN, `at once ${n}`)));
  expect(new Set(all.map((one) => must(one).tree)).size).toBeGreaterThan(0);
  expect(must(await ws.recordings(RUN))).toHaveLength(4);
});

test('finds the root from a subfolder and from a linked worktree, and nothing outside a repository', async () => {
  const r = make({ 'deep/er/x': 'x' });
  const linked = path.join(r.root, '..', 'linked');
  r.git('worktree', 'add', '-q', linked);
  const places = must(await findRoot(path.join(r.root, 'deep/er'), realGit, r.environ));
  expect(places).toMatchObject({ root: r.root, mainRoot: r.root });
  expect(must(await findRoot(linked, realGit, r.environ))).toMatchObject({
    root: path.resolve(linked),
    mainRoot: r.root,
  });
  expect(must(await findRoot(r.home, realGit, r.environ))).toBeUndefined();
  expect(must(await findRoot(r.root, realGit, { PATH: '/nowhere', HOME: r.home }))).toBeUndefined();
  const ws = await openAt(linked, r.environ);
  const start = must(await ws.record(RUN, 'start'));
  expect(listing(r, start.tree)).toEqual(['100644 deep/er/x']);
});

test('the state directory is not recorded, even where it is reached through a link', async () => {
  const r = make();
  const link = path.join(r.root, '..', 'by-link');
  symlinkSync(r.root, link);
  const places = must(await findRoot(link, realGit, r.environ));
  if (places === undefined) throw new Error('no repository');
  const stateDir = path.join(link, 'my [state]');
  const opened = await openWorkspace({ places, stateDir, git: realGit, environ: r.environ, now: () => 0 });
  const { tree } = must(await must(opened).record(RUN, 'start'));
  expect(listing(r, tree)).toEqual(['100644 a.txt']);
});

test('a repository without a commit can be recorded and put back', async () => {
  const r = make();
  r.git('update-ref', '-d', 'HEAD');
  const ws = await r.open();
  expect(must(await ws.facts())).toEqual({ sha: '', branch: 'main', dirty: false });
  const start = must(await ws.record(RUN, 'start'));
  r.git('commit', '-q', '-m', 'by the agent');
  const end = must(await ws.record(RUN, 'end', start.tree));
  must(await ws.restore(start.tree, end.tree));
  expect(must(await ws.facts()).sha).toBe('');
});

test('the facts tell dirty from clean', async () => {
  const r = make();
  const ws = await r.open();
  const sha = r.git('rev-parse', 'HEAD').trim();
  expect(must(await ws.facts())).toEqual({ sha, branch: 'main', dirty: false });
  r.write('a.txt', 'b\n');
  expect(must(await ws.facts()).dirty).toBe(true);
  r.git('checkout', '-q', '--', 'a.txt');
  r.write('new', '');
  expect(must(await ws.facts()).dirty).toBe(true);
  r.git('add', 'new');
  expect(must(await ws.facts()).dirty).toBe(true);
  r.git('reset', '-q', '--hard');
  r.git('switch', '-q', '--detach');
  expect(must(await ws.facts())).toEqual({ sha, branch: '', dirty: false });
});
