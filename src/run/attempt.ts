/** Makes one attempt of a step, from its start to what follows from its end. */
import type { Failure } from '../model/failure.ts';
import type { StepKey } from '../model/ids.ts';
import { asStepKey } from '../model/ids.ts';
import type { Job, Outcome } from '../model/ports.ts';
import type { Scope } from '../model/scope.ts';
import type { Step } from '../model/workflow.ts';
import { conclude } from './conclude.ts';
import { fillJob } from './fill.ts';
import type { Phase } from './phase.ts';
import type { Running } from './running.ts';
import type { Transaction } from './transaction.ts';
import { beginTransaction, isRecorded } from './transaction.ts';

/** Whether the step has its end, gets another attempt, or was left where it was because nothing goes on. */
export type AfterAttempt = 'ended' | 'again' | 'halted';

/** What an attempt belongs to. */
export interface AttemptOf {
  readonly run: Running;
  readonly phase: Phase;
  readonly step: Step;
  readonly key: StepKey;
  readonly attempt: number;
  readonly engine?: string;
}

/** An attempt that was made: how it ended, and what takes its edits back if it was recorded. */
export interface Made {
  readonly outcome: Outcome;
  readonly undo?: Transaction['undo'];
}

/**
 * Makes the next attempt. `step-started` is committed before anything starts, so that a crash never leaves an attempt
 * that nobody knows of; the attempt's end is said, not waited for, so that it shares a commit with what it lets start.
 */
export async function makeAttempt(
  run: Running,
  phase: Phase,
  step: Step,
  scope: Scope,
): Promise<AfterAttempt> {
  const key = asStepKey(step.id);
  const progress = run.ledger.step(key);
  const attempt = progress.attempt + 1;
  const engine = engineFor(step, progress.engine);
  const of: AttemptOf = { run, phase, step, key, attempt, ...(engine === undefined ? {} : { engine }) };
  const job = fillJob(run, step, attempt, engine, scope);
  const model = job.ok && job.value.kind === 'prompt' ? job.value.model : undefined;
  await run.ledger.say({
    type: 'step-started',
    step: key,
    attempt,
    kind: step.kind,
    ...(engine === undefined ? {} : { engine }),
    ...(model === undefined ? {} : { model }),
    workspace: 'shared',
  });
  if (!job.ok) {
    void run.ledger.say({ type: 'step-failed', step: key, attempt, final: true, failure: job.error });
    return 'ended';
  }
  return conclude(of, await recorded(of, job.value));
}

/** An engine that an earlier attempt fell back to is gone on with. */
function engineFor(step: Step, current: string | undefined): string | undefined {
  if (step.kind === 'run') return undefined;
  return current !== undefined && step.engines.includes(current) ? current : step.engines[0];
}

async function recorded(of: AttemptOf, job: Job): Promise<Made> {
  const { workspace } = of.run.input.ports;
  if (workspace === undefined || !isRecorded(of.step)) return { outcome: await timed(of, job) };
  const begun = await beginTransaction(of.run, workspace, of.step, of.attempt);
  if (!begun.ok) return { outcome: failed(begun.error) };
  const outcome = await timed(of, job);
  // Asked to end at once, the runner does not walk the tree; resume finds an attempt without an end and records it then.
  if (of.phase.isHard()) return { outcome };
  const ended = await begun.value.end();
  if (ended.ok) return { outcome, undo: begun.value.undo };
  // What is not recorded cannot be taken back, and another attempt must not start on it.
  const undo = () => Promise.resolve(ended);
  return { outcome: outcome.ok ? { ...failed(ended.error), values: outcome.values } : outcome, undo };
}

function timed(of: AttemptOf, job: Job): Promise<Outcome> {
  const { run, phase, step, key, attempt, engine } = of;
  const { ports } = run.input;
  return run.limited(engine, async () => {
    const own = phase.openStop();
    if (own.stop.soft.aborted) {
      own.close();
      return failed({ reason: 'interrupted', message: 'stopped before it began' });
    }
    let timeout = false;
    let open = true;
    const takeBack =
      step.timeoutMs === undefined
        ? () => undefined
        : ports.clock.after(step.timeoutMs, () => {
            timeout = true;
            own.soft('timeout');
          });
    const hear = {
      chatter: ports.chatter,
      session: (session: string) => {
        if (!open) return;
        void run.ledger.say({ type: 'session-opened', step: key, attempt, engine: engine ?? '', session });
      },
    };
    try {
      const outcome = await ports.attempt(job, hear, own.stop);
      return timeout && !outcome.ok ? timedOut(step.timeoutMs ?? 0, outcome) : outcome;
    } finally {
      open = false;
      takeBack();
      own.close();
    }
  });
}

/** What a shell gives a command that `timeout` ended; conditions compare with it. */
const TIMEOUT_EXIT_CODE = 124;

function timedOut(limitMs: number, outcome: Outcome): Outcome {
  const message = `not finished after ${limitMs / 1000} s, so it was stopped`;
  return {
    ok: false,
    failure: {
      reason: 'timeout',
      message,
      'exit-code': TIMEOUT_EXIT_CODE,
      help: 'raise `timeout` if it needs longer',
    },
    values: { ...outcome.values, 'exit-code': TIMEOUT_EXIT_CODE },
  };
}

function failed(failure: Failure): Extract<Outcome, { ok: false }> {
  return { ok: false, failure, values: {} };
}
