/** Proves that merging brings over a worktree's change and nothing else, or says where it collides. */
import { chmodSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { clashLine, clashPlaces, unmarkedOf } from '../../src/model/clash.ts';
import type { Merged } from '../../src/model/ports.ts';
import type { GitWorkspace } from '../../src/workspace/workspace.ts';
import { makeRepository, must, picture, type Repository, RUN } from './repository.ts';

let repo: Repository | undefined;
afterEach(() => {
  repo?.remove();
  repo = undefined;
});

/** Edits below a root. */
interface Edit {
  write(name: string, content: string | Uint8Array, mode?: number): void;
  remove(name: string): void;
  rename(from: string, to: string): void;
  link(name: string, target: string): void;
  mode(name: string, mode: number): void;
}

function editor(root: string): Edit {
  const at = (name: string): string => {
    mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
    return path.join(root, name);
  };
  return {
    write: (name, content, mode) => {
      writeFileSync(at(name), content);
      if (mode !== undefined) chmodSync(at(name), mode);
    },
    remove: (name) => rmSync(at(name), { recursive: true }),
    rename: (from, to) => renameSync(at(from), at(to)),
    link: (name, target) => {
      rmSync(at(name), { force: true });
      symlinkSync(target, at(name));
    },
    mode: (name, mode) => chmodSync(at(name), mode),
  };
}

interface Both {
  readonly ws: GitWorkspace;
  readonly merged: Merged;
  readonly base: string;
  readonly ours: string;
  readonly theirs: string;
}

let attempts = 0;

/** An attempt in a worktree, edits in the shared tree meanwhile, and the merge of both; nothing is put in place. */
async function both(r: Repository, inTree: (e: Edit) => void, inShared: (e: Edit) => void): Promise<Both> {
  const ws = await r.open();
  const from = must(await ws.record(RUN, 'base')).tree;
  attempts++;
  const what = { run: RUN, directory: `edit-${attempts}.1`, from, copy: [], link: [] };
  const tree = must(await ws.isolation.open(what));
  const base = must(await tree.record(RUN, 'before', from)).tree;
  inTree(editor(tree.root));
  const theirs = must(await tree.record(RUN, 'after', base)).tree;
  must(await tree.remove());
  inShared(editor(r.root));
  const ours = must(await ws.record(RUN, 'shared', from)).tree;
  const merged = must(await ws.isolation.merge({ run: RUN, label: 'merge', base, ours, theirs }));
  return { ws, merged, base, ours, theirs };
}

const LINES = Array.from({ length: 30 }, (_, i) => `line ${i}\n`);
const changed = (at: number, word: string): string =>
  LINES.map((l, i) => (i === at ? `${word}\n` : l)).join('');

function big(): Repository {
  repo = makeRepository({
    'text.txt': LINES.join(''),
    'moved.txt': LINES.map((l) => `moved ${l}`).join(''),
    'dir/one.txt': 'one\n',
    'dir/two.txt': 'two\n',
    'gone.txt': 'gone\n',
    'script.sh': '#!/bin/sh\n',
    'becomes-dir': 'file\n',
    'becomes-file/inner.txt': 'inner\n',
    'becomes-link': 'file\n',
    keep: 'keep\n',
  });
  repo.write('bin.dat', Uint8Array.from([0, 1, 2, 255]));
  symlinkSync('keep', path.join(repo.root, 'link'));
  repo.git('add', '-A');
  repo.git('commit', '-q', '-m', 'second');
  return repo;
}

test('every kind of change is merged and put in place, and edits of the shared tree stay', async () => {
  const r = big();
  const odd = 'odd/line\nbreak "quote" ünï';
  const { ws, merged, ours } = await both(
    r,
    (e) => {
      e.write('text.txt', changed(2, 'by the agent'));
      e.rename('moved.txt', 'renamed/there.txt');
      e.remove('gone.txt');
      e.mode('script.sh', 0o755);
      e.write('bin.dat', Uint8Array.from([0, 9, 9, 254]));
      e.link('link', 'text.txt');
      e.remove('becomes-dir');
      e.write('becomes-dir/inner.txt', 'in a directory now\n');
      e.remove('becomes-file');
      e.write('becomes-file', 'a file now\n');
      e.link('becomes-link', 'keep');
      e.write(odd, 'new\n');
      e.write('new.sh', '#!/bin/sh\n', 0o755);
      e.write('same.txt', 'added by both\n');
    },
    (e) => {
      e.write('text.txt', changed(25, 'by the user'));
      e.write(
        'moved.txt',
        LINES.map((l, i) => (i === 20 ? 'edited before it moved\n' : `moved ${l}`)).join(''),
      );
      e.write('dir/one.txt', 'edited by the user\n');
      e.write('mine.txt', 'of the user\n');
      e.write('same.txt', 'added by both\n');
      e.mode('keep', 0o755);
    },
  );
  expect(merged.conflicts).toEqual([]);
  const expected = picture(r.root);
  const put = must(await ws.restore(merged.tree, ours));
  expect([...put].sort()).toEqual([...merged.files].sort());
  const text = LINES.map((l, i) => (i === 2 ? 'by the agent\n' : i === 25 ? 'by the user\n' : l)).join('');
  expected['text.txt'] = `644 ${text}`;
  expected['renamed/there.txt'] = expected['moved.txt'] ?? '';
  expected['script.sh'] = '755 #!/bin/sh\n';
  expected['bin.dat'] = `644 ${Buffer.from([0, 9, 9, 254]).toString('latin1')}`;
  expected['link'] = 'link text.txt';
  expected['becomes-dir/inner.txt'] = '644 in a directory now\n';
  expected['becomes-file'] = '644 a file now\n';
  expected['becomes-link'] = 'link keep';
  expected[Buffer.from(odd).toString('latin1')] = '644 new\n';
  expected['new.sh'] = '755 #!/bin/sh\n';
  for (const name of ['moved.txt', 'gone.txt', 'becomes-dir', 'becomes-file/inner.txt'])
    delete expected[name];
  expect(picture(r.root)).toEqual(expected);
});

const ODD = ['z.txt', 'a\n"b"', 'M'];

interface Conflict {
  readonly agent: (e: Edit) => void;
  readonly user: (e: Edit) => void;
  readonly files: readonly string[];
  /** Of which no marker tells. */
  readonly unmarked?: readonly (readonly string[])[];
  /** What is said of the first of those, with ids of objects as `#`. */
  readonly said?: readonly string[];
}

const CONFLICTS: Record<string, Conflict> = {
  'the same line': {
    agent: (e) => e.write('text.txt', changed(2, 'agent')),
    user: (e) => e.write('text.txt', changed(2, 'user')),
    files: ['text.txt'],
  },
  'edited here, deleted there': {
    agent: (e) => e.remove('text.txt'),
    user: (e) => e.write('text.txt', changed(2, 'user')),
    files: ['text.txt'],
    unmarked: [['text.txt']],
    said: [
      'text.txt: the step deleted it, and the shared tree changed it (the shared tree has a file of 228 bytes (#); the step has nothing)',
      "the shared tree's version is there",
    ],
  },
  'deleted here, edited there': {
    agent: (e) => e.write('text.txt', changed(2, 'agent')),
    user: (e) => e.remove('text.txt'),
    files: ['text.txt'],
    unmarked: [['text.txt']],
    said: [
      'text.txt: the shared tree deleted it, and the step changed it (the shared tree has nothing; the step has a file of 229 bytes (#))',
      "the step's version is there",
    ],
  },
  'added by both': {
    agent: (e) => e.write('new.txt', 'agent\n'),
    user: (e) => e.write('new.txt', 'user\n'),
    files: ['new.txt'],
  },
  'binary on both sides': {
    agent: (e) => e.write('bin.dat', Uint8Array.from([0, 7])),
    user: (e) => e.write('bin.dat', Uint8Array.from([0, 8])),
    files: ['bin.dat'],
    unmarked: [['bin.dat']],
    said: [
      'bin.dat: both sides changed it, and it is no text (the shared tree has a file of 2 bytes (#); the step has a file of 2 bytes (#))',
      "the shared tree's version is there",
    ],
  },
  'a link to two places': {
    agent: (e) => e.link('link', 'text.txt'),
    user: (e) => e.link('link', 'gone.txt'),
    files: ['link'],
    unmarked: [['link']],
    said: [
      'link: both sides changed where the link leads (the shared tree has a link to gone.txt; the step has a link to text.txt)',
      "the shared tree's version is there",
    ],
  },
  'a file here, a directory there': {
    agent: (e) => e.write('place/inner.txt', 'agent\n'),
    user: (e) => e.write('place', 'user\n'),
    files: ['place'],
    unmarked: [['place~', 'place']],
    said: [
      'place: the sides made things of two kinds of it (the shared tree has a file of 5 bytes (#); the step has a directory)',
      "the step's version is there",
      "place~shared-0-g# is the shared tree's place",
    ],
  },
  'renamed to two places': {
    agent: (e) => e.rename('text.txt', 'agent.txt'),
    user: (e) => e.rename('text.txt', 'user.txt'),
    files: ['agent.txt', 'text.txt', 'user.txt'],
    unmarked: [['text.txt', 'user.txt', 'agent.txt']],
    said: [
      'text.txt, user.txt, agent.txt: the sides gave and took names that do not fit together (the shared tree has user.txt, a file of 230 bytes (#); the step has agent.txt, a file of 230 bytes (#))',
      "user.txt: the shared tree's version is there",
      "agent.txt: the step's version is there",
    ],
  },
  'several files, sorted, odd names too': {
    agent: (e) => {
      for (const name of ODD) e.write(name, 'agent\n');
    },
    user: (e) => {
      for (const name of ODD) e.write(name, 'user\n');
    },
    files: ['M', 'a\n"b"', 'z.txt'],
  },
  'a file added to a directory that moved away': {
    agent: (e) => {
      e.rename('dir/one.txt', 'elsewhere/one.txt');
      e.rename('dir/two.txt', 'elsewhere/two.txt');
    },
    user: (e) => e.write('dir/three.txt', 'three\n'),
    files: ['elsewhere/three.txt'],
    unmarked: [['elsewhere/three.txt', 'dir/three.txt']],
    said: [
      'elsewhere/three.txt, dir/three.txt: the sides gave and took names that do not fit together (the shared tree has dir/three.txt, a file of 6 bytes (#); the step has nothing)',
      'elsewhere/three.txt: put there by the merge, as the other side has renamed the directory',
      'dir/three.txt: away, as the step left it',
    ],
  },
};

for (const [name, { agent, user, files, unmarked, said }] of Object.entries(CONFLICTS)) {
  test(`a conflict is told with its files: ${name}`, async () => {
    const r = big();
    const { merged, ours, theirs } = await both(r, agent, user);
    expect(merged.conflicts).toEqual(files);
    const bare = unmarkedOf(merged.clashes).map(({ paths }) => paths);
    expect(bare.map((paths) => paths.map((one) => one.replace(/~shared-0-g.*/, '~')))).toEqual(
      unmarked ?? [],
    );
    const words = unmarkedOf(merged.clashes).flatMap((clash) => [clashLine(clash), ...clashPlaces(clash)]);
    const plain = words.map((one) =>
      one.replace(/\([0-9a-f]{12}\)/g, '(#)').replace(/-0-g[0-9a-f]{40}/, '-0-g#'),
    );
    expect(plain).toEqual(said ?? []);

    const refs = r.git('for-each-ref', '--format=%(objectname)', `refs/codemachine/${RUN}`);
    for (const kept of [merged.tree, ours, theirs]) expect(refs).toContain(kept);
  });
}

test('markers name the sides; no marker of theirs, no driver of theirs, no attribute of theirs', async () => {
  const r = big();
  r.git('config', 'merge.evil.driver', `touch ${r.home}/canary; true`);
  r.git('config', 'merge.conflictStyle', 'diff3');
  r.git('config', 'merge.renames', 'false');
  r.write('.gitattributes', '* merge=evil conflict-marker-size=3\n*.txt merge=union\n');
  r.write('.git/info/attributes', '* merge=union\n');
  r.git('add', '-A');
  const { merged } = await both(
    r,
    (e) => {
      e.write('text.txt', changed(2, 'agent'));
      e.rename('moved.txt', 'there.txt');
    },
    (e) => {
      e.write('text.txt', changed(2, 'user'));
      e.write('moved.txt', LINES.map((l, i) => `moved ${i === 4 ? 'x\n' : l}`).join(''));
    },
  );
  expect(merged.conflicts).toEqual(['text.txt']);
  const text = r.git('cat-file', '-p', `${merged.tree}:text.txt`);
  expect(text).toMatch(
    /^line 1\n<{7} shared-0-g[0-9a-f]{40}\nuser\n={7}\nagent\n>{7} step-0-g[0-9a-f]{40}\nline 3$/m,
  );
  expect(r.git('cat-file', '-p', `${merged.tree}:there.txt`)).toContain('moved x\n');
  expect(() => r.git('cat-file', '-e', `${merged.tree}:canary`)).toThrow();
  expect(picture(r.home)).not.toHaveProperty('canary');
});

test('the same three recordings give the same tree, whenever and wherever they are merged', async () => {
  const r = big();
  const { ws, merged, base, ours, theirs } = await both(
    r,
    (e) => e.write('text.txt', changed(2, 'agent')),
    (e) => e.write('text.txt', changed(2, 'user')),
  );
  const other = await r.open();
  const tree = (commit: string): string => r.git('rev-parse', `${commit}^{tree}`);
  const again = must(await other.isolation.merge({ run: RUN, label: 'another', base, ours, theirs }));
  expect(tree(again.tree)).toBe(tree(merged.tree));
  expect(again.conflicts).toEqual(merged.conflicts);
  // What stands between base and the sides in history has no say.
  const later = must(await ws.record(RUN, 'later', theirs)).tree;
  const third = must(await ws.isolation.merge({ run: RUN, label: 'third', base, ours: later, theirs }));
  expect(tree(third.tree)).toBe(tree(merged.tree));
});

test('where nothing differs, the tree is ours', async () => {
  const r = big();
  const same = (e: Edit): void => e.write('text.txt', changed(2, 'the same'));
  const { merged, ours, ws, base, theirs } = await both(r, same, same);
  expect(merged).toEqual({ tree: ours, files: [], conflicts: [] });
  const back = must(await ws.isolation.merge({ run: RUN, label: 'none', base: theirs, ours: base, theirs }));
  expect(back).toEqual({ tree: base, files: [], conflicts: [] });
});

test('what setup made in the worktree is never merged, and what the attempt changed of it is told', async () => {
  const r = big();
  const ws = await r.open();
  const from = must(await ws.record(RUN, 'base')).tree;
  const what = { run: RUN, directory: 'setup-1.1', from, copy: [], link: [] };
  const tree = must(await ws.isolation.open(what));
  const e = editor(tree.root);
  e.write('made-by-setup.txt', 'made\n');
  e.write('also.txt', 'made\n');
  const base = must(await tree.record(RUN, 'before', from)).tree;
  e.write('text.txt', changed(2, 'agent'));
  const theirs = must(await tree.record(RUN, 'after', base)).tree;
  const merged = must(await ws.isolation.merge({ run: RUN, label: 'merge', base, ours: from, theirs }));
  expect(merged).toMatchObject({ files: ['text.txt'], conflicts: [] });
  e.write('also.txt', 'changed\n');
  const more = must(await tree.record(RUN, 'more', theirs)).tree;
  const collided = must(
    await ws.isolation.merge({ run: RUN, label: 'merge', base, ours: from, theirs: more }),
  );
  expect(collided.conflicts).toEqual(['also.txt']);
});

test('putting a merge in place leaves HEAD, branches and index alone', async () => {
  const r = big();
  r.write('keep', 'staged\n');
  r.git('add', 'keep');
  const user = picture(path.join(r.root, '.git'), ['objects', 'refs/codemachine']);
  const { ws, merged, ours } = await both(
    r,
    (e) => e.write('text.txt', changed(2, 'agent')),
    (e) => e.write('dir/one.txt', 'user\n'),
  );
  must(await ws.restore(merged.tree, ours));
  expect(r.read('text.txt')).toBe(changed(2, 'agent'));
  expect(picture(path.join(r.root, '.git'), ['objects', 'refs/codemachine'])).toEqual(user);
  expect(r.git('rev-parse', `${merged.tree}^`).trim()).toBe(ours);
});

test('an edit made after the shared tree was recorded is not put over', async () => {
  const r = big();
  const { ws, merged, ours } = await both(
    r,
    (e) => {
      e.write('text.txt', changed(2, 'agent'));
      e.write('new.txt', 'agent\n');
    },
    () => undefined,
  );
  r.write('text.txt', 'just now\n');
  expect(await ws.restore(merged.tree, ours)).toMatchObject({
    ok: false,
    error: { message: expect.stringContaining('text.txt') },
  });
  expect(r.read('text.txt')).toBe('just now\n');
  r.write('text.txt', LINES.join(''));
  r.write('new.txt', 'just now too\n');
  expect(await ws.restore(merged.tree, ours)).toMatchObject({ ok: false });
  expect(r.read('new.txt')).toBe('just now too\n');
});

test('a resolution of the conflict is merged like any change', async () => {
  const r = big();
  const { ws, merged, ours } = await both(
    r,
    (e) => e.write('text.txt', changed(2, 'agent')),
    (e) => e.write('text.txt', changed(2, 'user')),
  );
  const what = { run: RUN, directory: 'resolve-1.1', from: merged.tree, copy: [], link: [] };
  const left = async (recording: string): Promise<readonly string[]> =>
    must(
      (await ws.isolation.unresolved?.(recording, ['text.txt', 'odd\nname', 'keep'])) ?? {
        ok: false,
        error: 'not there',
      },
    );
  expect(await left(merged.tree)).toEqual(['text.txt']);
  const tree = must(await ws.isolation.open(what));
  const base = must(await tree.record(RUN, 'before', merged.tree)).tree;
  editor(tree.root).write('text.txt', changed(2, 'both'));
  editor(tree.root).write('odd\nname', '<<<<<<< left over\r\n');
  editor(tree.root).write('keep', 'Title\n=======\n\n<<<<<<<< eight\n');
  const halfway = must(await tree.record(RUN, 'halfway', base)).tree;
  expect(await left(halfway)).toEqual(['odd\nname']);
  editor(tree.root).remove('odd\nname');
  const theirs = must(await tree.record(RUN, 'after', halfway)).tree;
  expect(await left(theirs)).toEqual([]);
  const resolved = must(
    await ws.isolation.merge({ run: RUN, label: 'resolved', base, ours: merged.tree, theirs }),
  );
  expect(resolved.conflicts).toEqual([]);
  must(await ws.restore(resolved.tree, ours));
  expect(r.read('text.txt')).toBe(changed(2, 'both'));
});

test('a recording that is gone is told as one', async () => {
  const r = big();
  const ws = await r.open();
  const ours = must(await ws.record(RUN, 'shared')).tree;
  const gone = '1'.repeat(40);
  expect(await ws.isolation.merge({ run: RUN, label: 'm', base: gone, ours, theirs: ours })).toMatchObject({
    ok: false,
    error: { message: expect.stringContaining(`The recording ${gone} is gone`) },
  });
});
