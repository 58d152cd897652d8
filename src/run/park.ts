/** Parks a run that waits for somebody, or for a time. */
import { raised } from '../model/budget-raise.ts';
import { recordEnd } from './ends.ts';
import type { RestReason } from './phase.ts';
import type { RunResult } from './run.ts';
import type { Running } from './running.ts';

/** Parking runs no `finally`: the run is not over. */
export async function park(run: Running, reason: 'gate' | 'quota' | RestReason): Promise<RunResult> {
  const { input, ledger } = run;
  const raise = reason === 'budget' ? raised(run.budgets.over()) : '';
  const more = raise === '' ? '' : ` --budget ${raise}`;
  const [until] = reason === 'quota' ? quotaTimes(run) : [];
  // Others may work in the tree from now on.
  await recordEnd(run, 'run.end');
  await ledger.say({
    type: 'run-parked',
    reason,
    resume: `codemachine resume ${input.run}${more}`,
    ...(until === undefined ? {} : { until }),
  });
  return { end: 'parked' };
}

/** When the steps that wait for a quota go on, the first of them first; ISO 8601. */
export function quotaTimes({ ledger }: Pick<Running, 'ledger'>): readonly string[] {
  return [...ledger.progress.steps.values()]
    .flatMap(({ status, retryAt, quotaSince }) =>
      status === 'waiting' && retryAt !== undefined && quotaSince !== undefined ? [retryAt] : [],
    )
    .sort();
}
