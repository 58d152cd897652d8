/** Proves that a restore brings back what was, and nothing but that. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { afterEach, expect, test } from 'vitest';
import type { GitWorkspace } from '../../src/workspace/workspace.ts';
import { runs } from '../support/seed.ts';
import { makeRepository, must, picture, type Repository, RUN } from './repository.ts';

let repo: Repository | undefined;
afterEach(() => repo?.remove());

function make(files?: Record<string, string>): Repository {
  repo = makeRepository(files);
  return repo;
}

/** Records, lets an attempt happen, records again, undoes it; gives the tree before the undo was asked for. */
async function undone(
  r: Repository,
  attempt: () => void,
): Promise<{ ws: GitWorkspace; files: readonly string[] }> {
  const ws = await r.open();
  const start = must(await ws.record(RUN, 'start'));
  attempt();
  const end = must(await ws.record(RUN, 'end', start.tree));
  return { ws, files: must(await ws.restore(start.tree, end.tree)) };
}

test('created, changed, deleted, re-moded, linked and swapped paths come back', async () => {
  const r = make({
    'keep.txt': 'k',
    'change.txt': 'old',
    'gone.txt': 'g',
    'dir/x': 'x',
    'dir/sub/y': 'y',
    file: 'f',
  });
  r.write('tool', '#!/bin/sh\n', 0o755);
  symlinkSync('keep.txt', path.join(r.root, 'link'));
  r.write('untracked.txt', 'mine');
  const before = picture(r.root);
  const at = (name: string): string => path.join(r.root, name);
  const { files } = await undone(r, () => {
    r.write('change.txt', 'new');
    rmSync(at('gone.txt'));
    chmodSync(at('tool'), 0o644);
    rmSync(at('link'));
    symlinkSync('elsewhere', at('link'));
    rmSync(at('dir'), { recursive: true });
    r.write('dir', 'a file now');
    rmSync(at('file'));
    r.write('file/inside/deep', 'a directory now');
    r.write('new/folder/file', 'n');
    rmSync(at('untracked.txt'));
  });
  expect(picture(r.root)).toEqual(before);
  expect(existsSync(at('new'))).toBe(false);
  expect(files).toContain('untracked.txt');
  expect(files).not.toContain('keep.txt');
});

test('only paths that differ are touched', async () => {
  const r = make({ 'same.txt': 's', 'other.txt': 'o' });
  const stat = (): number => Number(readFileSync(path.join(r.root, 'same.txt')).length);
  const { ws } = await undone(r, () => r.write('other.txt', 'changed'));
  expect(stat()).toBe(1);
  const start = must(await ws.record(RUN, 'start'));
  r.write('other.txt', 'agent');
  const end = must(await ws.record(RUN, 'end', start.tree));
  // Somebody edits another file between the recording and the undo: it is theirs.
  r.write('same.txt', 'by a person');
  r.write('fresh.txt', 'by a person');
  expect(must(await ws.restore(start.tree, end.tree))).toEqual(['other.txt']);
  expect(r.read('same.txt')).toBe('by a person');
  expect(r.read('fresh.txt')).toBe('by a person');
});

test('a directory that became a link is a directory again, and nothing is written or removed through the link', async () => {
  const r = make({ 'dir/a': 'a', 'dir/b': 'b' });
  const outside = path.join(r.home, 'outside');
  mkdirSync(outside);
  writeFileSync(path.join(outside, 'a'), 'precious');
  writeFileSync(path.join(outside, 'c'), 'precious');
  const before = picture(r.root);
  await undone(r, () => {
    rmSync(path.join(r.root, 'dir'), { recursive: true });
    symlinkSync(outside, path.join(r.root, 'dir'));
  });
  expect(picture(r.root)).toEqual(before);
  expect(readFileSync(path.join(outside, 'a'), 'utf8')).toBe('precious');
  expect(readFileSync(path.join(outside, 'c'), 'utf8')).toBe('precious');
});

test('a link that appears above a path after the recording is refused, and nothing behind it is touched', async () => {
  const r = make({ 'dir/a': 'a', 'dir/deep/b': 'b' });
  const outside = path.join(r.home, 'outside');
  mkdirSync(outside);
  writeFileSync(path.join(outside, 'a'), 'precious');
  const ws = await r.open();
  const start = must(await ws.record(RUN, 'start'));
  r.write('dir/a', 'changed');
  const end = must(await ws.record(RUN, 'end', start.tree));
  renameSync(path.join(r.root, 'dir'), path.join(r.root, 'moved'));
  symlinkSync(outside, path.join(r.root, 'dir'));
  const refused = await ws.restore(start.tree, end.tree);
  expect(refused.ok ? '' : refused.error.message).toContain('dir is a link');
  expect(readFileSync(path.join(outside, 'a'), 'utf8')).toBe('precious');
});

