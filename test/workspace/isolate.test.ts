import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { must, picture, RUN } from './repository.ts';
import { ATTEMPT, gitIn, oneRepository, opened, theirGit } from './worktrees.ts';

const make = oneRepository();

test('holds the exact bytes, modes and links of the recording, uncommitted work included', async () => {
  const r = make({ 'a.txt': 'a\n', 'sub/b.txt': 'b\n', 'gone.txt': 'x', '.gitignore': 'ignored\n' });
  r.write('.gitattributes', '* text eol=crlf ident filter=none\n');
  r.write('a.txt', 'changed\r\n$Id$\n');
  r.write('tool.sh', '#!/bin/sh\n', 0o755);
  r.write('new/deep/n.txt', 'new');
  r.write('line\nbreak "quoted"', 'odd');
  r.write('ignored', 'secret');
  writeFileSync(Buffer.concat([Buffer.from(`${r.root}/`), Buffer.from([0xff, 0xfe])]), 'bytes');
  symlinkSync('a.txt', path.join(r.root, 'link'));
  symlinkSync('/nowhere', path.join(r.root, 'dangling'));
  rmSync(path.join(r.root, 'gone.txt'));
  const { tree } = await opened(await r.open());
  const expected = picture(r.root);
  delete expected['ignored'];
  expect(picture(tree.root)).toEqual(expected);
});

test('git status in it says what it says in the shared tree: staged, unstaged, untracked, unmerged', async () => {
  const r = make({ 'a.txt': 'a\n', 'b.txt': 'b\n', 'c.txt': 'c\n', 'd.txt': 'd\n' });
  r.git('checkout', '-q', '-b', 'side');
  r.write('d.txt', 'side\n');
  r.git('commit', '-q', '-am', 'side');
  r.git('checkout', '-q', 'main');
  r.write('d.txt', 'main\n');
  r.git('commit', '-q', '-am', 'main');
  expect(() => r.git('merge', 'side')).toThrow();
  r.write('a.txt', 'staged\n');
  r.git('add', 'a.txt');
  r.write('a.txt', 'staged and edited\n');
  r.write('b.txt', 'unstaged\n');
  r.write('new.txt', 'untracked\n');
  r.git('rm', '-q', '--cached', 'c.txt');
  r.git('add', '-N', 'new.txt');
  const before = r.git('status', '--porcelain');
  const user = theirGit(r);
  const { tree } = await opened(await r.open());
  expect(gitIn(r, tree.root, 'status', '--porcelain')).toBe(before);
  expect(gitIn(r, tree.root, 'rev-parse', 'HEAD')).toBe(r.git('rev-parse', 'HEAD'));
  expect(gitIn(r, tree.root, 'diff', '--cached')).toBe(r.git('diff', '--cached'));
  expect(gitIn(r, tree.root, 'log', '--oneline')).toBe(r.git('log', '--oneline'));
  expect(gitIn(r, tree.root, 'branch', '--show-current')).toBe('');
  expect(theirGit(r)).toEqual(user);
});

test('the user keeps index, HEAD, branches, stash and config through the life of a worktree', async () => {
  const r = make({ 'a.txt': 'a\n' });
  r.write('a.txt', 'stashed\n');
  r.git('stash');
  r.write('a.txt', 'mine\n');
  r.git('add', '-A');
  const ws = await r.open();
  const from = must(await ws.record(RUN, 'base')).tree;
  const user = theirGit(r);
  const before = picture(r.root);
  const { tree } = await opened(ws, { from });
  const start = must(await tree.record(RUN, 'before', from));
  expect(start.files).toEqual([]);
  writeFileSync(path.join(tree.root, 'a.txt'), 'agent\n');
  gitIn(r, tree.root, 'commit', '-q', '-am', 'by the agent');
  const end = must(await tree.record(RUN, 'after', start.tree));
  expect(end.files).toEqual(['a.txt']);
  must(await tree.remove());
  expect(theirGit(r)).toEqual(user);
  expect(picture(r.root)).toEqual(before);
  expect(existsSync(tree.root)).toBe(false);
  expect(existsSync(path.join(r.root, '.git/worktrees'))).toBe(false);
  expect(
    readdirSync(path.join(r.root, '.codemachine/state/git')).filter((f) => f.startsWith('index-')).length,
  ).toBe(1);
  expect(r.git('show', `${end.tree}:a.txt`)).toBe('agent\n');
});

