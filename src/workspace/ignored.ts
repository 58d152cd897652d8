/** Knows what the ignore rules hide of the files that somebody tracks. */
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { Failure } from '../model/failure.ts';
import { ok, type Result } from '../model/result.ts';
import { isIgnoreFile } from './diff.ts';
import { recordable, settledSignature, statOf } from './disk.ts';
import { names, zeroEnded } from './git.ts';
import { askIgnored } from './ignore-rules.ts';
import { isOurs } from './left-out.ts';
import { type Store, userIndex } from './store.ts';
import type { Memory } from './tree.ts';

/** What has to be done about ignored files. Names as of `names`. */
export interface Hidden {
  /** Tracked by the user and unknown to our index: `ls-files -o` never names them. */
  readonly added: readonly string[];
  /** Known to our index, and to nobody else. */
  readonly forgotten: readonly string[];
}

/**
 * Our index remembers files that are ignored by now: from an earlier run, or uncovered by an ignore file that was put back before the
 * process died. They are the user's and must not look created by an attempt, so only those stay that `since` holds or the user tracks.
 * What `memory.ignored` says must still hold.
 */
export async function hiddenFiles(
  store: Store,
  memory: Memory,
  since: string | undefined,
): Promise<Result<Hidden, Failure>> {
  const [listed, tracked] = await Promise.all([ignoredOfOurs(store, memory), trackedIgnored(store, memory)]);
  if (!listed.ok) return listed;
  const { names: known } = listed.value;
  if (listed.value.known !== undefined) {
    memory.ignored = listed.value.known;
    if (memory.tracked !== undefined) memory.tracked = { ...memory.tracked, beside: known };
  } else if (listed.value.changing === true) delete memory.tracked;
  const kept = await namesOf(store, known.length === 0 ? undefined : since);
  if (!kept.ok) return kept;
  let users = new Set(tracked);
  const forgettable = (): readonly string[] =>
    known.filter((name) => !kept.value.has(name) && !users.has(name));
  if (forgettable().length > 0) {
    // The rules may have changed since the user's index was read.
    delete memory.tracked;
    users = new Set(await trackedIgnored(store, memory));
  }
  const ours = new Set(known);
  const added = [...users].filter((name) => {
    const stat = ours.has(name) ? undefined : statOf(store.places.root, name);
    return stat !== undefined && recordable(name, stat);
  });
  return ok({ added, forgotten: forgettable() });
}

/** Those of our index that are ignored. */
async function ignoredOfOurs(store: Store, { ignored }: Memory): ReturnType<typeof askIgnored> {
  return ignored === undefined ? askIgnored(store) : ok({ names: ignored.names });
}

async function namesOf(
  store: Store,
  recording: string | undefined,
): Promise<Result<ReadonlySet<string>, Failure>> {
  if (recording === undefined) return ok(new Set());
  const listed = await store.ours(['ls-tree', '-r', '-z', '--name-only', recording]);
  return listed.ok ? ok(new Set(names(listed.value))) : listed;
}

/**
 * What the user tracks although it is ignored. Asked only when their index changed. By our copy of their exclude files: those
 * in their git directory may have been edited since. An index that git cannot read tracks nothing.
 */
async function trackedIgnored(store: Store, memory: Memory): Promise<readonly string[]> {
  const index = userIndex(store);
  if (index === undefined) return [];
  const signature = settledSignature(index);
  const { tracked, ignored } = memory;
  // What was asked of our index by other rules was asked of theirs by other rules too.
  if (signature !== undefined && tracked?.index === signature && tracked.beside === ignored?.names)
    return tracked.names;
  const excludes = [store.excludesFile, path.join(store.dir, 'info', 'exclude')].filter((file) =>
    existsSync(file),
  );
  const rules = ['--exclude-per-directory=.gitignore', ...excludes.flatMap((file) => ['-X', file])];
  const listed = await store.theirs(['ls-files', '-z', '-c', '-s', '-i', ...rules]);
  const found = names(listed.ok ? listed.value : new Uint8Array())
    .filter((entry) => !entry.startsWith('160000 '))
    .map((entry) => entry.slice(entry.indexOf('\t') + 1))
    .filter((name) => !isOurs(store, name));
  const all = [...new Set(found)];
  if (signature !== undefined) memory.tracked = { index: signature, names: all, beside: ignored?.names };
  return all;
}

/** What the user tracks; nothing where git cannot read their index. */
export async function trackedNames(store: Store): Promise<readonly string[]> {
  if (userIndex(store) === undefined) return [];
  const listed = await store.theirs(['ls-files', '-z']);
  return listed.ok ? names(listed.value) : [];
}

/**
 * Those of the names that the ignore rules, as they are on the disk now, would hide. Asked of an index made of the names:
 * `check-ignore` reads names as pathspecs, so one that starts with `:(` or lies behind a link would end it.
 */
export async function ignoredAmong(
  store: Store,
  all: readonly string[],
): Promise<Result<readonly string[], Failure>> {
  if (all.length === 0) return ok([]);
  const env = { GIT_INDEX_FILE: `${store.index}.asked` };
  // A process that died here left its names behind, and they would be answered for too.
  for (const old of [env.GIT_INDEX_FILE, `${env.GIT_INDEX_FILE}.lock`]) rmSync(old, { force: true });
  const object = '1'.repeat(store.places.objectFormat === 'sha256' ? 64 : 40);
  try {
    const input = zeroEnded(all.map((name) => `100644 ${object}\t${name}`));
    const made = await store.ours(['update-index', '-z', '--index-info'], { env, input });
    if (!made.ok) return made;
    const ignored = await store.ours(['ls-files', '-z', '-c', '-i', '--exclude-standard'], { env });
    return ignored.ok ? ok(names(ignored.value)) : ignored;
  } finally {
    rmSync(env.GIT_INDEX_FILE, { force: true });
  }
}

/** Those of the names that the ignore files of a recording would hide. They are written beside our index, and asked there. */
export async function ignoredAsOf(
  store: Store,
  recording: string,
  all: readonly string[],
): Promise<Result<readonly string[], Failure>> {
  if (all.length === 0) return ok([]);
  const listed = await store.ours(['ls-tree', '-r', '-z', '--name-only', recording]);
  if (!listed.ok) return listed;
  const root = `${store.index}.rules`;
  const env = { GIT_INDEX_FILE: `${store.index}.ruling` };
  const clear = (): void => {
    for (const one of [root, env.GIT_INDEX_FILE, `${env.GIT_INDEX_FILE}.lock`])
      rmSync(one, { recursive: true, force: true });
  };
  clear();
  try {
    mkdirSync(root);
    const read = await store.ours(['read-tree', recording], { env });
    if (!read.ok) return read;
    const input = zeroEnded(names(listed.value).filter(isIgnoreFile));
    const args = ['checkout-index', `--prefix=${root}/`, '-z', '--stdin'];
    const written = await store.ours(args, { env, input });
    if (!written.ok) return written;
    return await ignoredAmong(store.beside({ ...store.places, root }), all);
  } finally {
    clear();
  }
}
