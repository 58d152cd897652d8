/** Keeps the git directory of ours, through which every recording is made. */
import { createHash, randomUUID } from 'node:crypto';
import {
  lstatSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
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
  userEnvironment,
} from './git.ts';
import { intactFrom } from './intact.ts';
import type { Places } from './root.ts';

/** Our git directory beside the user's. */
export interface Store {
  readonly places: Places;
  /** Our git directory. */
  readonly dir: string;
  /** Our index of this worktree. */
  readonly index: string;
  /** The user's global exclude file; it need not be there. */
  readonly excludesFile: string;
  /** The state directory relative to the root, ending in `/`; undefined where it is outside. Names as of `names`. */
  readonly statePrefix: string | undefined;
  /** Files and directories that are neither recorded nor put back; it only grows. Names as of `names`, without a `/` at the end. */
  readonly leftOut: Set<string>;
  /** Git with our directory, our index and the user's working tree and objects. */
  readonly ours: Ask;
  /** Whether writes still go where they went when the repository was opened; asked before each git that writes. */
  readonly intact: () => Result<undefined, Failure>;
  /** Git with the user's git directory, without its hooks; for refs, `HEAD` and the names in its index. */
  readonly theirs: Ask;
  /** The same for another worktree of the same repository. */
  beside(places: Places): Store;
}

/**
 * What every file is treated as: bytes. An attribute that is set here wins over any `.gitattributes`, so no filter of the
 * user's or an agent's config is ever looked for. `!` and not `-` for three of them: `-diff` would make every file binary in
 * `codemachine diff`, and git dies of `-working-tree-encoding`.
 */
const ATTRIBUTES = '* -text -filter -ident !working-tree-encoding !diff !merge !conflict-marker-size\n';

/** Makes our git directory, or brings it up to date. Reads the user's exclude files once, here, before any agent could edit them. */
export async function openStore(
  places: Places,
  stateDir: string,
  git: Git,
  environ: Environ,
): Promise<Result<Store, Failure>> {
  const settings = await userSettings(places, git, environ);
  if (!settings.ok) return settings;
  let dir = path.join(stateDir, 'git');
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    // Git gives the root with its links resolved; the state directory must be found below it.
    dir = realpathSync(dir);
    const files = filesOf(places, settings.value, prefixOf(places.mainRoot, path.dirname(dir)));
    ensure(dir, files);
    return ok(assemble(places, dir, { files, excludesFile: settings.value.excludesFile }, git, environ));
  } catch (error) {
    return err(unwritable(dir, error));
  }
}

function unwritable(dir: string, error: unknown): Failure {
  return {
    reason: 'config',
    message: `The directory ${dir} cannot be written: ${error instanceof Error ? error.message : String(error)}`,
    help: 'Make it writable, or choose another state directory with --state-dir.',
  };
}

/** What our git directory is made of beside indexes, by name. */
type Files = Readonly<Record<string, string>>;

function filesOf(places: Places, settings: Settings, statePrefix: string | undefined): Files {
  return {
    HEAD: 'ref: refs/heads/none\n',
    config: config(places, settings),
    'info/attributes': ATTRIBUTES,
    'info/exclude': excludes(places, statePrefix),
  };
}

/** Through our own directory these write nothing, wherever its objects are led to. */
const READS = new Set(['cat-file', 'diff-files', 'diff-tree', 'ls-files', 'ls-tree', 'rev-parse']);

/** What of the user's is read once. */
interface Own {
  readonly files: Files;
  /** Bytes, as of `names`. */
  readonly excludesFile: string;
}

function assemble(places: Places, dir: string, own: Own, git: Git, environ: Environ): Store {
  const name = createHash('sha256').update(places.root).digest('hex').slice(0, 16);
  const index = path.join(dir, `index-${name}`);
  const env = scratchEnvironment(environ, '/dev/null');
  const ourEnv = {
    ...env,
    GIT_DIR: dir,
    // Said, because a file named `commondir` would say otherwise.
    GIT_COMMON_DIR: dir,
    GIT_WORK_TREE: places.root,
    GIT_INDEX_FILE: index,
    GIT_OBJECT_DIRECTORY: path.join(places.commonDir, 'objects'),
  };
  const { gitDir, commonDir } = places;
  // A file named `commondir` says where the common directory is, and an agent can write that file.
  const theirEnv = { ...env, GIT_DIR: gitDir, GIT_COMMON_DIR: commonDir, GIT_WORK_TREE: places.root };
  const theirs = asking(git, places.root, theirEnv, OBEY_NOBODY_ELSE);
  const intact = intactFrom(places);
  const ours = asking(git, places.root, ourEnv, OBEY_NOBODY_ELSE);
  const leftOut = new Set<string>();
  return {
    places,
    dir,
    index,
    statePrefix: prefixOf(places.root, path.dirname(dir)),
    leftOut,
    intact,
    excludesFile: Buffer.from(own.excludesFile, 'latin1').toString(),
    ours: async (args, call) => {
      // An agent that may write here may write our config as well, so it is looked at before each use.
      try {
        ensure(dir, own.files);
        dropIfLink(index);
      } catch (error) {
        return err(unwritable(dir, error));
      }
      const looked = READS.has(args[0] ?? '') ? ok(undefined) : intact();
      return looked.ok ? ours(args, call) : looked;
    },
    theirs: async (args, call) => {
      const looked = intact();
      return looked.ok ? theirs(args, call) : looked;
    },
    beside: (other) => ({ ...assemble(other, dir, own, git, environ), leftOut }),
  };
}

