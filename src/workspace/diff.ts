/** Compares recordings. */
import type { Failure } from '../model/failure.ts';
import { err, ok, type Result } from '../model/result.ts';
import { names, shown, text } from './git.ts';
import { isLeftOut } from './left-out.ts';
import type { Store } from './store.ts';

/** How a difference is to be shown. */
export interface DiffOptions {
  /** Only the list of files with the number of lines. */
  readonly stat?: boolean;
  /** Only these files and directories, relative to the root, taken literally. */
  readonly paths?: readonly string[];
}

/** Paths that differ between two recordings, as people read them; without those that are left out. */
export async function changedPaths(
  store: Store,
  from: string,
  to: string,
): Promise<Result<readonly string[], Failure>> {
  const listed = await store.ours(['diff-tree', '-r', '-z', '--no-renames', '--name-only', from, to]);
  if (!listed.ok) return listed;
  return ok(
    names(listed.value)
      .filter((name) => !isLeftOut(store, name))
      .map(shown),
  );
}

/** Paths that are in the first recording and not in the second. */
export async function lostPaths(
  store: Store,
  from: string,
  to: string,
): Promise<Result<readonly string[], Failure>> {
  const only = ['--diff-filter=D', '--no-renames', '--name-only'];
  const listed = await store.ours(['diff-tree', '-r', '-z', ...only, from, to]);
  if (!listed.ok) return listed;
  const lost = names(listed.value).filter((name) => !isLeftOut(store, name));
  return ok(lost.map(shown));
}

/** A command line takes no more than some megabytes, and whoever asks wants a few. */
const MOST_ASKED = 500;

/** Those of the first paths that are a file or a link in a recording, as people read them. */
export async function heldPaths(
  store: Store,
  recording: string,
  paths: readonly string[],
): Promise<Result<readonly string[], Failure>> {
  const asked = paths.slice(0, MOST_ASKED);
  const listed = await store.ours(['ls-tree', '-r', '-z', '--name-only', recording, '--', ...asked]);
  return listed.ok ? ok(names(listed.value).map(shown)) : listed;
}

/** The mode of a side on which a path is not. */
export const ABSENT = '000000';

/** One path that differs: mode and object on either side. */
export interface Difference {
  readonly path: string;
  readonly fromMode: string;
  readonly toMode: string;
  readonly fromId: string;
  readonly toId: string;
}

/** Everything that differs, with modes; paths as of `names`. */
export async function differences(
  store: Store,
  from: string,
  to: string,
): Promise<Result<readonly Difference[], Failure>> {
  const listed = await store.ours([
    'diff-tree',
    '-r',
    '-z',
    '--no-renames',
    '--raw',
    '--no-abbrev',
    from,
    to,
  ]);
  if (!listed.ok) return listed;
  const fields = names(listed.value);
  const all: Difference[] = [];
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const [fromMode = '', toMode = '', fromId = '', toId = ''] = (fields[i] ?? '').slice(1).split(' ');
    all.push({ path: fields[i + 1] ?? '', fromMode, toMode, fromId, toId });
  }
  return ok(all);
}

/** No program that a config or an attribute names is asked how to show a file. */
const PLAIN = ['--no-ext-diff', '--no-textconv', '--no-color'];

/** The difference as text for people. Bytes that are no UTF-8 come out as U+FFFD. */
export async function diffText(
  store: Store,
  from: string,
  to: string,
  options: DiffOptions,
): Promise<Result<string, Failure>> {
  const shape = options.stat === true ? ['--stat'] : ['-p'];
  const args = ['diff-tree', '-r', '-M', ...PLAIN, ...shape, from, to, '--', ...(options.paths ?? [])];
  const shownDiff = await store.ours(args);
  return shownDiff.ok ? ok(text(shownDiff.value)) : shownDiff;
}

/** The difference as a patch that `applyPatch` takes anywhere, binary files included. Empty where nothing differs. */
export async function patchBytes(
  store: Store,
  from: string,
  to: string,
): Promise<Result<Uint8Array, Failure>> {
  return store.ours([
    'diff-tree',
    '-r',
    '-p',
    '--binary',
    '--full-index',
    '--no-renames',
    ...PLAIN,
    from,
    to,
  ]);
}

/**
 * Makes the changes of a patch in the working tree, all of them or none. Git refuses paths that lead out of the tree, by `..`
 * or by a link, and anything inside `.git`.
 */
export async function applyPatch(store: Store, patch: Uint8Array): Promise<Result<undefined, Failure>> {
  if (patch.length === 0) return ok(undefined);
  const applied = await store.ours(['apply', '--whitespace=nowarn', '-'], { input: patch });
  if (applied.ok) return ok(undefined);
  return err({
    reason: 'replay',
    message: `The recorded change does not fit the files as they are. ${applied.error.message}`,
    help: 'Record again with `codemachine run --record`, starting from these files.',
  });
}

/** Whether a path is an ignore file, by whose change other files come and go. */
export function isIgnoreFile(name: string): boolean {
  return name === '.gitignore' || name.endsWith('/.gitignore');
}

/** The directories that a path is in, outermost first. */
export function parentsOf(name: string): readonly string[] {
  const parts = name.split('/');
  return parts.slice(1).map((_, i) => parts.slice(0, i + 1).join('/'));
}
