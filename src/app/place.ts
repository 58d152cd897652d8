/** Finds out where a command is: the repository around it and where its state lives. */
import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';

/** Where a command works. All paths are absolute. */
export interface Place {
  readonly cwd: string;
  /** The repository's root, or the current directory without git. */
  readonly root: string;
  readonly hasGit: boolean;
  /** The git directory without a working tree in which `cwd` is. */
  readonly bare?: string;
  /** Of the main worktree, so that every worktree of a repository sees the same runs. */
  readonly stateDir: string;
}

/** Where to look, where it differs from the process's own. */
export interface PlaceOptions {
  readonly cwd?: string;
  readonly stateDir?: string;
}

/** The flag that moves the state, for every command that looks at it. */
export const STATE_DIR_FLAG = {
  description: 'where runs are kept; default: .codemachine/state of the main worktree',
  helpValue: '<directory>',
} as const;

/** What the flag says, for `locate`. */
export function stateAt(stateDir: string | undefined): PlaceOptions {
  return stateDir === undefined || stateDir === '' ? {} : { stateDir };
}

/**
 * Looks for the repository by its `.git`, without starting git: `validate` must cost no more than reading a file.
 * `CODEMACHINE_STATE_DIR` moves the state; an option wins over it.
 */
export function locate(options: PlaceOptions, env: NodeJS.ProcessEnv): Place {
  const cwd = path.resolve(options.cwd ?? process.cwd());
  const found = findGit(cwd);
  const root = found?.root ?? cwd;
  const moved = options.stateDir ?? env['CODEMACHINE_STATE_DIR'];
  const stateDir =
    moved === undefined || moved === ''
      ? path.join(found?.mainRoot ?? root, '.codemachine', 'state')
      : path.resolve(cwd, moved);
  const bare = found === undefined ? findBare(cwd) : undefined;
  return { cwd, root, hasGit: found !== undefined, stateDir, ...(bare === undefined ? {} : { bare }) };
}

/** What git takes for a git directory, where there is no working tree around it. */
function findBare(from: string): string | undefined {
  for (let at = from; ; at = path.dirname(at)) {
    const parts = ['HEAD', 'objects', 'refs'].map((name) => kindOf(path.join(at, name)));
    if (parts.join() === 'file,directory,directory') return at;
    if (path.dirname(at) === at) return undefined;
  }
}

function findGit(from: string): { root: string; mainRoot: string } | undefined {
  for (let at = from; ; at = path.dirname(at)) {
    const entry = path.join(at, '.git');
    const kind = kindOf(entry);
    if (kind === 'directory') return { root: at, mainRoot: at };
    if (kind === 'file') return { root: at, mainRoot: mainWorktree(at, entry) };
    if (path.dirname(at) === at) return undefined;
  }
}

/** A linked worktree has a `.git` file that leads to the common directory; a submodule's leads nowhere else. */
function mainWorktree(root: string, file: string): string {
  const gitdir = /^gitdir: (.*)$/m.exec(read(file) ?? '')?.[1];
  if (gitdir === undefined) return root;
  const own = path.resolve(root, gitdir);
  const common = read(path.join(own, 'commondir'))?.trim();
  if (common === undefined) return root;
  const shared = path.resolve(own, common);
  return path.basename(shared) === '.git' ? path.dirname(shared) : root;
}

function kindOf(file: string): 'file' | 'directory' | undefined {
  const stat = statSync(file, { throwIfNoEntry: false });
  return stat?.isDirectory() ? 'directory' : stat?.isFile() ? 'file' : undefined;
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

/** How a file is shown to people: relative to where they are, if that is shorter to read. */
export function shown(place: Place, file: string): string {
  const relative = path.relative(place.cwd, file);
  return relative === '' ? '.' : relative.startsWith(`..${path.sep}..`) ? file : relative;
}
