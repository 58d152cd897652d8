/** Proves that an agent in a worktree can have nothing started by us, nor have us write or remove anything elsewhere. */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import type { Worktree } from '../../src/model/ports.ts';
import type { GitWorkspace } from '../../src/workspace/workspace.ts';
import { must, picture, type Repository, RUN } from './repository.ts';
import { ATTEMPT, oneRepository, opened } from './worktrees.ts';

const make = oneRepository();

const DIRECTORY = ATTEMPT.directory;

interface Ground {
  readonly r: Repository;
  readonly ws: GitWorkspace;
  readonly tree: Worktree;
  readonly from: string;
  /** What git knows of the worktree. */
  readonly admin: string;
  /** A directory in which nothing may change. */
  readonly outside: string;
  /** A program that leaves a line in `canary`. */
  readonly program: string;
  readonly canary: string;
}

async function prepare(): Promise<Ground> {
  const r = make({ 'a.txt': 'a\n', 'dir/b.txt': 'b\n' });
  const outside = path.join(r.home, 'outside');
  // A repository, so that git takes it for one when it is led there.
  r.git('clone', '-q', '--bare', '.', outside);
  mkdirSync(path.join(outside, RUN, DIRECTORY), { recursive: true });
  writeFileSync(path.join(outside, 'precious'), 'precious\n');
  writeFileSync(path.join(outside, RUN, DIRECTORY, 'a.txt'), 'precious too\n');
  const canary = path.join(r.home, 'canary');
  const program = path.join(r.home, 'program');
  writeFileSync(program, `#!/bin/sh\necho "$0 $*" >> ${canary}\ncat 2>/dev/null\nexit 0\n`, { mode: 0o755 });
  const ws = await r.open();
  const { tree, from } = await opened(ws);
  const admin = path.join(r.root, '.git/worktrees', `codemachine-${RUN}-${DIRECTORY}`);
  return { r, ws, tree, from, admin, outside, program, canary };
}

const HARMS: Record<string, (g: Ground) => void> = {
  'filters, drivers and hooks by attributes and configs': ({ r, tree, admin, program }) => {
    const config = [
      `[core]\n\tfsmonitor = ${program}\n\thooksPath = ${path.dirname(program)}\n`,
      `[filter "evil"]\n\tclean = ${program}\n\tsmudge = ${program}\n\trequired = true\n`,
      `[merge "evil"]\n\tdriver = ${program}\n[diff "evil"]\n\ttextconv = ${program}\n\tcommand = ${program}\n`,
      '[extensions]\n\tworktreeConfig = true\n',
    ].join('');
    writeFileSync(path.join(r.root, '.git/config'), config, { flag: 'a' });
    writeFileSync(path.join(admin, 'config.worktree'), config);
    mkdirSync(path.join(admin, 'hooks'));
    mkdirSync(path.join(admin, 'info'), { recursive: true });
    for (const hook of ['reference-transaction', 'post-index-change', 'post-checkout'])
      for (const dir of [path.join(admin, 'hooks'), path.join(r.root, '.git/hooks')])
        writeFileSync(path.join(dir, hook), readFileSync(program), { mode: 0o755 });
    for (const dir of [tree.root, path.join(tree.root, 'dir')])
      writeFileSync(path.join(dir, '.gitattributes'), '* filter=evil diff=evil merge=evil\n');
    writeFileSync(path.join(admin, 'info/attributes'), '* filter=evil diff=evil merge=evil\n');
  },
  'a common directory elsewhere': ({ admin, outside }) =>
    writeFileSync(path.join(admin, 'commondir'), `${outside}\n`),
  'a common directory elsewhere, by a link': ({ admin, outside }) => {
    rmSync(path.join(admin, 'commondir'));
    symlinkSync(path.join(outside, 'HEAD'), path.join(admin, 'commondir'));
  },
  'a git directory of its own for the worktree': ({ tree, outside }) => {
    rmSync(path.join(tree.root, '.git'));
    symlinkSync(outside, path.join(tree.root, '.git'));
  },
  'a worktree that is said to be elsewhere': ({ admin, outside }) =>
    writeFileSync(path.join(admin, 'gitdir'), `${outside}/.git\n`),
  'directories that became links': ({ tree, outside }) => {
    rmSync(path.join(tree.root, 'dir'), { recursive: true });
    symlinkSync(outside, path.join(tree.root, 'dir'));
    symlinkSync(outside, path.join(tree.root, 'new'));
  },
  'an index that is a link': ({ admin, outside }) => {
    rmSync(path.join(admin, 'index'));
    symlinkSync(path.join(outside, 'precious'), path.join(admin, 'index'));
  },
  'what git knows is a link': ({ admin, outside }) => {
    rmSync(admin, { recursive: true });
    symlinkSync(outside, admin);
  },
};

