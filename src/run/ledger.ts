/** Says what happens in the run, so that it is folded here at once, then committed by the one who was handed in. */
import type { Milestone, MilestoneBody } from '../model/event.ts';
import { EVENT_VERSION } from '../model/event.ts';
import { follow } from '../model/fold.ts';
import type { RunId, StepKey } from '../model/ids.ts';
import type { Clock, Emit } from '../model/ports.ts';
import type { Progress, StepProgress } from '../model/progress.ts';
import { untouched } from '../model/progress.ts';

/** The run's own record of itself. */
export interface Ledger {
  readonly progress: Progress;
  step(key: StepKey): StepProgress;
  /**
   * Says a milestone. The state shows it at once, so that what follows from it can be said in the same turn and share
   * its commit; the promise resolves when it is committed, and rejects when the run was lost. Since commits keep the
   * order of saying, whoever awaits one knows that everything said before is committed too.
   */
  say(body: MilestoneBody): Promise<Milestone>;
  /** Why nothing can be committed any more; undefined while it can. */
  lost(): Error | undefined;
}

/** What a ledger is made of. */
export interface LedgerInput {
  readonly run: RunId;
  readonly history: readonly Milestone[];
  readonly emit: Emit;
  /** Takes secrets out before anything is folded, so that a resumed run sees what the live one saw. */
  readonly mask: (body: MilestoneBody) => MilestoneBody;
  readonly clock: Clock;
  readonly onLost: (error: Error) => void;
  /** Called when a milestone is folded. */
  readonly heard?: () => void;
}

/** Opens the ledger of a run with the history it has. */
export function openLedger(input: LedgerInput): Ledger {
  const { hear, progress } = follow(input.history);
  let lost: Error | undefined;
  const lose = (cause: unknown): Error => {
    if (lost === undefined) {
      lost = cause instanceof Error ? cause : new Error(String(cause));
      input.onLost(lost);
    }
    return lost;
  };
  const say = (body: MilestoneBody): Promise<Milestone> => {
    if (lost !== undefined) return silently(Promise.reject(lost));
    const masked = input.mask(body);
    const at = new Date(input.clock.now()).toISOString();
    hear({ ...masked, v: EVENT_VERSION, seq: progress.seq + 1, at, run: input.run });
    const said = silently(
      input.emit(masked).catch((error: unknown) => {
        throw lose(error);
      }),
    );
    input.heard?.();
    return said;
  };
  return { progress, step: (key) => progress.steps.get(key) ?? untouched(key), say, lost: () => lost };
}

/** Most milestones are not waited for; a rejection of theirs is heard through `onLost` and must not end the process. */
function silently<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}
