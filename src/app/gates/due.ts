/** Does at gates what time asks for, where no process waits there. */
import type { MilestoneBody } from '../../model/event.ts';
import { foldAll } from '../../model/fold.ts';
import { GIVEN_UP } from '../../model/fold-gates.ts';
import type { RunId } from '../../model/ids.ts';
import type { Progress } from '../../model/progress.ts';
import { openGates } from '../../report/gates.ts';
import type { Lease } from '../../state/lease.ts';
import { StateError } from '../../state/problem.ts';
import type { State } from '../../state/state.ts';

/**
 * Applies the timeouts and reminders of a run that nobody runs: whoever looks at it sees what has become of it by now. What cannot
 * be written, because another process has just taken the run or the disk takes nothing, is left to the next look.
 */
export async function applyDue(state: State, run: RunId, by: string): Promise<void> {
  if (!state.hasAsked(run) || isOwned(state, run)) return;
  if (due(foldAll(state.history(run)), Date.now()).length === 0) return;
  try {
    const lease = state.acquire(run, { by, visit: true });
    if (lease.ok) await apply(state, lease.value);
  } catch (error) {
    if (!(error instanceof StateError)) throw error;
  }
}

async function apply(state: State, lease: Lease): Promise<void> {
  try {
    const now = Date.now();
    // Whoever had it until now may have said something.
    lease.commit(due(foldAll(state.history(lease.run)), now), new Date(now).toISOString());
    await lease.durable();
  } finally {
    lease.release();
  }
}

/** What is to be said of the open gates at this time; one reminder stands for all that were missed. */
export function due(progress: Progress, now: number): readonly MilestoneBody[] {
  return openGates(progress).flatMap(({ key, gate }): readonly MilestoneBody[] => {
    const { question, remindedAt } = gate;
    const expires = question['expires-at'];
    const every = question['remind-ms'];
    if (expires !== undefined && Date.parse(expires) <= now) {
      const decision = question['on-timeout'] ?? GIVEN_UP;
      return [{ type: 'gate-decided', step: key, decision, by: 'the end of its time', unasked: 'timeout' }];
    }
    if (every === undefined || Date.parse(remindedAt ?? question.at) + every > now) return [];
    return [{ type: 'gate-reminded', step: key, message: question.message }];
  });
}

/** Whether a process that lives runs it. */
export function isOwned(state: State, run: RunId): boolean {
  return state.listRuns().some((one) => one.id === run && one.owner !== undefined);
}
