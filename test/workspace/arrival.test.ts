// Brings recordings from another clone, and takes none that a restore should not obey.

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { carriedHead } from '../../src/workspace/carried-head.ts';
import type { GitWorkspace } from '../../src/workspace/workspace.ts';
import { makeRepository, must, openAt, type Repository, RUN } from './repository.ts';

function scratch(): string {
  const directory = realpathSync(mkdtempSync(path.join(tmpdir(), 'codemachine-arrival-')));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

interface There {
  readonly repository: Repository;
  readonly workspace: GitWorkspace;
  readonly base: string;
}

/** What cannot be packed to less. */
const LARGE = Array.from({ length: 1000 }, (_, at) =>
  createHash('sha256').update(String(at)).digest('hex'),
).join('');

async function repository(large = ''): Promise<There> {
  const made = makeRepository({ 'a.txt': 'a\n', 'dir/b.txt': 'b\n', 'old.txt': 'old\n', 'large.txt': large });
  onTestFinished(() => made.remove());
  made.git('rm', '-q', 'old.txt');
  made.git('commit', '-q', '-m', 'second');
  const workspace = await openAt(made.root, made.environ);
  return { repository: made, workspace, base: made.git('rev-parse', 'HEAD').trim() };
}

/** A shallow clone of it. */
async function clone({ repository: from }: There): Promise<There> {
  const root = path.join(scratch(), 'clone');
  const git = (...args: readonly string[]): string => {
    const { status, stdout, stderr } = spawnSync('git', args, {
      cwd: root,
      env: from.environ,
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(stderr);
    return stdout;
  };
  spawnSync('git', ['clone', '-q', '--depth', '1', `file://${from.root}`, root], { env: from.environ });
  const workspace = await openAt(root, from.environ);
  return { repository: { ...from, root, git }, workspace, base: git('rev-parse', 'HEAD').trim() };
}

async function packed({ workspace, base }: There, since = base) {
  const { file, left } = must(await workspace.travel.pack({ run: RUN, base: since, directory: scratch() }));
  return { file, left };
}

/** What is said of a bundle, and which refs there are of it afterwards. */
async function arrive(there: There, file: string, tree: string, most?: number): Promise<string> {
  const what = { run: RUN, file, directory: scratch(), tree, ...(most === undefined ? {} : { most }) };
  const looked = await there.workspace.travel.arrive(what);
  expect(there.repository.git('for-each-ref', 'refs/codemachine')).toBe('');
  return looked.ok ? 'fine' : looked.error.message;
}

describe('recordings from another clone', () => {
  it('are the same there, with commits that were made meanwhile', async () => {
    const here = await repository();
    const there = await clone(here);
    // Known to the commit before, which the clone does not have.
    here.repository.write('old.txt', 'old\n');
    const first = must(await here.workspace.record(RUN, 'one', undefined));
    here.repository.write('new.txt', 'n\n');
    here.repository.git('commit', '-q', '--allow-empty', '-m', 'meanwhile');
    const second = must(await here.workspace.record(RUN, 'two', first.tree));
    const { file, left } = await packed(here);
    expect(left).toEqual([]);
    const arrived = must(
      await there.workspace.travel.arrive({ run: RUN, file, directory: scratch(), tree: second.tree }),
    );
    must(await arrived.keep());
    expect(must(await there.workspace.recordings(RUN))).toEqual(must(await here.workspace.recordings(RUN)));
    expect(must(await there.workspace.changed(first.tree, second.tree))).toEqual(['new.txt']);
    expect(there.repository.git('fsck', '--no-dangling')).toBe('');
  });

  it('come from a clone without a past as well, and without what the commit has', async () => {
    const here = await repository(LARGE);
    const between = await clone(here);
    between.repository.git(
      '-c',
      'user.name=t',
      '-c',
      'user.email=t@t',
      'commit',
      '-q',
      '--allow-empty',
      '-m',
      'x',
    );
    const there = await clone(here);
    for (const from of [here, between]) {
      const { tree } = must(await from.workspace.record(RUN, 'one', undefined));
      const { file, left } = await packed({ ...from, base: here.base });
      expect(left).toEqual([]);
      expect(statSync(file).size).toBeLessThan(LARGE.length / 10);
      expect(await arrive(there, file, tree)).toBe('fine');
    }
  });

  it('stay here where their commits stand on others, and say so', async () => {
    const here = await repository();
    here.repository.git('checkout', '-q', '--orphan', 'aside');
    here.repository.git('commit', '-q', '-m', 'aside');
    const { tree } = must(await here.workspace.record(RUN, 'one', undefined));
    const { file, left } = await packed(here);
    expect(left).toEqual([`refs/codemachine/${RUN}/1.head`]);
    here.repository.git('checkout', '-q', here.base);
    here.repository.git('branch', '-q', '-D', 'aside');
    expect(readFileSync(file, 'latin1')).not.toContain('1.head');
    const there = await clone(here);
    expect(await arrive(there, file, tree)).toBe('fine');
  });

  it('are not taken where the commit is missing on which they stand', async () => {
    const here = await repository();
    const there = await clone(here);
    here.repository.git('commit', '-q', '--allow-empty', '-m', 'newer');
    const base = here.repository.git('rev-parse', 'HEAD').trim();
    const { tree } = must(await here.workspace.record(RUN, 'one', undefined));
    const { file } = await packed(here, base);
    expect(await arrive(there, file, tree)).toBe(
      `The run began at commit ${base}, which this repository does not have.`,
    );
  });

  it('are not packed in the middle of a merge', async () => {
    const here = await repository();
    writeFileSync(path.join(here.repository.root, '.git', 'MERGE_HEAD'), `${here.base}\n`);
    must(await here.workspace.record(RUN, 'one', undefined));
    const refused = await here.workspace.travel.pack({ run: RUN, base: here.base, directory: scratch() });
    expect(refused).toMatchObject({
      ok: false,
      error: { message: expect.stringContaining('in the middle of a merge') },
    });
  });
});

/** A bundle with one recording, of a tree and with a message as somebody may make them up. */
async function forged(there: There, tree: string, message: string) {
  const { repository: made, base } = there;
  const raw = `tree ${tree}\nauthor a <a@a> 1 +0000\ncommitter a <a@a> 1 +0000\n\none\n\n${message}\n`;
  const write = (kind: string, content: string | Buffer): string => {
    const args = ['hash-object', '-w', '-t', kind, '--literally', '--stdin'];
    const end = spawnSync('git', args, {
      cwd: made.root,
      env: made.environ,
      input: content,
      encoding: 'utf8',
    });
    if (end.status !== 0) throw new Error(end.stderr);
    return end.stdout.trim();
  };
  const commit = write('commit', raw);
  const input = `${commit}\n^${base}\n`;
  const args = ['pack-objects', '-q', '--revs', '--stdout'];
  const { stdout } = spawnSync('git', args, { cwd: made.root, env: made.environ, input });
  const file = path.join(scratch(), 'bundle');
  const head = `# v2 git bundle\n-${base}\n${commit} refs/codemachine/${RUN}/1\n\n`;
  writeFileSync(file, Buffer.concat([Buffer.from(head), stdout]));
  return { file, commit, write };
}

const HEAD = { v: 1, branch: 'refs/heads/main', sha: null, branches: {}, index: null, operation: {} };

describe('recordings that somebody made up', () => {
  it('are not taken where a restore would write what they say into the directory of git', async () => {
    const here = await repository();
    const tree = here.repository.git('rev-parse', 'HEAD^{tree}').trim();
    const there = await clone(here);
    for (const operation of [{ '../../x': 'eA==' }, { 'rebase-merge/git-rebase-todo': 'eA==' }]) {
      const bad = await forged(here, tree, JSON.stringify({ ...HEAD, operation }));
      expect(await arrive(there, bad.file, bad.commit)).toContain('/1 is no recording');
    }
  });

  it('are not taken where git finds fault with a tree', async () => {
    const here = await repository();
    const made = await forged(
      here,
      here.repository.git('rev-parse', 'HEAD^{tree}').trim(),
      JSON.stringify(HEAD),
    );
    const there = await clone(here);
    expect(await arrive(there, made.file, made.commit)).toBe('fine');
    const blob = Buffer.from(made.write('blob', 'x'), 'hex');
    for (const name of ['.git', '..', '.', 'a/b', '.GIT']) {
      const mode = name === '.git' ? '40000' : '100644';
      const id = mode === '40000' ? Buffer.from(made.write('tree', ''), 'hex') : blob;
      const tree = made.write('tree', Buffer.concat([Buffer.from(`${mode} ${name}\0`), id]));
      const bad = await forged(here, tree, JSON.stringify(HEAD));
      expect([name, await arrive(there, bad.file, bad.commit)]).toEqual([
        name,
        expect.stringContaining('cannot be taken'),
      ]);
    }
  });

  it('are not taken where a byte of the pack is another one, or the pack unpacks to too much', async () => {
    const here = await repository();
    here.repository.write('big.txt', 'x'.repeat(100_000));
    const { tree } = must(await here.workspace.record(RUN, 'one', undefined));
    const { file } = await packed(here);
    const there = await clone(here);
    expect(await arrive(there, file, tree)).toBe('fine');
    expect(await arrive(there, file, tree, 50_000)).toContain('larger than recordings ever are');
    expect(await arrive(there, file, here.base)).toContain('the tree as the run left it is not among them');
    const content = readFileSync(file);
    for (const at of [content.length - 40, content.length - 1]) {
      const bad = Buffer.from(content);
      bad.writeUInt8(bad.readUInt8(at) ^ 1, at);
      writeFileSync(file, bad);
      expect(await arrive(there, file, tree)).toContain('cannot be taken');
    }
    writeFileSync(file, content.subarray(0, content.length - 30));
    expect(await arrive(there, file, tree)).toContain('cannot be taken');
  });

  it('are not taken with refs that are not those of the run', async () => {
    const here = await repository();
    const { tree } = must(await here.workspace.record(RUN, 'one', undefined));
    const { file } = await packed(here);
    const there = await clone(here);
    const content = readFileSync(file, 'latin1');
    for (const name of [
      'refs/heads/main',
      `refs/codemachine/${RUN}/../../heads/main`,
      'refs/codemachine/20261120-141503-k7qf/1',
      '--upload-pack=x',
    ]) {
      writeFileSync(file, content.replace(`refs/codemachine/${RUN}/1\n`, `${name}\n`), 'latin1');
      expect([name, await arrive(there, file, tree)]).toEqual([name, expect.stringContaining('they hold')]);
    }
    writeFileSync(file, content.replace(`${RUN}/1.index\n`, `${RUN}/2\n`), 'latin1');
    expect(await arrive(there, file, tree)).toContain('is no commit');
    mkdirSync(`${file}.d`);
    writeFileSync(file, createHash('sha256').digest());
    expect(await arrive(there, file, tree)).toContain('no bundle of git');
  });
});

describe('what a recording says about HEAD', () => {
  it('is believed where it is like ours', () => {
    const full = {
      ...HEAD,
      sha: 'a'.repeat(40),
      branches: { 'refs/heads/x/y-1': 'b'.repeat(40) },
      out: ['log.txt', 'a b/c'],
    };
    for (const one of [HEAD, full, { ...HEAD, branch: null }, { ...HEAD, rebasing: [] }])
      expect(carriedHead(`label\n\n${JSON.stringify(one)}\n`)).toEqual(one);
  });

  const id = 'a'.repeat(40);
  const bad: readonly object[] = [
    { v: 2 },
    { branch: 'main' },
    ...[
      '../x',
      'a..b',
      '.x',
      'a/.x',
      'x.lock',
      'a b',
      'a\nb',
      '',
      '/x',
      'a//b',
      'x@{1}',
      '-x/../..',
      'x.',
      'x/',
    ].map((name) => ({ branch: `refs/heads/${name}` })),
    { branch: 'refs/tags/x' },
    { branches: { 'refs/codemachine/x': id } },
    { branches: { 'refs/heads/x': '--all' } },
    { sha: 'HEAD' },
    { index: '../x' },
    { operation: { '../../hooks/post-checkout': 'eA==' } },
    { operation: { 'rebase-merge/git-rebase-todo': 'eA==' } },
    { operation: [] },
    { rebasing: ['refs/heads/x'] },
    { out: ['../x'] },
    { out: ['/x'] },
    { out: [1] },
  ];
  it.each(bad.map((one) => [JSON.stringify(one), one] as const))('is not believed with %s', (_, one) => {
    expect(carriedHead(`label\n\n${JSON.stringify({ ...HEAD, ...one })}\n`)).toBeUndefined();
  });

  it('is nothing where there is none', () => {
    for (const message of ['', 'label', 'null', '[]', '{', '"x"'])
      expect(carriedHead(message)).toBeUndefined();
  });
});
