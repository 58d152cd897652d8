/** Packs the recordings of a run, to be unpacked in another clone of the repository. */
import { createReadStream, createWriteStream, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Failure } from '../model/failure.ts';
import type { RunId } from '../model/ids.ts';
import { err, ok, type Result } from '../model/result.ts';
import { carriedHead } from './carried-head.ts';
import { line, text } from './git.ts';
import { headOf, readHead } from './head.ts';
import { type Context, record } from './record.ts';
import { recordingsOf } from './recordings.ts';
import type { Store } from './store.ts';
import { treeOf, writeTree } from './tree.ts';

/** What is to be packed. */
export interface Packing {
  readonly run: RunId;
  /** The commit that whoever unpacks it has, with its files and without what was before it; undefined where there was none. */
  readonly base: string | undefined;
  /** A directory that nobody else writes into. */
  readonly directory: string;
}

/** What became of it. */
export interface Packed {
  /** Written as `git bundle` does. */
  readonly file: string;
  /** Refs whose commits stand on others than the base: they stay here. */
  readonly left: readonly string[];
}

/** How a recording is called that was made because a run was exported. */
const EXPORTED = 'run.export';

/**
 * The tree as it is now, recorded once: of a checkout in which nothing has changed since the last time, the recording of then, so
 * that exporting twice gives the same.
 */
export async function recordForExport(
  context: Context,
  run: RunId,
  since: string | undefined,
): Promise<Result<string, Failure>> {
  const { store, memory } = context;
  const recordings = await recordingsOf(store, run);
  if (!recordings.ok) return recordings;
  const last = recordings.value.at(-1);
  if (last?.label === EXPORTED) {
    const [was, head] = await Promise.all([treeOf(store, last.tree), headOf(store, last.tree)]);
    if (!was.ok) return was;
    if (!head.ok) return head;
    const [tree, now] = await Promise.all([
      writeTree(store, memory, since),
      readHead(store, head.value, memory),
    ]);
    if (!tree.ok) return tree;
    if (!now.ok) return now;
    const same = JSON.stringify(now.value) === JSON.stringify(head.value);
    if (same && tree.value === was.value) return ok(last.tree);
  }
  const made = await record(context, run, EXPORTED, since);
  return made.ok ? ok(made.value.tree) : made;
}

interface Ref {
  readonly id: string;
  readonly name: string;
}

const HEADS = /\.(?:head|branch\d*)$/;

/** Packs what the refs of a run name, without what the base has. A failure where a recording cannot travel. */
export async function packRecordings(
  store: Store,
  { run, base, directory }: Packing,
): Promise<Result<Packed, Failure>> {
  const listed = await store.theirs([
    'for-each-ref',
    '--format=%(objectname) %(refname)',
    `refs/codemachine/${run}/`,
  ]);
  if (!listed.ok) return listed;
  const refs = text(listed.value)
    .split('\n')
    .filter((entry) => entry !== '')
    .map(
      (entry): Ref => ({ id: entry.slice(0, entry.indexOf(' ')), name: entry.slice(entry.indexOf(' ') + 1) }),
    );
  const fit = await allFit(store, run, refs);
  if (!fit.ok) return fit;
  // Git renames the pack from among its objects, and the directory may be on another disk.
  const env = {
    GIT_OBJECT_DIRECTORY: path.join(directory, 'objects'),
    GIT_ALTERNATE_OBJECT_DIRECTORIES: path.join(store.places.commonDir, 'objects'),
  };
  mkdirSync(path.join(directory, 'objects', 'pack'), { recursive: true, mode: 0o700 });
  const left = new Set<string>();
  for (const id of new Set(refs.filter(({ name }) => HEADS.test(name)).map((ref) => ref.id)))
    if (id !== base && !(await standsOn(store, id, base))) left.add(id);
  const kept = refs.filter(({ id }) => !left.has(id));
  const without = base === undefined ? [] : [`^${base}`, `^${base}^{tree}`];
  const input = [...kept.map(({ id }) => id), ...without].map((one) => `${one}\n`).join('');
  const options = [
    '-q',
    '--revs',
    '--no-use-bitmap-index',
    '--no-sparse',
    '--threads=1',
    '--delta-base-offset',
  ];
  const packed = await store.ours(['pack-objects', ...options, path.join(directory, 'pack')], { env, input });
  if (!packed.ok) return packed;
  const file = path.join(directory, 'objects.bundle');
  await bundle(store, file, path.join(directory, `pack-${line(packed.value)}.pack`), { base, refs: kept });
  return ok({ file, left: refs.filter(({ id }) => left.has(id)).map(({ name }) => name) });
}

/** A rebase that is under way lives in files of git's own that say what to start. */
async function allFit(store: Store, run: RunId, refs: readonly Ref[]): Promise<Result<undefined, Failure>> {
  for (const { id, name } of refs) {
    if (!/\/\d+$/.test(name)) continue;
    const commit = await store.ours(['cat-file', 'commit', id]);
    if (!commit.ok) return commit;
    if (carriedHead(text(commit.value)) === undefined)
      return err({
        reason: 'config',
        message: `Recording ${name.slice(name.lastIndexOf('/') + 1)} of run ${run} was made in the middle of a merge, a rebase or the like, which cannot be taken elsewhere.`,
        help: `Go on with the run here: \`codemachine resume ${run}\`.`,
      });
  }
  return ok(undefined);
}

/** Whether all commits up to this one that the base is not are there, and come from the base. */
async function standsOn(store: Store, id: string, base: string | undefined): Promise<boolean> {
  if (base === undefined) return true;
  const listed = await store.ours(['rev-list', '--parents', id, `^${base}`]);
  if (!listed.ok) return false;
  const commits = text(listed.value)
    .split('\n')
    .filter((entry) => entry !== '')
    .map((entry) => entry.split(' '));
  const known = new Set([base, ...commits.map(([commit = '']) => commit)]);
  return commits.every((all) => all.length > 1 && all.every((one) => known.has(one)));
}

/** The head that `git bundle` gives a pack: https://git-scm.com/docs/gitformat-bundle */
async function bundle(
  { places }: Store,
  file: string,
  pack: string,
  { base, refs }: { readonly base: string | undefined; readonly refs: readonly Ref[] },
): Promise<void> {
  const form =
    places.objectFormat === 'sha1'
      ? ['# v2 git bundle']
      : ['# v3 git bundle', `@object-format=${places.objectFormat}`];
  const head = [
    ...form,
    ...(base === undefined ? [] : [`-${base}`]),
    ...refs.map(({ id, name }) => `${id} ${name}`),
    '',
    '',
  ].join('\n');
  writeFileSync(file, head, { mode: 0o600, flag: 'wx' });
  await pipeline(createReadStream(pack), createWriteStream(file, { flags: 'a' }));
}
