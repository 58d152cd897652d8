/** Knows the directories in which submodules are, checked out or not. */
import { mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Failure } from '../model/failure.ts';
import { err, ok, type Result } from '../model/result.ts';
import { parentsOf } from './diff.ts';
import { statOf } from './disk.ts';
import { diskPath, names } from './git.ts';
import type { Store } from './store.ts';

/** The mode of a submodule as an index writes it, in four bytes. */
const MODE = Buffer.from([0, 0, 0xe0, 0]);

/** The extension by which an index says that most of it is in another file. */
const SPLIT = 'link';

/** The submodules that the index of the tree has there, whether they are checked out or not; paths as of `names`. */
export async function gitlinksOf(store: Store): Promise<Result<ReadonlySet<string>, Failure>> {
  // Most repositories have none, and a look at the bytes says so without starting git.
  if (!mayHaveLinks(path.join(store.places.gitDir, 'index'))) return ok(new Set());
  const listed = await store.theirs(['ls-files', '-t', '-s', '-z']);
  if (!listed.ok) return listed;
  const links = names(listed.value).flatMap((entry) => {
    // What is outside of a sparse checkout has an `S` here, and no directory.
    const [, name] = /^[HM] 160000 [0-9a-f]+ \d\t(.*)$/s.exec(entry) ?? [];
    return name === undefined ? [] : [name];
  });
  return ok(new Set(links));
}

/** Whether an index may name submodules. */
export function mayHaveLinks(index: string): boolean {
  try {
    const bytes = readFileSync(index);
    return bytes.includes(MODE) || bytes.includes(SPLIT);
  } catch {
    // There is no index before the first file is added.
    return false;
  }
}

/**
 * Makes the empty directories of submodules that are not checked out, where `shared` has them: without one, git says in the worktree
 * that the submodule was deleted.
 */
export async function makeGitlinks(shared: Store, store: Store): Promise<Result<undefined, Failure>> {
  const links = await gitlinksOf(store);
  if (!links.ok) return links;
  try {
    for (const name of links.value)
      if (statOf(shared.places.root, name)?.isDirectory() === true) makeDirectory(store.places.root, name);
    return ok(undefined);
  } catch (error) {
    return err({ reason: 'config', message: error instanceof Error ? error.message : String(error) });
  }
}

/** Nothing is made through a link, nor in the place of a file. */
function makeDirectory(root: string, name: string): void {
  for (const one of [...parentsOf(name), name]) {
    const stat = statOf(root, one);
    if (stat === undefined) mkdirSync(diskPath(root, one));
    else if (!stat.isDirectory()) return;
  }
}
