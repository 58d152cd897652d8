/** Works with the recordings of a run when it is over: puts new ones together, and takes them away. */
import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import type { Clash } from '../model/clash.ts';
import type { Failure } from '../model/failure.ts';
import { asRunId, RUN_ID_PATTERN, type RunId } from '../model/ids.ts';
import { ok, type Result } from '../model/result.ts';
import { type Change, changes, rawChanges } from './changes.ts';
import { clashesOf } from './clashes.ts';
import { patchBytes } from './diff.ts';
import { line, names, text, zeroEnded } from './git.ts';
import { headOf } from './head.ts';
import { type HeadTo, headTo } from './head-to.ts';
import { leftMarkers, type Marker } from './markers.ts';
import { mergeTrees } from './merge.ts';
import { dropStaleRefLocks, keepRecording, type Numbers } from './recordings.ts';
import type { Store } from './store.ts';
import { treeOf } from './tree.ts';

/** Which files of one recording are to be put over another. */
export interface Pick {
  readonly run: RunId;
  readonly label: string;
  /** The tree as it is. */
  readonly from: string;
  /** Where the files are taken from. */
  readonly to: string;
  /** Files and directories from the root, taken literally; everything where there are none. */
  readonly paths: readonly string[];
}

/** What a merge that was made again came to. */
export interface CollidedTrees {
  readonly tree: string;
  /** The files that conflict. */
  readonly conflicts: readonly string[];
  readonly clashes: readonly Clash[];
}

/** What the commands do with recordings. */
export interface Trees {
  /** What became of each file between two recordings. */
  changes(from: string, to: string, paths?: readonly string[]): Promise<Result<readonly Change[], Failure>>;
  /** The difference as bytes for `git apply`, of these paths alone where some are named. */
  patch(from: string, to: string, paths?: readonly string[]): Promise<Result<Uint8Array, Failure>>;
  /**
   * Records what the tree is to become: `from` with some files as in `to`. HEAD and index stand in it as they are in `from`, so
   * that `restore(picked, from)` touches files alone.
   */
  pick(what: Pick): Promise<Result<string, Failure>>;
  /**
   * Puts HEAD, its branch, those that a rebase moved, the index and an operation in progress to where they are in `to`, each only where it is as
   * `from` has it. Nothing of it is moved where a commit is gone.
   */
  headTo(to: string, from: string): Promise<Result<HeadTo, Failure>>;
  /** Those of the paths that are a file or a directory in one of the recordings. */
  known(paths: readonly string[], recordings: readonly string[]): Promise<Result<readonly string[], Failure>>;
  /**
   * Merges three recordings again, to see what conflicts, without keeping anything. The tree has git's markers in the files that do, and
   * can be compared like a recording.
   */
  collide(base: string, ours: string, theirs: string): Promise<Result<CollidedTrees, Failure>>;
  /**
   * The lines with which git marks a conflict, in these files of a recording; without those that one of `sides` has in the same
   * file as a text of its own.
   */
  markers(
    tree: string,
    paths: readonly string[],
    sides: readonly string[],
  ): Promise<Result<readonly Marker[], Failure>>;
  /** Every run that has refs in this repository. */
  runs(): Promise<Result<readonly RunId[], Failure>>;
  /** Deletes the refs of a run; gives how many there were. */
  forget(run: RunId): Promise<Result<number, Failure>>;
  /** The roots of all worktrees of the repository, absolute. */
  roots(): Promise<Result<readonly string[], Failure>>;
}

/** What `openTrees` works with. */
export interface TreesOf {
  readonly store: Store;
  readonly numbers: Numbers;
  readonly now: () => number;
  readonly inTurn: <T>(call: () => Promise<T>) => Promise<T>;
}

/** The commands' side of a workspace. */
export function openTrees(context: TreesOf): Trees {
  const { store, inTurn } = context;
  return {
    changes: (from, to, paths) => changes(store, from, to, paths),
    patch: (from, to, paths = []) =>
      paths.length === 0 ? patchBytes(store, from, to) : partOfPatch(store, from, to, paths),
    pick: (what) => inTurn(() => pick(context, what)),
    headTo: (to, from) => inTurn(() => headTo(store, to, from)),
    known: (paths, recordings) => known(store, paths, recordings),
    collide: (base, ours, theirs) => collide(store, [base, ours, theirs]),
    markers: (tree, paths, sides) => leftMarkers(store, tree, paths, sides),
    runs: () => runsWithRefs(store),
    forget: (run) => inTurn(() => forget(store, run)),
    roots: () => rootsOf(store),
  };
}

async function partOfPatch(
  store: Store,
  from: string,
  to: string,
  paths: readonly string[],
): Promise<Result<Uint8Array, Failure>> {
  const shape = ['--binary', '--full-index', '--no-renames', '--no-ext-diff', '--no-textconv', '--no-color'];
  return store.ours(['diff-tree', '-r', '-p', ...shape, from, to, '--', ...paths]);
}

