/** Proves that a recording which asks git less often records the same. */
import { cpSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { asRunId } from '../../src/model/ids.ts';
import type { Git } from '../../src/workspace/git.ts';
import { findRoot } from '../../src/workspace/root.ts';
import { type GitWorkspace, openWorkspace } from '../../src/workspace/workspace.ts';
import { runs } from '../support/seed.ts';
import { makeRepository, must, type Repository, RUN, realGit } from './repository.ts';

const OTHER = asRunId('20261120-141504-k7qe');

/** A workspace with what its gits were asked. */
async function watched(r: Repository, state: string): Promise<{ ws: GitWorkspace; asked: string[] }> {
  const asked: string[] = [];
  const git: Git = (args, options) => {
    asked.push(args.filter((_, i) => args[i] !== '-c' && args[i - 1] !== '-c').join(' '));
    return realGit(args, options);
  };
  const places = must(await findRoot(r.root, realGit, r.environ));
  if (places === undefined) throw new Error('no repository');
  const stateDir = path.join(r.home, state);
  return {
    ws: must(await openWorkspace({ places, stateDir, git, environ: r.environ, now: Date.now })),
    asked,
  };
}

const LOOK = 'ls-files -z -t -o -m -d --exclude-standard';

test('a tree that is as it was takes one git, one with a change two', async () => {
  const r = makeRepository({ 'a/b.txt': 'b\n', 'a.txt': 'a\n' });
  try {
    // One that was written a moment ago is asked again each time.
    rmSync(path.join(r.root, '.git/index'));
    const { ws, asked } = await watched(r, 'state');
    const first = must(await ws.record(RUN, 'first')).tree;
    r.write('a/new.txt', 'new\n');
    const second = must(await ws.record(RUN, 'second', first)).tree;
    asked.length = 0;
    const third = must(await ws.record(RUN, 'third')).tree;
    expect(asked).toEqual([LOOK]);
    asked.length = 0;
    r.write('a/b.txt', 'other\n');
    rmSync(path.join(r.root, 'a.txt'));
    const fourth = must(await ws.record(RUN, 'fourth', third));
    expect(asked.map((one) => one.split(' ')[0])).toEqual(['ls-files', 'update-index']);
    expect(fourth.files).toEqual(['a.txt', 'a/b.txt']);
    const refs = r.git('for-each-ref', '--format=%(objectname)', `refs/codemachine/${RUN}/[0-9]`);
    expect(refs.trim().split('\n')).toEqual([first, second, third, fourth.tree]);
  } finally {
    r.remove();
  }
});

test.each(['packed', 'taken', 'packed and taken'])('a ref that is %s is not written over', async (how) => {
  const r = makeRepository();
  try {
    const { ws } = await watched(r, 'state');
    const first = must(await ws.record(RUN, 'first')).tree;
    const taken = `refs/codemachine/${RUN}/2`;
    if (how.includes('taken')) r.git('update-ref', taken, first);
    if (how.includes('packed')) r.git('pack-refs', '--all', ...(how === 'packed' ? [] : ['--no-prune']));
    if (how === 'packed and taken') rmSync(path.join(r.root, '.git', taken));
    const second = must(await ws.record(RUN, 'second')).tree;
    const third = must(await ws.record(RUN, 'third')).tree;
    const kept = must(await ws.recordings(RUN)).map(({ tree }) => tree);
    expect(kept).toEqual(how.includes('taken') ? [first, first, second, third] : [first, second, third]);
  } finally {
    r.remove();
  }
});

const NAME = fc.constantFrom(
  'a',
  'b',
  'a/a',
  'a/b',
  'b/a',
  'a/c/a',
  '.gitignore',
  'a/.gitignore',
  'b/.gitignore',
);
const EDIT = fc.record({
  name: NAME,
  what: fc.constantFrom('write', 'write', 'write', 'remove', 'link', 'behind', 'touch', 'track'),
  text: fc.constantFrom('a\n', 'b\n', 'c\n', '*\n', '!a\n', '/b/\n', '.gitignore\n'),
});

function edit(r: Repository, { name, what, text }: Readonly<Record<'name' | 'what' | 'text', string>>): void {
  const file = path.join(r.root, name);
  if (what === 'track') return void r.git('add', '-A', '-f');
  if (what === 'behind') {
    // What was there is seen as before, through a link.
    const [top = ''] = name.split('/');
    rmSync(path.join(r.root, 'behind'), { recursive: true, force: true });
    try {
      renameSync(path.join(r.root, top), path.join(r.root, 'behind'));
      symlinkSync('behind', path.join(r.root, top));
    } catch {
      // There was nothing.
    }
    return;
  }
  let at = r.root;
  for (const part of name.split('/').slice(0, -1)) {
    at = path.join(at, part);
    try {
      mkdirSync(at);
    } catch {
      rmSync(at, { recursive: true, force: true });
      mkdirSync(at);
    }
  }
  if (what !== 'touch') rmSync(file, { recursive: true, force: true });
  if (what === 'link') symlinkSync('b', file);
  else if (what === 'write') writeFileSync(file, text);
}

test('whatever changed, it is what a process records that remembers nothing', {
  timeout: 200_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(EDIT, { maxLength: 3 }), { minLength: 2, maxLength: 6 }),
      async (rounds) => {
        const r = makeRepository({ 'a/b': 'b\n', b: 'b\n' });
        try {
          const { ws } = await watched(r, 'state');
          let last = must(await ws.record(RUN, 'first')).tree;
          for (const [i, edits] of rounds.entries()) {
            for (const one of edits) edit(r, one);
            cpSync(path.join(r.home, 'state'), path.join(r.home, `state-${i}`), { recursive: true });
            const { tree } = must(await ws.record(RUN, 'again', last));
            const anew = must(await (await watched(r, `state-${i}`)).ws.record(OTHER, 'anew', last)).tree;
            expect(r.git('ls-tree', '-r', tree)).toBe(r.git('ls-tree', '-r', anew));
            last = tree;
          }
          r.git('fsck', '--full', '--strict');
        } finally {
          r.remove();
        }
      },
    ),
    { ...runs(5), endOnFailure: true },
  );
});
