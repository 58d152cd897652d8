/** Proves what a worktree is given beside the recording, and where worktrees may be at all. */
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import type { Failure } from '../../src/model/failure.ts';
import type { Worktree, WorktreeOf } from '../../src/model/ports.ts';
import type { Result } from '../../src/model/result.ts';
import { matches } from '../../src/plan/selection.ts';
import type { Environ } from '../../src/workspace/git.ts';
import { findRoot } from '../../src/workspace/root.ts';
import { type GitWorkspace, openWorkspace } from '../../src/workspace/workspace.ts';
import { must, picture, type Repository, RUN, realGit } from './repository.ts';
import { ATTEMPT, oneRepository } from './worktrees.ts';

const make = oneRepository();

async function workspaceOf(r: Repository, environ: Environ = r.environ): Promise<GitWorkspace> {
  const places = must(await findRoot(r.root, realGit, r.environ));
  if (places === undefined) throw new Error('no repository');
  const stateDir = path.join(r.root, '.codemachine/state');
  return must(await openWorkspace({ places, stateDir, git: realGit, environ, now: () => 0, matches }));
}

async function open(
  r: Repository,
  more: Partial<WorktreeOf>,
  environ?: Environ,
): Promise<Result<Worktree, Failure>> {
  const ws = await workspaceOf(r, environ);
  const from = must(await ws.record(RUN, 'base')).tree;
  return ws.isolation.open({ ...ATTEMPT, from, ...more });
}

const IGNORED = {
  '.gitignore': '.env*\nconfig/secret*\nnode_modules/\nout\n',
  'a.txt': 'a\n',
  'config/kept': 'k\n',
};

test('copies ignored files with their modes, by globs; what the recording holds stays as it is there', async () => {
  const r = make(IGNORED);
  r.write('.env', 'A=1\n', 0o600);
  r.write('.env.local', 'B=2\n');
  r.write('.env.prod', 'C=3\n');
  r.write('config/secret/deep/key', 'key\n', 0o400);
  r.write('out/tool', '#!/bin/sh\n', 0o755);
  symlinkSync('.env', path.join(r.root, '.env.link'));
  const copy = ['.env*', '!.env.prod', 'config/**', 'out/tool', 'a.txt'];
  const tree = must(await open(r, { copy }));
  expect(picture(tree.root)).toEqual({
    ...picture(r.root, ['.git', '.codemachine', '.env.prod', '.env.link']),
    '.env.link': '600 A=1\n',
  });
  expect(must(await tree.record(RUN, 'before')).tree).not.toBe('');
});

test('nothing of git and nothing of the state directory is copied', async () => {
  const r = make({ '.gitignore': 'inner/\n', 'a.txt': 'a\n' });
  r.write('inner/.git/config', 'x');
  r.write('inner/file', 'x');
  r.write('.codemachine/state/runs/secret', 'x');
  const tree = must(await open(r, { copy: ['**'] }));
  expect(Object.keys(picture(tree.root, ['.git'])).sort()).toEqual(['.gitignore', 'a.txt', 'inner/file']);
  expect(existsSync(path.join(tree.root, 'inner/.git'))).toBe(false);
});

test('what ends in a question mark may be missing, and is brought over where it is there', async () => {
  const r = make(IGNORED);
  r.write('.env', 'A=1\n');
  r.write('out/tool', 'x');
  const more = { copy: ['.env?', '.env.local?', 'no-such/**?', '!.env.prod'], link: ['out?', 'no-such?'] };
  const tree = must(await open(r, more));
  expect(Object.keys(picture(tree.root, ['.git'])).sort()).toEqual(
    ['.env', ...Object.keys(picture(r.root, ['.git', '.codemachine', '.env', 'out/tool'])), 'out'].sort(),
  );
  expect(readlinkSync(path.join(tree.root, 'out'))).toBe(path.join(r.root, 'out'));
});

