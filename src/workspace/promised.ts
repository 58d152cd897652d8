/** Finds the files that a step promised, without ever leaving its tree. */
import { constants, existsSync, realpathSync, type Stats } from 'node:fs';
import { type FileHandle, lstat, open, readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Match } from '../model/ports.ts';
import { err, ok, type Result } from '../model/result.ts';
import { insideRoot, literalStart } from './files.ts';

/** Where promised files are looked for. */
export interface PromisedIn {
  /** The root of the tree, absolute. */
  readonly root: string;
  /** The state directory, absolute: nothing of it is promised by anybody. */
  readonly stateDir: string;
  readonly match: Match;
}

/** What was found. */
export interface Promised {
  /** Relative to the root, sorted. */
  readonly files: readonly string[];
  /** Globs that no file fits, each with what is there instead, where something is. */
  readonly missing: readonly string[];
}

/**
 * The regular files that fit the globs, each of which must fit one; one that starts with `!` takes files away again. Directories
 * are never entered through a wildcard that is a link; a link to a file inside of the tree counts as that file.
 */
export async function findPromised(place: PromisedIn, written: readonly string[]): Promise<Promised> {
  const globs = written.map((glob) => glob.replace(/^(\.\/+)+/, ''));
  const found = new Set<string>();
  const missing: string[] = [];
  for (const glob of globs.filter((one) => !one.startsWith('!'))) {
    const { files, links } = await collect(place, glob);
    const left = files.filter((file) => place.match(file, globs));
    for (const file of left) found.add(file);
    if (left.length === 0) missing.push(`\`${glob}\`${await instead(place, glob, links)}`);
  }
  if (found.size === 0 && missing.length === 0) missing.push(...globs.map((glob) => `\`${glob}\``));
  return { files: [...found].sort(), missing };
}

async function collect(
  { root, stateDir, match }: PromisedIn,
  glob: string,
): Promise<{ readonly files: readonly string[]; readonly links: readonly string[] }> {
  const files: string[] = [];
  const links: string[] = [];
  const globs = [glob];
  const start = literalStart(glob);
  const ours = realOf(stateDir);
  // Below it only directories are entered, so nothing else can lead out.
  const inside = !start.split('/').includes('..') && insideRoot(root, path.dirname(start)).ok;
  const waiting = inside ? [start] : [];
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    const full = path.join(root, name);
    if (isOurs(name) || isBelow(ours, full)) continue;
    const seen = await look(full);
    if (seen?.isDirectory() === true)
      for (const one of await readdir(full)) waiting.push(name === '' ? one : `${name}/${one}`);
    else if (seen?.isFile() === true && match(name, globs)) files.push(name);
    else if (seen?.isSymbolicLink() === true && match(name, globs))
      ((await linksToFile({ root, stateDir }, name)) ? files : links).push(name);
  }
  return { files, links };
}

/** `.git` at any depth, and the state directory's usual place, which a worktree has too where git has it. */
function isOurs(name: string): boolean {
  const parts = name.toLowerCase().split(/[\\/]/);
  return parts.includes('.git') || (parts[0] === '.codemachine' && parts[1] === 'state');
}

async function linksToFile(place: Omit<PromisedIn, 'match'>, name: string): Promise<boolean> {
  const target = realFile(place, name);
  return target.ok && (await stat(target.value)).isFile();
}

/** Where a name leads in the end, with all links followed. */
function realFile({ root, stateDir }: Omit<PromisedIn, 'match'>, name: string): Result<string, string> {
  const real = insideRoot(root, name);
  const top = insideRoot(root, '.');
  if (!real.ok) return real;
  if (!top.ok) return top;
  if (isOurs(path.relative(top.value, real.value)) || isBelow(realOf(stateDir), real.value))
    return err(`${name} leads to what belongs to git or to codemachine`);
  return real;
}

function realOf(directory: string): string {
  return existsSync(directory) ? realpathSync(directory) : directory;
}

function isBelow(directory: string, file: string): boolean {
  return `${file}${path.sep}`.startsWith(`${directory}${path.sep}`);
}

async function instead({ root }: PromisedIn, glob: string, [link]: readonly string[]): Promise<string> {
  if (link !== undefined) return ` (${link} is a link to no file in the tree)`;
  const plain = glob.replace(/\/+$/, '');
  const directory = insideRoot(root, plain).ok ? await look(path.join(root, plain)) : undefined;
  return directory?.isDirectory() === true ? ` (a directory: write \`${plain}/**\` for the files in it)` : '';
}

async function look(file: string): Promise<Stats | undefined> {
  try {
    return await lstat(file);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ENAMETOOLONG'].includes((error as NodeJS.ErrnoException).code ?? ''))
      return undefined;
    throw error;
  }
}

/**
 * Opens a promised file. Whoever is still at work in the tree may swap it, or a directory above it, for a link: what was opened
 * is looked at again, and only a regular file that lies inside of the tree is given. The error is a sentence.
 */
export async function openPromised(
  place: Omit<PromisedIn, 'match'>,
  name: string,
): Promise<Result<FileHandle, string>> {
  const swapped = err(`${name} is no regular file in the tree any more`);
  const real = realFile(place, name);
  if (!real.ok) return swapped;
  let file: FileHandle;
  try {
    // A pipe in its place would be waited for.
    file = await open(real.value, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    return code === 'ENOENT' || code === 'ELOOP'
      ? swapped
      : err(`${name} cannot be read: ${code ?? String(error)}`);
  }
  const [opened, again] = [await file.stat(), realFile(place, name)];
  const now = again.ok ? await look(again.value) : undefined;
  if (opened.isFile() && now?.isFile() === true && now.ino === opened.ino && now.dev === opened.dev)
    return ok(file);
  await file.close();
  return swapped;
}
