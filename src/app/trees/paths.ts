/** Reads the paths that a person names behind `--`. */
import { realpathSync } from 'node:fs';
import path from 'node:path';
import { fileName } from '../../model/file-name.ts';
import { err, ok, type Result } from '../../model/result.ts';
import type { GitWorkspace } from '../../workspace/workspace.ts';
import { lies } from '../files.ts';
import { type Refusal, refuse } from '../refusal.ts';

/**
 * From where people are to the root, as git takes them literally; empty where none are named, or the whole tree is. One that lies
 * outside, or that none of the recordings has, is refused: left out silently, nobody would know that it was not done.
 */
export async function pathsNamed(
  workspace: GitWorkspace,
  named: readonly string[],
  recordings: readonly string[],
): Promise<Result<readonly string[], Refusal>> {
  const root = realpathSync(workspace.root);
  const paths: string[] = [];
  for (const one of named) {
    const file = resolved(path.resolve(one));
    if (one === '' || !lies(root, file)) {
      return refuse(
        `${one === '' ? 'an empty path' : fileName(one)} lies outside of ${workspace.root}, in which the run worked`,
        'paths are relative to the current directory and taken literally',
      );
    }
    paths.push(path.relative(root, file));
  }
  const known = await workspace.trees.known(paths, recordings);
  if (!known.ok) return err(known.error);
  const unknown = named.find((_, index) => !known.value.includes(paths[index] ?? ''));
  if (unknown !== undefined) {
    return refuse(
      `${fileName(unknown)} is in none of the recordings`,
      'ignored files are not recorded; paths are taken literally, so a shell has to expand patterns',
    );
  }
  return ok(paths.includes('') ? [] : paths);
}

/** With the links above it followed as far as it exists, but not itself: a link in the tree is a file of the tree. */
function resolved(file: string): string {
  const parent = path.dirname(file);
  if (parent === file) return file;
  try {
    return path.join(realpathSync(parent), path.basename(file));
  } catch {
    return path.join(resolved(parent), path.basename(file));
  }
}
