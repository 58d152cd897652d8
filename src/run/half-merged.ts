/** Finishes a merge that was cut off while the shared tree was being changed. */

import type { HeadMove } from '../model/head-move.ts';
import type { StepKey } from '../model/ids.ts';
import type { Workspace } from '../model/ports.ts';
import type { Result } from '../model/result.ts';
import { err, ok } from '../model/result.ts';
import { ask, endedOrderly, othersSince, refusal } from './ask.ts';
import { sayMerged } from './merging.ts';
import type { Running } from './running.ts';

/** A merge whose tree may stand in part. */
export interface HalfMerged {
  readonly step: StepKey;
  readonly attempt: number;
  /** The shared tree before the merge. */
  readonly from: string;
  readonly tree: string;
  /** What the merge changes. */
  readonly files: readonly string[];
  /** The recording of the shared tree as it was found. */
  readonly found: string;
  /** Of `files`, those that hold neither what was there before nor what the merge puts there. */
  readonly foreign: readonly string[];
}

/**
 * Looks whether the step's merge was begun and not done. Undefined where it was not, or where somebody wants the tree kept as it
 * is: the change is merged anew then, with what is there now. An error is the sentence why the run is not resumed.
 */
export async function lookAtMerge(
  run: Running,
  step: StepKey,
): Promise<Result<HalfMerged | undefined, string>> {
  const { workspace } = run.input.ports;
  const { status, attempt, trees } = run.ledger.step(step);
  const merge = trees[attempt]?.merge;
  // One that failed since was given up for a conflict, and touched nothing after that.
  const begun = merge !== undefined && !merge.done && (status === 'merging' || status === 'canceled');
  if (workspace === undefined || !begun) return ok(undefined);
  const { from, tree } = merge;
  const looked = await compare(run, workspace, `${step}.${attempt}.found`, { from, tree });
  if (!looked.ok) return run.input.options.keepTree === true ? ok(undefined) : looked;
  const { files, found, foreign, head } = looked.value;
  // An owner that was killed may have been writing one of them: what it holds then is nobody's edit.
  const why = endedOrderly(run) ? 'edited' : 'crashed';
  const moved = head === undefined ? {} : { head };
  const others = foreign.length === 0 ? {} : othersSince(run, begunAt(run, step, attempt));
  const question = { step, attempt, why, files: foreign, merging: true, ...moved, ...others } as const;
  const nothing = foreign.length === 0 && head === undefined;
  const answer = nothing ? 'undo' : await ask(run, question);
  if (answer === 'stop') return err(refusal(question));
  return ok(answer === 'keep' ? undefined : { step, attempt, from, tree, files, found, foreign });
}

/** Goes forward: the change is done, and was to be merged. What else somebody changed since stays. */
export async function finishMerge(run: Running, merge: HalfMerged): Promise<Result<undefined, string>> {
  const { step, attempt, from, tree, files, found, foreign } = merge;
  const restored = await run.input.ports.workspace?.restore(tree, from, found);
  if (restored?.ok === false)
    return err(
      `the merge of \`${step}\` (attempt ${attempt}) could not be finished: ${restored.error.message}`,
    );
  sayMerged(run, step, attempt, { tree, files });
  if (foreign.length > 0)
    await run.input.options.undone?.({ step, attempt, merging: true, files: foreign, found });
  return ok(undefined);
}

function begunAt({ input }: Running, step: StepKey, attempt: number): string | undefined {
  const begun = input.history.findLast(
    (one) => one.type === 'merge-started' && one.step === step && one.attempt === attempt,
  );
  return begun?.at;
}

async function compare(
  run: Running,
  workspace: Workspace,
  label: string,
  { from, tree }: { readonly from: string; readonly tree: string },
): Promise<Result<Pick<HalfMerged, 'files' | 'found' | 'foreign'> & { head?: HeadMove }, string>> {
  const now = await workspace.record(run.input.run, label, from);
  if (!now.ok) return err(`the tree could not be recorded before resuming: ${now.error.message}`);
  const files = await workspace.changed(from, tree);
  const rest = await workspace.changed(tree, now.value.tree);
  if (!files.ok || !rest.ok) {
    const { message } = !files.ok ? files.error : !rest.ok ? rest.error : { message: '' };
    return err(`the recordings of the tree could not be compared: ${message}`);
  }
  const moved = new Set(now.value.files);
  const open = new Set(rest.value);
  const foreign = files.value.filter((path) => moved.has(path) && open.has(path));
  // A merge moves no HEAD: whoever did may have taken the tree elsewhere, half of the change with it.
  const head = (await workspace.moved?.(from, now.value.tree)) ?? ok(undefined);
  if (!head.ok) return err(`it could not be found out whether HEAD moved: ${head.error.message}`);
  const where = head.value === undefined ? {} : { head: head.value };
  return ok({ files: files.value, found: now.value.tree, foreign, ...where });
}
