/** Brings files over into a worktree that no recording holds: copies of them, or links to them. */
import { constants, readdirSync, readlinkSync, realpathSync, statSync } from 'node:fs';
import { copyFile, mkdir, symlink } from 'node:fs/promises';
import path from 'node:path';
import type { Failure } from '../model/failure.ts';
import type { Match } from '../model/ports.ts';
import { err, ok, type Result } from '../model/result.ts';
import { parentsOf } from './diff.ts';
import { insideRoot, literalStart } from './files.ts';
import { lookAt } from './worktree-place.ts';

/** From where to where: absolute roots. */
export interface BringOver {
  /** The root of the shared tree. */
  readonly shared: string;
  /** The root of the worktree. */
  readonly root: string;
  /** The state directory, absolute: nothing of it is copied. */
  readonly stateDir: string;
}

/** What is written without the `?` that says that it may be missing. */
interface Named {
  readonly name: string;
  readonly mayMiss: boolean;
}

function nameOf(written: string): Named {
  const mayMiss = written.endsWith('?');
  return { name: mayMiss ? written.slice(0, -1) : written, mayMiss };
}

/**
 * Copies what fits the globs, each of which must fit something, but for one that ends in `?`; one that starts with `!` takes files away again. Only files: what a link inside the shared tree leads to is
 * copied as a file, a link out of it is not. What the worktree has already is as the recording has it, and stays.
 */
export async function copyInto(
  { shared, root, stateDir }: BringOver,
  written: readonly string[],
  matches: Match,
): Promise<Result<undefined, Failure>> {
  const globs = written.map((one) => nameOf(one).name);
  for (const { name: glob, mayMiss } of written.map(nameOf)) {
    if (glob.startsWith('!')) continue;
    const found = findFiles(shared, stateDir, glob, matches);
    if (found.files.length === 0) {
      if (mayMiss && lookAt(path.join(shared, glob)) === undefined && found.links.length === 0) continue;
      return err(nothingToCopy(shared, glob, found.links));
    }
    for (const name of found.files.filter((one) => matches(one, globs))) {
      try {
        await copyOne(shared, root, name);
      } catch (error) {
        return err(trouble('copy', name, error instanceof Error ? error.message : String(error)));
      }
    }
  }
  return ok(undefined);
}

async function copyOne(shared: string, root: string, name: string): Promise<void> {
  const target = path.join(root, name);
  if (lookAt(target) !== undefined) return;
  await makeParents(root, name);
  // Shares the blocks where the file system can, keeps the mode, and writes over nothing.
  await copyFile(
    realpathSync(path.join(shared, name)),
    target,
    constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE,
  );
}

/** Never through a link: the recording may have one where the shared tree has a directory by now. */
export async function makeParents(root: string, name: string): Promise<void> {
  for (const parent of parentsOf(name)) {
    const full = path.join(root, parent);
    const stat = lookAt(full);
    if (stat === undefined) await mkdir(full);
    else if (!stat.isDirectory()) throw new Error(`${parent} is no directory in the worktree`);
  }
}

interface Found {
  readonly files: readonly string[];
  /** Links that fit and lead out of the repository. */
  readonly links: readonly string[];
}

function findFiles(shared: string, stateDir: string, glob: string, matches: Match): Found {
  const files: string[] = [];
  const links: string[] = [];
  const globs = [glob];
  const start = literalStart(glob);
  // Below it only directories are entered, so nothing else can lead out.
  const waiting = insideRoot(shared, path.dirname(start)).ok ? [start] : [];
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    const full = path.join(shared, name);
    if (path.basename(name) === '.git' || full === stateDir) continue;
    const stat = lookAt(full);
    if (stat?.isDirectory() === true)
      for (const one of readdirSync(full)) waiting.push(name === '' ? one : `${name}/${one}`);
    else if (stat?.isFile() === true && matches(name, globs)) files.push(name);
    else if (stat?.isSymbolicLink() === true && matches(name, globs))
      (linksToFile(shared, name) ? files : links).push(name);
  }
  return { files: files.sort(), links };
}

function linksToFile(shared: string, name: string): boolean {
  const target = insideRoot(shared, name);
  return target.ok && statSync(target.value).isFile();
}

function nothingToCopy(shared: string, glob: string, links: readonly string[]): Failure {
  const [link] = links;
  if (link !== undefined) return trouble('copy', glob, `${link} is a link to no file in the repository`);
  const start = lookAt(path.join(shared, glob));
  if (start?.isDirectory() === true)
    return trouble(
      'copy',
      glob,
      `it is a directory; write ${glob.replace(/\/$/, '')}/** for the files in it`,
    );
  return trouble('copy', glob, `no file in ${shared} fits it`);
}

function leadsTo(link: string, to: string): boolean {
  return lookAt(link)?.isSymbolicLink() === true && readlinkSync(link) === to;
}

/** Links paths of the worktree to what is there in the shared tree. */
export async function linkInto(
  { shared, root }: BringOver,
  paths: readonly string[],
): Promise<Result<undefined, Failure>> {
  for (const { name: written, mayMiss } of paths.map(nameOf)) {
    const name = path.normalize(written).replace(/\/$/, '');
    if (mayMiss && lookAt(path.join(shared, name)) === undefined) continue;
    const real = insideRoot(shared, written);
    if (!real.ok) return err(trouble('link', written, real.error.replace(/\.$/, '')));
    if (name === '.' || name.split('/').includes('.git'))
      return err(trouble('link', written, 'the worktree has one of its own'));
    const target = path.join(root, name);
    // A worktree that goes on from another one's recording has its links, where git does not ignore them.
    if (leadsTo(target, path.join(shared, name))) continue;
    if (lookAt(target) !== undefined)
      return err(
        trouble(
          'link',
          written,
          'it is in the worktree already, because git tracks it or does not ignore it',
        ),
      );
    try {
      await makeParents(root, name);
      await symlink(path.join(shared, name), target);
    } catch (error) {
      return err(trouble('link', written, error instanceof Error ? error.message : String(error)));
    }
  }
  return ok(undefined);
}

function trouble(key: 'copy' | 'link', name: string, why: string): Failure {
  return {
    reason: 'config',
    message: `workspace.${key}: ${name}: ${why}.`,
    help: `Make it before this step, then resume; or mend the path in the workflow's \`${key}\`, with a \`?\` at its end if it may be missing, then resume with \`--updated\`.`,
  };
}
