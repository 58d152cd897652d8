/** Keeps the git directory of ours, through which every recording is made. */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Failure } from '../model/failure.ts';
import { err, ok, type Result } from '../model/result.ts';
import {
  type Ask,
  asking,
  type Environ,
  type Git,
  names,
  OBEY_NOBODY_ELSE,
  scratchEnvironment,
  shown,
  userEnvironment,
} from './git.ts';
import type { Places } from './root.ts';

/** Our git directory beside the user's. */
export interface Store {
  readonly places: Places;
  /** Our git directory. */
  readonly dir: string;
  /** Our index of this worktree. */
  readonly index: string;
  /** The state directory relative to the root, ending in `/`; undefined where it is outside. Names as of `names`. */
  readonly statePrefix: string | undefined;
  /** Git with our directory, our index and the user's working tree and objects. */
  readonly ours: Ask;
  /** Git with the user's git directory, without its hooks; for refs, `HEAD` and the names in its index. */
  readonly theirs: Ask;
}

/**
 * What every file is treated as: bytes. An attribute that is set here wins over any `.gitattributes`, so no filter of the
 * user's or an agent's config is ever looked for. `!` and not `-` for three of them: `-diff` would make every file binary in
 * `codemachine diff`, and git dies of `-working-tree-encoding`.
 */
const ATTRIBUTES = '* -text -filter -ident !working-tree-encoding !diff !merge\n';

/** Makes our git directory, or brings it up to date. Reads the user's exclude files once, here, before any agent could edit them. */
export async function openStore(
  places: Places,
  stateDir: string,
  git: Git,
  environ: Environ,
): Promise<Result<Store, Failure>> {
  const dir = path.join(stateDir, 'git');
  const settings = await userSettings(places, git, environ);
  if (!settings.ok) return settings;
  const statePrefix = prefixOf(places.root, stateDir);
  try {
    for (const one of ['objects', 'refs', 'info'])
      mkdirSync(path.join(dir, one), { recursive: true, mode: 0o700 });
    put(dir, 'HEAD', 'ref: refs/heads/none\n');
    put(dir, 'config', config(places, settings.value));
    put(dir, 'info/attributes', ATTRIBUTES);
    put(dir, 'info/exclude', excludes(places, statePrefix));
  } catch (error) {
    return err({
      reason: 'config',
      message: `The state directory ${stateDir} cannot be written: ${(error as Error).message}`,
      help: 'Make it writable, or choose another one with --state-dir.',
    });
  }
  const index = path.join(
    dir,
    `index-${createHash('sha256').update(places.root).digest('hex').slice(0, 16)}`,
  );
  const env = scratchEnvironment(environ, dir);
  const ourEnv = {
    ...env,
    GIT_DIR: dir,
    GIT_WORK_TREE: places.root,
    GIT_INDEX_FILE: index,
    GIT_OBJECT_DIRECTORY: path.join(places.commonDir, 'objects'),
  };
  const theirEnv = { ...env, GIT_DIR: places.gitDir, GIT_WORK_TREE: places.root };
  return ok({
    places,
    dir,
    index,
    statePrefix,
    ours: asking(git, places.root, ourEnv, []),
    theirs: asking(git, places.root, theirEnv, OBEY_NOBODY_ELSE),
  });
}

/** The few settings of the user that decide which files there are. */
interface Settings {
  readonly excludesFile: string;
  readonly ignoreCase: string;
  readonly precomposeUnicode: string;
}

async function userSettings(places: Places, git: Git, environ: Environ): Promise<Result<Settings, Failure>> {
  const ask = asking(git, places.root, userEnvironment(environ), []);
  const wanted = '^core\\.(excludesfile|ignorecase|precomposeunicode)$';
  const said = await ask(['config', '-z', '--type=path', '--get-regexp', wanted], { codes: [0, 1] });
  if (!said.ok) return said;
  const values = new Map<string, string>();
  for (const entry of names(said.value)) {
    const end = entry.indexOf('\n');
    if (end !== -1) values.set(entry.slice(0, end), shown(entry.slice(end + 1)));
  }
  const home = environ.XDG_CONFIG_HOME || path.join(environ.HOME ?? '/nonexistent', '.config');
  return ok({
    excludesFile: values.get('core.excludesfile') ?? path.join(home, 'git', 'ignore'),
    ignoreCase: values.get('core.ignorecase') ?? 'false',
    precomposeUnicode: values.get('core.precomposeunicode') ?? 'false',
  });
}

function config(places: Places, settings: Settings): string {
  const core: Record<string, string> = {
    repositoryFormatVersion: '1',
    bare: 'false',
    fileMode: 'true',
    symlinks: 'true',
    hooksPath: '/dev/null',
    fsmonitor: 'false',
    attributesFile: '/dev/null',
    excludesFile: settings.excludesFile,
    ignoreCase: settings.ignoreCase,
    precomposeUnicode: settings.precomposeUnicode,
    autocrlf: 'false',
    logAllRefUpdates: 'false',
    // A file named `git~1` is a file here; refusing it would let an agent forbid recording.
    protectNTFS: 'false',
    // What a milestone names must be on the disk before the milestone is: git's default leaves loose objects to the kernel.
    fsync: 'committed',
    fsyncMethod: 'batch',
  };
  const lines = Object.entries(core).map(([key, value]) => `\t${key} = ${quoted(value)}`);
  return [
    '[core]',
    ...lines,
    '[extensions]',
    `\tobjectFormat = ${places.objectFormat}`,
    '[gc]',
    '\tauto = 0',
    '[diff]',
    '\trenames = true',
    '',
  ].join('\n');
}

function quoted(value: string): string {
  const escaped = value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
  return `"${escaped}"`;
}

function excludes(places: Places, statePrefix: string | undefined): string {
  let theirs = '';
  try {
    theirs = readFileSync(path.join(places.commonDir, 'info', 'exclude'), 'latin1');
  } catch {
    // Most repositories have the file, none needs it.
  }
  if (statePrefix === undefined) return theirs;
  return `${theirs}\n/${statePrefix.replace(/[\\*?[\] !#]/g, '\\$&')}\n`;
}

function prefixOf(root: string, stateDir: string): string | undefined {
  const relative = path.relative(root, stateDir);
  if (relative === '' || relative === '..' || relative.startsWith(`..${path.sep}`)) return undefined;
  return `${Buffer.from(relative, 'utf8').toString('latin1')}/`;
}

/** Writes by rename, because a second process may be reading: `diff` beside a run. */
function put(dir: string, name: string, content: string): void {
  const target = path.join(dir, name);
  try {
    if (readFileSync(target, 'latin1') === content) return;
  } catch {
    // Not there yet.
  }
  const fresh = `${target}.${createHash('sha256').update(content).digest('hex').slice(0, 8)}.new`;
  writeFileSync(fresh, content, { encoding: name === 'config' ? 'utf8' : 'latin1', mode: 0o600 });
  renameSync(fresh, target);
}
