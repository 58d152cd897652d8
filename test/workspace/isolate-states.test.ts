import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { makeRepository, must, openAt, picture, type Repository, RUN } from './repository.ts';
import { ATTEMPT, gitIn } from './worktrees.ts';

/** Brings a repository into a state; gives the root of the tree that the run works in. */
type State = (r: Repository) => string;

function collide(r: Repository): void {
  for (const [branch, text] of [
    ['side', 'side\n'],
    ['main', 'main\n'],
  ] as const) {
    r.git('checkout', '-q', ...(branch === 'side' ? ['-b'] : []), branch);
    r.write('a.txt', text);
    r.git('commit', '-q', '-am', branch);
  }
}

/** As after a clone: the commit is known, and the directory is empty. */
function notCheckedOut(r: Repository, name: string): string {
  r.git('update-index', '--add', '--cacheinfo', `160000,${'1'.repeat(40)},${name}`);
  r.git('commit', '-q', '-m', 'sub');
  mkdirSync(path.join(r.root, name), { recursive: true });
  return r.root;
}

const fails = (call: () => void): void => expect(call).toThrow();

const STATES: Record<string, State> = {
  'detached HEAD': (r) => {
    r.git('checkout', '-q', '--detach');
    return r.root;
  },
  'a merge in progress, unmerged paths': (r) => {
    collide(r);
    fails(() => r.git('merge', 'side'));
    return r.root;
  },
  'a rebase in progress': (r) => {
    collide(r);
    fails(() => r.git('rebase', 'side'));
    return r.root;
  },
  'a linked worktree': (r) => {
    const root = path.join(r.home, 'linked');
    r.git('worktree', 'add', '-q', '-b', 'linked', root);
    writeFileSync(path.join(root, 'a.txt'), 'edited there\n');
    return root;
  },
  'a bare parent': (r) => {
    const bare = path.join(r.home, 'bare.git');
    gitIn(r, r.home, 'clone', '-q', '--bare', r.root, bare);
    const root = path.join(r.home, 'linked');
    gitIn(r, bare, 'worktree', 'add', '-q', root, 'main');
    return root;
  },
  'a .git that is a file': (r) => {
    const elsewhere = path.join(r.home, 'separate');
    renameSync(path.join(r.root, '.git'), elsewhere);
    writeFileSync(path.join(r.root, '.git'), `gitdir: ${elsewhere}\n`);
    return r.root;
  },
  'a sparse checkout with a cone': (r) => {
    r.git('sparse-checkout', 'set', '--cone', 'dir');
    return r.root;
  },
  'a sparse checkout by patterns': (r) => {
    r.git('sparse-checkout', 'set', '--no-cone', '/*', '!/out/');
    return r.root;
  },
  'a sparse index': (r) => {
    r.git('sparse-checkout', 'set', '--cone', '--sparse-index', 'dir');
    return r.root;
  },
  'a split index': (r) => {
    r.git('update-index', '--split-index');
    r.write('dir/b.txt', 'staged\n');
    r.git('add', 'dir/b.txt');
    return r.root;
  },
  'an index with a cache of untracked files': (r) => {
    r.git('update-index', '--untracked-cache');
    r.write('new/x', 'x\n');
    r.git('status');
    return r.root;
  },
  'an index that knows a watcher of the file system': (r) => {
    const hook = path.join(r.home, 'watcher');
    writeFileSync(hook, "#!/bin/sh\nprintf 'token\\0/\\0'\n", { mode: 0o755 });
    r.git('config', 'core.fsmonitor', hook);
    r.git('config', 'core.fsmonitorHookVersion', '2');
    r.git('update-index', '--fsmonitor');
    r.git('status');
    expect(readFileSync(path.join(r.root, '.git/index')).includes('FSMN')).toBe(true);
    return r.root;
  },
  'intent to add, assumed unchanged': (r) => {
    r.write('later.txt', 'later\n');
    r.git('add', '-N', 'later.txt');
    r.git('update-index', '--assume-unchanged', 'a.txt');
    return r.root;
  },
  'a submodule': (r) => {
    const inner = path.join(r.home, 'inner');
    gitIn(r, r.home, 'init', '-q', inner);
    writeFileSync(path.join(inner, 'i.txt'), 'i\n');
    gitIn(r, inner, 'add', '-A');
    gitIn(r, inner, 'commit', '-q', '-m', 'inner');
    gitIn(r, r.root, 'submodule', '--quiet', 'add', inner, 'sub');
    r.git('commit', '-q', '-m', 'sub');
    return r.root;
  },
  'a submodule that is not checked out': (r) => notCheckedOut(r, 'sub m'),
  'a submodule that is not checked out, deep, with a split index': (r) => {
    notCheckedOut(r, 'deep/er/line\nbreak');
    r.git('update-index', '--split-index');
    return r.root;
  },
  'a submodule whose directory was removed': (r) => {
    notCheckedOut(r, 'sub');
    rmSync(path.join(r.root, 'sub'), { recursive: true });
    return r.root;
  },
  'a submodule outside of a sparse checkout': (r) => {
    notCheckedOut(r, 'other/sub');
    r.git('sparse-checkout', 'set', '--cone', 'dir');
    return r.root;
  },
  'attributes with line ends and filters': (r) => {
    r.write('.gitattributes', '*.txt text eol=crlf\n*.id ident\n*.f filter=none\n');
    r.write('x.id', '$Id$\n');
    r.write('x.f', 'f\n');
    r.git('add', '-A');
    r.git('commit', '-q', '-m', 'attributes');
    rmSync(path.join(r.root, 'dir/b.txt'));
    r.git('checkout', 'dir/b.txt');
    expect(r.read('dir/b.txt')).toBe('b\r\n');
    return r.root;
  },
  'refs in a reftable, where git has it': (r) => {
    const [, major = 0, minor = 0] = /(\d+)\.(\d+)/.exec(r.git('version'))?.map(Number) ?? [];
    if (major === 2 && minor < 45) return r.root;
    rmSync(path.join(r.root, '.git'), { recursive: true });
    r.git('init', '-q', '-b', 'main', '--ref-format=reftable');
    r.git('add', '-A');
    r.git('commit', '-q', '-m', 'first');
    expect(existsSync(path.join(r.root, '.git/reftable'))).toBe(true);
    return r.root;
  },
  'packed refs': (r) => {
    r.git('pack-refs', '--all');
    return r.root;
  },
  'a shallow clone': (r) => {
    r.write('a.txt', 'second\n');
    r.git('commit', '-q', '-am', 'second');
    const root = path.join(r.home, 'shallow');
    gitIn(r, r.home, 'clone', '-q', '--depth', '1', `file://${r.root}`, root);
    return root;
  },
  'SHA-256': (r) => {
    rmSync(path.join(r.root, '.git'), { recursive: true });
    r.git('init', '-q', '-b', 'main', '--object-format=sha256');
    r.git('add', '-A');
    r.git('commit', '-q', '-m', 'first');
    return r.root;
  },
  'names in any bytes': (r) => {
    r.write('line\nbreak', 'x');
    r.write('-dash', 'x');
    r.write(':(top)magic', 'x');
    symlinkSync('line\nbreak', path.join(r.root, 'li\tnk'));
    writeFileSync(Buffer.concat([Buffer.from(`${r.root}/`), Buffer.from([0xff])]), 'bytes');
    r.git('add', '-A');
    return r.root;
  },
};

