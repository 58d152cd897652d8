/** Proves that recording and undoing hold in every state in which people leave a repository. */
import { chmodSync, chownSync, existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { findRoot } from '../../src/workspace/root.ts';
import { must, openAt, picture, type Repository, RUN, realGit } from './repository.ts';
import { attempt, inState, STATES } from './states.ts';

/** Git keeps these as it likes: where a ref stands, what it once was, copies of an index that nothing refers to any more. */
const KEPT_ANYHOW = ['objects', 'refs', 'packed-refs', 'reftable', 'logs', 'COMMIT_EDITMSG', 'ORIG_HEAD'];

/** Everything of the user's: git directories as bytes, refs by what they say, the tree with modes and links. */
async function users(r: Repository, root: string): Promise<unknown> {
  const places = must(await findRoot(root, realGit, r.environ));
  if (places === undefined) throw new Error('no repository');
  const [own, common] = [places.gitDir, places.commonDir].map((dir) => {
    const all = Object.entries(picture(dir, [...KEPT_ANYHOW, 'worktrees']));
    return Object.fromEntries(all.filter(([name]) => !name.startsWith('sharedindex.')));
  });
  const format = '--format=%(refname) %(objectname) %(symref)';
  const said = await realGit(['for-each-ref', format], { cwd: root, env: r.environ });
  const refs = Buffer.from(said.stdout).toString().split('\n');
  return {
    own,
    common,
    refs: refs.filter((ref) => !ref.startsWith('refs/codemachine/')),
    tree: picture(root),
  };
}

test.for(Object.keys(STATES))(
  '%s: recorded, edited, recorded, undone, by another process too',
  async (name, { skip }) => {
    const made = inState(name) ?? skip('this git does not have it');
    const { r, root } = made;
    try {
      const before = await users(r, root);
      for (const useGit of [false, true]) {
        const ws = await openAt(root, r.environ);
        must(await ws.facts());
        const start = must(await ws.record(RUN, 'start'));
        expect(await users(r, root)).toEqual(before);
        attempt(root, r.environ, useGit);
        const edited = picture(root);
        const end = must(await ws.record(RUN, 'end', start.tree));
        expect(end.files).toContain('made/by/attempt.txt');
        expect(end.files).toContain('edit.txt');
        expect(end.files.filter((file) => !/^(edit|gone|made|keep|other)\b/.test(file))).toEqual([]);
        expect(picture(root)).toEqual(edited);
        // As a resume does, which knows nothing but the recordings.
        const next = await openAt(root, r.environ);
        const found = must(await next.record(RUN, 'found', end.tree));
        expect(found.files).toEqual([]);
        must(await next.restore(start.tree, end.tree, found.tree));
        expect(await users(r, root)).toEqual(before);
      }
    } finally {
      r.remove();
    }
  },
);

test('a tracked file of over 100 MiB is recorded, an untracked one is refused by name', async () => {
  const made = inState('nothing special');
  if (made === undefined) return;
  const { r, root } = made;
  try {
    r.write('huge.bin', Buffer.alloc(101 * 1024 * 1024));
    const refused = await (await openAt(root, r.environ)).check();
    expect(refused.ok ? '' : refused.error.message).toContain('huge.bin has 101 MiB');
    r.git('-c', 'core.compression=0', 'add', 'huge.bin');
    const ws = await openAt(root, r.environ);
    must(await ws.check());
    const start = must(await ws.record(RUN, 'start')).tree;
    r.write('huge.bin', 'small now\n');
    const end = must(await ws.record(RUN, 'end', start));
    expect(end.files).toEqual(['huge.bin']);
    must(await ws.restore(start, end.tree));
    expect(statSync(path.join(root, 'huge.bin')).size).toBe(101 * 1024 * 1024);
  } finally {
    r.remove();
  }
});

test('a merge that an attempt began, and one that it ended, are as they were', async () => {
  const made = inState('a merge in progress, with an unmerged index');
  if (made === undefined) return;
  const { r, root } = made;
  try {
    const before = await users(r, root);
    const ws = await openAt(root, r.environ);
    const start = must(await ws.record(RUN, 'start')).tree;
    r.write('keep/same.txt', 'resolved\n');
    r.git('commit', '-qam', 'resolved');
    const ended = must(await ws.record(RUN, 'ended', start)).tree;
    expect(existsSync(path.join(root, '.git/MERGE_HEAD'))).toBe(false);
    must(await ws.restore(start, ended));
    expect(await users(r, root)).toEqual(before);
    r.git('merge', '--abort');
    const clean = must(await ws.record(RUN, 'clean')).tree;
    expect(() => r.git('merge', 'side')).toThrow();
    const begun = must(await ws.record(RUN, 'begun', clean)).tree;
    must(await ws.restore(clean, begun));
    expect(existsSync(path.join(root, '.git/MERGE_HEAD'))).toBe(false);
    expect(r.git('status', '--porcelain', '-uno')).toBe('');
    // One that somebody began since is theirs.
    const last = must(await ws.record(RUN, 'last')).tree;
    r.write('edit.txt', 'x\n');
    const edited = must(await ws.record(RUN, 'edited', last)).tree;
    expect(() => r.git('merge', 'side')).toThrow();
    await ws.restore(last, edited);
    expect(readFileSync(path.join(root, '.git/MERGE_HEAD'), 'utf8')).toMatch(/^[0-9a-f]+\n$/);
  } finally {
    r.remove();
  }
});

test('of names that differ in case alone each is recorded, where the disk tells them apart', async () => {
  const made = inState('names that differ in case alone, with core.ignoreCase');
  if (made === undefined || statSync(path.join(made.root, '.GIT'), { throwIfNoEntry: false }) !== undefined)
    return;
  const { r, root } = made;
  try {
    const before = picture(root);
    const ws = await openAt(root, r.environ);
    const start = must(await ws.record(RUN, 'start')).tree;
    for (const name of ['CASE.txt', 'case.txt', 'cASE.txt']) r.write(name, 'by the attempt\n');
    const end = must(await ws.record(RUN, 'end', start));
    expect(end.files).toEqual(['CASE.txt', 'cASE.txt', 'case.txt']);
    must(await ws.restore(start, end.tree));
    expect(picture(root)).toEqual(before);
  } finally {
    r.remove();
  }
});

test.each(['checked out and edited', 'not checked out'])(
  'edits inside a submodule that is %s',
  async (which) => {
    const made = inState(`a submodule that is ${which}`);
    if (made === undefined) return;
    const { r, root } = made;
    try {
      const before = picture(root, ['.git', '.codemachine', 'lib/.git']);
      const index = readFileSync(path.join(root, '.git/index'));
      const ws = await openAt(root, r.environ);
      const start = must(await ws.record(RUN, 'start')).tree;
      r.git('-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'update', '--init');
      r.write('lib/lib.txt', 'by the attempt\n');
      r.git('-C', 'lib', 'commit', '-qam', 'inside');
      r.git('add', 'lib');
      const end = must(await ws.record(RUN, 'end', start));
      expect(end.files).toContain('lib/lib.txt');
      must(await ws.restore(start, end.tree));
      expect(picture(root, ['.git', '.codemachine', 'lib/.git'])).toEqual(before);
      expect(readFileSync(path.join(root, '.git/index')).equals(index)).toBe(true);
    } finally {
      r.remove();
    }
  },
);

test('files that an attempt leaves in the directory of a submodule that is not checked out', async () => {
  const made = inState('a submodule that is not checked out');
  if (made === undefined) return;
  const { r, root } = made;
  try {
    const status = r.git('status', '--porcelain', '--untracked-files=no');
    const ws = await openAt(root, r.environ);
    const start = must(await ws.record(RUN, 'start')).tree;
    r.write('lib/deep/new.txt', 'by the attempt\n');
    must(await ws.restore(start, must(await ws.record(RUN, 'end', start)).tree));
    expect(readdirSync(path.join(root, 'lib'))).toEqual([]);
    expect(r.git('status', '--porcelain', '--untracked-files=no')).toBe(status);
  } finally {
    r.remove();
  }
});

const isRoot = process.getuid?.() === 0;

// Only root can give a file away.
test.runIf(isRoot)('a repository that belongs to somebody else is refused in the words of git', async () => {
  const made = inState('nothing special');
  if (made === undefined) return;
  const { r, root } = made;
  try {
    for (const one of ['.', '.git']) chownSync(path.join(root, one), 54_321, 54_321);
    const refused = await findRoot(root, realGit, r.environ);
    expect(refused.ok ? '' : refused.error.message).toContain('safe.directory');
  } finally {
    r.remove();
  }
});

// Root may write anywhere.
test.skipIf(isRoot)('a directory of objects that cannot be written is a sentence', async () => {
  const made = inState('nothing special');
  if (made === undefined) return;
  const { r, root } = made;
  try {
    chmodSync(path.join(root, '.git/objects'), 0o555);
    const refused = await (await openAt(root, r.environ)).record(RUN, 'start');
    expect(refused.ok ? '' : refused.error.message).toContain('objects');
  } finally {
    chmodSync(path.join(root, '.git/objects'), 0o755);
    r.remove();
  }
});

test('the documentation says what is done in each of these states', () => {
  const page = readFileSync(path.resolve(import.meta.dirname, '../../docs/workspaces.md'), 'utf8');
  const rows = page.split('\n').filter((line) => line.startsWith('| '));
  const listed = rows.slice(2).map((row) => row.split('|')[1]?.trim());
  expect(listed).toEqual(Object.keys(STATES));
});
