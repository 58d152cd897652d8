/** Tells a program that is being replaced just now from one that is missing or broken for good. */
import { lstatSync, statSync } from 'node:fs';
import path from 'node:path';
import type { Failure } from '../model/failure.ts';
import type { AgentDeps } from './agent.ts';
import type { ProcessEnd } from './child.ts';
import type { AnyDialect } from './dialects/dialect.ts';
import { configuredHelp } from './not-started.ts';
import { locate } from './search-path.ts';

/** What of an engine is started: its program, and the files that its command line names beside it. */
interface Program {
  /** As it is looked for: a name, or a path. */
  readonly name: string;
  /** Where it was found. */
  readonly found: string | undefined;
  readonly first: readonly string[];
  readonly searchPath: string;
}

/** How its files look at a moment: another text, other files. */
type Look = string;

/** What was started before, by whom it is kept. */
export interface Started {
  /** How the program looked when it last said something. */
  look?: Look;
}

/** One start that came to nothing. */
interface InVain extends Pick<Program, 'first'> {
  readonly before: Look;
  readonly after: Look;
  readonly started: Started;
  readonly end: Pick<ProcessEnd, 'spawnError' | 'exitCode' | 'signal' | 'stopped' | 'durationMs'>;
  /** Whether it wrote to standard output. */
  readonly said: boolean;
  readonly stderr: string;
  /** Whether its place holds what will be a program in a moment: a link to nothing, an empty file. */
  readonly halfThere: boolean;
}

/**
 * Looks at the files. npm takes the directory of a package away, puts the new one in its place, and makes the link in `bin` anew; native
 * updaters rename a new file over the old one. Each of it changes the inode, or the time of it.
 */
export function lookAt({ found, first }: Pick<Program, 'found' | 'first'>): Look {
  const files = found === undefined ? [] : [found, ...first.filter((word) => path.isAbsolute(word))];
  return files.map(lookAtFile).join('\n');
}

function lookAtFile(file: string): string {
  const link = lstatSync(file, { throwIfNoEntry: false });
  const target = statSync(file, { throwIfNoEntry: false });
  // One that is an argument changes with every file that is made in it.
  if (target?.isDirectory() === true) return '';
  return [link, target].map((one) => `${one?.ino} ${one?.size} ${one?.mtimeMs}`).join(' ');
}

/** Whether a place where it is looked for has a link to nothing or an empty file. */
function isHalfThere({ name, searchPath, first }: Program): boolean {
  const places = name.includes('/')
    ? [name]
    : searchPath.split(':').flatMap((place) => (path.isAbsolute(place) ? [path.join(place, name)] : []));
  return [...places, ...first.filter((word) => path.isAbsolute(word))].some((place) => {
    try {
      if (lstatSync(place, { throwIfNoEntry: false }) === undefined) return false;
      const file = statSync(place, { throwIfNoEntry: false });
      return file === undefined || (file.isFile() && file.size === 0);
    } catch {
      return false;
    }
  });
}

/** Whoever is killed later than this had begun to work, in milliseconds. */
const AT_ONCE_MS = 3_000;

/** What shells, Node and the system say of a file whose end, or whose other half, is not there yet. */
const HALF_WRITTEN =
  /unexpected end of (file|input)|unexpected EOF|unterminated quoted string|SyntaxError: Invalid or unexpected token|cannot execute binary file|Exec format error|Cannot find module|ERR_MODULE_NOT_FOUND/i;

/** Whether the program seems to be replaced just now. Not where it said something on its own, or was stopped by us. */
function isUpdating(start: InVain): boolean {
  const { before, after, started, end, said, stderr, halfThere } = start;
  if (said || end.stopped !== undefined || end.spawnError?.code === 'E2BIG') return false;
  if (before !== after || halfThere) return true;
  if (end.spawnError !== undefined)
    return end.spawnError.code === 'ETXTBSY' || (started.look !== undefined && started.look !== after);
  // A launcher whose program is not there (env(1), `EXIT STATUS`).
  if (end.exitCode === 126 || end.exitCode === 127) return true;
  if (end.signal !== null) return stderr.trim() === '' && end.durationMs < AT_ONCE_MS;
  if (end.exitCode === 0) return false;
  return (
    (HALF_WRITTEN.test(stderr) && !isMisplaced(start)) ||
    (started.look !== undefined && started.look !== after)
  );
}

/** Whether Node misses a file that the command line names from the step's directory: nobody is going to put it there. */
function isMisplaced({ first, stderr }: InVain): boolean {
  const missing = /Cannot find module '([^']*)'/.exec(stderr)?.[1];
  return first.some((word) => !path.isAbsolute(word) && missing?.endsWith(path.join('/', word)) === true);
}

/** A start as the one knows who made it. */
type StartMade = Omit<InVain, 'after' | 'started' | 'halfThere'> & Omit<Program, 'found'>;

/** Whose program it was. */
interface StarterOf {
  readonly dialect: AnyDialect;
  readonly deps: Pick<AgentDeps, 'config' | 'root'>;
  readonly started: Started;
}

/** The failure of a turn; where the program is being replaced, it says so, in the same words. Keeps how a program looks that works. */
export function unlessUpdating(
  { dialect, deps, started }: StarterOf,
  { failure }: { readonly failure?: Failure },
  start: StartMade,
): { readonly failure?: Failure } {
  if (start.said) started.look = start.before;
  if (failure === undefined || start.said) return {};
  const found = locate(start.name, start.searchPath);
  const now = { after: lookAt({ ...start, found }), halfThere: isHalfThere({ ...start, found }) };
  if (!isUpdating({ ...start, ...now, started })) return {};
  // What to do is said in case that the program does not come back.
  const own = failure.reason === 'spawn' ? failure.help : undefined;
  const help = own ?? configuredHelp(dialect, deps.config, deps.root) ?? dialect.install;
  return { failure: { ...failure, reason: 'spawn', help, updating: true } };
}
