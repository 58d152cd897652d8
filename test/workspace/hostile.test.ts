/** Proves that no program an agent may have planted in a repository is ever started by the workspace. */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { openPlaceWorkspace } from '../../src/app/git.ts';
import { locate } from '../../src/app/place.ts';
import type { Git } from '../../src/workspace/git.ts';
import { findRoot } from '../../src/workspace/root.ts';
import { type GitWorkspace, openWorkspace } from '../../src/workspace/workspace.ts';
import { makeRepository, must, type Repository, RUN, realGit } from './repository.ts';

let repo: Repository | undefined;
afterEach(() => repo?.remove());

const HOOKS = [
  'applypatch-msg',
  'pre-applypatch',
  'post-applypatch',
  'pre-commit',
  'prepare-commit-msg',
  'commit-msg',
  'post-commit',
  'post-checkout',
  'post-merge',
  'post-rewrite',
  'post-index-change',
  'reference-transaction',
  'fsmonitor-watchman',
  'pre-auto-gc',
  'update',
];

/** Plants a program that leaves a line wherever git could be talked into starting one. */
function plant(r: Repository): { canary: string } {
  const canary = path.join(r.home, 'canary');
  const program = path.join(r.home, 'program');
  writeFileSync(program, `#!/bin/sh\necho "$0 $*" >> ${canary}\ncat 2>/dev/null\nexit 0\n`);
  chmodSync(program, 0o755);
  const hooks = path.join(r.root, '.git/hooks');
  mkdirSync(hooks, { recursive: true });
  for (const hook of HOOKS) {
    writeFileSync(path.join(hooks, hook), `#!/bin/sh\necho hook-${hook} >> ${canary}\nexit 0\n`, {
      mode: 0o755,
    });
  }
  const config: Record<string, string> = {
    'core.fsmonitor': program,
    'core.pager': program,
    'core.editor': program,
    'core.sshCommand': program,
    'core.askPass': program,
    'core.gitProxy': program,
    'core.alternateRefsCommand': program,
    'core.hooksPath': hooks,
    'diff.external': program,
    'diff.evil.command': program,
    'diff.evil.textconv': program,
    'merge.evil.driver': program,
    'filter.evil.clean': program,
    'filter.evil.smudge': program,
    'filter.evil.process': program,
    'filter.evil.required': 'true',
    'interactive.diffFilter': program,
    'gpg.program': program,
    'commit.gpgSign': 'true',
    'credential.helper': `!${program}`,
    'uploadpack.packObjectsHook': program,
    'alias.ls-files': `!${program}`,
    'alias.add': `!${program}`,
    'status.submoduleSummary': 'true',
    'trace2.eventTarget': canary,
  };
  const lines = Object.entries(config).map(([key, value]) => {
    const [section = '', ...rest] = key.split('.');
    const name = rest.pop() ?? '';
    const header = rest.length > 0 ? `[${section} "${rest.join('.')}"]` : `[${section}]`;
    return `${header}\n\t${name} = ${value}\n`;
  });
  writeFileSync(path.join(r.root, '.git/config'), lines.join(''), { flag: 'a' });
  writeFileSync(path.join(r.root, '.git/info/attributes'), '* filter=evil diff=evil merge=evil\n');
  r.write('.gitattributes', '* filter=evil diff=evil merge=evil text=auto eol=crlf ident\n');
  r.write('sub/.gitattributes', '* filter=evil diff=evil\n[attr]binary filter=evil\n');
  return { canary };
}

async function everything(r: Repository, ws: GitWorkspace): Promise<void> {
  must(await ws.facts());
  must(await ws.check());
  const start = must(await ws.record(RUN, 'start'));
  r.write('a.txt', 'changed\r\n$Id$\n');
  r.write('sub/new.txt', 'new\n');
  symlinkSync('a.txt', path.join(r.root, 'l'));
  const end = must(await ws.record(RUN, 'end', start.tree));
  must(await ws.diff(start.tree, end.tree));
  must(await ws.diff(start.tree, end.tree, { stat: true }));
  const patch = must(await ws.patch(start.tree, end.tree));
  must(await ws.restore(start.tree, end.tree));
  must(await ws.applyPatch(patch));
  expect(r.read('a.txt')).toBe('changed\r\n$Id$\n');
  must(await ws.recordings(RUN));
}

test('hooks, fsmonitor, filters, diff and merge drivers, pagers: none is started', async () => {
  const r = makeRepository({ 'a.txt': 'a\n', 'sub/b.txt': 'b\n' });
  repo = r;
  const { canary } = plant(r);
  // The canary sings: the user's own git does start what was planted.
  spawnSync('git', ['status'], { cwd: r.root, env: r.environ, stdio: 'ignore' });
  expect(existsSync(canary)).toBe(true);
  writeFileSync(canary, '');
  must(await findRoot(r.root, realGit, r.environ));
  await everything(r, await r.open());
  expect(readFileSync(canary, 'utf8')).toBe('');
});

test('planted after the start, by the attempt itself: none is started either', async () => {
  const r = makeRepository({ 'a.txt': 'a\n', 'sub/b.txt': 'b\n' });
  repo = r;
  const ws = await r.open();
  const start = must(await ws.record(RUN, 'start'));
  const { canary } = plant(r);
  r.write('a.txt', 'agent\n');
  writeFileSync(path.join(r.root, '.git/HEAD'), 'ref: refs/heads/other\n');
  const end = must(await ws.record(RUN, 'end', start.tree));
  must(await ws.restore(start.tree, end.tree));
  expect(r.read('a.txt')).toBe('a\n');
  await everything(r, ws);
  expect(existsSync(canary)).toBe(false);
});

