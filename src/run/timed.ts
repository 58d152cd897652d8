/** Makes an attempt so that it can be stopped, by its own time or by the run. */
import type { Failure } from '../model/failure.ts';
import type { Job, Outcome } from '../model/ports.ts';
import type { AttemptOf } from './attempt.ts';

/** What a shell gives a command that `timeout` ended; conditions compare with it. */
const TIMEOUT_EXIT_CODE = 124;

/** Makes the attempt when its engine has room for it. `limitMs` is what is left of its time; undefined is no limit. */
export function timed(of: AttemptOf, job: Job, limitMs: number | undefined): Promise<Outcome> {
  const { run, phase, key, attempt } = of;
  const { ports } = run.input;
  const engine = job.kind === 'prompt' ? of.engine : undefined;
  return run.limited(engine, async () => {
    const own = phase.openStop();
    if (own.stop.soft.aborted) {
      own.close();
      return failed({ reason: 'interrupted', message: 'stopped before it began' });
    }
    let timeout = false;
    let open = true;
    const takeBack =
      limitMs === undefined
        ? () => undefined
        : ports.clock.after(limitMs, () => {
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
      return timeout && !outcome.ok ? timedOut(of.step.timeoutMs ?? 0, outcome) : outcome;
    } finally {
      open = false;
      takeBack();
      own.close();
    }
  });
}

/** An attempt that never came to anything. */
export function failed(failure: Failure): Extract<Outcome, { ok: false }> {
  return { ok: false, failure, values: {} };
}

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