const REFUSED: Record<string, { copy?: string[]; link?: string[]; says: string[] }> = {
  'a glob that fits nothing': { copy: ['.env', 'no-such-*'], says: ['workspace.copy', 'no-such-*'] },
  'a directory that may be missing': { copy: ['out?'], says: ['workspace.copy', 'out/**'] },
  'a directory': { copy: ['out'], says: ['workspace.copy', 'out/**'] },
  'a link out of the repository': { copy: ['out/away'], says: ['workspace.copy', 'out/away', 'link'] },
  'a way out': { copy: ['../home/secret'], says: ['workspace.copy', '../home/secret'] },
  'a way out by a link': { copy: ['out/dir/secret'], says: ['workspace.copy', 'out/dir/secret'] },
  'a way through a file': { copy: ['a.txt/inner'], says: ['workspace.copy', 'a.txt/inner'] },
  'a link through a file': {
    link: ['a.txt/inner'],
    says: ['workspace.link', 'a.txt/inner', 'does not exist'],
  },
  'a link to nothing': { link: ['no-such'], says: ['workspace.link', 'no-such', 'does not exist'] },
  'a link out': { link: ['../home'], says: ['workspace.link', 'leads out'] },
  'a link to a link out': { link: ['out/dir'], says: ['workspace.link', 'out/dir', 'link out'] },
  'a link out that may be missing': { link: ['out/dir?'], says: ['workspace.link', 'out/dir', 'link out'] },
  'a link over what is recorded': { link: ['config'], says: ['workspace.link', 'config', 'already'] },
  'a link over the root': { link: ['.'], says: ['workspace.link', 'of its own'] },
  'a link into .git': { link: ['.git/hooks'], says: ['workspace.link', '.git/hooks'] },
};

test.each(Object.entries(REFUSED))('refused with the reason, and nothing is left: %s', async (_, wrong) => {
  const r = make(IGNORED);
  r.write('.env', 'A=1\n');
  r.write('out/file', 'x');
  r.write('../home/secret', 'secret\n');
  symlinkSync(path.join(r.home, 'secret'), path.join(r.root, 'out/away'));
  symlinkSync(r.home, path.join(r.root, 'out/dir'));
  const refused = await open(r, { copy: wrong.copy ?? [], link: wrong.link ?? [] });
  if (refused.ok) throw new Error('not refused');
  for (const word of wrong.says) expect(refused.error.message).toContain(word);
  expect(refused.error.reason).toBe('config');
  expect(existsSync(path.join(r.home, '.cache/codemachine'))).toBe(true);
  expect(must(await (await workspaceOf(r)).leftWorktrees())).toEqual([]);
});

test('links lead into the shared tree, absolute, and removing the worktree leaves what they lead to', async () => {
  const r = make(IGNORED);
  r.write('node_modules/pkg/index.js', 'x\n');
  r.write('config/secret', 's\n');
  const tree = must(await open(r, { link: ['node_modules', 'config/secret'] }));
  for (const name of ['node_modules', 'config/secret']) {
    expect(lstatSync(path.join(tree.root, name)).isSymbolicLink()).toBe(true);
    expect(readlinkSync(path.join(tree.root, name))).toBe(path.join(r.root, name));
  }
  must(await tree.remove());
  expect(r.read('node_modules/pkg/index.js')).toBe('x\n');
});

test('a link is made again for every attempt, and is no part of its change', async () => {
  const r = make(IGNORED);
  r.write('node_modules/pkg/index.js', 'x\n');
  const ws = await workspaceOf(r);
  const from = must(await ws.record(RUN, 'base')).tree;
  for (const directory of ['edit-1.1', 'edit-1.2']) {
    const what = { run: RUN, directory, from, copy: [], link: ['node_modules'] };
    const tree = must(await ws.isolation.open(what));
    const base = must(await tree.record(RUN, 'before', from)).tree;
    const theirs = must(await tree.record(RUN, 'after', base)).tree;
    const merged = must(await ws.isolation.merge({ run: RUN, label: 'm', base, ours: from, theirs }));
    expect(merged.files).toEqual([]);
    must(await tree.remove());
  }
});

test('XDG_CACHE_HOME says where, a relative one says nothing', async () => {
  const r = make();
  const cache = path.join(r.home, 'elsewhere');
  const there = must(await open(r, {}, { ...r.environ, XDG_CACHE_HOME: cache }));
  expect(there.root.startsWith(`${cache}/codemachine/`)).toBe(true);
  expect(statSync(path.join(cache, 'codemachine')).mode & 0o777).toBe(0o700);
  must(await there.remove());
  const here = must(await open(r, {}, { ...r.environ, XDG_CACHE_HOME: 'relative' }));
  expect(here.root.startsWith(path.join(r.home, '.cache/codemachine/'))).toBe(true);
});

