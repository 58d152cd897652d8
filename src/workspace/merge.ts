/** Merges two recordings that started from a third, without any working tree. */
import type { Failure } from '../model/failure.ts';
import type { Merged, MergeOf } from '../model/ports.ts';
import { err, ok, type Result } from '../model/result.ts';
import { clashesOf, placeOfBeside } from './clashes.ts';
import { changedPaths } from './diff.ts';
import { line, names, shown } from './git.ts';
import { headOf } from './head.ts';
import { ignoredInTheWay } from './in-the-way.ts';
import { keepRecording, type Numbers } from './recordings.ts';
import type { Store } from './store.ts';
import { treeOf } from './tree.ts';

/** What a merge works with. */
export interface MergeDeps {
  readonly store: Store;
  readonly numbers: Numbers;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/**
 * Merges three ways. The same three trees give the same tree, whatever the history between them: they are merged as commits made
 * for this alone, of which only the base is an ancestor. No attribute, driver or config but ours has a say, so a file with a merge
 * driver of the user's is merged as text, or conflicts. The result has HEAD and index as `ours` has them.
 */
export async function merge(deps: MergeDeps, what: MergeOf): Promise<Result<Merged, Failure>> {
  const { store } = deps;
  const [base, ours, theirs, head] = await Promise.all([
    treeOfRecording(store, what.base),
    treeOfRecording(store, what.ours),
    treeOfRecording(store, what.theirs),
    headOf(store, what.ours),
  ]);
  if (!base.ok) return base;
  if (!ours.ok) return ours;
  if (!theirs.ok) return theirs;
  if (!head.ok) return head;
  const nothing = { tree: what.ours, files: [], conflicts: [] };
  if (base.value === theirs.value || ours.value === theirs.value) return ok(nothing);

  const merged = await mergeTrees(store, base.value, ours.value, theirs.value, what.directories);
  if (!merged.ok) return merged;
  const { tree, conflicts, groups } = merged.value;
  if (tree === ours.value && conflicts.length === 0) return ok(nothing);
  const { run, label } = what;
  const recorded = { run, label, tree, head: head.value, since: what.ours, at: deps.now() };
  const kept = await keepRecording(store, deps.numbers, recorded);
  if (!kept.ok) return kept;
  const files = await changedPaths(store, what.ours, kept.value);
  if (!files.ok) return files;
  const ignored = await ignoredInTheWay(store, what.ours, kept.value);
  if (!ignored.ok) return ignored;
  const clashes = await clashesOf(store, { ours: ours.value, theirs: theirs.value, tree, groups });
  if (!clashes.ok) return clashes;
  const rest = { conflicts, ignored: ignored.value };
  return ok({
    tree: kept.value,
    files: files.value,
    ...rest,
    ...(conflicts.length > 0 ? { clashes: clashes.value } : {}),
  });
}

async function treeOfRecording(store: Store, recording: string): Promise<Result<string, Failure>> {
  const tree = await treeOf(store, recording);
  if (tree.ok) return tree;
  // It knows better than git what to say of a recording that is gone.
  const head = await headOf(store, recording);
  return head.ok ? tree : head;
}

/** What stands behind the markers in a file with conflicts, before the id of a commit that is nowhere else. */
const SIDES = { ours: 'shared-0-g', theirs: 'step-0-g' } as const;

/** What merging three trees came to: a tree, which is no recording, and the paths that conflict. */
export interface MergedTrees {
  readonly tree: string;
  readonly conflicts: readonly string[];
  /** Conflict by conflict, the paths that it is about, as they stand in the tree. */
  readonly groups: readonly (readonly string[])[];
}

/** Merges three trees as `merge` does, and records nothing. */
export async function mergeTrees(
  store: Store,
  base: string,
  ours: string,
  theirs: string,
  directories?: MergeOf['directories'],
): Promise<Result<MergedTrees, Failure>> {
  const root = await commitOf(store, base);
  if (!root.ok) return root;
  const [left, right] = await Promise.all([
    commitOf(store, ours, root.value),
    commitOf(store, theirs, root.value),
  ]);
  if (!left.ok) return left;
  if (!right.ok) return right;
  // Git writes its arguments behind the markers, and takes `words-0-g<id>` for the commit, as `git describe` writes it.
  const sides = [`${SIDES.ours}${left.value}`, `${SIDES.theirs}${right.value}`];
  const said = await store.ours(['merge-tree', '--write-tree', '-z', '--name-only', ...sides], {
    codes: [0, 1],
    env: directories === 'stay' ? STAYING : SETTINGS,
  });
  return said.ok ? parse(said.value) : said;
}

/** Said although they are git's defaults: the result must not change with the version of git. */
const PLAIN = { 'merge.renames': 'true', 'merge.conflictStyle': 'merge' };
const SETTINGS = settings({ ...PLAIN, 'merge.directoryRenames': 'conflict' });
const STAYING = settings({ ...PLAIN, 'merge.directoryRenames': 'false' });

function settings(all: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const entries = Object.entries(all);
  const env: Record<string, string> = { GIT_CONFIG_COUNT: String(entries.length) };
  for (const [i, [key, value]] of entries.entries()) {
    env[`GIT_CONFIG_KEY_${i}`] = key;
    env[`GIT_CONFIG_VALUE_${i}`] = value;
  }
  return env;
}

/** A commit that says nothing but its tree, so that the same trees give the same commits. */
async function commitOf(store: Store, tree: string, parent?: string): Promise<Result<string, Failure>> {
  const env: Record<string, string> = {};
  for (const who of ['AUTHOR', 'COMMITTER']) {
    env[`GIT_${who}_NAME`] = 'codemachine';
    env[`GIT_${who}_EMAIL`] = 'codemachine@localhost';
    env[`GIT_${who}_DATE`] = '@0 +0000';
  }
  const parents = parent === undefined ? [] : ['-p', parent];
  const made = await store.ours(['commit-tree', tree, ...parents, '-m', 'merge'], { env });
  return made.ok ? ok(line(made.value)) : made;
}

/**
 * Reads what git says with `-z --name-only`: the tree, the files with conflicts, an empty name, then messages of which each is a
 * count, so many paths, a kind, and a sentence. There are conflicts without a file in the list (a directory that was renamed to two
 * places), so the messages count as well.
 */
function parse(bytes: Uint8Array): Result<MergedTrees, Failure> {
  const [tree = '', ...fields] = names(bytes);
  // A merge without conflicts is told by its tree alone.
  if (fields.length === 0) return ok({ tree, conflicts: [], groups: [] });
  const end = fields.indexOf('');
  const listed = end === -1 ? fields : fields.slice(0, end);
  const told = new Set<string>();
  const groups: (readonly string[])[] = [];
  for (let at = end + 1; end !== -1 && at < fields.length; ) {
    const count = Number(fields[at]);
    const paths = fields.slice(at + 1, at + 1 + count);
    if (fields[at + 1 + count]?.startsWith('CONFLICT') === true) {
      for (const one of paths) told.add(one);
      groups.push(paths.map(shown));
    }
    at += count + 3;
  }
  const conflicts = new Set(listed.length > 0 ? listed : told);
  if (conflicts.size === 0)
    return err({ reason: 'internal', message: 'Git found a conflict and names no file of it.' });
  return ok({
    tree,
    conflicts: [...new Set([...conflicts].map((name) => placeOfBeside(shown(name))))].sort(),
    groups,
  });
}
