/** Looks at the checkout as the user has it, before anything runs. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Failure } from '../model/failure.ts';
import { ok, type Result } from '../model/result.ts';
import { line, names } from './git.ts';
import { mayHaveLinks } from './gitlinks.ts';
import { plainHead } from './plain-head.ts';
import { type Store, userIndex } from './store.ts';
import { fitToRecord, untrackedFiles } from './tree.ts';

/** What the `git` context of expressions says. */
export interface GitFacts {
  /** Empty before the first commit. */
  readonly sha: string;
  /** Empty where HEAD is detached. */
  readonly branch: string;
  readonly dirty: boolean;
}

/** Who asks for one thing while the other is being looked for gets it out of the same look. */
export interface FirstLook {
  /** Reads the facts. */
  facts(): Promise<Result<GitFacts, Failure>>;
  /** Refuses an untracked file that is too large to be recorded. */
  check(): Promise<Result<undefined, Failure>>;
}

/** The first looks at a checkout. */
export function openFirstLook(store: Store): FirstLook {
  let underWay: Promise<UserLook> | undefined;
  const look = (): Promise<UserLook> => {
    underWay ??= lookAsUser(store).finally(() => {
      underWay = undefined;
    });
    return underWay;
  };
  return { facts: () => gitFacts(store, look()), check: async () => check(store, await look()) };
}

/** What git says of the user's index. */
interface UserLook {
  readonly staged: Result<Uint8Array, Failure>;
  /** What differs from the index. Names as of `names`. */
  readonly changed: Result<readonly string[], Failure>;
  readonly commit: Result<Uint8Array, Failure>;
}

/**
 * Reads the facts without starting what a config names: the user's own `git status` would run its filters and its fsmonitor.
 * A filtered file that was touched and not changed may therefore count as dirty.
 */
async function gitFacts(store: Store, looking: Promise<UserLook>): Promise<Result<GitFacts, Failure>> {
  const [symbolic, { staged, changed, commit }] = await Promise.all([branchOf(store), looking]);
  if (!symbolic.ok) return symbolic;
  if (!commit.ok) return commit;
  const looks = [staged, changed];
  const dirty = looks.some((look) => look.ok && look.value.length > 0);
  const failed = looks.find((look) => !look.ok);
  if (!dirty && failed?.ok === false) return failed;
  return ok({ sha: line(commit.value), branch: symbolic.value, dirty });
}

/** The name of the branch without the directory of all branches. */
async function branchOf(store: Store): Promise<Result<string, Failure>> {
  const branch = plainHead(store.places)?.branch;
  if (branch !== undefined) return ok((branch ?? '').replace(/^refs\/heads\//, ''));
  const symbolic = await store.theirs(['symbolic-ref', '-q', '--short', 'HEAD'], { codes: [0, 1] });
  return symbolic.ok ? ok(line(symbolic.value)) : symbolic;
}

/** What the user does not track is all that can be too large; where it is not, nothing else needs to be looked at. */
async function check(store: Store, { changed }: UserLook): Promise<Result<undefined, Failure>> {
  const isPlain = changed.ok && !changed.value.some((name) => name.endsWith('/'));
  if (isPlain && fitToRecord(store, changed.value)) return ok(undefined);
  const listed = await untrackedFiles(store);
  return listed.ok ? ok(undefined) : listed;
}

/**
 * Works on a copy of the user's index, since comparing writes what it learned into the index. Nobody owns a run yet, so
 * several processes may look at once: each has its copy to itself, where the system clears away what a killed one leaves.
 */
async function lookAsUser(store: Store): Promise<UserLook> {
  const plain = plainHead(store.places)?.sha;
  const commit =
    plain === undefined
      ? store.theirs(['rev-parse', '-q', '--verify', 'HEAD'], { codes: [0, 1] })
      : Promise.resolve(ok(Buffer.from(plain)));
  const directory = mkdtempSync(path.join(tmpdir(), 'codemachine-look-'));
  const copy = path.join(directory, 'index');
  const env = { GIT_INDEX_FILE: copy };
  const index = userIndex(store);
  try {
    if (index !== undefined) writeFileSync(copy, readFileSync(index), { mode: 0o600 });
    // All at once: every run begins with this, and each git takes longer to start than to look.
    const [staged, changed, at] = await Promise.all([
      isStaged(store, commit, env),
      index !== undefined && mayHaveLinks(index) ? besideLinks(store, env) : changedFiles(store, env),
      commit,
    ]);
    return { staged, changed, commit: at };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

type IndexEnv = Readonly<Record<string, string>>;

/** Files that differ from an index or are unknown to it; an inner repository is one name that ends in `/`. */
async function changedFiles(store: Store, env: IndexEnv): Promise<Result<readonly string[], Failure>> {
  const listed = await store.ours(['ls-files', '-z', '-o', '-m', '-d', '--exclude-standard'], { env });
  return listed.ok ? ok(names(listed.value)) : listed;
}

/** The same where submodules are, which are looked at by nobody here. */
async function besideLinks(store: Store, env: IndexEnv): Promise<Result<readonly string[], Failure>> {
  const [changed, others] = await Promise.all([
    store
      .ours(['update-index', '-q', '--refresh'], { env, codes: [0, 1] })
      .then(() => store.ours(['diff-files', '--name-only', '-z', '--ignore-submodules'], { env })),
    store.ours(['ls-files', '-z', '-o', '--exclude-standard'], { env }),
  ]);
  if (!changed.ok) return changed;
  return others.ok ? ok([...names(changed.value), ...names(others.value)]) : others;
}

/** What is staged; anything where git cannot compare, which is not clean either. */
async function isStaged(
  store: Store,
  commit: Promise<Result<Uint8Array, Failure>>,
  env: IndexEnv,
): Promise<Result<Uint8Array, Failure>> {
  const found = await commit;
  if (!found.ok || found.value.length === 0) return found;
  const args = ['diff-index', '--cached', '--name-only', '-z', line(found.value)];
  const staged = await store.ours(args, { env });
  return staged.ok ? staged : ok(Buffer.from('?'));
}
