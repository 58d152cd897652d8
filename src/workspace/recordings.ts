/** Makes commits of trees under refs of ours, so that git keeps them. */
import { readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { Failure } from '../model/failure.ts';
import { asRunId, type RunId } from '../model/ids.ts';
import { ok, type Result } from '../model/result.ts';
import { line, text } from './git.ts';
import { type Head, headLine } from './head.ts';
import type { Store } from './store.ts';

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
  readonly at: number;
}

/** The number that the next recording of each run gets, as far as this process knows. */
export type Numbers = Map<RunId, number>;

/**
 * Commits the tree and keeps it by the ref `<n>`; the index's blob by `<n>.index` and HEAD's commit by `<n>.head`, since an undone
 * commit of an agent is on no branch any more. Gives the commit. All refs of one recording are there, or none.
 */
export async function keepRecording(
  store: Store,
  numbers: Numbers,
  what: Recorded,
): Promise<Result<string, Failure>> {
  const committed = await commit(store, what);
  if (!committed.ok) return committed;
  if (!numbers.has(what.run)) dropStaleRefLocks(store, what.run);
  for (;;) {
    const next = numbers.get(what.run) ?? (await lastNumber(store, what.run)) + 1;
    numbers.set(what.run, next + 1);
    const ref = `${refsOf(what.run)}${next}`;
    const lines = [`create ${ref} ${committed.value}`];
    if (what.head.index !== null) lines.push(`create ${ref}.index ${what.head.index}`);
    if (what.head.sha !== null) lines.push(`create ${ref}.head ${what.head.sha}`);
    const kept = await store.theirs(['update-ref', '--stdin'], { input: `${lines.join('\n')}\n` });
    if (kept.ok) return committed;
    const taken = await store.theirs(['rev-parse', '-q', '--verify', ref], { codes: [0, 1] });
    if (!taken.ok || taken.value.length === 0) return kept;
  }
}

/**
 * A git that was ended between making a lock and noting it down leaves the lock, and every later recording would fail. Under a
 * run's refs only its owner writes, so what is there before the owner's first recording is nobody's.
 */
function dropStaleRefLocks(store: Store, run: RunId): void {
  const directory = path.join(store.places.commonDir, refsOf(run));
  let files: readonly string[] = [];
  try {
    files = readdirSync(directory);
  } catch {
    // The run's first recording, or refs that are kept otherwise (packed, reftable).
  }
  for (const file of files) if (file.endsWith('.lock')) rmSync(path.join(directory, file), { force: true });
}

async function commit(store: Store, what: Recorded): Promise<Result<string, Failure>> {
  const date = `@${Math.floor(what.at / 1000)} +0000`;
  const who = { NAME: 'codemachine', EMAIL: 'codemachine@localhost', DATE: date };
  const env: Record<string, string> = {};
  for (const [key, value] of Object.entries(who)) {
    env[`GIT_AUTHOR_${key}`] = value;
    env[`GIT_COMMITTER_${key}`] = value;
  }
  const parent = what.since === undefined ? [] : ['-p', what.since];
  const input = `${what.label.replaceAll('\n', ' ')}\n\n${headLine(what.head)}\n`;
  const made = await store.ours(['commit-tree', what.tree, ...parent], { env, input });
  return made.ok ? ok(line(made.value)) : made;
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
