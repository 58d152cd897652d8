/** Proves that a process which is killed at any write of a recording or an undo loses no edit, and that the next one ends at the tree that was recorded. */
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { compiled } from '../support/ts.ts';
import { runToDeath } from './kill-points.ts';
import { makeRepository, must, picture, type Repository, RUN } from './repository.ts';

let script = '';
beforeAll(async () => {
  script = await compiled(path.join(import.meta.dirname, 'fixtures/undo-child.ts'));
});

/** Edits of every kind, with staging and a commit; what is written differs from time to time. */
function attempt(r: Repository, time: number): void {
  r.write('a.txt', `attempt ${time}\n`);
  r.write('.gitignore', `hidden\nout/\n# ${time}\n`);
  r.write('hidden', `hidden ${time}\n`);
  r.write('new/c.txt', `c ${time}\n`);
  rmSync(path.join(r.root, 'dir'), { recursive: true, force: true });
  symlinkSync('new', path.join(r.root, 'dir'));
  r.git('add', 'new');
  r.git('commit', '-qm', `attempt ${time}`, '--', 'new');
  r.git('add', 'a.txt');
}

/** Everything of the user's: HEAD, index and notes as bytes, branches by where they are, and that no lock is in their way. */
function users(r: Repository): unknown {
  const dir = path.join(r.root, '.git');
  const all = readdirSync(dir, { recursive: true, encoding: 'utf8' });
  return {
    head: readFileSync(path.join(dir, 'HEAD'), 'utf8'),
    index: readFileSync(path.join(dir, 'index'), 'latin1'),
    config: readFileSync(path.join(dir, 'config'), 'utf8'),
    heads: r.git('for-each-ref', 'refs/heads', 'refs/tags', 'refs/stash'),
    strange: all.filter(
      (name) => /(\.lock$|codemachine)/.test(name) && !/^(refs|logs|objects)\/(codemachine|refs)/.test(name),
    ),
    tree: picture(r.root),
  };
}

// A point is a process that dies and what comes after it: `npm run soak -- merges` dies at each of them.
const EVERY = Number(process.env['CODEMACHINE_KILL_EVERY'] || 3);

test('killed at any write, start or middle of a git: nothing is lost, and the tree is the recorded one', {
  timeout: 900_000,
}, async () => {
  const r = makeRepository({ '.gitignore': 'out/\n', 'a.txt': 'a\n', 'dir/b.txt': 'b\n' });
  try {
    r.write('out/kept', 'ignored');
    r.write('mine.txt', 'untracked');
    r.write('dir/b.txt', 'staged\n');
    r.git('add', 'dir/b.txt');
    const start = must(await (await r.open()).record(RUN, 'start')).tree;
    const before = users(r);
    let points: number | undefined;
    for (let point = 1; points === undefined; point += EVERY) {
      attempt(r, point);
      const death = await runToDeath(script, [r.root, r.home, start, String(point)], r.environ);
      points = death.points;
      const end = /^end (\w+)$/m.exec(death.said)?.[1];
      const ws = await r.open();
      const found = must(await ws.record(RUN, 'found', end ?? start)).tree;
      const kept = must(await ws.recordings(RUN)).slice(-4);
      const bytes = kept.map(({ tree }) =>
        r.git('ls-tree', tree, 'a.txt') === '' ? '' : r.git('show', `${tree}:a.txt`),
      );
      expect(bytes, `killed at ${point}`).toContain(`attempt ${point}\n`);
      if (points === undefined) must(await ws.restore(start, end ?? found, found));
      expect(users(r), `killed at ${point}`).toEqual(before);
      expect(existsSync(path.join(r.root, 'hidden'))).toBe(false);
    }
    expect(points).toBeGreaterThan(40);
  } finally {
    r.remove();
  }
});

test('a git that was ended while it wrote refs leaves locks that the next owner of the run clears away', async () => {
  const r = makeRepository();
  const first = must(await (await r.open()).record(RUN, 'first'));
  const refs = path.join(r.root, '.git/refs/codemachine');
  mkdirSync(path.join(refs, 'other'));
  for (const file of [`${RUN}/2.lock`, `${RUN}/2.head.lock`, 'other/1.lock'])
    writeFileSync(path.join(refs, file), '');
  r.write('a.txt', 'edited\n');
  expect(must(await (await r.open()).record(RUN, 'second', first.tree)).files).toEqual(['a.txt']);
  expect(readdirSync(path.join(refs, RUN)).filter((file) => file.endsWith('.lock'))).toEqual([]);
  // Another run may have a living owner, in another worktree.
  expect(readdirSync(path.join(refs, 'other'))).toEqual(['1.lock']);
  r.remove();
});