async function pick(
  { store, numbers, now }: TreesOf,
  { run, label, from, to, paths }: Pick,
): Promise<Result<string, Failure>> {
  // Of both: each may have left files out that the other holds.
  const [head, other] = await Promise.all([headOf(store, from), headOf(store, to)]);
  if (!head.ok) return head;
  if (!other.ok) return other;
  const differing = await rawChanges(store, from, to, paths);
  if (!differing.ok) return differing;
  const env = { GIT_INDEX_FILE: `${store.index}.${randomUUID()}.pick` };
  try {
    const read = await store.ours(['read-tree', from], { env });
    if (!read.ok) return read;
    const gone = differing.value.filter((one) => one.toMode === ABSENT);
    const there = differing.value.filter((one) => one.toMode !== ABSENT);
    // What goes first: a file may stand where a directory was.
    const input = zeroEnded([
      ...gone.map((one) => `0 ${one.toObject}\t${one.path}`),
      ...there.map((one) => `${one.toMode} ${one.toObject}\t${one.path}`),
    ]);
    const set = await store.ours(['update-index', '--replace', '-z', '--index-info'], { env, input });
    if (!set.ok) return set;
    const written = await store.ours(['write-tree'], { env });
    if (!written.ok) return written;
    const what = { run, label, tree: line(written.value), head: head.value, since: from, at: now() };
    return await keepRecording(store, numbers, what);
  } finally {
    for (const end of ['', '.lock']) rmSync(`${env.GIT_INDEX_FILE}${end}`, { force: true });
  }
}

const ABSENT = '000000';

async function known(
  store: Store,
  paths: readonly string[],
  recordings: readonly string[],
): Promise<Result<readonly string[], Failure>> {
  const found: string[] = [];
  for (const one of paths) {
    for (const recording of one === '' ? [] : recordings) {
      const listed = await store.ours(['ls-tree', '-z', '--name-only', recording, '--', one]);
      if (!listed.ok) return listed;
      if (names(listed.value).length === 0) continue;
      found.push(one);
      break;
    }
    // The root is in every tree.
    if (one === '') found.push(one);
  }
  return ok(found);
}

async function collide(
  store: Store,
  recordings: readonly [string, string, string],
): Promise<Result<CollidedTrees, Failure>> {
  const [base, ours, theirs] = await Promise.all([
    treeOf(store, recordings[0]),
    treeOf(store, recordings[1]),
    treeOf(store, recordings[2]),
  ]);
  if (!base.ok) return base;
  if (!ours.ok) return ours;
  if (!theirs.ok) return theirs;
  const merged = await mergeTrees(store, base.value, ours.value, theirs.value);
  if (!merged.ok) return merged;
  const { tree, conflicts, groups } = merged.value;
  const clashes = await clashesOf(store, { ours: ours.value, theirs: theirs.value, tree, groups });
  return clashes.ok ? ok({ tree, conflicts, clashes: clashes.value }) : clashes;
}

const REFS = 'refs/codemachine/';

async function runsWithRefs(store: Store): Promise<Result<readonly RunId[], Failure>> {
  const refs = await refsUnder(store, REFS);
  if (!refs.ok) return refs;
  const runs = refs.value.map((ref) => ref.slice(REFS.length).split('/')[0] ?? '');
  return ok([...new Set(runs)].filter((run) => RUN_ID_PATTERN.test(run)).map(asRunId));
}

async function forget(store: Store, run: RunId): Promise<Result<number, Failure>> {
  // A name that leads elsewhere would delete somebody else's refs.
  if (!RUN_ID_PATTERN.test(run)) throw new Error(`${JSON.stringify(run)} is no run id`);
  dropStaleRefLocks(store, run);
  const refs = await refsUnder(store, `${REFS}${run}/`);
  if (!refs.ok || refs.value.length === 0) return refs.ok ? ok(0) : refs;
  const input = refs.value.map((ref) => `delete ${ref}\n`).join('');
  const deleted = await store.theirs(['update-ref', '--stdin'], { input });
  if (deleted.ok) return ok(refs.value.length);
  // Another process that clears up may have been faster.
  const left = await refsUnder(store, `${REFS}${run}/`);
  return left.ok && left.value.length === 0 ? ok(0) : deleted;
}

async function refsUnder(store: Store, prefix: string): Promise<Result<readonly string[], Failure>> {
  const listed = await store.theirs(['for-each-ref', '--format=%(refname)', prefix]);
  if (!listed.ok) return listed;
  const refs = text(listed.value).split('\n');
  return ok(refs.filter((ref) => ref !== ''));
}

async function rootsOf(store: Store): Promise<Result<readonly string[], Failure>> {
  const listed = await store.theirs(['worktree', 'list', '--porcelain', '-z']);
  if (!listed.ok) return listed;
  const entries = text(listed.value).split('\0');
  return ok(
    entries.filter((entry) => entry.startsWith('worktree ')).map((entry) => entry.slice('worktree '.length)),
  );
}
