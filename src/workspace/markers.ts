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

/** A line that a merge left. */
export interface Marker {
  readonly path: string;
  /** From 1. */
  readonly line: number;
  readonly text: string;
}

/** Those of the paths that hold conflict markers in a recording. */
export async function unresolved(
  store: Store,
  tree: string,
  paths: readonly string[],
): Promise<Result<readonly string[], Failure>> {
  const found = await markers(store, tree, paths);
  return found.ok ? ok([...new Set(found.value.map(({ path }) => path))].sort()) : found;
}

/** The conflict markers in some files of a recording, file by file. */
async function markers(
  store: Store,
  tree: string,
  paths: readonly string[],
): Promise<Result<readonly Marker[], Failure>> {
  const found: Marker[] = [];
  for (let at = 0; at < paths.length; at += AT_ONCE) {
    const some = paths.slice(at, at + AT_ONCE);
    const shape = ['--no-color', '--full-name', '-I', '-n', '-z', '-E', '-e', MARKERS];
    const listed = await store.ours(['grep', ...shape, tree, '--', ...some], { codes: [0, 1] });
    if (!listed.ok) return listed;
    found.push(...parse(names(listed.value), tree.length + 1));
  }
  return ok(found);
}

/** `tree:path`, the line's number, its text: a text ends with its line, behind which the next path begins. */
function parse(fields: readonly string[], prefix: number): readonly Marker[] {
  const found: Marker[] = [];
  let path = fields[0] ?? '';
  for (let at = 1; at + 1 < fields.length; at += 2) {
    const rest = fields[at + 1] ?? '';
    const end = rest.indexOf('\n');
    found.push({ path: shown(path.slice(prefix)), line: Number(fields[at]), text: rest.slice(0, end) });
    path = rest.slice(end + 1);
  }
  return found;
}

/** Those markers that are not a text of the file's own: one that stood in it before the merge, on either side, is nobody's to resolve. */
export async function leftMarkers(
  store: Store,
  tree: string,
  paths: readonly string[],
  sides: readonly string[],
): Promise<Result<readonly Marker[], Failure>> {
  const found = await markers(store, tree, paths);
  if (!found.ok || found.value.length === 0) return found;
  const own = new Set<string>();
  for (const side of sides) {
    const known = await markers(store, side, [...new Set(found.value.map(({ path }) => path))]);
    if (!known.ok) return known;
    for (const { path, text } of known.value) own.add(`${path}\0${text}`);
  }
  return ok(found.value.filter(({ path, text }) => !own.has(`${path}\0${text}`)));
}
