/** Takes changes as merged that a person merged in the checkout. */
import { conflictKey, liesIn, type StepKey } from '../model/ids.ts';
import type { Running } from './running.ts';

/** A change that a person merged; the work behind it is done, and is not made again. */
export interface MergedByHand {
  readonly step: StepKey;
  readonly attempt: number;
  /** The shared tree as it would be without the change. */
  readonly from: string;
  /** The shared tree as it is. */
  readonly tree: string;
  /** Paths that differ between the two; none where nothing of the change was wanted. */
  readonly files: readonly string[];
}

/** Says what the step would have said, had its change been merged by the run: with the result that its work had. */
export function sayMergedByHand(run: Running, { step, attempt, from, tree, files }: MergedByHand): void {
  const ready = run.input.history.findLast(
    (one) => one.type === 'change-ready' && one.step === step && one.attempt === attempt,
  );
  if (ready?.type !== 'change-ready') throw new Error(`${step}.${attempt} never had a change to merge`);
  const { v: _, seq: __, at: ___, run: ____, tree: _____, files: ______, ...values } = ready;
  if (files.length > 0) {
    void run.ledger.say({ type: 'merge-started', step, attempt, from, tree, files });
    void run.ledger.say({ type: 'change-merged', step, attempt, tree, files });
  }
  closeResolution(run, step, 'the conflict was resolved by hand');
  void run.ledger.say({ ...values, type: 'step-succeeded' });
}

/** Says of the agent that was to resolve a step's conflict that nothing is left for it, where it has no end. */
export function closeResolution(run: Running, step: StepKey, because: string): void {
  const key = conflictKey(step);
  const { status, attempt } = run.ledger.step(key);
  const isOpen = attempt > 0 && (status === 'pending' || status === 'waiting');
  if (isOpen) void run.ledger.say({ type: 'step-skipped', step: key, because });
}

/** Whether a person merged the step's change, which lets it count as performed by this owner. */
export function isMergedByHand({ input }: Running, key: StepKey): boolean {
  return input.resolved?.some(({ step }) => step === key) === true;
}

/** Whether a person merged a change of something that lies in the step: a loop, a matrix or a used workflow that failed by it goes on. */
export function isMergedWithin({ input }: Running, key: StepKey): boolean {
  return input.resolved?.some(({ step }) => liesIn(step, key)) === true;
}
