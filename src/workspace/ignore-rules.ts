/** Remembers which files of our index the ignore rules hide, for as long as neither can have changed. */
import type { Failure } from '../model/failure.ts';
import { ok, type Result } from '../model/result.ts';
import { parentsOf } from './diff.ts';
import { settledFile, signatureOf, statOf } from './disk.ts';
import { diskPath, names } from './git.ts';
import { countEntries, namesInIndex } from './index-file.ts';
import type { Store } from './store.ts';

/** What git said of an index under some rules. */
export interface KnownIgnored {
  /** The signature of our index. */
  readonly index: string;
  /** The state of the ignore file of each directory that our index has files in. */
  readonly rules: Rules;
  /** The ignored ones. Names as of `names`. */
  readonly names: readonly string[];
}

/** By directory, as of `names`; the root is the empty name. */
type Rules = ReadonlyMap<string, string>;

/** With more of them git is as fast. */
const MOST_DIRECTORIES = 2_000;

/** What is remembered, where it still holds. */
export function stillKnown(store: Store, known: KnownIgnored | undefined): KnownIgnored | undefined {
  if (known?.index !== signatureOf(store.index)) return undefined;
  const now = rulesIn(store, known.rules.keys());
  return now !== undefined && sameRules(known.rules, now) ? known : undefined;
}

/** What git says, and for how long. */
export interface Asked {
  readonly names: readonly string[];
  /** There where it can be remembered. */
  readonly known?: KnownIgnored;
  /** Whether it cannot because the rules may be changing just now. */
  readonly changing?: boolean;
}

/** Asks git. */
export async function askIgnored(store: Store): Promise<Result<Asked, Failure>> {
  const index = signatureOf(store.index);
  // Looked at first: what changes later was changed too shortly ago to be remembered.
  const directories = directoriesOf(store);
  const rules = directories && rulesIn(store, directories);
  const asked = ['ls-files', '-z', '-c', '-i', '--exclude-standard'];
  const listed = isEmpty(store) ? ok(new Uint8Array()) : await store.ours(asked);
  if (!listed.ok) return listed;
  const found = names(listed.value);
  if (rules !== undefined) return ok({ names: found, known: { index, rules, names: found } });
  return ok({ names: found, changing: directories !== undefined });
}

/**
 * What is known of our index after `changed` were brought up to date in it; all of them were in it, or are not ignored. Undefined
 * where git has to be asked again.
 */
export function knownAfter(
  store: Store,
  known: KnownIgnored,
  changed: readonly string[],
): KnownIgnored | undefined {
  const ignored = new Set(known.names);
  const fresh = new Set<string>();
  for (const name of changed) {
    // It may be in the index no more.
    if (ignored.has(name)) return undefined;
    for (const one of parentsOf(name)) if (!known.rules.has(one)) fresh.add(one);
  }
  const more = rulesIn(store, fresh);
  if (more === undefined || known.rules.size + more.size > MOST_DIRECTORIES) return undefined;
  return { ...known, index: signatureOf(store.index), rules: new Map([...known.rules, ...more]) };
}

function isEmpty({ index }: Store): boolean {
  try {
    return countEntries(index) === 0;
  } catch {
    // Git finds better words for an index that cannot be read.
    return false;
  }
}

/** Every directory that our index has files in; undefined where there are too many. */
function directoriesOf(store: Store): ReadonlySet<string> | undefined {
  const all = new Set([USERS, '']);
  try {
    const inIndex = namesInIndex(store.index, store.places.objectFormat === 'sha256' ? 32 : 20);
    if (inIndex === undefined) return undefined;
    let last = '';
    for (const name of inIndex) {
      const directory = name.slice(0, Math.max(0, name.lastIndexOf('/')));
      if (directory === last) continue;
      last = directory;
      for (const one of parentsOf(name)) all.add(one);
      if (all.size > MOST_DIRECTORIES) return undefined;
    }
  } catch {
    return undefined;
  }
  return all;
}

/**
 * Undefined where a directory is a link by now, behind which its files would seem unchanged, or where an ignore file is no plain file that
 * has been as it is for a while. Of our own exclude file nobody can change anything for longer than until the next git.
 */
function rulesIn(
  { places: { root }, excludesFile }: Store,
  directories: Iterable<string>,
): Rules | undefined {
  const rules = new Map<string, string>();
  for (const one of directories) {
    if (one !== '' && one !== USERS && statOf(root, one)?.isSymbolicLink() === true) return undefined;
    const rule =
      one === USERS
        ? settledFile(excludesFile)
        : settledFile(diskPath(root, one === '' ? '.gitignore' : `${one}/.gitignore`));
    if (rule === undefined) return undefined;
    rules.set(one, rule);
  }
  return rules;
}

/** The user's global exclude file; no name of a directory ends like this. */
const USERS = '/';

function sameRules(a: Rules, b: Rules): boolean {
  return [...a].every(([one, rule]) => b.get(one) === rule);
}