test('ignored files are left alone, even when the attempt edits the ignore file', async () => {
  const r = make({ '.gitignore': 'node_modules/\n', 'a.txt': 'a' });
  r.write('node_modules/dep/index.js', 'dep');
  const before = picture(r.root);
  await undone(r, () => {
    r.write('.gitignore', 'hidden*\n');
    r.write('hidden.txt', 'made by the attempt, hidden by its own rule');
    r.write('a.txt', 'b');
  });
  expect(picture(r.root)).toEqual(before);
});

test('an ignored file that was uncovered for a while is left alone', async () => {
  const r = make({ '.gitignore': 'node_modules/\n' });
  r.write('node_modules/dep', 'dep');
  const before = picture(r.root);
  for (const since of ['start', 'end'] as const) {
    const ws = await r.open();
    const start = must(await ws.record(RUN, 'start'));
    r.write('.gitignore', '');
    r.write('made.txt', 'm');
    const end = must(await ws.record(RUN, 'end', start.tree));
    expect(end.files).toContain('node_modules/dep');
    r.write('.gitignore', 'node_modules/\n');
    const now = must(await ws.record(RUN, 'now', { start, end }[since].tree));
    must(await ws.restore(start.tree, now.tree));
    expect(picture(r.root)).toEqual(before);
  }
});

test('what an attempt hid by its own rule is recorded before it goes', async () => {
  const r = make({ '.gitignore': '', 'a.txt': 'a' });
  const { ws } = await undone(r, () => {
    r.write('.gitignore', 'hidden\n');
    r.write('hidden', 'worth keeping');
  });
  expect(existsSync(path.join(r.root, 'hidden'))).toBe(false);
  const last = must(await ws.recordings(RUN)).at(-1)?.tree ?? '';
  expect(r.git('cat-file', 'blob', `${last}:hidden`)).toBe('worth keeping');
});

test('a file in the way of which an ignored file lies is named, and the next try succeeds', async () => {
  const r = make({ '.gitignore': '*.log\n', file: 'f' });
  const ws = await r.open();
  const start = must(await ws.record(RUN, 'start'));
  rmSync(path.join(r.root, 'file'));
  r.write('file/x.log', 'log');
  const end = must(await ws.record(RUN, 'end', start.tree));
  const refused = await ws.restore(start.tree, end.tree);
  expect(refused.ok ? '' : refused.error.message).toContain(
    'an ignored file of yours, file/x.log, is in the way',
  );
  expect(r.read('file/x.log')).toBe('log');
  rmSync(path.join(r.root, 'file'), { recursive: true });
  const now = must(await ws.record(RUN, 'again', end.tree));
  must(await ws.restore(start.tree, now.tree));
  expect(r.read('file')).toBe('f');
});

test('a file closed to others stays closed', async () => {
  const r = make();
  r.write('.env', 'KEY=1', 0o600);
  await undone(r, () => r.write('.env', 'KEY=2'));
  expect(picture(r.root)['.env']).toBe('600 KEY=1');
});

test("an agent's commit, branch and staging are undone, and its commit is kept", async () => {
  const r = make({ 'a.txt': 'a\n', 'b.txt': 'b\n' });
  r.write('b.txt', 'staged by the user\n');
  r.git('add', 'b.txt');
  const status = r.git('status', '--porcelain', '-uno');
  const head = r.git('rev-parse', 'HEAD');
  let agents = '';
  await undone(r, () => {
    r.write('a.txt', 'agent\n');
    r.git('commit', '-qam', 'by the agent');
    agents = r.git('rev-parse', 'HEAD').trim();
    r.git('switch', '-q', '-c', 'feature');
    r.write('c.txt', 'c');
    r.git('add', 'c.txt');
  });
  expect(r.git('rev-parse', 'HEAD')).toBe(head);
  expect(r.git('symbolic-ref', 'HEAD').trim()).toBe('refs/heads/main');
  expect(r.git('status', '--porcelain', '-uno')).toBe(status);
  expect(r.git('rev-parse', 'feature').trim()).toBe(agents);
  expect(r.git('reflog', 'main')).toContain('codemachine: undo');
});

test('HEAD and index that somebody moved since the attempt are left where they are', async () => {
  const r = make({ 'a.txt': 'a\n' });
  const ws = await r.open();
  const start = must(await ws.record(RUN, 'start'));
  r.write('a.txt', 'agent\n');
  r.git('commit', '-qam', 'by the agent');
  const end = must(await ws.record(RUN, 'end', start.tree));
  r.write('person.txt', 'p');
  r.git('add', 'person.txt');
  r.git('commit', '-qm', 'by a person');
  const persons = r.git('rev-parse', 'HEAD');
  must(await ws.restore(start.tree, end.tree));
  expect(r.git('rev-parse', 'HEAD')).toBe(persons);
  expect(r.read('a.txt')).toBe('a\n');
  expect(r.git('ls-files')).toBe('a.txt\nperson.txt\n');
});