test('a worktree is found where it was made, though XDG_CACHE_HOME is another now', async () => {
  const r = make();
  const made = must(await open(r, {}, { ...r.environ, XDG_CACHE_HOME: path.join(r.home, 'first') }));
  const later = await workspaceOf(r, { ...r.environ, XDG_CACHE_HOME: path.join(r.home, 'second') });
  const found = must(await later.isolation.find(RUN, ATTEMPT.directory));
  expect(found?.root).toBe(made.root);
  must((await found?.remove()) ?? { ok: false, error: 'not found' });
  expect(existsSync(made.root)).toBe(false);
});

const PLACES: Record<string, (r: Repository) => { environ: Environ; says: string }> = {
  'inside the repository': (r) => ({
    environ: { ...r.environ, XDG_CACHE_HOME: path.join(r.root, 'cache') },
    says: 'inside the repository',
  }),
  'inside by a link': (r) => {
    symlinkSync(r.root, path.join(r.home, 'cache'));
    return {
      environ: { ...r.environ, XDG_CACHE_HOME: path.join(r.home, 'cache') },
      says: 'inside the repository',
    };
  },
  'where everybody may write': (r) => {
    mkdirSync(path.join(r.home, 'open/cache'), { recursive: true });
    chmodSync(path.join(r.home, 'open'), 0o777);
    return {
      environ: { ...r.environ, XDG_CACHE_HOME: path.join(r.home, 'open/cache') },
      says: 'everybody may rename',
    };
  },
  'behind a link that took the place of our directory': (r) => {
    mkdirSync(path.join(r.home, '.cache'));
    mkdirSync(path.join(r.home, 'outside'));
    symlinkSync(path.join(r.home, 'outside'), path.join(r.home, '.cache/codemachine'));
    return { environ: r.environ, says: 'is no directory' };
  },
  'below a file': (r) => {
    writeFileSync(path.join(r.home, 'file'), '');
    return { environ: { ...r.environ, XDG_CACHE_HOME: path.join(r.home, 'file/cache') }, says: 'ENOTDIR' };
  },
  'without a home': () => ({ environ: { PATH: process.env['PATH'] }, says: 'HOME is not set' }),
};

test.each(Object.entries(PLACES))('no worktree is made %s', async (_, plan) => {
  const r = make();
  const { environ, says } = plan(r);
  const before = picture(r.root);
  const refused = await open(r, {}, environ);
  expect(refused).toMatchObject({
    ok: false,
    error: { reason: 'config', message: expect.stringContaining(says) },
  });
  if (!refused.ok) expect(refused.error.help).toContain('XDG_CACHE_HOME');
  expect(picture(r.root)).toEqual(before);
  expect(existsSync(path.join(r.root, '.git/worktrees'))).toBe(false);
  if (existsSync(path.join(r.home, 'outside'))) expect(picture(path.join(r.home, 'outside'))).toEqual({});
});

test('a link of another user in the way is refused', async ({ skip }) => {
  if (process.getuid?.() !== 0) skip('only root can make somebody else’s link');
  const r = make();
  const { lchownSync } = await import('node:fs');
  mkdirSync(path.join(r.home, 'real'));
  symlinkSync(path.join(r.home, 'real'), path.join(r.home, 'cache'));
  lchownSync(path.join(r.home, 'cache'), 4242, 4242);
  expect(await open(r, {}, { ...r.environ, XDG_CACHE_HOME: path.join(r.home, 'cache') })).toMatchObject({
    ok: false,
    error: { message: expect.stringContaining('somebody else made') },
  });
});

test('a git that is too old is named before anything is made', async () => {
  const r = make();
  const places = must(await findRoot(r.root, realGit, r.environ));
  if (places === undefined) throw new Error('no repository');
  const ws = must(
    await openWorkspace({
      places,
      stateDir: path.join(r.root, '.codemachine/state'),
      git: (args, options) =>
        args.at(-1) === 'version'
          ? Promise.resolve({ code: 0, stdout: Buffer.from('git version 2.37.4\n'), stderr: '' })
          : realGit(args, options),
      environ: r.environ,
      now: () => 0,
    }),
  );
  const from = must(await ws.record(RUN, 'base')).tree;
  expect(await ws.isolation.open({ run: RUN, directory: 'a-1.1', from, copy: [], link: [] })).toMatchObject({
    ok: false,
    error: { message: 'git version 2.37.4 is too old for isolated steps.' },
  });
  expect(readFileSync(path.join(r.root, '.git/HEAD'), 'utf8')).toBe('ref: refs/heads/main\n');
  expect(existsSync(path.join(r.home, '.cache'))).toBe(false);
});
