/** Knows where worktrees are. */
import { createHash } from 'node:crypto';
import {
  accessSync,
  chmodSync,
  constants,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  type Stats,
  statSync,
} from 'node:fs';
import path from 'node:path';
import type { Failure } from '../model/failure.ts';
import { asRunId, RUN_ID_PATTERN, type RunId } from '../model/ids.ts';
import { err, ok, type Result } from '../model/result.ts';
import type { Environ } from './git.ts';
import type { Places } from './root.ts';

/** Where one worktree is, there or not. */
export interface WorktreePlace {
  readonly run: RunId;
  /** The attempt's directory. */
  readonly directory: string;
  /** As the workspace room sees every tree: `root` is the worktree, `gitDir` what git knows of it. */
  readonly places: Places;
}

/** How the names begin under which git knows our worktrees. */
const ADMIN_PREFIX = 'codemachine-';

/** How the name of a directory begins that held a worktree and is being removed. */
export const GONE_PREFIX = '.gone-';

/** What is at a path, links not followed; undefined where nothing can be seen, behind a file for one. */
export function lookAt(wanted: string): Stats | undefined {
  try {
    return lstatSync(wanted);
  } catch {
    return undefined;
  }
}

/** Where git keeps what it knows of linked worktrees. */
export function adminHome(places: Places): string {
  return path.join(places.commonDir, 'worktrees');
}

/** Which repository it is, for the name of a directory. */
function repositoryHash(places: Places): string {
  return createHash('sha256').update(places.commonDir).digest('hex').slice(0, 16);
}

/**
 * The directory that holds the worktrees of a repository: `$XDG_CACHE_HOME/codemachine/<hash>`, outside of the repository because
 * test runners and compilers would find them inside. Nothing is made.
 */
export function worktreeHome(places: Places, environ: Environ): Result<string, Failure> {
  const said = environ['XDG_CACHE_HOME'] ?? '';
  // As the specification says: a relative path is as if it were not said.
  const base = path.isAbsolute(said) ? said : path.join(environ['HOME'] ?? '', '.cache');
  if (!path.isAbsolute(base)) return err(badPlace('HOME is not set, so there is no place for a worktree'));
  for (const one of [...abovesOf(base), base]) {
    const trouble = strange(one);
    if (trouble !== undefined) return err(badPlace(trouble));
  }
  const home = path.join(realOf(base), 'codemachine', repositoryHash(places));
  if (/[\n\r\0]/.test(home)) return err(badPlace(`${JSON.stringify(home)} has a line break in it`));
  const inside = [places.root, places.mainRoot, places.commonDir, places.gitDir].find((one) =>
    within(realOf(one), home),
  );
  if (inside !== undefined) return err(badPlace(`${home} lies inside the repository ${inside}`));
  return ok(home);
}

/** The real path of what is there, with the rest as it is written. */
function realOf(wanted: string): string {
  try {
    return realpathSync(wanted);
  } catch {
    const above = path.dirname(wanted);
    return above === wanted ? wanted : path.join(realOf(above), path.basename(wanted));
  }
}

function within(top: string, one: string): boolean {
  return one === top || one.startsWith(top === path.sep ? top : `${top}${path.sep}`);
}

function badPlace(what: string): Failure {
  return {
    reason: 'config',
    message: `There is no safe place for the worktree of an isolated step: ${what}.`,
    help: 'Set XDG_CACHE_HOME to a directory of yours outside of the repository.',
  };
}

const DIRECTORY_PATTERN = /^[A-Za-z0-9_][A-Za-z0-9._-]*$/;

/** Where the worktree of an attempt is. One that was made while `XDG_CACHE_HOME` was another is still where it was made. */
export function placeOf(shared: Places, home: string, run: RunId, directory: string): WorktreePlace {
  if (!DIRECTORY_PATTERN.test(directory))
    throw new Error(`${JSON.stringify(directory)} is no name for a worktree`);
  const gitDir = path.join(adminHome(shared), `${ADMIN_PREFIX}${run}-${directory}`);
  const ending = path.join('codemachine', repositoryHash(shared), run, directory);
  const root = rootKnownTo(gitDir, ending) ?? path.join(home, run, directory);
  return { run, directory, places: { ...shared, root, gitDir } };
}

/** Where git says that it is. An agent can write this too, so it counts only where it has the form of a place of ours. */
function rootKnownTo(gitDir: string, ending: string): string | undefined {
  const file = path.join(gitDir, 'gitdir');
  try {
    if (!lstatSync(file).isFile()) return undefined;
    const root = path.dirname(readFileSync(file, 'utf8').replace(/\n$/, ''));
    return root.endsWith(`${path.sep}${ending}`) && path.resolve(root) === root ? root : undefined;
  } catch {
    return undefined;
  }
}