test('an index lock that a killed git left does not stop the undo', async () => {
  const r = make();
  await undone(r, () => {
    r.write('a.txt', 'b');
    r.git('add', 'a.txt');
    writeFileSync(path.join(r.root, '.git/index.lock'), '');
  });
  expect(r.read('a.txt')).toBe('a\n');
});

test('a recording that is gone is a sentence', async () => {
  const r = make();
  const ws = await r.open();
  const start = must(await ws.record(RUN, 'start'));
  const refused = await ws.restore('0'.repeat(39).concat('1'), start.tree);
  expect(refused.ok ? '' : refused.error.message).toContain('is gone from the repository');
});

test('a difference is shown as text and travels as a patch', async () => {
  const r = make({ 'a.txt': 'a\n', 'b.txt': 'b\n', 'run.sh': 'x\n' });
  const ws = await r.open();
  const start = must(await ws.record(RUN, 'start'));
  r.write('a.txt', 'changed\n');
  r.write('bin', Buffer.from([0, 1, 2, 255, 0, 10]));
  rmSync(path.join(r.root, 'b.txt'));
  chmodSync(path.join(r.root, 'run.sh'), 0o755);
  symlinkSync('a.txt', path.join(r.root, 'l'));
  const after = picture(r.root);
  const end = must(await ws.record(RUN, 'end', start.tree));
  const shown = must(await ws.diff(start.tree, end.tree));
  expect(shown).toContain('-a\n+changed\n');
  expect(must(await ws.diff(start.tree, end.tree, { stat: true }))).toContain('5 files changed');
  expect(must(await ws.diff(start.tree, end.tree, { paths: ['b.txt'] }))).not.toContain('a.txt');
  const patch = must(await ws.patch(start.tree, end.tree));
  must(await ws.restore(start.tree, end.tree));
  must(await ws.applyPatch(patch));
  expect(picture(r.root)).toEqual(after);
  const twice = await ws.applyPatch(patch);
  expect(twice).toMatchObject({ ok: false, error: { reason: 'replay' } });
  expect(picture(r.root)).toEqual(after);
  must(await ws.applyPatch(must(await ws.patch(end.tree, end.tree))));
});

test('a patch cannot write outside the workspace or into .git', async () => {
  const r = make();
  const ws = await r.open();
  must(await ws.record(RUN, 'start'));
  symlinkSync(r.home, path.join(r.root, 'out'));
  for (const name of ['../evil', '.git/hooks/evil', 'out/evil']) {
    const patch = `diff --git a/${name} b/${name}\nnew file mode 100644\n--- /dev/null\n+++ b/${name}\n@@ -0,0 +1 @@\n+evil\n`;
    expect((await ws.applyPatch(Buffer.from(patch))).ok).toBe(false);
  }
  expect(existsSync(path.join(r.home, 'evil'))).toBe(false);
});

const names = ['a', 'b', 'd/x', 'd/y', 'd/e/z', '-x', 'é', 'd'] as const;
const edit = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('write' as const),
      name: fc.constantFrom(...names),
      content: fc.string({ maxLength: 6 }),
      mode: fc.constantFrom(0o644, 0o755),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('remove' as const), name: fc.constantFrom(...names) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('link' as const),
      name: fc.constantFrom(...names),
      content: fc.constantFrom('a', 'd', '/etc'),
    }),
  },
);
type Edit = typeof edit extends fc.Arbitrary<infer T> ? T : never;

/** Makes one edit, whatever stands in its way. */
function make1(r: Repository, one: Edit): void {
  const parts = one.name.split('/');
  for (let i = 1; i < parts.length; i++) {
    const parent = parts.slice(0, i).join('/');
    const found = picture(r.root)[parent];
    if (found !== undefined) rmSync(path.join(r.root, parent), { force: true });
  }
  rmSync(path.join(r.root, one.name), { recursive: true, force: true });
  if (one.do === 'remove') return;
  mkdirSync(path.dirname(path.join(r.root, one.name)), { recursive: true });
  if (one.do === 'link') symlinkSync(one.content, path.join(r.root, one.name));
  else r.write(one.name, one.content, one.mode);
}

test('whatever edits are made, a restore gives the same bytes, modes and links', async () => {
  const r = make({ a: '1', 'd/x': '2', 'd/e/z': '3' });
  const ws = await r.open();
  await fc.assert(
    fc.asyncProperty(
      fc.array(edit, { maxLength: 6 }),
      fc.array(edit, { maxLength: 8 }),
      async (first, second) => {
        for (const one of first) make1(r, one);
        const start = must(await ws.record(RUN, 'start'));
        const before = picture(r.root);
        for (const one of second) make1(r, one);
        const end = must(await ws.record(RUN, 'end', start.tree));
        const after = picture(r.root);
        must(await ws.restore(start.tree, end.tree));
        expect(picture(r.root)).toEqual(before);
        const back = must(await ws.record(RUN, 'back', end.tree));
        must(await ws.restore(end.tree, back.tree));
        expect(picture(r.root)).toEqual(after);
      },
    ),
    { ...runs(15), endOnFailure: false },
  );
});
