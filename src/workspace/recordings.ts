/** Makes commits of trees under refs of ours, so that git keeps them. */
import { existsSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { Failure } from '../model/failure.ts';
import { asRunId, type RunId } from '../model/ids.ts';
import type { Recording } from '../model/ports.ts';
import { err, ok, type Result } from '../model/result.ts';
import { stillHeld } from './commits.ts';
import { ABSENT } from './diff.ts';
import { SYNCED_REFS, syncObjects, UNSYNCED } from './durable.ts';
import { line, names, shown, text } from './git.ts';
import type { Growth } from './grow-tree.ts';
import { type Head, headLine, headOf } from './head.ts';
import { elsewhere, holdsLink, leadsElsewhere } from './intact.ts';
import { isLoose, writeLoose } from './loose.ts';
import { writeRef } from './ref-file.ts';
import type { Store } from './store.ts';
import { treeOf } from './tree.ts';

/** What the refs of a run stand under, in the common git directory. */
function refsOf(run: RunId): string {
  return `refs/codemachine/${run}/`;
}

/** What a recording is made of. `at` is milliseconds since the epoch. */
export interface Recorded {
  readonly run: RunId;
  readonly label: string;
  readonly tree: string;
  readonly head: Head;
  readonly since: string | undefined;
  /** The tree of `since`, where it is known; only to save time. */
  readonly sinceTree?: string | undefined;
  /** How the tree came from another one, where that is known; only to save time. */
  readonly growth?: Growth | undefined;
  /** The tree of the recording of this run that was made last, whose objects are on the disk; only to save time. */
  readonly keptTree?: string | undefined;
  /** What an earlier recording of the same run keeps already. */
  readonly keeps?: Pick<Head, 'index' | 'sha' | 'branches'> | undefined;
  readonly at: number;
}

/** The number that the next recording of each run gets, as far as this process knows. */
export type Numbers = Map<RunId, number>;

/** A recording that was kept. */
interface Kept {
  readonly commit: string;
  /** Files that differ from the recording it descends from; none where there is no such recording. Names as of `names`. */
  readonly files: readonly string[];
}

/**
 * Commits the tree and keeps it by the ref `<n>`; the index's blob by `<n>.index`, HEAD's commit by `<n>.head` and where other branches
 * are that an undo may move by `<n>.branch`, since an undone commit is on no branch any more, unless an earlier recording of the run does so. All refs of one recording are there, or none, and whatever they name is on the
 * disk before them.
 */
export async function makeRecording(
  store: Store,
  numbers: Numbers,
  what: Recorded,
): Promise<Result<Kept, Failure>> {
  const [committed, fresh] = await Promise.all([commit(store, what), newObjects(store, what)]);
  if (!committed.ok) return committed;
  if (!fresh.ok) return fresh;
  const synced = await syncObjects(store, [committed.value, what.tree, ...fresh.value.objects]);
  if (!synced.ok) return synced;
  const named = await nameRecording(store, numbers, what, committed.value);
  return named.ok ? ok({ commit: committed.value, files: fresh.value.files }) : named;
}

/** The same for those who only want the commit. */
export async function keepRecording(
  store: Store,
  numbers: Numbers,
  what: Recorded,
): Promise<Result<string, Failure>> {
  const made = await makeRecording(store, numbers, what);
  return made.ok ? ok(made.value.commit) : made;
}

/** Records the tree of another recording, with HEAD and index as they stand in it. An error where it is gone. */
export async function adoptRecording(
  store: Store,
  numbers: Numbers,
  what: Pick<Recorded, 'run' | 'label' | 'since' | 'at'> & { readonly of: string },
): Promise<Result<Recording, Failure>> {
  const [tree, head] = await Promise.all([treeOf(store, what.of), headOf(store, what.of)]);
  if (!tree.ok) return tree;
  if (!head.ok) return head;
  const { run, label, since, at } = what;
  const made = await makeRecording(store, numbers, {
    run,
    label,
    since,
    at,
    tree: tree.value,
    head: head.value,
  });
  return made.ok ? ok({ tree: made.value.commit, files: made.value.files.map(shown) }) : made;
}

interface Fresh {
  readonly objects: readonly string[];
  readonly files: readonly string[];
}

/** What of the tree is in no earlier recording and not in HEAD's commit, whose objects are the user's own. */
async function newObjects(store: Store, what: Recorded): Promise<Result<Fresh, Failure>> {
  if (what.sinceTree === what.tree) return ok({ objects: [], files: [] });
  if (what.since === undefined && what.keptTree === what.tree) return ok({ objects: [], files: [] });
  if (what.sinceTree !== undefined && what.growth?.from === what.sinceTree) return ok(what.growth);
  const none = EMPTY_TREE[store.places.objectFormat === 'sha256' ? 'sha256' : 'sha1'];
  if (what.since !== undefined) return objectsSince(store, what.since, what.tree);
  const listed = await objectsSince(store, what.head.sha ?? none, what.tree);
  // A partial clone need not have the trees of its commit.
  const all = listed.ok || what.head.sha === null ? listed : await objectsSince(store, none, what.tree);
  return all.ok ? ok({ objects: all.value.objects, files: [] }) : all;
}

/** Known to every git, whether or not it is among the objects. */
const EMPTY_TREE = {
  sha1: '4b825dc642cb6eb9a060e54bf8d69288fbee4904',
  sha256: '6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321',
} as const;

async function objectsSince(store: Store, from: string, to: string): Promise<Result<Fresh, Failure>> {
  const listed = await store.ours([
    'diff-tree',
    '-r',
    '-t',
    '-z',
    '--no-renames',
    '--raw',
    '--no-abbrev',
    from,
    to,
  ]);
  if (!listed.ok) return listed;
  const fields = names(listed.value);
  const objects: string[] = [];
  const files: string[] = [];
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const [fromMode = '', toMode = '', , id = ''] = (fields[i] ?? '').slice(1).split(' ');
    if (!/^0+$/.test(id)) objects.push(id);
    if (fromMode !== DIRECTORY && fromMode !== ABSENT) files.push(fields[i + 1] ?? '');
    else if (toMode !== DIRECTORY && toMode !== ABSENT) files.push(fields[i + 1] ?? '');
  }
  return ok({ objects, files });
}

