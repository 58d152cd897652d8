/** Makes the tree of our index out of the tree that it was before a few of its paths changed. */
import { line } from './git.ts';
import { type Entry, lookInIndex } from './index-file.ts';
import { readLooseTree, writeLoose } from './loose.ts';
import type { Store } from './store.ts';

/** What one tree has that the tree before it has not. */
export interface Growth {
  /** The tree before. */
  readonly from: string;
  /** Paths that differ, sorted. Names as of `names`. */
  readonly files: readonly string[];
  /** Objects of them, and of the directories that they are in. */
  readonly objects: readonly string[];
}

/** A tree of our index. */
export interface Grown {
  readonly tree: string;
  /** How many entries the index has. */
  readonly count: number;
  readonly growth: Growth;
}

/** More than an attempt changes as a rule; beyond, git is as fast. */
const MOST_PATHS = 2_000;

/**
 * Git goes through a whole tree to write it, and is started for it; here only the directories above `paths` are read and written.
 * `before` is the tree that the index was, and how many entries it had. Undefined where git has to be asked after all.
 */
export async function growTree(
  store: Store,
  before: Pick<Grown, 'tree' | 'count'>,
  paths: Iterable<string>,
): Promise<Grown | undefined> {
  const wanted = new Set(paths);
  // What is written here could be led elsewhere like what a git writes.
  if (wanted.size > MOST_PATHS || !store.intact().ok) return undefined;
  try {
    const look = lookInIndex(store.index, store.places.objectFormat === 'sha256' ? 32 : 20, wanted);
    if (look === undefined) return undefined;
    const top = directoryOf(wanted, look.found);
    const known = (await readAll(store, before.tree, top)) ?? undefined;
    if (known === undefined) return undefined;
    const change: Change = { files: [], objects: [], more: 0 };
    const tree = write(store, known, top, '', change) ?? writeLoose(store.places, 'tree', Buffer.alloc(0));
    // Whatever else became of the index is not in this tree.
    if (before.count + change.more !== look.count) return undefined;
    const objects = [tree, ...change.objects];
    const growth = { from: before.tree, files: change.files.sort(), objects };
    return { tree, count: look.count, growth };
  } catch {
    // Git finds better words for what it cannot write.
    return undefined;
  }
}

/** A directory with something new in it: what each of its files is now, undefined where it is gone. */
interface Directory {
  readonly files: Map<string, Entry | undefined>;
  readonly inner: Map<string, Directory>;
}

function directoryOf(wanted: Iterable<string>, found: ReadonlyMap<string, Entry>): Directory {
  const top: Directory = { files: new Map(), inner: new Map() };
  for (const name of wanted) {
    const parts = name.split('/');
    const last = parts.pop() ?? '';
    let at = top;
    for (const part of parts) {
      const inner = at.inner.get(part) ?? { files: new Map(), inner: new Map() };
      at.inner.set(part, inner);
      at = inner;
    }
    at.files.set(last, found.get(name));
  }
  return top;
}

/** Content of trees by the path of the directory, which ends in `/`; the top is the empty path. */
type Known = ReadonlyMap<string, ReadonlyMap<string, Entry>>;

async function readAll(store: Store, tree: string, top: Directory): Promise<Known | undefined> {
  const loose = new Map<string, ReadonlyMap<string, Entry>>();
  return readLoose(store, tree, top, '', loose) ? loose : readByGit(store, tree, top);
}

/** False where one of them is no file of its own. */
function readLoose(
  store: Store,
  tree: string,
  { inner }: Directory,
  prefix: string,
  known: Map<string, ReadonlyMap<string, Entry>>,
): boolean {
  const content = readLooseTree(store.places, tree);
  if (content === undefined) return false;
  const entries = parse(content, tree.length / 2);
  known.set(prefix, entries);
  for (const [name, directory] of inner) {
    const entry = entries.get(name);
    if (entry?.mode !== DIRECTORY) continue;
    if (!readLoose(store, entry.id, directory, `${prefix}${name}/`, known)) return false;
  }
  return true;
}