/** Every worktree of ours that git knows, or that is on the disk: a killed removal may have left either alone. */
export function leftPlaces(shared: Places, home: string): readonly WorktreePlace[] {
  const found = new Map<string, WorktreePlace>();
  const note = (run: string, directory: string): void => {
    if (!RUN_ID_PATTERN.test(run) || !DIRECTORY_PATTERN.test(directory)) return;
    const place = placeOf(shared, home, asRunId(run), directory);
    found.set(place.places.gitDir, place);
  };
  for (const name of listed(adminHome(shared))) {
    if (!name.startsWith(ADMIN_PREFIX)) continue;
    const known = name.slice(ADMIN_PREFIX.length);
    note(known.slice(0, RUN_ID_LENGTH), known.slice(RUN_ID_LENGTH + 1));
  }
  for (const run of listed(home))
    for (const name of listed(path.join(home, run)))
      note(run, name.startsWith(GONE_PREFIX) ? name.slice(GONE_PREFIX.length) : name);
  return [...found.values()];
}

const RUN_ID_LENGTH = '20261120-141503-k7qd'.length;

function listed(directory: string): readonly string[] {
  try {
    return readdirSync(directory).sort();
  } catch {
    return [];
  }
}

/** How many directories above a worktree are ours alone: `codemachine/<hash>/<run>`. */
const OURS = 3;

/** Refuses a way to a worktree on which an agent has put a link of its own. */
export function sameWay(root: string): Result<undefined, Failure> {
  const trouble = notOurs(root);
  return trouble === undefined ? ok(undefined) : err(badPlace(trouble));
}

/**
 * Makes the directories above a worktree, for this user alone; of those that are only ours, the first `make`. Refused where somebody else could lead the way elsewhere: a link of
 * another user, a directory in which everybody may rename, a link where a directory of ours should be.
 */
export function makeWay(root: string, make = OURS): Result<undefined, Failure> {
  const ours = [...abovesOf(root)].slice(-OURS);
  const above = path.dirname(ours[0] ?? root);
  try {
    // Not with `recursive`: below a directory like /proc, where nothing can be made, that one never comes to an end.
    for (const one of [...abovesOf(above), above]) makeOne(one);
    for (const one of [...abovesOf(above), above]) {
      const trouble = strange(one);
      if (trouble !== undefined) return err(badPlace(trouble));
    }
    for (const one of ours.slice(0, make)) makeOne(one);
    const same = sameWay(root);
    if (!same.ok) return same;
    for (const one of ours.slice(0, make)) if ((lstatSync(one).mode & 0o077) !== 0) chmodSync(one, 0o700);
    return ok(undefined);
  } catch (error) {
    return err(badPlace(error instanceof Error ? error.message : String(error)));
  }
}

/** Another run may make the same one at the same moment. */
function makeOne(directory: string): void {
  if (existsSync(directory)) return;
  try {
    mkdirSync(directory, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

/** Whether a worktree could be made below `home`, which is made if `making`; without, it is only looked at. */
export function usableHome(home: string, making: boolean): Result<undefined, Failure> {
  if (making) {
    const made = makeWay(path.join(home, 'run', 'attempt'), 2);
    if (!made.ok) return made;
  }
  const there = [...abovesOf(home), home].findLast((one) => existsSync(one)) ?? home;
  if (!statSync(there).isDirectory()) return err(badPlace(`${there} is no directory`));
  try {
    accessSync(there, constants.W_OK | constants.X_OK);
    return ok(undefined);
  } catch {
    return err(badPlace(`nothing can be written into ${there}`));
  }
}

/** The directories above a path, outermost first. */
function* abovesOf(full: string): Iterable<string> {
  const above = path.dirname(full);
  if (above === full) return;
  yield* abovesOf(above);
  yield above;
}

/** Says what is wrong with the directories of ours above a worktree: an agent may have put a link there. */
export function notOurs(root: string): string | undefined {
  const me = process.getuid?.();
  for (const one of [...abovesOf(root)].slice(-OURS)) {
    const stat = lookAt(one);
    if (stat === undefined) return undefined;
    if (!stat.isDirectory()) return `${one} is no directory`;
    if (me !== undefined && stat.uid !== me) return `${one} belongs to somebody else`;
  }
  return undefined;
}

/** Says why a part of the way is not to be trusted. */
function strange(one: string): string | undefined {
  const stat = lookAt(one);
  if (stat === undefined) return undefined;
  const me = process.getuid?.();
  const others = me !== undefined && stat.uid !== me && stat.uid !== 0;
  if (stat.isSymbolicLink()) return others ? `${one} is a link that somebody else made` : undefined;
  if ((stat.mode & 0o002) !== 0 && (stat.mode & STICKY) === 0)
    return `everybody may rename what is in ${one}`;
  const above = lstatSync(path.dirname(one));
  return others && (above.mode & 0o002) !== 0 ? `${one} belongs to somebody else` : undefined;
}

const STICKY = 0o1000;