/** The user's index; undefined where there is none. A pipe in its place would be read for ever, by us as well as by git. */
export function userIndex({ places }: Store): string | undefined {
  const file = path.join(places.gitDir, 'index');
  try {
    return lstatSync(file).isFile() ? file : undefined;
  } catch {
    return undefined;
  }
}

/** Git writes an index through a link. */
function dropIfLink(file: string): void {
  if (lstatSync(file, { throwIfNoEntry: false })?.isSymbolicLink() === true) rmSync(file);
}

/** Throws where it was led elsewhere: what is written here would be written there. */
function ensure(dir: string, files: Files): void {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  if (realpathSync.native(dir) !== dir) throw new Error('it became a link, or lies behind one');
  for (const one of ['objects', 'refs', 'info']) {
    const inner = path.join(dir, one);
    dropIfLink(inner);
    mkdirSync(inner, { recursive: true, mode: 0o700 });
  }
  for (const [name, content] of Object.entries(files)) put(dir, name, content);
}

/** The few settings of the user that decide which files there are. */
interface Settings {
  readonly excludesFile: string;
  readonly ignoreCase: string;
  readonly precomposeUnicode: string;
}

async function userSettings(places: Places, git: Git, environ: Environ): Promise<Result<Settings, Failure>> {
  const ask = asking(git, places.root, userEnvironment(environ), []);
  const wanted = '^core\\.(excludesfile|precomposeunicode)$';
  const said = await ask(['config', '-z', '--type=path', '--get-regexp', wanted], { codes: [0, 1] });
  if (!said.ok) return said;
  const values = new Map<string, string>();
  for (const entry of names(said.value)) {
    const end = entry.indexOf('\n');
    if (end !== -1) values.set(entry.slice(0, end), entry.slice(end + 1));
  }
  const home = environ.XDG_CONFIG_HOME || path.join(environ.HOME ?? '/nonexistent', '.config');
  return ok({
    excludesFile: values.get('core.excludesfile') ?? latin1(path.join(home, 'git', 'ignore')),
    ignoreCase: String(foldsCase(places.root)),
    precomposeUnicode: values.get('core.precomposeunicode') ?? 'false',
  });
}

/** Looked at and not asked of `core.ignoreCase`, which is wrong where a repository came from another machine. */
function foldsCase(root: string): boolean {
  const [here, folded] = ['.git', '.GIT'].map((name) =>
    statSync(path.join(root, name), { throwIfNoEntry: false, bigint: true }),
  );
  return here !== undefined && folded?.ino === here.ino && folded.dev === here.dev;
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
  const file = path.join(places.commonDir, 'info', 'exclude');
  try {
    // A pipe would be read for ever.
    if (statSync(file).isFile()) theirs = readFileSync(file, 'latin1');
  } catch {
    // Most repositories have the file, none needs it.
  }
  if (statePrefix === undefined) return theirs;
  return `${theirs}\n/${statePrefix.replace(/[\\*?[\] !#]/g, '\\$&')}\n`;
}

function prefixOf(root: string, stateDir: string): string | undefined {
  const relative = path.relative(root, stateDir);
  if (relative === '' || relative === '..' || relative.startsWith(`..${path.sep}`)) return undefined;
  return `${latin1(relative)}/`;
}

/** A path as bytes in a string, as `names` gives them. */
function latin1(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

/** Writes by rename, because a second process may be reading: `diff` beside a run. */
function put(dir: string, name: string, content: string): void {
  const target = path.join(dir, name);
  const bytes = Buffer.from(content, 'latin1');
  if (lstatSync(target, { throwIfNoEntry: false })?.isFile() === true && readFileSync(target).equals(bytes))
    return;
  // A name of its own: runs that start at once in several worktrees write the same file, and one would rename the other's away.
  const fresh = `${target}.${randomUUID()}.new`;
  try {
    writeFileSync(fresh, bytes, { mode: 0o600, flag: 'wx' });
    renameSync(fresh, target);
  } catch (error) {
    rmSync(fresh, { force: true });
    throw error;
  }
}
