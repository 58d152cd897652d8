/** Proves that a tree which grew out of the one before is the tree that git writes. */
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Git } from '../../src/workspace/git.ts';
import { findRoot } from '../../src/workspace/root.ts';
import { type GitWorkspace, openWorkspace } from '../../src/workspace/workspace.ts';
import { runs } from '../support/seed.ts';
import { makeRepository, must, type Repository, RUN, realGit } from './repository.ts';

/** A workspace with what its gits were asked. */
async function watched(r: Repository, state: string): Promise<{ ws: GitWorkspace; asked: string[] }> {
  const asked: string[] = [];
  const git: Git = (args, options) => {
    asked.push(args.join(' '));
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

/** A name in a tree in which files and directories often want the same place. */
const NAME = fc
  .array(fc.constantFrom('a', 'b', 'a.b', 'a-b', 'a\nb', 'ä'), { minLength: 1, maxLength: 3 })
  .map((parts) => parts.join('/'));
const EDIT = fc.record({
  name: NAME,
  what: fc.constantFrom('write', 'write', 'write', 'remove', 'link', 'executable', 'commit', 'pack'),
  text: fc.integer({ min: 0, max: 3 }),
});

function clear(r: Repository, name: string): string {
  const file = path.join(r.root, name);
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
  rmSync(file, { recursive: true, force: true });
  return file;
}

function edit(
  r: Repository,
  { name, what, text }: typeof EDIT extends fc.Arbitrary<infer T> ? T : never,
): void {
  if (what === 'pack') r.git('repack', '-qad');
  else if (what === 'commit') {
    r.git('add', '-A');
    r.git('commit', '-q', '--allow-empty', '-m', 'all');
  } else {
    const file = clear(r, name);
    if (what === 'link') symlinkSync(String(text), file);
    else if (what !== 'remove')
      writeFileSync(file, `${text}\n`, { mode: what === 'executable' ? 0o755 : 0o644 });
  }
}

test.each(['sha1', 'sha256'])(
  'whatever changed, with objects of %s',
  { timeout: 200_000 },
  async (format) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(EDIT, { maxLength: 4 }), { minLength: 1, maxLength: 5 }),
        async (rounds) => {
          const r = makeRepository({ 'a/b/a': 'a\n', b: 'b\n' });
          rmSync(path.join(r.root, '.git'), { recursive: true });
          r.git('init', '-q', '-b', 'main', `--object-format=${format}`);
          try {
            const grown = await watched(r, 'grown');
            let last = must(await grown.ws.record(RUN, 'first')).tree;
            for (const [i, edits] of rounds.entries()) {
              for (const one of edits) edit(r, one);
              grown.asked.length = 0;
              const { tree, files } = must(await grown.ws.record(RUN, 'grown', last));
              // A directory with a line break in its name cannot be asked for where it is packed.
              if (!rounds.flat().some(({ name }) => name.includes('\n')))
                expect(grown.asked.filter((one) => /write-tree|diff-tree/.test(one))).toEqual([]);
              const anew = must(await (await watched(r, `anew-${i}`)).ws.record(RUN, 'anew')).tree;
              expect(r.git('rev-parse', `${tree}^{tree}`)).toBe(r.git('rev-parse', `${anew}^{tree}`));
              expect(files).toEqual(must(await grown.ws.changed(last, tree)));
              last = tree;
            }
            r.git('fsck', '--full', '--strict');
          } finally {
            r.remove();
          }
        },
      ),
      { ...runs(4), endOnFailure: true },
    );
  },
);
