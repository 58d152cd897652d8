/** Unpacks recordings that were made in another clone of the repository, after it has looked at all of them. */
import {
  chmodSync,
  closeSync,
  constants,
  copyFileSync,
  createReadStream,
  createWriteStream,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
} from 'node:fs';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Failure } from '../model/failure.ts';
import type { RunId } from '../model/ids.ts';
import { err, ok, type Result } from '../model/result.ts';
import { carriedHead } from './carried-head.ts';
import { SYNCED_REFS, syncFiles } from './durable.ts';
import { type Call, line, text } from './git.ts';
import type { Head } from './head.ts';
import { dropStaleRefLocks } from './recordings.ts';
import type { Store } from './store.ts';

/** What is to be unpacked. */
export interface Arriving {
  readonly run: RunId;
  /** As `packRecordings` wrote it. */
  readonly file: string;
  /** A directory that nobody else writes into. */
  readonly directory: string;
  /** The recording of the tree as the run left it. */
  readonly tree: string;
  /** So many bytes all files of all recordings may have; unsaid, more than recordings ever take. */
  readonly most?: number;
}

/** What was found right. */
export interface Arrived {
  /** Where HEAD was when the run was exported. */
  readonly head: Head;
  /** Brings the objects into the repository, and the refs. */
  keep(): Promise<Result<undefined, Failure>>;
}

/** Untracked files of a recording may have 1 GiB together. */
const MOST_BYTES = 8 * 1024 ** 3;

/** Looks at recordings beside the repository; a failure says what is wrong with them. Nothing in the repository changes before `keep`. */
export async function lookAtArrival(store: Store, what: Arriving): Promise<Result<Arrived, Failure>> {
  const opened = openBundle(what.file, what.run);
  if (!opened.ok) return opened;
  const { refs, needed, from } = opened.value;
  const objects = path.join(what.directory, 'objects');
  const env = {
    GIT_OBJECT_DIRECTORY: objects,
    GIT_ALTERNATE_OBJECT_DIRECTORIES: path.join(store.places.commonDir, 'objects'),
  };
  const ask = (args: readonly string[], call: Call = {}) => store.ours(args, { ...call, env });
  mkdirSync(path.join(objects, 'pack'), { recursive: true, mode: 0o700 });
  const types = await typesOf(ask, needed);
  if (!types.ok) return types;
  const missing = needed.find((id) => types.value.get(id)?.type !== 'commit');
  if (missing !== undefined) return err(lacks(missing));
  const pack = path.join(objects, 'pack', 'pack-arriving.pack');
  await pipeline(
    createReadStream(what.file, { start: from }),
    createWriteStream(pack, { flags: 'wx', mode: 0o600 }),
  );
  const indexed = await ask(['index-pack', '--strict', pack]);
  if (!indexed.ok) return err(broken(indexed.error.message));
  const sizes = await packedSize(ask, pack);
  if (!sizes.ok) return sizes;
  if (sizes.value > (what.most ?? MOST_BYTES))
    return err(broken('unpacked they are larger than recordings ever are'));
  const head = await lookAtRefs(ask, refs, what.tree);
  if (!head.ok) return head;
  const name = line(indexed.value);
  return ok({ head: head.value, keep: () => keep(store, what.run, { pack, name, refs }) });
}

type Ask = Store['ours'];

interface Opened {
  readonly refs: ReadonlyMap<string, string>;
  readonly needed: readonly string[];
  /** Where the pack begins. */
  readonly from: number;
}

const MOST_HEAD = 16 * 1024 * 1024;

