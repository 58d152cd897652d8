/** Finds the worktrees that a dead owner left, so that what is in them is recorded before they go. */
import type { MilestoneBody } from '../model/event.ts';
import type { StepKey } from '../model/ids.ts';
import type { Worktree } from '../model/ports.ts';
import type { StepProgress } from '../model/progress.ts';
import type { Result } from '../model/result.ts';
import { err, ok } from '../model/result.ts';
import type { Running } from './running.ts';

/** What is to be said of a step's worktrees, then the worktrees themselves. */
export interface Left {
  readonly before: readonly MilestoneBody[];
  readonly worktrees: readonly Goes[];
}

/** A worktree that is to go, or what a removal that was cut off left of one. */
export type Goes = Pick<Worktree, 'root' | 'remove'>;

/** Whether `--keep-tree` means that the next attempt goes on from what this one left in its worktree: only one that was cut off. */
export function isKept({ status, attempt, trees, failure }: StepProgress): boolean {
  const own = trees[attempt];
  if (own?.isolated !== true || own.before === undefined || own.kept === true) return false;
  return status === 'running' || (status === 'waiting' && failure?.reason === 'interrupted');
}

/**
 * Looks for the worktrees of a step's attempts: of the newest, and of those whose end could not be recorded. What is in one
 * stands for the attempt's end. Of one that is gone, and of one whose attempt had not begun, there is nothing to record.
 */
export async function lookAtWorktrees(run: Running, key: StepKey): Promise<Result<Left, string>> {
  const { isolation, attemptDirectory } = run.input.ports;
  const { keepTree } = run.input.options;
  const before: MilestoneBody[] = [];
  const worktrees: Goes[] = [];
  if (isolation === undefined || attemptDirectory === undefined) return ok({ before, worktrees });
  const { trees, attempt: newest } = run.ledger.step(key);
  for (const [number, own] of Object.entries(trees)) {
    const attempt = Number(number);
    if (own.isolated !== true || (attempt !== newest && own.after !== undefined)) continue;
    const directory = attemptDirectory(key, attempt);
    const found = await isolation.find(run.input.run, directory);
    if (!found.ok) return err(lost(key, attempt, found.error.message));
    const worktree = found.value;
    if (worktree === undefined) {
      const remove = () => isolation.clear?.(run.input.run, directory) ?? Promise.resolve(ok(undefined));
      worktrees.push({ root: directory, remove });
      continue;
    }
    if (own.before !== undefined && own.after === undefined) {
      const label = `${key}.${attempt}.after`;
      const now = await worktree.record(run.input.run, label, own.before);
      // It stays where it is: nobody needs the place, and all there is of the attempt is in it.
      if (!now.ok && keepTree === true) continue;
      if (!now.ok) return err(lost(key, attempt, now.error.message));
      const { tree, files } = now.value;
      before.push({ type: 'snapshot-taken', step: key, attempt, tree, files });
    }
    worktrees.push(worktree);
  }
  return ok({ before, worktrees });
}

function lost(key: StepKey, attempt: number, why: string): string {
  return `the worktree of \`${key}\` (attempt ${attempt}) could not be recorded before resuming: ${why}`;
}
