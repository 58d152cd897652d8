/** Tells the journal that a person has undone what an attempt left in the tree. */

import { headMoved } from '../../model/head-move.ts';
import type { AttemptTrees } from '../../model/progress.ts';
import { err, ok, type Result } from '../../model/result.ts';
import { quoted } from '../../report/words.ts';
import type { Refusal } from '../refusal.ts';
import { tell } from '../runs/present.ts';
import { attemptWords, type NamedAttempt } from './attempt-name.ts';
import type { OwnedTree, RunTree } from './owner.ts';

/** How the tree was found, and what of it was put back. */
export interface PutBack {
  /** A recording, with the paths that differed from the attempt's start. */
  readonly found: { readonly tree: string; readonly files: readonly string[] };
  readonly files: readonly string[];
  /** Whether HEAD, its branch and the index went back too; absent where nobody asked for that. */
  readonly head?: boolean;
}

/**
 * Closes an attempt whose edits were still in the tree when all files were put back to its start: no resume undoes it a second time,
 * and no other run is warned of it. Where HEAD has moved since and was not asked to go back, the attempt stays open, because files
 * are all that was put back.
 */
export async function settleAttempt(
  { run, workspace }: RunTree,
  visit: OwnedTree,
  { step: { key }, attempt }: Pick<NamedAttempt, 'step' | 'attempt'>,
  { found, files, head }: PutBack,
): Promise<Result<undefined, Refusal>> {
  const step = visit.progress().steps.get(key);
  const trees = step?.trees[attempt];
  if (step === undefined || step.attempt !== attempt || trees === undefined) return ok(undefined);
  const what = attemptWords({ step, attempt });
  if (trees.merge?.done === false && step.status === 'merging')
    tell(`the change of ${what} is kept: \`codemachine resume ${run}\` merges it`);
  if (step.status === 'succeeded' || !isInTree(trees)) return ok(undefined);
  const moved = head === undefined ? await workspace.moved?.(trees.before, found.tree) : undefined;
  if (moved?.ok === false) return err(moved.error);
  if (moved?.value !== undefined) {
    tell(
      `${headMoved(moved.value)}. Files alone were put back: \`codemachine restore ${run} ${quoted(key)} --before --head\` puts HEAD back too`,
    );
    return ok(undefined);
  }
  const of = { step: key, attempt } as const;
  await visit.say(
    ...(trees.after === undefined
      ? [{ type: 'snapshot-taken', ...of, ...found, 'by-hand': true } as const]
      : []),
    { type: 'tree-restored', ...of, tree: trees.before, files, 'by-hand': true },
  );
  tell(`with that ${what} is undone: \`codemachine resume ${run}\` makes it again`);
  return ok(undefined);
}

/** Whether the attempt worked in the shared tree, and nobody has undone or kept what it left. */
function isInTree(trees: AttemptTrees): trees is AttemptTrees & { readonly before: string } {
  return trees.before !== undefined && !trees.undone && trees.isolated !== true && trees.kept !== true;
}