test.each(Object.entries(HARMS))('recorded, merged, removed, opened again: %s', async (_, harm) => {
  const g = await prepare();
  const { r, ws, tree, from } = g;
  writeFileSync(path.join(tree.root, 'a.txt'), 'agent\n');
  harm(g);
  const before = [picture(g.outside, []), picture(r.root)];
  const end = must(await tree.record(RUN, 'after', from));
  expect(end.files).toContain('a.txt');
  const merged = must(
    await ws.isolation.merge({ run: RUN, label: 'm', base: from, ours: from, theirs: end.tree }),
  );
  expect(merged.conflicts).toEqual([]);
  must(await tree.remove());
  expect(existsSync(tree.root)).toBe(false);
  expect(existsSync(g.admin)).toBe(false);
  const again = must(await ws.isolation.open({ ...ATTEMPT, from }));
  harm({ ...g, tree: again });
  const found = must(await (await r.open()).isolation.find(RUN, DIRECTORY));
  if (found === undefined) throw new Error('not found');
  must(await found.record(RUN, 'found', from));
  must(await found.remove());
  expect([picture(g.outside, []), picture(r.root)]).toEqual(before);
  expect(existsSync(g.canary)).toBe(false);
});

test('a worktree that became a link is neither recorded nor followed when it is removed', async () => {
  const g = await prepare();
  const { tree, outside } = g;
  rmSync(tree.root, { recursive: true });
  symlinkSync(outside, tree.root);
  const before = picture(outside, []);
  expect(await tree.record(RUN, 'after', g.from)).toMatchObject({
    ok: false,
    error: { message: expect.stringContaining('is gone') },
  });
  must(await tree.remove());
  expect(picture(outside, [])).toEqual(before);
  expect(existsSync(tree.root)).toBe(false);
});

test('a directory above it that became a link stops removing and opening, by name', async () => {
  const g = await prepare();
  const { ws, tree, outside, from } = g;
  const above = path.dirname(tree.root);
  renameSync(above, `${above}.moved`);
  symlinkSync(path.join(outside, RUN), above);
  const before = picture(outside, []);
  for (const said of [
    await tree.record(RUN, 'after', from),
    await tree.remove(),
    await ws.isolation.open({ ...ATTEMPT, from }),
  ])
    expect(said).toMatchObject({ ok: false, error: { message: expect.stringContaining(above) } });
  expect(must(await ws.isolation.find(RUN, DIRECTORY))).toBeUndefined();
  expect(picture(outside, [])).toEqual(before);
});

test('the place where git keeps what it knows of worktrees, become a link, is not written through', async () => {
  const g = await prepare();
  must(await g.tree.remove());
  mkdirSync(path.join(g.outside, path.basename(g.admin)));
  writeFileSync(path.join(g.outside, path.basename(g.admin), 'HEAD'), 'precious\n');
  symlinkSync(g.outside, path.dirname(g.admin));
  const before = picture(g.outside, []);
  const what = { ...ATTEMPT, from: g.from };
  expect(await g.ws.isolation.open(what)).toMatchObject({
    ok: false,
    error: { message: expect.stringContaining('worktrees is no directory') },
  });
  expect(picture(g.outside, [])).toEqual(before);
});