test('planted in our own git directory: none is started either', async () => {
  const r = makeRepository({ 'a.txt': 'a\n', 'sub/b.txt': 'b\n' });
  repo = r;
  const ws = await r.open();
  const start = must(await ws.record(RUN, 'start'));
  const { canary } = plant(r);
  const ours = path.join(r.root, '.codemachine/state/git');
  const replant = (): void => {
    for (const file of ['config', 'info/attributes']) {
      writeFileSync(path.join(ours, file), readFileSync(path.join(r.root, '.git', file)));
    }
    writeFileSync(path.join(ours, 'info/exclude'), '*\n');
    writeFileSync(path.join(ours, 'commondir'), path.join(r.root, '.git'));
    writeFileSync(path.join(ours, '.gitconfig'), readFileSync(path.join(r.root, '.git/config')));
    cpSync(path.join(r.root, '.git/hooks'), path.join(ours, 'hooks'), { recursive: true });
  };
  replant();
  r.write('a.txt', 'agent\n');
  const end = must(await ws.record(RUN, 'end', start.tree));
  expect(end.files).toContain('a.txt');
  replant();
  must(await ws.restore(start.tree, end.tree));
  expect(r.read('a.txt')).toBe('a\n');
  replant();
  await everything(r, await r.open());
  expect(existsSync(canary)).toBe(false);
});

test('a promisor remote is not asked for a missing object, not even by an older git', async () => {
  const r = makeRepository({ 'a.txt': 'a\n' });
  repo = r;
  const older: Git = (args, { env: { GIT_NO_LAZY_FETCH: _, ...env }, ...more }) =>
    realGit(args, { ...more, env });
  const places = must(await findRoot(r.root, older, r.environ));
  if (places === undefined) throw new Error('no repository');
  const stateDir = path.join(r.root, '.codemachine/state');
  const ws = must(
    await openWorkspace({ places, stateDir, git: older, environ: r.environ, now: () => 1_700_000_000_000 }),
  );
  const start = must(await ws.record(RUN, 'start'));
  const canary = path.join(r.home, 'canary');
  const config = [
    '[core]\n\trepositoryFormatVersion = 1\n[extensions]\n\tpartialClone = evil',
    `[remote "evil"]\n\turl = ${r.root}\n\tpromisor = true\n\tuploadpack = "touch ${canary}; git-upload-pack"`,
    '[protocol "file"]\n\tallow = always\n',
  ];
  writeFileSync(path.join(r.root, '.git/config'), config.join('\n'), { flag: 'a' });
  writeFileSync(path.join(r.root, '.git/HEAD'), `${'1'.repeat(40)}\n`);
  await ws.record(RUN, 'end', start.tree);
  expect(existsSync(canary)).toBe(false);
});

test('names that git refuses do not stop a recording', async () => {
  const r = makeRepository();
  repo = r;
  const ws = await r.open();
  const start = must(await ws.record(RUN, 'start'));
  r.write('.GIT/config', '[core]\n');
  r.write('deep/.Git', 'x');
  symlinkSync('/etc/passwd', path.join(r.root, '.gitmodules'));
  symlinkSync('/etc', path.join(r.root, '.gitignore'));
  r.write('a.txt', 'agent\n');
  const end = must(await ws.record(RUN, 'end', start.tree));
  expect(end.files).toContain('a.txt');
  must(await ws.restore(start.tree, end.tree));
  expect(r.read('a.txt')).toBe('a\n');
});

test("the caller's GIT variables are not obeyed", async () => {
  const r = makeRepository();
  repo = r;
  const other = makeRepository({ 'other.txt': 'o' });
  try {
    const environ = {
      ...r.environ,
      GIT_DIR: path.join(other.root, '.git'),
      GIT_INDEX_FILE: '/nonexistent/index',
    };
    expect(must(await findRoot(r.root, realGit, environ))).toMatchObject({ root: r.root });
  } finally {
    other.remove();
  }
});

test('a config that moves the working tree is refused, since other files would be put back', async () => {
  const r = makeRepository();
  repo = r;
  writeFileSync(path.join(r.home, 'mine.txt'), 'mine\n');
  r.git('config', 'core.worktree', r.home);
  const opened = await openPlaceWorkspace(locate({ cwd: r.root }, r.environ), r.environ);
  expect(opened).toMatchObject({ ok: false, error: { help: expect.stringContaining('core.worktree') } });
});

test('an index that is a pipe, or leads elsewhere, is none', async () => {
  const r = makeRepository();
  repo = r;
  const index = path.join(r.root, '.git/index');
  const ws = await r.open();
  const start = must(await ws.record(RUN, 'start'));
  rmSync(index);
  spawnSync('mkfifo', [index]);
  r.write('a.txt', 'agent\n');
  const end = must(await ws.record(RUN, 'end', start.tree));
  expect(end.files).toEqual(['a.txt']);
  must(await ws.facts());
  rmSync(index);
  symlinkSync('/etc/passwd', index);
  must(await ws.record(RUN, 'link', end.tree));
  must(await ws.restore(start.tree, end.tree));
  expect(r.read('a.txt')).toBe('a\n');
});
