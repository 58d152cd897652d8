/** Finds what a merge left for somebody to decide. */
import type { Failure } from '../model/failure.ts';
import { ok, type Result } from '../model/result.ts';
import { names, shown } from './git.ts';
import type { Store } from './store.ts';

/** A command line takes no more than some megabytes. */
const AT_ONCE = 500;

/**
 * Lines that no merge leaves but git's. The one in the middle is not among them: seven equals signs underline a title in several
 * markups, and where they are left over, one of the others mostly is.
 */
const MARKERS = '^(<<<<<<<|>>>>>>>|[|]{7})([[:space:]]|$)';

/** Those of the paths that hold conflict markers in a recording. */
export async function unresolved(
  store: Store,
  tree: string,
  paths: readonly string[],
): Promise<Result<readonly string[], Failure>> {
  const found: string[] = [];
  for (let at = 0; at < paths.length; at += AT_ONCE) {
    const some = paths.slice(at, at + AT_ONCE);
    const args = [
      'grep',
      '--no-color',
      '--full-name',
      '-I',
      '-l',
      '-z',
      '-E',
      '-e',
      MARKERS,
      tree,
      '--',
      ...some,
    ];
    const listed = await store.ours(args, { codes: [0, 1] });
    if (!listed.ok) return listed;
    for (const name of names(listed.value)) found.push(shown(name.slice(tree.length + 1)));
  }
  return ok(found.sort());
}
