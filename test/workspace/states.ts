/** Puts a repository into one of the states in which people leave theirs. */
import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { makeRepository, type Repository } from './repository.ts';

/** A state: puts it in place, gives the root of the working tree where that is another one; undefined where this git does not have it. */
export type State = (r: Repository) => string | undefined | false;

/** What every state starts with; `edit.txt` and `gone.txt` are what an attempt edits. */
const FILES = {
  'edit.txt': 'one\ntwo\nthree\n',
  'gone.txt': 'gone\n',
  'keep/same.txt': 'same\n',
  'other/far.txt': 'far\n',
  '.gitignore': 'ignored/\n*.log\n',
} as const;

function sh(
  cwd: string,
  env: Readonly<Record<string, string>>,
  ...args: string[]
): { ok: boolean; out: string } {
  const who = ['-c', 'user.name=t', '-c', 'user.email=t@t', '-c', 'protocol.file.allow=always'];
  const end = spawnSync('git', [...who, ...args], {
    cwd,
    env: { ...env, GIT_EDITOR: 'true' },
    encoding: 'utf8',
  });
  return { ok: end.status === 0, out: `${end.stdout}${end.stderr}` };
}

/** Two branches that changed the same line; `main` is checked out. */
function diverge(r: Repository): void {
  r.git('switch', '-q', '-c', 'side');
  r.write('keep/same.txt', 'side\n');
  r.git('commit', '-qam', 'side');
  r.write('other/side.txt', 'side too\n');
  r.git('add', '-A');
  r.git('commit', '-qm', 'side 2');
  r.git('switch', '-q', 'main');
  r.write('keep/same.txt', 'main\n');
  r.git('commit', '-qam', 'main');
}

function beside(r: Repository, name: string): string {
  return path.join(r.root, '..', name);
}

function submodule(r: Repository): void {
  const inner = beside(r, 'inner');
  mkdirSync(inner);
  sh(inner, r.environ, 'init', '-q', '-b', 'main');
  writeFileSync(path.join(inner, 'lib.txt'), 'lib\n');
  sh(inner, r.environ, 'add', '-A');
  sh(inner, r.environ, 'commit', '-qm', 'lib');
  sh(r.root, r.environ, 'submodule', '--quiet', 'add', inner, 'lib');
  r.git('commit', '-qm', 'with lib');
}

function clone(r: Repository, ...options: string[]): string {
  const root = beside(r, 'clone');
  for (let i = 0; i < 2; i++) {
    r.write('edit.txt', `${i}\n`);
    r.git('commit', '-qam', `more ${i}`);
  }
  r.git('config', 'uploadpack.allowFilter', 'true');
  const made = sh(r.home, r.environ, 'clone', '-q', ...options, `file://${r.root}`, root);
  if (!made.ok) throw new Error(made.out);
  return root;
}

function again(r: Repository, ...init: string[]): boolean {
  rmSync(path.join(r.root, '.git'), { recursive: true, force: true });
  if (!sh(r.root, r.environ, 'init', '-q', '-b', 'main', ...init).ok) return false;
  r.git('add', '-A');
  r.git('commit', '-qm', 'first');
  return true;
}

const ODD = [
  '-dash',
  ':(top)colon',
  'new\nline',
  'quo"te',
  "it's",
  'tab\there',
  '*',
  'grüße',
  'back\\slash',
  ' space ',
];

