/** Proves that a process which dies at any of its calls of git leaves a workspace that can be recorded and put back. */
import { mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import type { Git } from '../../src/workspace/git.ts';
import { findRoot } from '../../src/workspace/root.ts';
import { type GitWorkspace, openWorkspace } from '../../src/workspace/workspace.ts';
import { makeRepository, must, picture, type Repository, RUN, realGit } from './repository.ts';

/** A git that is there for `calls` calls; the next one leaves the lock of an index behind, and none answers any more. */
function dyingGit(r: Repository, calls: number): { git: Git; dead: Promise<void> } {
  const running = new Set<Promise<unknown>>();
  let left = calls;
  let die: () => void = () => undefined;
  const dead = new Promise<void>((resolve) => {
    die = resolve;
  });
  const git: Git = (args, options) => {
    if (left-- > 0) {
      const call = realGit(args, options);
      running.add(call);
      return call;
    }
    if (left === -1) {
      void Promise.all(running).then(() => {
        const dir = path.join(r.root, '.codemachine/state/git');
        for (const file of readdirSync(dir)) {
          if (/^index-\w+(\.asked)?$/.test(file)) writeFileSync(path.join(dir, `${file}.lock`), '');
        }
        die();
      });
    }
    return new Promise(() => undefined);
  };
  return { git, dead };
}

async function openWith(r: Repository, git: Git): Promise<GitWorkspace> {
  const places = must(await findRoot(r.root, realGit, r.environ));
  if (places === undefined) throw new Error('no repository');
  const stateDir = path.join(r.root, '.codemachine/state');
  return must(await openWorkspace({ places, stateDir, git, environ: r.environ, now: () => 0 }));
}

test('killed at any call of a recording or an undo, the next process ends at the same tree', async () => {
  const r = makeRepository({ '.gitignore': 'out/\n', 'a.txt': 'a\n', 'dir/b.txt': 'b\n' });
  try {
    r.write('out/kept', 'ignored');
    r.write('mine.txt', 'untracked');
    const before = picture(r.root);
    const start = must(await (await r.open()).record(RUN, 'start'));
    let survived = false;
    for (let calls = 1; !survived; calls++) {
      r.write('a.txt', `attempt ${calls}\n`);
      r.write('.gitignore', 'hidden\n');
      r.write('new/c.txt', 'c\n');
      rmSync(path.join(r.root, 'dir'), { recursive: true, force: true });
      symlinkSync('new', path.join(r.root, 'dir'));
      survived = await diesAt(r, calls, start.tree);
      const ws = await r.open();
      const now = must(await ws.record(RUN, 'next', start.tree));
      must(await ws.restore(start.tree, now.tree));
      expect(picture(r.root), `killed at call ${calls}`).toEqual(before);
      expect(calls).toBeLessThan(80);
    }
  } finally {
    r.remove();
  }
});

/** Records and undoes with a git that dies; true when it lived to the end. */
async function diesAt(r: Repository, calls: number, start: string): Promise<boolean> {
  const { git, dead } = dyingGit(r, calls);
  const whole = async (): Promise<boolean> => {
    const ws = await openWith(r, git);
    const end = must(await ws.record(RUN, 'end', start));
    must(await ws.restore(start, end.tree));
    return true;
  };
  return Promise.race([whole(), dead.then(() => false)]);
}

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