function openBundle(file: string, run: RunId): Result<Opened, Failure> {
  const head = headText(file);
  if (head === undefined) return err(broken('they are no bundle of git'));
  const ref = new RegExp(
    `^([0-9a-f]{40}|[0-9a-f]{64}) (refs/codemachine/${run}/\\d{1,9}(?:\\.index|\\.head|\\.branch\\d{0,9})?)$`,
  );
  const refs = new Map<string, string>();
  const needed: string[] = [];
  for (const one of head.split('\n')) {
    if (/^(?:# v[23] git bundle|@object-format=sha(?:1|256))$/.test(one)) continue;
    const [, wanted] = /^-([0-9a-f]{40}|[0-9a-f]{64})$/.exec(one) ?? [];
    const [, id, name] = ref.exec(one) ?? [];
    if (wanted !== undefined) needed.push(wanted);
    else if (id !== undefined && name !== undefined && !refs.has(name)) refs.set(name, id);
    else return err(broken(`they hold ${JSON.stringify(one.slice(0, 200))}`));
  }
  return ok({ refs, needed, from: Buffer.byteLength(head, 'latin1') + 2 });
}

/** All before the empty line behind which the pack begins. */
function headText(file: string): string | undefined {
  const descriptor = openSync(file, 'r');
  try {
    const piece = Buffer.alloc(64 * 1024);
    let all = '';
    for (;;) {
      const read = readSync(descriptor, piece, 0, piece.length, null);
      all += piece.toString('latin1', 0, read);
      const end = all.indexOf('\n\n');
      if (end !== -1) return all.slice(0, end);
      if (read === 0 || all.length > MOST_HEAD) return undefined;
    }
  } finally {
    closeSync(descriptor);
  }
}

interface Known {
  readonly type: string;
  readonly size: number;
}

async function typesOf(
  ask: Ask,
  ids: readonly string[],
): Promise<Result<ReadonlyMap<string, Known>, Failure>> {
  const found = new Map<string, Known>();
  if (ids.length === 0) return ok(found);
  const input = ids.map((id) => `${id}\n`).join('');
  const listed = await ask(['cat-file', '--batch-check=%(objectname) %(objecttype) %(objectsize)'], {
    input,
  });
  if (!listed.ok) return listed;
  for (const entry of text(listed.value).split('\n')) {
    const [id = '', type = '', size] = entry.split(' ');
    if (size !== undefined) found.set(id, { type, size: Number(size) });
  }
  return ok(found);
}

/** A little file may unpack to one that fills the disk. */
async function packedSize(ask: Ask, pack: string): Promise<Result<number, Failure>> {
  const listed = await ask(['show-index'], { input: readFileSync(pack.replace(/pack$/, 'idx')) });
  if (!listed.ok) return err(broken(listed.error.message));
  const ids = text(listed.value)
    .split('\n')
    .flatMap((entry) => entry.split(' ')[1] ?? []);
  const all = await typesOf(ask, ids);
  return all.ok ? ok([...all.value.values()].reduce((sum, { size }) => sum + size, 0)) : all;
}

/** Each ref names what its name says, and no recording says what a restore must not obey. */
async function lookAtRefs(
  ask: Ask,
  refs: ReadonlyMap<string, string>,
  tree: string,
): Promise<Result<Head, Failure>> {
  const types = await typesOf(ask, [...new Set(refs.values())]);
  if (!types.ok) return types;
  let last: Head | undefined;
  for (const [name, id] of refs) {
    const wanted = name.endsWith('.index') ? 'blob' : 'commit';
    if (types.value.get(id)?.type !== wanted) return err(broken(`${name} is no ${wanted}`));
    if (!/\/\d+$/.test(name)) continue;
    const commit = await ask(['cat-file', 'commit', id]);
    const head = commit.ok ? carriedHead(text(commit.value)) : undefined;
    if (head === undefined) return err(broken(`${name} is no recording`));
    if (id === tree) last = head;
  }
  return last === undefined ? err(broken('the tree as the run left it is not among them')) : ok(last);
}

async function keep(
  store: Store,
  run: RunId,
  {
    pack,
    name,
    refs,
  }: { readonly pack: string; readonly name: string; readonly refs: ReadonlyMap<string, string> },
): Promise<Result<undefined, Failure>> {
  const intact = store.intact();
  if (!intact.ok) return intact;
  const target = path.join(store.places.commonDir, 'objects', 'pack');
  mkdirSync(target, { recursive: true });
  const places = ['.pack', '.idx'].map(
    (end) => [pack.replace(/\.pack$/, end), path.join(target, `pack-${name}${end}`)] as const,
  );
  // The index last: a pack is one from then on.
  for (const [from, to] of places) put(from, to);
  const synced = await syncFiles([...places.map(([, to]) => to), target]);
  if (!synced.ok) return synced;
  dropStaleRefLocks(store, run);
  const prefix = `refs/codemachine/${run}/`;
  const old = await store.theirs(['for-each-ref', '--format=%(refname)', prefix]);
  if (!old.ok) return old;
  const gone = text(old.value)
    .split('\n')
    .filter((ref) => ref !== '' && !refs.has(ref));
  const lines = [
    ...gone.map((ref) => `delete ${ref}`),
    ...[...refs].map(([ref, id]) => `update ${ref} ${id}`),
  ];
  const input = lines.map((one) => `${one}\n`).join('');
  const kept = await store.theirs(['update-ref', '--stdin'], { input, env: SYNCED_REFS });
  return kept.ok ? ok(undefined) : kept;
}

/** By this name `git gc` knows what a killed process left. */
function put(from: string, to: string): void {
  if (existsSync(to)) return;
  const fresh = path.join(path.dirname(to), `tmp_${path.basename(to)}`);
  try {
    rmSync(fresh, { force: true });
    copyFileSync(from, fresh, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
    chmodSync(fresh, 0o444);
    renameSync(fresh, to);
  } finally {
    rmSync(fresh, { force: true });
  }
}

function lacks(commit: string): Failure {
  return {
    reason: 'config',
    message: `The run began at commit ${commit}, which this repository does not have.`,
    help: `Bring it here: \`git fetch --depth 1 origin ${commit}\`; then check it out, and import again.`,
  };
}

function broken(what: string): Failure {
  return {
    reason: 'config',
    message: `The recordings in it cannot be taken: ${what}.`,
    help: 'Bring the file over once more from where `codemachine export` wrote it.',
  };
}