const DIRECTORY = '040000';

async function nameRecording(
  store: Store,
  numbers: Numbers,
  what: Recorded,
  recording: string,
): Promise<Result<undefined, Failure>> {
  const led = ledElsewhere(store, what.run);
  if (led !== undefined) return err(elsewhere(led));
  if (!numbers.has(what.run)) dropStaleRefLocks(store, what.run);
  const tips = await stillHeld(store, otherTips(what.head, what.keeps));
  if (!tips.ok) return tips;
  // A number that is taken after all, by a ref that is no file of its own, is refused below.
  let known = existsSync(path.join(store.places.commonDir, refsOf(what.run)));
  for (;;) {
    const next = numbers.get(what.run) ?? (known ? (await lastNumber(store, what.run)) + 1 : 1);
    numbers.set(what.run, next + 1);
    const ref = `${refsOf(what.run)}${next}`;
    const lines = [`create ${ref} ${recording}`];
    const { head, keeps } = what;
    if (head.index !== null && head.index !== keeps?.index) lines.push(`create ${ref}.index ${head.index}`);
    if (head.sha !== null && head.sha !== keeps?.sha) lines.push(`create ${ref}.head ${head.sha}`);
    for (const [at, tip] of tips.value.entries())
      lines.push(`create ${ref}.branch${at === 0 ? '' : at + 1} ${tip}`);
    const beside = `${refsOf(what.run)}${next - 1}`;
    if (lines.length === 1 && (await writeRef(store, ref, beside, recording))) return ok(undefined);
    const input = `${lines.join('\n')}\n`;
    const kept = await store.theirs(['update-ref', '--stdin'], { input, env: SYNCED_REFS });
    if (kept.ok) return ok(undefined);
    const taken = await store.theirs(['rev-parse', '-q', '--verify', ref], { codes: [0, 1] });
    if (!taken.ok || taken.value.length === 0) return kept;
    numbers.delete(what.run);
    known = true;
  }
}

/** Where branches are beside HEAD's commit, whoever's commits are on them. */
function otherTips({ sha, branches }: Head, keeps: Recorded['keeps']): readonly string[] {
  const kept = new Set<string | null>([null, sha, ...Object.values(keeps?.branches ?? {})]);
  return [...new Set(Object.values(branches))].filter((tip): tip is string => !kept.has(tip));
}

