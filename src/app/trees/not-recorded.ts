/** Says why there is nothing of an attempt to look at. */
import type { Result } from '../../model/result.ts';
import { type Refusal, refuse } from '../refusal.ts';
import { attemptWords, type NamedAttempt } from './attempt-name.ts';
import type { RunTree } from './owner.ts';

/** Refuses an attempt without recordings. `command` is what was to be done with it: `diff`. */
export function notRecorded(
  { run, progress }: RunTree,
  of: NamedAttempt,
  command: string,
): Result<never, Refusal> {
  const what = `${attemptWords(of)} of run ${run}`;
  if (of.step.attempt === 0) return refuse(`${what} has not started`);
  if (of.step.reused === 'retry' && progress.retryOf !== undefined) {
    return refuse(
      `the result of ${what} was taken over from run ${progress.retryOf}, which has the recordings`,
      `\`codemachine ${command} ${progress.retryOf} ${of.step.key}\``,
    );
  }
  return refuse(
    `${what} was not recorded`,
    'recorded are isolated steps, and agents with `access: write` or `full` unless they say `undo: never`',
  );
}
