/** Finds the repository that a directory belongs to. */
import { existsSync, readFileSync, statSync } from 'node:fs';
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
      message: `The path of the repository has a line break in it, with which git cannot say where it is: ${JSON.stringify(cwd)}.`,
      help: 'Move it to a path without one.',
    });
  }
  const mainRoot = gitDir === commonDir ? root : await mainWorktree(root, git, env);
  return ok({ root, mainRoot, gitDir, commonDir, objectFormat });
}

/** Why git finds no working tree in a directory that has a `.git`. */
export async function whyNoRoot(cwd: string, git: Git, environ: Environ): Promise<Failure> {
  const end = await git(['rev-parse', '--show-toplevel'], { cwd, env: userEnvironment(environ) });
  const failure = (message: string, help: string): Failure => ({ reason: 'config', message, help });
  if (end.code === 127 || /ENOENT|spawn git/.test(end.stderr))
    return failure('Git cannot be started.', 'Put `git` on PATH.');
  if (/must be run in a work tree/.test(end.stderr))
    return failure(
      `The repository in ${cwd} is bare: it has no files to work on.`,
      'Run in a worktree of it, which `git worktree add <directory>` makes; or, if it is not meant to be bare, `git config core.bare false`.',
    );
  const head = headText(path.join(cwd, '.git', 'HEAD'));
  if (head !== undefined && !/^(ref: refs\/|[0-9a-f]{40})/.test(head))
    return failure(
      `${path.join(cwd, '.git', 'HEAD')} names neither a branch nor a commit, so git finds no repository there.`,
      'If the branch was `main`, `echo "ref: refs/heads/main" > .git/HEAD` puts it right; `ls .git/logs/refs/heads` shows the branches.',
    );
  const said = end.stderr.trim().split('\n')[0] ?? '';
  return failure(
    `${cwd} has a .git, and git finds no repository there${said === '' ? '' : ` (${said})`}.`,
    '`git status` says the same; mend it, or bring `.git` back from a clone or a backup.',
  );
}

function headText(file: string): string | undefined {
  try {
    return statSync(file).isFile() ? readFileSync(file, 'latin1') : undefined;
  } catch {
    return undefined;
  }
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