/** All of them in one call. Undefined where a name cannot be asked for. */
async function readByGit(store: Store, tree: string, top: Directory): Promise<Known | undefined> {
  const prefixes = [...prefixesOf(top, '')];
  if (prefixes.some((prefix) => prefix.includes('\n'))) return undefined;
  const input = Buffer.from(prefixes.map((prefix) => `${tree}:${prefix}\n`).join(''), 'latin1');
  const said = await store.ours(['cat-file', '--batch'], { input });
  if (!said.ok) return undefined;
  const bytes = Buffer.from(said.value.buffer, said.value.byteOffset, said.value.byteLength);
  const known = new Map<string, ReadonlyMap<string, Entry>>();
  let at = 0;
  for (const prefix of prefixes) {
    const end = bytes.indexOf(10, at);
    if (end === -1) return undefined;
    const head = line(bytes.subarray(at, end));
    at = end + 1;
    if (head.endsWith(' missing')) {
      if (prefix === '') return undefined;
      continue;
    }
    const [, kind, size] = head.split(' ');
    if (size === undefined || kind === undefined) return undefined;
    const length = Number(size);
    if (kind === 'tree') known.set(prefix, parse(bytes.subarray(at, at + length), tree.length / 2));
    at += length + 1;
  }
  return known;
}

function* prefixesOf({ inner }: Directory, prefix: string): Iterable<string> {
  yield prefix;
  for (const [name, directory] of inner) yield* prefixesOf(directory, `${prefix}${name}/`);
}

const DIRECTORY = '40000';

/** A tree is a row of `<mode> <name>`, a zero byte, and the id as bytes. */
function parse(content: Buffer, idBytes: number): ReadonlyMap<string, Entry> {
  const entries = new Map<string, Entry>();
  for (let at = 0; at < content.length; ) {
    const blank = content.indexOf(32, at);
    const end = content.indexOf(0, blank);
    const next = end + 1 + idBytes;
    if (blank === -1 || end === -1 || next > content.length) throw new Error('a tree is torn');
    const id = content.toString('hex', end + 1, next);
    entries.set(content.toString('latin1', blank + 1, end), {
      mode: content.toString('latin1', at, blank),
      id,
    });
    at = next;
  }
  return entries;
}

interface Change {
  readonly files: string[];
  readonly objects: string[];
  /** How many entries more the index has. */
  more: number;
}

/** Writes a directory and those in it; undefined where nothing is left in it. */
function write(
  store: Store,
  known: Known,
  { files, inner }: Directory,
  prefix: string,
  change: Change,
): string | undefined {
  const entries = new Map(known.get(prefix));
  const fresh = new Map<string, Entry>();
  for (const [name, directory] of inner) {
    const id = write(store, known, directory, `${prefix}${name}/`, change);
    // A file that it was is among the files.
    if (entries.get(name)?.mode === DIRECTORY) entries.delete(name);
    if (id !== undefined) fresh.set(name, { mode: DIRECTORY, id });
  }
  for (const [name, entry] of files) {
    const old = known.get(prefix)?.get(name);
    const was = old?.mode === DIRECTORY ? undefined : old;
    if (was !== undefined) entries.delete(name);
    if (entry !== undefined) fresh.set(name, entry);
    if (was?.mode === entry?.mode && was?.id === entry?.id) continue;
    change.files.push(prefix + name);
    if (entry !== undefined) change.objects.push(entry.id);
    change.more += (entry === undefined ? 0 : 1) - (was === undefined ? 0 : 1);
  }
  for (const [name, entry] of fresh) {
    if (entries.has(name)) throw new Error('a directory would be lost');
    entries.set(name, entry);
  }
  if (entries.size === 0) return undefined;
  const id = writeLoose(store.places, 'tree', serialized(entries));
  change.objects.push(id);
  return id;
}

/** Git sorts a directory as if its name ended in `/`. */
function serialized(entries: ReadonlyMap<string, Entry>): Buffer {
  const rows = [...entries].map(([name, entry]) => ({
    key: entry.mode === DIRECTORY ? `${name}/` : name,
    bytes: Buffer.concat([Buffer.from(`${entry.mode} ${name}\0`, 'latin1'), Buffer.from(entry.id, 'hex')]),
  }));
  rows.sort((a, b) => (a.key < b.key ? -1 : 1));
  return Buffer.concat(rows.map(({ bytes }) => bytes));
}
