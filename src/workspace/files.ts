/** Answers questions about files of the workspace without ever leaving it. */
import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import path from 'node:path';
import type { Match } from '../model/ports.ts';
import { err, ok, type Result } from '../model/result.ts';

/**
 * What `hashFiles(globs…)` gives: SHA-256, in hex, over the SHA-256 of each matching file in the order of their paths; `''` when
 * none matches. As GitHub's function, a glob that starts with `!` takes files away again, and the last glob that fits decides.
 * `.git` and the state directory are skipped, links to directories are not followed, links to files only inside the root.
 */
export function hashFiles(root: string, globs: readonly string[], match: Match, stateDir?: string): string {
  const top = realpathSync(root);
  const state = stateDir === undefined ? undefined : real(stateDir);
  const found = new Set<string>();
  for (const base of new Set(globs.filter((glob) => !glob.startsWith('!')).map(literalStart))) {
    if (insideRoot(top, base).ok) collect(top, base, state, found);
  }
  const chosen = [...found].filter((file) => fits(file, globs, match)).sort();
  if (chosen.length === 0) return '';
  const all = createHash('sha256');
  for (const file of chosen)
    all.update(
      createHash('sha256')
        .update(readFileSync(path.join(top, file)))
        .digest(),
    );
  return all.digest('hex');
}

function real(file: string): string | undefined {
  try {
    return realpathSync(file);
  } catch {
    return undefined;
  }
}

function fits(file: string, globs: readonly string[], match: Match): boolean {
  let chosen = false;
  for (const glob of globs) {
    const without = glob.startsWith('!');
    if (without !== chosen) continue;
    if (match(file, [without ? glob.slice(1) : glob])) chosen = !without;
  }
  return chosen;
}

/** The part of a glob before its first wildcard: walking only there keeps `package-lock.json` from reading all of `node_modules`. */
export function literalStart(glob: string): string {
  const parts = glob.split('/').filter((part, i) => !(part === '.' && i === 0));
  const wild = parts.findIndex((part) => /[*?[\]{}()!+@\\]/.test(part));
  return (wild === -1 ? parts : parts.slice(0, wild)).join('/');
}

/** Collects the regular files at and below a path, relative to the root, with `/` between the parts. */
function collect(root: string, start: string, stateDir: string | undefined, found: Set<string>): void {
  const waiting = [start];
  for (let relative = waiting.pop(); relative !== undefined; relative = waiting.pop()) {
    const full = path.join(root, relative);
    if (path.basename(relative) === '.git' || full === stateDir) continue;
    const stat = lstatSync(full, { throwIfNoEntry: false });
    if (stat?.isFile() === true || (stat?.isSymbolicLink() === true && linksToFileInside(root, full))) {
      found.add(relative);
    } else if (stat?.isDirectory() === true) {
      for (const name of readdirSync(full)) waiting.push(relative === '' ? name : `${relative}/${name}`);
    }
  }
}

function linksToFileInside(root: string, link: string): boolean {
  try {
    const target = realpathSync(link);
    return target.startsWith(`${root}${path.sep}`) && statSync(target).isFile();
  } catch {
    return false;
  }
}

/**
 * Gives the real, absolute path of something in the workspace, or the sentence why it is none: it leads out, by `..`, as an
 * absolute path or through a link, or it is not there. Look again right before use: a step may have swapped it since.
 */
export function insideRoot(root: string, relative: string): Result<string, string> {
  if (relative.includes('\0')) return err('A path cannot hold a NUL character.');
  if (path.isAbsolute(relative))
    return err(`${relative} is an absolute path; write it relative to the workspace.`);
  const top = realpathSync(root);
  const full = path.resolve(top, relative);
  if (!within(top, full))
    return err(`${relative} leads out of the workspace ${root}; name something inside it.`);
  let real: string;
  try {
    real = realpathSync(full);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    return err(
      code === 'ENOENT' || code === 'ENOTDIR'
        ? `${relative} does not exist in the workspace ${root}.`
        : `${relative} cannot be reached in the workspace ${root}: ${code ?? String(error)}.`,
    );
  }
  if (!within(top, real))
    return err(`${relative} is a link out of the workspace ${root}; name something inside it.`);
  return ok(real);
}

function within(top: string, full: string): boolean {
  return full === top || full.startsWith(top === path.sep ? top : `${top}${path.sep}`);
}