test('an unborn HEAD stays unborn, and a commit in the worktree makes no branch', async () => {
  const r = make();
  r.git('update-ref', '-d', 'HEAD');
  r.git('rm', '-q', '--cached', '-r', '.');
  const before = r.git('status', '--porcelain');
  const { tree } = await opened(await r.open());
  expect(gitIn(r, tree.root, 'status', '--porcelain')).toBe(before);
  gitIn(r, tree.root, 'add', '-A');
  gitIn(r, tree.root, 'commit', '-q', '-m', 'first of the agent');
  must(await tree.record(RUN, 'after'));
  expect(r.git('for-each-ref', 'refs/heads')).toBe('');
  must(await tree.remove());
  expect(r.git('for-each-ref', 'refs/heads', 'refs/worktree')).toBe('');
});

test('a sparse checkout with a split index', async () => {
  const r = make({ 'in/a.txt': 'a\n', 'out/b.txt': 'b\n' });
  r.git('sparse-checkout', 'set', '--cone', 'in');
  r.git('update-index', '--split-index');
  r.write('in/a.txt', 'edited\n');
  r.git('add', '-A');
  expect(existsSync(path.join(r.root, 'out'))).toBe(false);
  const before = r.git('status', '--porcelain');
  const { tree } = await opened(await r.open());
  expect(gitIn(r, tree.root, 'status', '--porcelain')).toBe(before);
  expect(readdirSync(tree.root).sort()).toEqual(['.git', 'in']);
  expect(gitIn(r, tree.root, 'ls-files', '-t')).toBe(r.git('ls-files', '-t'));
});

test('git lists it, locked with a reason, and no prune takes it', async () => {
  const r = make();
  const ws = await r.open();
  const { tree } = await opened(ws);
  const listed = r.git('worktree', 'list', '--porcelain');
  expect(listed).toContain(`worktree ${tree.root}\n`);
  expect(listed).toContain(`locked codemachine run ${RUN}`);
  r.git('worktree', 'prune', '--expire', 'now');
  r.git('gc', '-q', '--prune=now');
  expect(gitIn(r, tree.root, 'status', '--porcelain')).toBe('');
  expect(tree.root).toBe(path.join(path.dirname(path.dirname(tree.root)), RUN, ATTEMPT.directory));
  expect(tree.root.startsWith(path.join(r.home, '.cache/codemachine/'))).toBe(true);
  for (const dir of [tree.root, path.dirname(tree.root), path.dirname(path.dirname(tree.root))])
    expect(statSync(dir).mode & 0o777).toBe(0o700);
});

test('a second opening of the same place begins anew', async () => {
  const r = make();
  const ws = await r.open();
  const { tree, from } = await opened(ws);
  writeFileSync(path.join(tree.root, 'a.txt'), 'half\n');
  writeFileSync(path.join(tree.root, 'junk'), 'junk\n');
  mkdirSync(path.join(tree.root, 'closed/deep'), { recursive: true });
  chmodSync(path.join(tree.root, 'closed'), 0o000);
  const again = must(await ws.isolation.open({ ...ATTEMPT, from }));
  expect(again.root).toBe(tree.root);
  expect(picture(again.root)).toEqual(picture(r.root));
  expect(must(await again.record(RUN, 'before', from)).files).toEqual([]);
});

