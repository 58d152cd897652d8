/** Finds the repository that a directory belongs to. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import type { Failure } from '../model/failure.ts';
import { err, ok, type Result } from '../model/result.ts';
import { type Environ, type Git, gitFailure, text, userEnvironment } from './git.ts';

/** Where the parts of a repository are; absolute paths, links resolved as git resolves them. */
export interface Places {
  /** The top of the working tree that the directory is in. */
  readonly root: string;
  /** The top of the main working tree, where the state directory is; equal to `root` outside linked worktrees. */
  readonly mainRoot: string;
  /** This worktree's own git directory: `HEAD` and `index` are in it. */
  readonly gitDir: string;
  /** The one with the objects and the refs. */
  readonly commonDir: string;
  /** `sha1` or `sha256`. */
  readonly objectFormat: string;
}

/**
 * Finds the repository of `cwd`, from any subfolder or linked worktree. Undefined where there is none: no repository, a bare
 * one, or no git. A repository that git refuses to open (another owner's, a damaged one) is a failure: without it nothing could be undone.
 */
export async function findRoot(
  cwd: string,
  git: Git,
  environ: Environ,
): Promise<Result<Places | undefined, Failure>> {
  const env = userEnvironment(environ);
  // `rev-parse` and `worktree list` start nothing that a config names, so they may read the user's.
  const parse = [
    'rev-parse',
    '--path-format=absolute',
    '--show-toplevel',
    '--git-dir',
    '--git-common-dir',
    '--show-object-format',
  ];
  const end = await git(parse, { cwd, env });
  if (end.code !== 0) return noRepository(end) ? ok(undefined) : err(gitFailure(parse, end.code, end.stderr));
  const lines = text(end.stdout).replace(/\n$/, '').split('\n');
  const [root, gitDir, commonDir, objectFormat] = lines;
  if (root === undefined || gitDir === undefined || commonDir === undefined || objectFormat === undefined) {
    return err(gitFailure(parse, 0, `an answer of ${lines.length} lines; git 2.31 or newer is needed`));
  }
  if (lines.length > 4) {
    return err({
      reason: 'config',
      message: `A path with a line break in it cannot hold a workspace: ${root}`,
    });
  }
  const mainRoot = gitDir === commonDir ? root : await mainWorktree(root, git, env);
  return ok({ root, mainRoot, gitDir, commonDir, objectFormat });
}

function noRepository(end: { readonly code: number; readonly stderr: string }): boolean {
  return (
    end.code === 127 || /ENOENT|not a git repository|must be run in a work tree|spawn git/.test(end.stderr)
  );
}

/** Whether the repository is where it was. An agent that removes it takes every recording along, and git's own words do not say so. */
export function stillThere({ root, gitDir, commonDir }: Places): Result<undefined, Failure> {
  const own = path.join(root, '.git');
  const gone = [own, gitDir, commonDir].find((place) => !existsSync(place));
  if (gone === undefined) return ok(undefined);
  return err({
    reason: 'config',
    message: `${gone} is gone, and the recordings of the tree with it, so edits cannot be undone.`,
    help: 'Bring it back from a clone or a backup, then resume; or look through the files, `git init`, and start a new run.',
  });
}

async function mainWorktree(root: string, git: Git, env: Readonly<Record<string, string>>): Promise<string> {
  const end = await git(['worktree', 'list', '--porcelain'], { cwd: root, env });
  const first = text(end.stdout).split('\n\n')[0]?.split('\n') ?? [];
  const main = first.find((one) => one.startsWith('worktree '))?.slice('worktree '.length);
  // A bare repository has no main working tree; the linked one is then the only place for state.
  if (end.code !== 0 || main === undefined || first.includes('bare')) return root;
  return main;
}