test.each(Object.entries(STATES))('%s', async (_, bring) => {
  const r = makeRepository({
    'a.txt': 'a\n',
    'dir/b.txt': 'b\n',
    'out/c.txt': 'c\n',
    '.gitignore': '.codemachine\n',
  });
  try {
    const root = bring(r);
    mkdirSync(path.join(root, 'dir'), { recursive: true });
    writeFileSync(path.join(root, 'dir/untracked.txt'), 'untracked\n');
    const status = gitIn(r, root, 'status', '--porcelain=v2', '--untracked-files=all');
    const ws = await openAt(root, r.environ);
    const from = must(await ws.record(RUN, 'base')).tree;
    const common = path.resolve(root, gitIn(r, root, 'rev-parse', '--git-common-dir').trim());
    const state = (): unknown => [
      picture(root),
      // A table of refs has ours in it.
      picture(common, ['objects', 'refs/codemachine', 'reftable']),
      gitIn(r, root, 'for-each-ref', '--format=%(refname) %(objectname)', 'refs/heads', 'refs/tags'),
    ];
    const before = state();

    const what = { ...ATTEMPT, from };
    const tree = must(await ws.isolation.open(what));
    const shown = picture(root);
    for (const name of Object.keys(shown)) if (/(^|\/)\.git$/.test(name)) delete shown[name];
    expect(picture(tree.root)).toEqual(shown);
    expect(gitIn(r, tree.root, 'status', '--porcelain=v2', '--untracked-files=all')).toBe(status);
    const base = must(await tree.record(RUN, 'before', from));
    expect(base.files).toEqual([]);
    writeFileSync(path.join(tree.root, 'dir/untracked.txt'), 'by the agent\n');
    writeFileSync(path.join(tree.root, 'dir/made.txt'), 'made\n');
    gitIn(r, tree.root, 'add', 'dir/made.txt');
    const theirs = must(await tree.record(RUN, 'after', base.tree)).tree;
    must(await tree.remove());
    expect(state()).toEqual(before);

    const merge = { run: RUN, label: 'm', base: base.tree, ours: from, theirs };
    const merged = must(await ws.isolation.merge(merge));
    expect(merged.files).toEqual(['dir/made.txt', 'dir/untracked.txt']);
    must(await ws.restore(merged.tree, from));
    expect(readFileSync(path.join(root, 'dir/made.txt'), 'utf8')).toBe('made\n');
    must(await ws.restore(from, must(await ws.record(RUN, 'end', from)).tree));
    expect(existsSync(path.join(root, 'dir/made.txt'))).toBe(false);
    expect(state()).toEqual(before);
  } finally {
    r.remove();
  }
});
