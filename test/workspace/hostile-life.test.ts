/** Proves over the whole life of a workspace that nothing planted is started, and that nothing is written outside. */
import { rmSync } from 'node:fs';
import path from 'node:path';
import { afterEach, expect, test } from 'vitest';
import type { Failure } from '../../src/model/failure.ts';
import type { Result } from '../../src/model/result.ts';
import type { Git } from '../../src/workspace/git.ts';
import { findRoot } from '../../src/workspace/root.ts';
import { type GitWorkspace, openWorkspace } from '../../src/workspace/workspace.ts';
import { type Ground, makeGround, PLANTS, sang, watchedGit } from './plants.ts';
import { makeRepository, must, picture, type Repository, RUN } from './repository.ts';

let repo: Repository | undefined;
let ground: (Ground & { remove: () => void }) | undefined;
afterEach(() => {
  repo?.remove();
  ground?.remove();
});

type Said = Result<unknown, Failure>;

async function open(r: Repository, git: Git): Promise<Result<GitWorkspace, Failure>> {
  const environ = { ...r.environ, XDG_CACHE_HOME: path.join(r.home, 'cache') };
  const places = must(await findRoot(r.root, git, environ));
  if (places === undefined) throw new Error('no repository');
  const stateDir = path.join(places.mainRoot, '.codemachine/state');
  return openWorkspace({ places, stateDir, git, environ, now: () => 0 });
}

/** Everything that a workspace can be asked; every answer. */
async function life(r: Repository, ws: GitWorkspace, start: string): Promise<readonly Said[]> {
  const said: Said[] = [];
  const ask = async <T>(asked: Promise<Result<T, Failure>>): Promise<T | undefined> => {
    const answer = await asked;
    said.push(answer);
    return answer.ok ? answer.value : undefined;
  };
  await ask(ws.facts());
  await ask(ws.check());
  const end = (await ask(ws.record(RUN, 'end', start)))?.tree ?? start;
  await ask(ws.diff(start, end));
  await ask(ws.diff(start, end, { stat: true }));
  await ask(ws.changed(start, end));
  await ask(ws.trees.changes(start, end));
  await ask(ws.holds(end, ['a.txt']));
  const patch = await ask(ws.patch(start, end));
  const tree = await ask(
    ws.isolation.open({ run: RUN, directory: 'edit-0a1b2c3d.1', from: end, copy: [], link: [] }),
  );
  const base = await ask(tree?.record(RUN, 'base') ?? ws.record(RUN, 'none'));
  await ask(ws.restore(start, end));
  if (patch !== undefined) await ask(ws.applyPatch(patch));
  const ours = await ask(ws.record(RUN, 'ours', start));
  const theirs = await ask(tree?.record(RUN, 'theirs', base?.tree) ?? ws.record(RUN, 'none'));
  if (base !== undefined && ours !== undefined && theirs !== undefined)
    await ask(ws.isolation.merge({ run: RUN, label: 'm', base: base.tree, ours: start, theirs: ours.tree }));
  await ask(ws.trees.pick({ run: RUN, label: 'p', from: start, to: end, paths: ['a.txt'] }));
  if (tree !== undefined) await ask(tree.remove());
  await ask(ws.recordings(RUN));
  await ask(ws.trees.roots());
  r.write('.gitignore', 'ignored\n');
  return said;
}

const FILES = { 'a.txt': 'a\n', 'dir/b.txt': 'b\n', '.gitignore': 'ignored\n' };

test.each(Object.entries(PLANTS))('planted by an attempt: %s', async (_, plant) => {
  const r = makeRepository(FILES);
  repo = r;
  ground = makeGround(r);
  const watched = watchedGit();
  const ws = must(await open(r, watched.git));
  const start = must(await ws.record(RUN, 'start')).tree;
  plant.make(ground);
  r.write('new.txt', 'by the attempt\r\n$Id$\n');
  const before = [picture(ground.outside, []), picture(ground.other.root, [])];
  const said = await life(r, ws, start);
  expect(sang(ground.canary)).toBe('');
  expect([picture(ground.outside, []), picture(ground.other.root, [])]).toEqual(before);
  expect(watched.bare).toEqual([]);
  const failures = said.flatMap((one) => (one.ok ? [] : [one.error.message]));
  if (plant.refused === true) expect(failures.join('\n')).toMatch(/is not what it was|became a link/);
  else expect(failures).toEqual([]);
});

test.each(Object.entries(PLANTS).filter(([, plant]) => plant.refused !== true))(
  'there before the run: %s',
  async (_, plant) => {
    const r = makeRepository(FILES);
    repo = r;
    ground = makeGround(r);
    plant.make(ground);
    const before = [picture(ground.outside, []), picture(ground.other.root, [])];
    const watched = watchedGit();
    const places = must(await findRoot(r.root, watched.git, r.environ));
    // A config that moves the working tree is refused by whoever opens.
    const found = places?.root === r.root ? await open(r, watched.git) : undefined;
    if (found?.ok === true) {
      const start = await found.value.record(RUN, 'start');
      r.write('new.txt', 'by the attempt\n');
      if (start.ok) await life(r, found.value, start.value.tree);
    }
    expect(sang(ground.canary)).toBe('');
    expect(picture(ground.outside, [])).toEqual(before[0]);
    expect(watched.bare).toEqual([]);
    rmSync(path.join(r.root, '.codemachine'), { recursive: true, force: true });
  },
);