/** Git writes a ref through a link among its directories, and appends to a log that is one. */
function ledElsewhere(store: Store, run: RunId): string | undefined {
  const { commonDir } = store.places;
  const ref = refsOf(run).replace(/\/$/, '');
  return [ref, `logs/${ref}`]
    .filter((name) => leadsElsewhere(commonDir, name) || holdsLink(path.join(commonDir, name)))
    .map((name) => path.join(commonDir, name))[0];
}

/**
 * A git that was ended between making a lock and noting it down leaves the lock, and every later recording would fail. Under a
 * run's refs only its owner writes, so what is there before the owner's first recording is nobody's.
 */
export function dropStaleRefLocks(store: Store, run: RunId): void {
  const directory = path.join(store.places.commonDir, refsOf(run));
  let files: readonly string[] = [];
  try {
    files = readdirSync(directory);
  } catch {
    // The run's first recording, or refs that are kept otherwise (packed, reftable).
  }
  for (const file of files) if (file.endsWith('.lock')) rmSync(path.join(directory, file), { force: true });
}

const WHO = { NAME: 'codemachine', EMAIL: 'codemachine@localhost' } as const;

async function commit(store: Store, what: Recorded): Promise<Result<string, Failure>> {
  const date = `${Math.floor(what.at / 1000)} +0000`;
  const message = `${what.label.replaceAll('\n', ' ')}\n\n${headLine(what.head)}\n`;
  const written = commitByHand(store, what, date, message);
  if (written !== undefined) return ok(written);
  const env: Record<string, string> = { ...UNSYNCED };
  for (const [key, value] of Object.entries({ ...WHO, DATE: `@${date}` })) {
    env[`GIT_AUTHOR_${key}`] = value;
    env[`GIT_COMMITTER_${key}`] = value;
  }
  const parent = what.since === undefined ? [] : ['-p', what.since];
  const made = await store.ours(['commit-tree', what.tree, ...parent], { env, input: message });
  return made.ok ? ok(line(made.value)) : made;
}

/** The same without starting git, where what it names is sure to be there; undefined where git has to look. */
function commitByHand(
  store: Store,
  { tree, since }: Recorded,
  date: string,
  message: string,
): string | undefined {
  const { places } = store;
  if (!isLoose(places, tree) || (since !== undefined && !isLoose(places, since))) return undefined;
  const who = `${WHO.NAME} <${WHO.EMAIL}> ${date}`;
  const parent = since === undefined ? '' : `parent ${since}\n`;
  const content = `tree ${tree}\n${parent}author ${who}\ncommitter ${who}\n\n${message}`;
  try {
    return store.intact().ok ? writeLoose(places, 'commit', Buffer.from(content)) : undefined;
  } catch {
    return undefined;
  }
}

async function lastNumber(store: Store, run: RunId): Promise<number> {
  const listed = await store.theirs(['for-each-ref', '--format=%(refname)', refsOf(run)]);
  if (!listed.ok) return 0;
  const numbers = text(listed.value)
    .split('\n')
    .map((ref) => Number.parseInt(ref.slice(refsOf(run).length), 10) || 0);
  return Math.max(0, ...numbers);
}

/** A recording as `codemachine diff` and the garbage collector see it. */
export interface KeptRecording {
  readonly number: number;
  readonly tree: string;
  /** What it was made for: `fix.1.before`. */
  readonly label: string;
}

/** The recordings of a run, in the order in which they were made. */
export async function recordingsOf(
  store: Store,
  run: RunId,
): Promise<Result<readonly KeptRecording[], Failure>> {
  const args = ['for-each-ref', '--format=%(refname) %(objectname) %(contents:subject)', refsOf(run)];
  const listed = await store.theirs(args);
  if (!listed.ok) return listed;
  const kept: KeptRecording[] = [];
  for (const entry of text(listed.value).split('\n')) {
    const [ref = '', tree = '', ...label] = entry.split(' ');
    const number = ref.slice(refsOf(run).length);
    if (/^\d+$/.test(number)) kept.push({ number: Number(number), tree, label: label.join(' ') });
  }
  return ok(kept.sort((a, b) => a.number - b.number));
}

/** The run that a recording belongs to; undefined when its ref was deleted. */
export async function runOf(store: Store, recording: string): Promise<Result<RunId | undefined, Failure>> {
  const args = ['for-each-ref', '--format=%(refname)', '--points-at', recording, 'refs/codemachine/'];
  const listed = await store.theirs(args);
  if (!listed.ok) return listed;
  const run = text(listed.value).split('/')[2];
  return ok(run === undefined ? undefined : asRunId(run));
}