/** By the words that stand in the documentation. */
export const STATES: Readonly<Record<string, State>> = {
  'nothing special': () => undefined,
  'staged, unstaged and untracked work': (r) => {
    r.write('edit.txt', 'staged\n');
    r.git('add', 'edit.txt');
    r.write('edit.txt', 'staged and edited\n');
    r.write('mine.txt', 'untracked\n');
    r.write('ignored/mine', 'ignored\n');
    r.write('intended.txt', 'intended\n');
    r.git('add', '-N', 'intended.txt');
    r.git('rm', '-q', '--cached', 'other/far.txt');
    return undefined;
  },
  'a stash': (r) => {
    r.write('edit.txt', 'stashed\n');
    r.git('stash', '-q');
    return undefined;
  },
  'a detached HEAD': (r) => {
    r.git('switch', '-q', '--detach');
    return undefined;
  },
  'no commit yet': (r) => {
    r.git('update-ref', '-d', 'HEAD');
    return undefined;
  },
  'a merge in progress, with an unmerged index': (r) => {
    diverge(r);
    sh(r.root, r.environ, 'merge', 'side');
    return undefined;
  },
  'a rebase in progress': (r) => {
    diverge(r);
    sh(r.root, r.environ, 'rebase', 'side');
    return undefined;
  },
  'a cherry-pick in progress': (r) => {
    diverge(r);
    sh(r.root, r.environ, 'cherry-pick', 'main..side');
    return undefined;
  },
  'a bisection in progress': (r) => {
    diverge(r);
    sh(r.root, r.environ, 'bisect', 'start', 'side', 'side~2');
    return undefined;
  },
  'a submodule that is checked out and edited': (r) => {
    submodule(r);
    r.write('lib/lib.txt', 'edited\n');
    r.write('lib/new.txt', 'new\n');
    return undefined;
  },
  'a submodule that is not checked out': (r) => {
    submodule(r);
    sh(r.root, r.environ, 'submodule', '--quiet', 'deinit', '-f', 'lib');
    return undefined;
  },
  'LFS pointers and other filters': (r) => {
    r.git('config', 'filter.lfs.clean', 'false');
    r.git('config', 'filter.lfs.smudge', 'false');
    r.write('big.bin', 'version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n');
    r.git('add', '-A');
    r.git('commit', '-qm', 'pointer');
    r.git('config', 'filter.lfs.required', 'true');
    r.write('.gitattributes', '*.bin filter=lfs diff=lfs merge=lfs -text\n');
    return undefined;
  },
  'line ends, ident and encodings by attributes': (r) => {
    r.write('.gitattributes', '* text=auto eol=crlf\n*.u16 working-tree-encoding=UTF-16LE\n*.i ident\n');
    r.write('crlf.txt', 'a\r\nb\n');
    r.write('x.u16', Buffer.from('a\n', 'utf16le'));
    r.write('y.i', '$Id$\n');
    r.git('config', 'core.autocrlf', 'true');
    sh(r.root, r.environ, 'add', '-A');
    sh(r.root, r.environ, 'commit', '-qm', 'attributes');
    return undefined;
  },
  'a sparse checkout in cone mode': (r) => {
    r.git('sparse-checkout', 'set', '--cone', 'keep');
    return undefined;
  },
  'a sparse checkout by patterns': (r) => {
    r.git('sparse-checkout', 'set', '--no-cone', '/*', '!/other/');
    return undefined;
  },
  'a sparse index': (r) => {
    r.git('sparse-checkout', 'set', '--cone', '--sparse-index', 'keep');
    return undefined;
  },
  'a split index': (r) => {
    r.git('config', 'core.splitIndex', 'true');
    r.git('update-index', '--split-index');
    r.write('edit.txt', 'staged\n');
    r.git('add', 'edit.txt');
    return undefined;
  },
  'an untracked cache and a file-system monitor': (r) => {
    r.git('update-index', '--force-untracked-cache');
    r.git('status');
    r.git('config', 'core.fsmonitor', '/bin/false');
    r.git('update-index', '--fsmonitor');
    return undefined;
  },
  'a linked worktree': (r) => {
    const root = beside(r, 'linked');
    r.git('worktree', 'add', '-q', '-b', 'linked', root);
    return root;
  },
  'a worktree of a bare repository': (r) => {
    const bare = beside(r, 'bare.git');
    const root = beside(r, 'of-bare');
    sh(r.home, r.environ, 'clone', '-q', '--bare', r.root, bare);
    sh(bare, r.environ, 'worktree', 'add', '-q', root, 'main');
    return root;
  },
  'names that differ in case alone, with core.ignoreCase': (r) => {
    r.write('Case.txt', 'upper\n');
    r.write('case.txt', 'lower\n');
    r.git('add', '-A');
    r.git('commit', '-qm', 'cases');
    r.git('config', 'core.ignoreCase', 'true');
    r.write('CASE.txt', 'untracked\n');
    return undefined;
  },
  'odd and long names': (r) => {
    for (const name of ODD) r.write(name, name);
    writeFileSync(Buffer.concat([Buffer.from(`${r.root}/`), Buffer.from([0x62, 0xff, 0xfe])]), 'not utf-8');
    const long = Array.from({ length: 16 }, (_, i) => `${i}`.padEnd(235, 'x')).join('/');
    r.write(`${long}/end`, 'far down\n');
    r.git('add', '-A');
    r.git('commit', '-qm', 'odd');
    r.write(`${long}/untracked`, 'farther\n');
    return undefined;
  },
  'SHA-256 objects': (r) => (again(r, '--object-format=sha256') ? undefined : false),
  'refs in a reftable': (r) => (again(r, '--ref-format=reftable') ? undefined : false),
  'a shallow clone': (r) => clone(r, '--depth', '1'),
  'a partial clone': (r) => clone(r, '--filter=blob:none'),
  'objects of another repository': (r) => {
    const root = beside(r, 'shared');
    sh(r.home, r.environ, 'clone', '-q', '--shared', r.root, root);
    return root;
  },
  'packed refs and objects alone': (r) => {
    r.git('gc', '-q');
    r.git('pack-refs', '--all');
    return undefined;
  },
  'a .git that is a file': (r) => {
    sh(r.root, r.environ, 'init', '-q', '--separate-git-dir', beside(r, 'elsewhere.git'));
    return undefined;
  },
  'a repository inside the tree': (r) => {
    mkdirSync(path.join(r.root, 'nested'));
    sh(path.join(r.root, 'nested'), r.environ, 'init', '-q');
    r.write('nested/file.txt', 'nested\n');
    return undefined;
  },
  'links, modes and empty directories': (r) => {
    symlinkSync('edit.txt', path.join(r.root, 'link'));
    symlinkSync('nowhere', path.join(r.root, 'dangling'));
    symlinkSync('keep', path.join(r.root, 'way'));
    r.write('tool.sh', '#!/bin/sh\n', 0o755);
    r.write('closed', 'closed\n', 0o600);
    mkdirSync(path.join(r.root, 'empty'));
    r.git('add', '-A');
    return undefined;
  },
};

