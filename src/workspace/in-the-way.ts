/** Finds, before anything is touched, what stands where files are to be put. */
import { readdirSync } from 'node:fs';
import type { Failure } from '../model/failure.ts';
import { ok, type Result } from '../model/result.ts';
import { ABSENT, type Difference, differences, parentsOf } from './diff.ts';
import { statOf } from './disk.ts';
import { diskPath, named, shown } from './git.ts';
import { ignoredAmong } from './ignored.ts';
import { lastLook } from './last-look.ts';
import { isLeftOut } from './left-out.ts';
import type { Store } from './store.ts';

/** Something that no part of a change takes away. Names as of `names`. */
export interface Obstacle {
  readonly path: string;
  /** What is to be put there, or below it. */
  readonly wanted: string;
}

/** What is in the way of these differences although all of them are made: a file above a path, files in a directory in its place. */
export function obstacles(root: string, all: readonly Difference[]): readonly Obstacle[] {
  const goes = new Set(all.filter((one) => one.toMode === ABSENT).map((one) => one.path));
  const found = new Map<string, Obstacle>();
  for (const { path, toMode } of all) {
    if (toMode === ABSENT) continue;
    const above = parentsOf(path).find((parent) => statOf(root, parent)?.isDirectory() === false);
    const inside = statOf(root, path)?.isDirectory() === true ? filesIn(root, path) : [];
    for (const one of above === undefined ? inside : [above])
      if (!goes.has(one) && !found.has(one)) found.set(one, { path: one, wanted: path });
  }
  return [...found.values()];
}

/** Everything in a directory that is none. */
function filesIn(root: string, directory: string): readonly string[] {
  const entries = readdirSync(diskPath(root, directory), { withFileTypes: true, encoding: 'buffer' });
  return entries.flatMap((entry) => {
    const name = `${directory}/${(entry.name as unknown as Buffer).toString('latin1')}`;
    return entry.isDirectory() ? filesIn(root, name) : [name];
  });
}

/**
 * The ignored files of the user in whose place, or below which, `to` has a file that `from` has not; sorted, as people read them. No
 * recording holds them, so whoever puts `to` in place would take them away for good. One that is as `to` says is not among them.
 */
export async function ignoredInTheWay(
  store: Store,
  from: string,
  to: string,
): Promise<Result<readonly string[], Failure>> {
  const listed = await differences(store, from, to);
  if (!listed.ok) return listed;
  const all = listed.value.filter((one) => !isLeftOut(store, one.path));
  const look = await lastLook(store, from, undefined);
  if (!look.ok) return look;
  const edited = await look.value.all(all.filter((one) => one.fromMode === ABSENT));
  const found = new Set([...edited, ...obstacles(store.places.root, all).map((one) => one.path)]);
  const ignored = await ignoredAmong(store, [...found]);
  return ignored.ok ? ok(ignored.value.map(shown).sort()) : ignored;
}

/** What is said of ignored files that are in the way. */
export function ignoredWords(paths: readonly string[]): string {
  const [first = '', ...rest] = paths.map(named);
  if (rest.length === 0) return `an ignored file of yours, ${first}, is in the way`;
  return `ignored files of yours, ${first} and ${rest.length === 1 ? rest[0] : `${rest.length} more`}, are in the way`;
}

/** What is said of anything else that is in the way. */
export function obstacleWords(root: string, { path, wanted }: Obstacle): string {
  if (path.startsWith(`${wanted}/`))
    return `${named(wanted)} was a file and is a directory now, with ${named(path)} in it`;
  const what = statOf(root, path)?.isSymbolicLink() === true ? 'a link' : 'a file';
  return `${named(path)} is ${what}, and ${named(wanted)} was to be put back below it`;
}