test('what an agent destroys of it does not stop recording it nor removing it', async () => {
  const r = make({ 'a.txt': 'a\n' });
  const ws = await r.open();
  const admin = path.join(r.root, '.git/worktrees', `codemachine-${RUN}-${ATTEMPT.directory}`);
  const harms: Record<string, (root: string) => void> = {
    'the .git file is gone': (root) => rmSync(path.join(root, '.git')),
    'the .git file is a repository': (root) => {
      rmSync(path.join(root, '.git'));
      gitIn(r, root, 'init', '-q');
    },
    'what git knows is gone': () => rmSync(admin, { recursive: true }),
    'HEAD is torn': () => writeFileSync(path.join(admin, 'HEAD'), 'torn'),
    'the common directory is elsewhere': () => writeFileSync(path.join(admin, 'commondir'), r.home),
    'the index is torn': () => writeFileSync(path.join(admin, 'index'), 'DIRC'),
  };
  for (const [name, harm] of Object.entries(harms)) {
    const { tree, from } = await opened(ws);
    writeFileSync(path.join(tree.root, 'a.txt'), 'agent\n');
    harm(tree.root);
    const end = must(await tree.record(RUN, 'after', from));
    expect([name, end.files]).toEqual([name, ['a.txt']]);
    must(await tree.remove());
    expect([name, existsSync(tree.root), existsSync(admin)]).toEqual([name, false, false]);
  }
});

test('a worktree that somebody removed: recording says so, removing is content, it is not found', async () => {
  const r = make();
  const ws = await r.open();
  const { tree } = await opened(ws);
  rmSync(tree.root, { recursive: true });
  expect(await tree.record(RUN, 'after')).toMatchObject({
    ok: false,
    error: { message: expect.stringContaining(`${tree.root} is gone`) },
  });
  expect(must(await ws.isolation.find(RUN, ATTEMPT.directory))).toBeUndefined();
  must(await tree.remove());
  must(await tree.remove());
  expect(must(await ws.leftWorktrees())).toEqual([]);
});

test('the next owner finds it, though git knows nothing of it any more, records what is in it, and removes it', async () => {
  const r = make();
  const { tree, from } = await opened(await r.open());
  writeFileSync(path.join(tree.root, 'a.txt'), 'left behind\n');
  rmSync(path.join(r.root, '.git/worktrees'), { recursive: true });
  const next = await r.open();
  expect(must(await next.leftWorktrees())).toMatchObject([
    { run: RUN, directory: ATTEMPT.directory, root: tree.root },
  ]);
  const found = must(await next.isolation.find(RUN, ATTEMPT.directory));
  if (found === undefined) throw new Error('not found');
  expect(must(await found.record(RUN, 'found', from)).files).toEqual(['a.txt']);
  must(await found.remove());
  expect(must(await next.leftWorktrees())).toEqual([]);
});

test('what cannot be written is told with the place, and taken away again', async () => {
  const r = make({ 'a.txt': 'a\n' });
  const ws = await r.open();
  const from = must(await ws.record(RUN, 'base')).tree;
  const blob = r.git('rev-parse', `${from}:a.txt`).trim();
  rmSync(path.join(r.root, '.git/objects', blob.slice(0, 2), blob.slice(2)));
  const refused = await ws.isolation.open({ ...ATTEMPT, from });
  if (refused.ok) throw new Error('opened without its bytes');
  expect(refused.error.message).toMatch(/^The worktree .* of an isolated step cannot be made: .*a\.txt/);
  expect(must(await ws.leftWorktrees())).toEqual([]);
  expect(existsSync(path.join(r.root, '.git/worktrees'))).toBe(false);
});

test('eight at once, each with edits of its own', async () => {
  const r = make({ 'a.txt': 'a\n', 'b/c.txt': 'c\n' });
  const ws = await r.open();
  const from = must(await ws.record(RUN, 'base')).tree;
  const numbers = [1, 2, 3, 4, 5, 6, 7, 8];
  const ends = await Promise.all(
    numbers.map(async (n) => {
      const { tree } = await opened(ws, { from, directory: `edit-${n}.1` });
      const start = must(await tree.record(RUN, `${n}.before`, from));
      writeFileSync(path.join(tree.root, `new-${n}.txt`), `${n}\n`);
      const end = must(await tree.record(RUN, `${n}.after`, start.tree));
      must(await tree.remove());
      return end.files;
    }),
  );
  expect(ends).toEqual(numbers.map((n) => [`new-${n}.txt`]));
  expect(must(await ws.leftWorktrees())).toEqual([]);
  expect(r.git('status', '--porcelain')).toBe('?? .codemachine/\n');
});