/** Makes a repository in a state; undefined where this git does not have it. */
export function inState(name: string): { r: Repository; root: string } | undefined {
  const r = makeRepository(FILES);
  // Older than any tick of the clock, as a person's files are.
  for (const file of Object.keys(FILES)) utimesSync(path.join(r.root, file), 1_700_000_000, 1_700_000_000);
  r.git('config', 'user.name', 't');
  r.git('config', 'user.email', 't@t');
  const root = STATES[name]?.(r);
  if (root !== false) return { r, root: root ?? r.root };
  r.remove();
  return undefined;
}

/** What an attempt does: edits, creates, deletes, and uses git as agents do. Nothing of it need succeed. */
export function attempt(root: string, environ: Readonly<Record<string, string>>, useGit: boolean): void {
  appendFileSync(path.join(root, 'edit.txt'), 'by the attempt\r\n');
  rmSync(path.join(root, 'gone.txt'), { force: true });
  mkdirSync(path.join(root, 'made/by'), { recursive: true });
  writeFileSync(path.join(root, 'made/by/attempt.txt'), 'made\n');
  renameSync(path.join(root, 'keep/same.txt'), path.join(root, 'keep/renamed.txt'));
  mkdirSync(path.join(root, 'other'), { recursive: true });
  writeFileSync(path.join(root, 'other/run.sh'), '#!/bin/sh\n');
  chmodSync(path.join(root, 'other/run.sh'), 0o755);
  if (!useGit) return;
  sh(root, environ, 'add', 'edit.txt', 'made');
  sh(root, environ, 'commit', '-qm', 'by the attempt', '--', 'made');
}
