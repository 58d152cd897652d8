/** Brings a run to its end: how it came out, and the last milestone. */
import type { Milestone, RunEnd, Usage } from '../model/event.ts';
import { isByHand, NO_USAGE } from '../model/event.ts';
import type { Progress } from '../model/progress.ts';
import type { JsonObject, Result } from '../model/result.ts';
import { keyIn } from './frame.ts';
import type { Running } from './running.ts';

/** How the main list ended, by what its steps came to. */
export function endOfList(run: Running, canceled: boolean): RunEnd {
  if (canceled) return 'canceled';
  const failed = run.main.planned.some(
    ({ step }) => run.ledger.step(keyIn(run.main, step)).status === 'failed' && !step.continueOnError,
  );
  return failed ? 'failed' : 'succeeded';
}

/**
 * From which attempt of the run on results of its `finally` are kept. One that goes on after its end runs `finally` again, even
 * where nothing is decided anew.
 */
export function finallySince({ input, ledger }: Running): number {
  const wasOver = input.history.findLast((m) => m.type === 'run-finished' || m.type === 'run-resumed');
  return wasOver?.type === 'run-finished' ? ledger.progress.attempt : 0;
}

/** Says that the run is over, with what it cost. */
export async function sayFinished(
  run: Running,
  status: RunEnd,
  outputs: Result<JsonObject, string>,
  startedAt: number,
): Promise<void> {
  const now = run.input.ports.clock.now();
  await run.ledger.say({
    type: 'run-finished',
    status,
    'duration-ms': ownedBefore(run.input.history) + Math.max(0, now - startedAt),
    usage: usageOf(run.ledger.progress),
    outputs: outputs.ok ? outputs.value : {},
    ...(outputs.ok ? {} : { failure: { reason: 'condition', message: outputs.error } }),
  });
}

/**
 * For how long earlier owners held the run, in milliseconds: from each start to the last milestone of that owner. The
 * time in which nobody owned it is not the run's; that between an owner's last milestone and its death is not known.
 */
export function ownedBefore(history: readonly Milestone[]): number {
  let sum = 0;
  let start: number | undefined;
  let last = 0;
  for (const milestone of history) {
    const at = Date.parse(milestone.at);
    if (milestone.type === 'run-started' || milestone.type === 'run-resumed') {
      if (start !== undefined) sum += Math.max(0, last - start);
      start = at;
    }
    if (!isByHand(milestone)) last = at;
  }
  return start === undefined ? 0 : sum + Math.max(0, last - start);
}

/** Who worked and said nothing of it leaves the cost of the whole unknown. */
function usageOf({ usage = NO_USAGE, silent }: Progress): Usage {
  return silent === true ? { ...usage, usd: null } : usage;
}
