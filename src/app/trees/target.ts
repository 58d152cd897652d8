/** Puts together what the tree becomes when changes are taken out of it that others build on. */
import type { Failure } from '../../model/failure.ts';
import type { RunId } from '../../model/ids.ts';
import { err, ok, type Result } from '../../model/result.ts';
import type { GitWorkspace } from '../../workspace/workspace.ts';
import type { Refusal } from '../refusal.ts';
import type { TreeChange } from './changes.ts';
import { named } from './undone.ts';

/** A change to take out. */
export interface Out {
  /** What the files become. */
  readonly to: string;
  /** What they were left as. */
  readonly from: string;
  /** The files that differ, without those that never go back. */
  readonly paths: readonly string[];
  /** What stays of what was done since. */
  readonly kept: readonly TreeChange[];
}

/** What it is taken out of. */
export interface OutOf {
  readonly workspace: GitWorkspace;
  /** Under whose refs it is recorded. */
  readonly run: RunId;
  /** Whether a file never goes back. */
  readonly ownFile: (file: string) => boolean;
}

const LABEL = 'found.without';
const MOST_PICKED = 500;

/** Takes one change after the other out of a recording; gives the recording without them. */
export async function withoutChanges(
  of: OutOf,
  found: string,
  outs: readonly Out[],
): Promise<Result<string, Refusal>> {
  let tree = found;
  for (const out of outs) {
    const sources = await sourcesOf(of, tree, out);
    if (!sources.ok) return sources;
    const { mine, merged, both } = sources.value;
    for (const [source, all] of [
      [out.to, mine],
      [merged, both],
    ] as const) {
      for (let at = 0; at < all.length; at += MOST_PICKED) {
        const paths = all.slice(at, at + MOST_PICKED);
        const picked = await of.workspace.trees.pick({
          run: of.run,
          label: LABEL,
          from: tree,
          to: source,
          paths,
        });
        if (!picked.ok) return err(inWords(picked.error));
        tree = picked.value;
      }
    }
  }
  return ok(tree);
}

/** Which files become what they were, and which become a merge: those that what is kept has changed too. */
interface Sources {
  readonly mine: readonly string[];
  readonly merged: string;
  readonly both: readonly string[];
}

async function sourcesOf(of: OutOf, tree: string, out: Out): Promise<Result<Sources, Refusal>> {
  const { workspace } = of;
  const { kept, paths, from, to } = out;
  const theirs = await filesOf(workspace, kept);
  if (!theirs.ok) return err(inWords(theirs.error));
  if (!paths.some((file) => theirs.value.has(file))) return ok({ mine: paths, merged: tree, both: [] });
  const done = await workspace.isolation.merge({
    ...{ run: of.run, label: LABEL, base: from, ours: tree, theirs: to, directories: 'stay' },
  });
  if (!done.ok) return err(inWords(done.error));
  const { tree: merged, files, conflicts } = done.value;
  const split = await splitFiles(of, tree, out, { kept: theirs.value, merged });
  if (!split.ok) return err(inWords(split.error));
  const { mine, aside } = split.value;
  const alone = (file: string): boolean => mine.has(file) || aside.has(file) || of.ownFile(file);
  const clash = conflicts.filter((file) => !alone(file));
  if (clash.length > 0) return err(entangled(kept, clash));
  return ok({ mine: [...mine], merged, both: files.filter((file) => !alone(file)) });
}

/**
 * Whose bytes a file gets is a question of what it is, not of what it is called: where the change that goes moved a file, the old
 * name gets what is kept under the new one, and where somebody moved it since, the change goes out of the file with the newest name.
 */
async function splitFiles(
  { workspace, ownFile }: OutOf,
  tree: string,
  { paths, from, to }: Out,
  { kept, merged }: { readonly kept: ReadonlySet<string>; readonly merged: string },
): Promise<Result<{ mine: ReadonlySet<string>; aside: ReadonlySet<string> }, Failure>> {
  const [back, since, differing, there] = await Promise.all([
    movesOf(workspace, from, to),
    movesOf(workspace, from, tree),
    workspace.changed(merged, to),
    addedIn(workspace, [from, tree], to),
  ]);
  if (!back.ok) return back;
  if (!since.ok) return since;
  if (!differing.ok) return differing;
  if (!there.ok) return there;
  const unlike = new Set(differing.value);
  const linked = (file: string): boolean => {
    const source = back.value.get(file);
    // Git's merge sees moves that its diff does not: then bytes stand there that are neither side's.
    return (source !== undefined && kept.has(source)) || (there.value.has(file) && unlike.has(file));
  };
  const mine = new Set(paths.filter((file) => !kept.has(file) && !linked(file)));
  const aside = [...since.value].flatMap(([now, before]) =>
    mine.has(before) || ownFile(before) ? [now] : [],
  );
  return ok({ mine, aside: new Set(aside) });
}

/** New names of what was moved between two recordings, with the old ones. */
export async function movesOf(
  workspace: GitWorkspace,
  from: string,
  to: string,
): Promise<Result<ReadonlyMap<string, string>, Failure>> {
  const all = await workspace.trees.changes(from, to);
  if (!all.ok) return all;
  return ok(new Map(all.value.flatMap((one) => (one.from === undefined ? [] : [[one.path, one.from]]))));
}

/** What a recording has and none of the others. */
async function addedIn(
  workspace: GitWorkspace,
  others: readonly string[],
  to: string,
): Promise<Result<ReadonlySet<string>, Failure>> {
  let added: ReadonlySet<string> | undefined;
  for (const other of others) {
    const lost = (await workspace.lost?.(to, other)) ?? ok([]);
    if (!lost.ok) return lost;
    const before: ReadonlySet<string> | undefined = added;
    added = new Set(lost.value.filter((file) => before?.has(file) !== false));
  }
  return ok(added ?? new Set());
}

/** Every file that one of the changes touched. */
export async function filesOf(
  workspace: GitWorkspace,
  changes: readonly TreeChange[],
): Promise<Result<ReadonlySet<string>, Failure>> {
  const all = new Set<string>();
  for (const { from, to } of changes) {
    const files = await workspace.changed(from, to ?? from);
    if (!files.ok) return files;
    for (const file of files.value) all.add(file);
  }
  return ok(all);
}

function entangled(kept: readonly TreeChange[], files: readonly string[]): Refusal {
  const steps = [...new Set(kept.map(({ step }) => step))];
  return {
    message: `what is kept of ${steps.join(', ')} builds on what would go, in the same lines or names: ${named(files)}`,
    help: `run an earlier step again with \`--from <step>\`, so that ${steps.length === 1 ? 'it' : 'one of them'} runs again too; or take the tree as it is with \`--keep-tree\``,
  };
}

/** A failure as the caller is told it. */
export function inWords({ message, help }: Failure): Refusal {
  return { message, ...(help === undefined ? {} : { help }) };
}
