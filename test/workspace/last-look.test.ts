/** Proves that an edit made after a tree was recorded is never overwritten, however late it is made. */
import { chmodSync, existsSync, lstatSync, rmSync, symlinkSync, utimesSync } from 'node:fs';
import path from 'node:path';
import { afterEach, expect, test } from 'vitest';
import type { Git } from '../../src/workspace/git.ts';
import { findRoot } from '../../src/workspace/root.ts';
import { type GitWorkspace, openWorkspace } from '../../src/workspace/workspace.ts';
import { makeRepository, must, picture, type Repository, RUN, realGit } from './repository.ts';

let repo: Repository | undefined;
afterEach(() => repo?.remove());

/** A workspace that lets something happen right before git is asked for `command`, the first time after `arm`. */
async function openArmed(
  r: Repository,
): Promise<{ ws: GitWorkspace; arm: (command: string, then: () => void) => void }> {
  let armed: { command: string; then: () => void } | undefined;
  const git: Git = (args, options) => {
    if (armed !== undefined && args.includes(armed.command)) {
      const { then } = armed;
      armed = undefined;
      then();
    }
    return realGit(args, options);
  };
  const places = must(await findRoot(r.root, realGit, r.environ));
  if (places === undefined) throw new Error('no repository');
  const stateDir = path.join(r.root, '.codemachine/state');
  const ws = must(await openWorkspace({ places, stateDir, git, environ: r.environ, now: () => 0 }));
  return {
    ws,
    arm: (command, then) => {
      armed = { command, then };
    },
  };
}

const FILES = { 'changed.txt': 'old\n', 'deleted.txt': 'there\n', tool: 'x\n', 'dir/deep.txt': 'deep\n' };

async function attempt(r: Repository): Promise<{ start: string; end: string }> {
  const ws = await r.open();
  const start = must(await ws.record(RUN, 'start')).tree;
  r.write('changed.txt', 'new\n');
  rmSync(path.join(r.root, 'deleted.txt'));
  r.write('created.txt', 'by the attempt\n');
  r.write('dir/deep.txt', 'deeper\n');
  chmodSync(path.join(r.root, 'tool'), 0o755);
  return { start, end: must(await ws.record(RUN, 'end', start)).tree };
}

const EDITS: Record<string, { file: string; make: (r: Repository) => void }> = {
  'a changed file is changed again': {
    file: 'changed.txt',
    make: (r) => r.write('changed.txt', 'by a person\n'),
  },
  'a changed file gets as many other bytes and its old time': {
    file: 'changed.txt',
    make: (r) => {
      const file = path.join(r.root, 'changed.txt');
      const { atime, mtime } = lstatSync(file);
      r.write('changed.txt', 'men\n');
      utimesSync(file, atime, mtime);
    },
  },
  'a created file is changed': { file: 'created.txt', make: (r) => r.write('created.txt', 'by a person\n') },
  'a deleted file is there again': {
    file: 'deleted.txt',
    make: (r) => r.write('deleted.txt', 'by a person\n'),
  },
  'a deleted file is a link': {
    file: 'deleted.txt',
    make: (r) => symlinkSync('changed.txt', path.join(r.root, 'deleted.txt')),
  },
  'a changed file is a link': {
    file: 'changed.txt',
    make: (r) => {
      rmSync(path.join(r.root, 'changed.txt'));
      symlinkSync('tool', path.join(r.root, 'changed.txt'));
    },
  },
  'a changed file became executable': {
    file: 'dir/deep.txt',
    make: (r) => chmodSync(path.join(r.root, 'dir/deep.txt'), 0o755),
  },
};

test.each(Object.keys(EDITS))('%s after the recording: named, and nothing is touched', async (name) => {
  const r = makeRepository(FILES);
  repo = r;
  const { start, end } = await attempt(r);
  const { file, make } = EDITS[name] ?? { file: '', make: () => undefined };
  make(r);
  const before = picture(r.root);
  const ws = await r.open();
  const refused = await ws.restore(start, end);
  expect(refused.ok ? '' : refused.error.message).toContain(`${file} was edited after it was recorded`);
  expect(picture(r.root)).toEqual(before);
  // Once it is recorded nothing can be lost.
  const found = must(await ws.record(RUN, 'found', end)).tree;
  must(await ws.restore(start, end, found));
  expect(r.read('changed.txt')).toBe('old\n');
  expect(r.read('deleted.txt')).toBe('there\n');
  expect(existsSync(path.join(r.root, 'created.txt'))).toBe(false);
  const kept = r.git('ls-tree', found, '--', file);
  expect(kept).not.toBe(r.git('ls-tree', end, '--', file));
});

test('an edit made while the undo has begun is seen as well', async () => {
  const r = makeRepository(FILES);
  repo = r;
  const { start, end } = await attempt(r);
  const { ws, arm } = await openArmed(r);
  arm('read-tree', () => r.write('changed.txt', 'by a person\n'));
  const refused = await ws.restore(start, end);
  expect(refused.ok ? '' : refused.error.message).toContain('changed.txt was edited');
  expect(r.read('changed.txt')).toBe('by a person\n');
});

test('a file that appears where another was just taken away stays', async () => {
  const r = makeRepository(FILES);
  repo = r;
  const { start, end } = await attempt(r);
  const { ws, arm } = await openArmed(r);
  arm('checkout-index', () => r.write('changed.txt', 'by a person\n'));
  const refused = await ws.restore(start, end);
  expect(refused.ok ? '' : refused.error.message).toContain('changed.txt');
  expect(r.read('changed.txt')).toBe('by a person\n');
});

test('what is as it should be, or away, is nobody’s loss', async () => {
  const r = makeRepository(FILES);
  repo = r;
  const before = picture(r.root);
  const { start, end } = await attempt(r);
  r.write('changed.txt', 'old\n');
  rmSync(path.join(r.root, 'created.txt'));
  rmSync(path.join(r.root, 'dir/deep.txt'));
  must(await (await r.open()).restore(start, end));
  expect(picture(r.root)).toEqual(before);
});

test('no edit of the same size within the same tick is overlooked', async () => {
  const r = makeRepository({ 'a.txt': '0\n' });
  repo = r;
  const ws = await r.open();
  for (let i = 0; i < 10; i++) {
    const start = must(await ws.record(RUN, 'start')).tree;
    r.write('a.txt', 'x\n');
    const end = must(await ws.record(RUN, 'end', start)).tree;
    r.write('a.txt', 'y\n');
    expect((await ws.restore(start, end)).ok).toBe(false);
    r.write('a.txt', 'x\n');
    must(await ws.restore(start, end));
    expect(r.read('a.txt')).toBe('0\n');
  }
});
