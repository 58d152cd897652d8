/** Sets up what the tests of worktrees share. */
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { afterEach } from 'vitest';
import type { Worktree, WorktreeOf } from '../../src/model/ports.ts';
import type { GitWorkspace } from '../../src/workspace/workspace.ts';
import { makeRepository, must, picture, type Repository, RUN } from './repository.ts';

/** The attempt that a worktree is opened for, which is given nothing beside the recording. */
export const ATTEMPT = { run: RUN, directory: 'edit-0a1b2c3d.1', copy: [], link: [] } as const;

/** Gives what makes the repository of a test; it is gone after the test. To be called at the top of a file. */
export function oneRepository(): (files?: Readonly<Record<string, string>>) => Repository {
  let made: Repository | undefined;
  afterEach(() => {
    made?.remove();
    made = undefined;
  });
  return (files) => {
    made = makeRepository(files);
    return made;
  };
}

/** Opens a worktree of the attempt, of a fresh recording unless one is said. */
export async function opened(
  ws: GitWorkspace,
  more: Partial<WorktreeOf> = {},
): Promise<{ readonly tree: Worktree; readonly from: string }> {
  const from = more.from ?? must(await ws.record(RUN, 'base')).tree;
  return { tree: must(await ws.isolation.open({ ...ATTEMPT, ...more, from })), from };
}

/** Git as an agent runs it in a directory: the user's, with everything that is configured. Throws at what it warns of in `status`. */
export function gitIn(r: Repository, cwd: string, ...args: string[]): string {
  const all = ['-c', 'user.name=t', '-c', 'user.email=t@t', '-c', 'protocol.file.allow=always', ...args];
  const end = spawnSync('git', all, { cwd, env: r.environ, encoding: 'utf8' });
  // An agent would take it for its own doing.
  const warned = args[0] === 'status' && end.stderr !== '';
  if (end.status !== 0 || warned) throw new Error(`git ${args.join(' ')}: ${end.stderr}`);
  return end.stdout;
}

/** Everything of the user's in the git directory, as bytes; objects, our refs and what git says of worktrees left out. */
export function theirGit(r: Repository): Record<string, string> {
  return picture(path.join(r.root, '.git'), ['objects', 'refs/codemachine', 'worktrees']);
}
