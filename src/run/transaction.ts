/** Records the tree around an attempt of a writing agent, and puts it back. */
import { adviseUnrecordable, type Failure } from '../model/failure.ts';
import { type HeadMove, kept } from '../model/head-move.ts';
import type { StepKey } from '../model/ids.ts';
import type { Workspace } from '../model/ports.ts';
import type { Result } from '../model/result.ts';
import { err, ok } from '../model/result.ts';
import type { Step } from '../model/workflow.ts';
import { isWriter } from '../model/workflow.ts';
import type { Running } from './running.ts';

/** The recordings around one attempt. */
export interface Transaction {
  /** Records the end of the attempt, whatever it was; gives the files that it changed. */
  end(): Promise<Result<readonly string[], Failure>>;
  /** Puts the tree back to the start of the attempt; only after a successful `end`. */
  undo(): Promise<Result<undefined, Failure>>;
}

/** Whether a step's attempts are undone when they fail. */
export function isUndone(step: Step): boolean {
  return isWriter(step) && step.undo;
}

/** Whether a step's attempts are recorded, so that they run alone: to be undone, or to be made again from the recordings. */
export function isRecorded(step: Step): boolean {
  if (isUndone(step)) return true;
  return step.cache !== undefined && step.isolated === undefined && (step.kind === 'run' || isWriter(step));
}

/** How HEAD moved, for a journal: nothing is lost where that cannot be found out. */
async function headBetween(
  workspace: Workspace,
  start: string,
  end: string,
): Promise<{ readonly head?: HeadMove }> {
  const moved = await workspace.moved?.(start, end);
  return moved?.ok === true && moved.value !== undefined ? { head: kept(moved.value) } : {};
}

/** The failure is told only of steps that are undone. */
const NOT_UNDONE = { also: 'Or set `undo: never` on the step, and resume with `--updated`.' };

/** Records the start of an attempt. The milestone is committed before this resolves: the agent must not start sooner. */
export async function beginTransaction(
  run: Running,
  workspace: Workspace,
  key: StepKey,
  attempt: number,
): Promise<Result<Transaction, Failure>> {
  const id = run.input.run;
  const before = await workspace.record(id, `${key}.${attempt}.before`);
  if (!before.ok) return err(adviseUnrecordable(before.error, NOT_UNDONE));
  const { tree: start } = before.value;
  await run.ledger.say({ type: 'snapshot-taken', step: key, attempt, tree: start, files: [] });
  let end: string | undefined;
  return ok({
    end: async () => {
      const after = await workspace.record(id, `${key}.${attempt}.after`, start);
      if (!after.ok) return err(adviseUnrecordable(after.error, NOT_UNDONE));
      const { tree, files, headMoved } = after.value;
      end = tree;
      const head = headMoved === true ? await headBetween(workspace, start, tree) : {};
      void run.ledger.say({ type: 'snapshot-taken', step: key, attempt, tree, files, ...head });
      return ok(after.value.files);
    },
    undo: async () => {
      if (end === undefined)
        throw new Error(`the end of ${key}.${attempt} was not recorded, so it cannot be undone`);
      const files = await workspace.restore(start, end);
      if (!files.ok) return files;
      void run.ledger.say({ type: 'tree-restored', step: key, attempt, tree: start, files: files.value });
      return ok(undefined);
    },
  });
}
