/** Looks at what either side of a merge has where it conflicts. */
import type { Beside, Clash, ClashAt, ClashKind, Side, Version } from '../model/clash.ts';
import type { Failure } from '../model/failure.ts';
import { ok, type Result } from '../model/result.ts';
import { names, shown, text } from './git.ts';
import { leftMarkers } from './markers.ts';
import type { Store } from './store.ts';

/** Three trees, of which the last is what merging the others came to. */
export interface ClashingTrees {
  readonly ours: string;
  readonly theirs: string;
  readonly tree: string;
  /** Conflict by conflict, the paths that it is about, as they stand in `tree`. */
  readonly groups: readonly (readonly string[])[];
}

/** A file in whose place the other side has a directory, or something of another kind, gets a name with the side's words behind a `~`. */
const BESIDE = /~(shared|step)-0-g[0-9a-f]{40,64}(_\d+)?$/;

/** Where a file belongs that a merge put beside its place; the path itself of any other. */
export function placeOfBeside(path: string): string {
  return path.replace(BESIDE, '');
}

function besideOf(path: string): Beside | undefined {
  const [, side] = BESIDE.exec(path) ?? [];
  return side === undefined ? undefined : { path, side: side as Side, of: placeOfBeside(path) };
}

/** The conflicts of a merge, with what either side has. */
export async function clashesOf(
  store: Store,
  { ours, theirs, tree, groups }: ClashingTrees,
): Promise<Result<readonly Clash[], Failure>> {
  if (groups.length === 0) return ok([]);
  const paths = [...new Set(groups.flat())];
  const left = await leftMarkers(store, tree, paths, [ours, theirs]);
  if (!left.ok) return left;
  const told = new Set(left.value.map(({ path }) => path));
  const places = [...new Set(paths.map(placeOfBeside))];
  const [shared, step, made] = await Promise.all([
    versions(store, ours, places),
    versions(store, theirs, places),
    versions(store, tree, places),
  ]);
  if (!shared.ok) return shared;
  if (!step.ok) return step;
  if (!made.ok) return made;
  const atOf = (path: string): ClashAt => {
    const [one, other] = [versionAt(shared.value, path), versionAt(step.value, path)];
    return { path, shared: one, step: other, there: whose(one, other, versionAt(made.value, path)) };
  };
  return ok(
    whole(groups).map((group) => {
      const at = [...new Set(group.map(placeOfBeside))].map(atOf);
      const beside = group.flatMap((path) => besideOf(path) ?? []);
      const marked = group.some((path) => told.has(path));
      return { kind: kindOf(at, marked), paths: group, marked, at, beside };
    }),
  );
}

/** Git says of one file more than once that it collides, and of a name what it says of several again. */
function whole(groups: readonly (readonly string[])[]): readonly (readonly string[])[] {
  const kept: (readonly string[])[] = [];
  for (const group of [...groups].sort((a, b) => b.length - a.length)) {
    const places = new Set(group.map(placeOfBeside));
    const known = kept.some((other) => {
      const theirs = new Set(other.map(placeOfBeside));
      return [...places].every((path) => theirs.has(path));
    });
    if (!known) kept.push(group);
  }
  return kept.sort((a, b) => ((a[0] ?? '') < (b[0] ?? '') ? -1 : 1));
}

function kindOf(at: readonly ClashAt[], marked: boolean): ClashKind {
  const [one] = at;
  if (at.length > 1 || one === undefined) return 'rename';
  const { shared, step } = one;
  if (shared.kind === 'none' || step.kind === 'none') return 'deleted';
  if (shared.kind !== step.kind) return 'type';
  if (shared.kind === 'link') return 'link';
  if (shared.kind === 'submodule') return 'submodule';
  return marked ? 'lines' : 'binary';
}

function whose(shared: Version, step: Version, there: Version): ClashAt['there'] {
  const [isShared, isStep] = [same(shared, there), same(step, there)];
  if (isShared && isStep) return 'both';
  if (isShared) return 'shared';
  return isStep ? 'step' : 'none';
}

/** Of directories the name alone counts: whoever has one there has no file. */
function same(a: Version, b: Version): boolean {
  if (a.kind !== b.kind) return false;
  if (!('object' in a) || !('object' in b)) return true;
  const bit = (one: Version): boolean => one.kind === 'file' && one.executable;
  return a.object === b.object && bit(a) === bit(b);
}

function versionAt(all: ReadonlyMap<string, Version>, path: string): Version {
  return all.get(path) ?? { kind: 'none' };
}

/** A command line takes no more than some megabytes. */
const AT_ONCE = 500;

async function versions(
  store: Store,
  tree: string,
  paths: readonly string[],
): Promise<Result<ReadonlyMap<string, Version>, Failure>> {
  const all = new Map<string, Version>();
  for (let at = 0; at < paths.length; at += AT_ONCE) {
    const listed = await store.ours(['ls-tree', '-z', '-l', tree, '--', ...paths.slice(at, at + AT_ONCE)]);
    if (!listed.ok) return listed;
    for (const entry of names(listed.value)) {
      const tab = entry.indexOf('\t');
      const [mode = '', , object = '', bytes = ''] = entry.slice(0, tab).split(/ +/);
      const version = await versionOf(store, mode, object, Number(bytes));
      if (!version.ok) return version;
      all.set(shown(entry.slice(tab + 1)), version.value);
    }
  }
  return ok(all);
}

async function versionOf(
  store: Store,
  mode: string,
  object: string,
  bytes: number,
): Promise<Result<Version, Failure>> {
  if (mode === '040000') return ok({ kind: 'directory' });
  if (mode === '160000') return ok({ kind: 'submodule', object });
  if (mode !== '120000') return ok({ kind: 'file', object, bytes, executable: mode === '100755' });
  const target = await store.ours(['cat-file', 'blob', object]);
  return target.ok ? ok({ kind: 'link', object, target: text(target.value) }) : target;
}
