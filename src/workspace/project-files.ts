/** Copies what git would commit of a project into a repository of its own. */
import {
  copyFileSync,
  cpSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import type { Failure } from '../model/failure.ts';
import { err, ok, type Result } from '../model/result.ts';
import {
  asking,
  diskPath,
  type Environ,
  type Git,
  names,
  OBEY_NOBODY_ELSE,
  scratchEnvironment,
  userEnvironment,
} from './git.ts';

/** The names of a project's files: those that git knows, and those that it does not ignore. Deleted ones may be among them. */
export async function projectFiles(
  root: string,
  git: Git,
  environ: Environ,
): Promise<Result<readonly string[], Failure>> {
  const ask = asking(git, root, userEnvironment(environ), OBEY_NOBODY_ELSE);
  const listed = await ask(['ls-files', '-z', '--cached', '--others', '--exclude-standard']);
  if (!listed.ok) return listed;
  // A repository inside of it is listed as a directory.
  return ok([...new Set(names(listed.value))].filter((name) => !name.endsWith('/')));
}

/** What is looked for in a directory. */
export interface Below {
  /** Names of directories that are passed by, wherever they are. */
  readonly passed: readonly string[];
  /** A directory that is passed by, by its absolute path. */
  readonly apart: string;
  readonly files: number;
  readonly bytes: number;
}

/** The names of the files of a directory that is no repository; undefined where there are more than so many, or more bytes. */
export function filesBelow(root: string, below: Below): readonly string[] | undefined {
  const found: string[] = [];
  let bytes = 0;
  const open = [''];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    const directory = at === '' ? Buffer.from(root) : diskPath(root, at);
    for (const entry of readdirSync(directory, { withFileTypes: true, encoding: 'latin1' })) {
      const name = at === '' ? entry.name : `${at}/${entry.name}`;
      if (below.passed.includes(entry.name) || diskPath(root, name).toString() === below.apart) continue;
      if (entry.isDirectory()) open.push(name);
      else {
        found.push(name);
        bytes += lstatSync(diskPath(root, name), { throwIfNoEntry: false })?.size ?? 0;
      }
      if (found.length > below.files || bytes > below.bytes) return undefined;
    }
  }
  return found;
}

/** Copies files, links and the executable bit. A link that leads into the project by its whole path leads to the same place by a relative one. */
export function copyFiles(from: string, to: string, files: readonly string[]): void {
  const made = new Set<string>();
  for (const name of files) {
    const source = diskPath(from, name);
    const stat = lstatSync(source, { throwIfNoEntry: false });
    if (stat === undefined || stat.isDirectory()) continue;
    const directory = path.posix.dirname(name);
    if (!made.has(directory)) mkdirSync(diskPath(to, directory), { recursive: true });
    made.add(directory);
    if (stat.isSymbolicLink()) symlinkSync(relativeTo(from, name, readlinkSync(source)), diskPath(to, name));
    else if (stat.isFile()) copyFileSync(source, diskPath(to, name));
  }
}

/** The copy may be copied again, so that only what is relative leads to where it is. */
function relativeTo(root: string, name: string, target: string): string {
  if (target !== root && !target.startsWith(`${root}/`)) return target;
  return path.posix.relative(path.posix.dirname(`${root}/${name}`), target) || '.';
}

/** Commits come out alike wherever and whenever they are made, so that `git.sha` does. */
const WHO = {
  GIT_AUTHOR_NAME: 'codemachine test',
  GIT_AUTHOR_EMAIL: 'test@localhost',
  GIT_AUTHOR_DATE: '2001-01-01T00:00:00Z',
  GIT_COMMITTER_NAME: 'codemachine test',
  GIT_COMMITTER_EMAIL: 'test@localhost',
  GIT_COMMITTER_DATE: '2001-01-01T00:00:00Z',
} as const;

/** Makes a repository of a directory, with one commit on `main` that holds everything in it. */
export async function makeRepository(
  root: string,
  git: Git,
  environ: Environ,
): Promise<Result<undefined, Failure>> {
  const ask = asking(git, root, { ...scratchEnvironment(environ, root), ...WHO }, OBEY_NOBODY_ELSE);
  for (const args of [
    ['init', '-q', '-b', 'main'],
    // Steps commit too, and whoever is at home there has said nothing of himself.
    ['config', 'user.name', 'codemachine test'],
    ['config', 'user.email', 'test@localhost'],
    ['config', 'commit.gpgsign', 'false'],
    ['add', '-A', '-f'],
    ['commit', '-q', '--allow-empty', '--no-verify', '-m', 'The project as it is'],
  ]) {
    const done = await ask(args);
    if (!done.ok)
      return err({
        ...done.error,
        message: `The scratch repository could not be made: ${done.error.message}`,
      });
  }
  return ok(undefined);
}

/**
 * Gives a copy of a working tree a repository like that of `from`, whose objects it borrows: it is not written to, and has to
 * stay there as long (https://git-scm.com/docs/gitrepository-layout, `objects/info/alternates`).
 */
export function copyRepository(from: string, to: string): void {
  const own = path.join(from, '.git');
  const objects = path.join(own, 'objects');
  cpSync(own, path.join(to, '.git'), { recursive: true, filter: (file) => file !== objects });
  const info = path.join(to, '.git', 'objects', 'info');
  mkdirSync(info, { recursive: true });
  writeFileSync(path.join(info, 'alternates'), `${objects}\n`);
}
