/** Says how an attempt ended, then does what follows from that. */
import { waitedInVain } from '../model/engine-stands.ts';
import type { AttemptValues } from '../model/event.ts';
import type { Failure } from '../model/failure.ts';
import type { Outcome } from '../model/ports.ts';
import type { AfterAttempt, AttemptOf, Made } from './attempt.ts';
import type { Next } from './retry.ts';
import { whatNext } from './retry.ts';

type Failed = Extract<Outcome, { ok: false }>;

/** An attempt that ended well counts even when it was being stopped: what is done is never done again. */
export async function conclude(of: AttemptOf, made: Made): Promise<AfterAttempt> {
  const { run, phase, key, attempt } = of;
  const { outcome } = made;
  if (outcome.ok) {
    const reused = outcome.reused === undefined ? {} : { reused: outcome.reused };
    const said = { ...outcome.values, step: key, attempt, ...reused };
    if (made.change === undefined) {
      void run.ledger.say({ ...said, type: 'step-succeeded' });
      return 'ended';
    }
    // Its worktree is taken away next, so whoever resumes must find the result.
    const { tree, files } = made.change;
    const merged = of.step.isolated?.merge === 'auto';
    if (merged) await run.ledger.say({ ...said, type: 'change-ready', tree, files });
    else await run.ledger.say({ ...said, type: 'step-succeeded' });
    return merged ? 'merging' : 'ended';
  }
  const halted = phase.halted();
  if (halted === 'cancel') return canceled(of, outcome);
  // What had not begun when the run was to wait had no place to begin in.
  const notBegun = phase.isResting() && outcome.failure.reason === 'interrupted';
  if (halted !== undefined || notBegun) return interrupted(of, outcome.values);
  return decideNext(of, made, outcome);
}

/** What the attempt cost is said too: `step-canceled` has no place for it, and a bill that leaves it out is wrong. */
function canceled(of: AttemptOf, { values }: Failed): AfterAttempt {
  const { run, phase, key, attempt } = of;
  const failure = phase.exhausted();
  if (failure !== undefined) {
    void run.ledger.say({ ...values, type: 'step-failed', step: key, attempt, final: true, failure });
    return 'halted';
  }
  if (values.usage !== undefined) interrupted(of, values);
  void run.ledger.say({ type: 'step-canceled', step: key, because: 'the run was canceled' });
  return 'halted';
}

function interrupted({ run, key, attempt }: AttemptOf, values: AttemptValues): AfterAttempt {
  const failure: Failure = { reason: 'interrupted', message: 'stopped before it was done' };
  void run.ledger.say({ ...values, type: 'step-failed', step: key, attempt, final: false, failure });
  return 'halted';
}

/** Says that an attempt failed, takes its edits back where something follows, and says what does. */
export async function decideNext(
  of: AttemptOf,
  made: Pick<Made, 'undo'>,
  { failure, values }: Failed,
): Promise<AfterAttempt> {
  const { run, step, key, attempt } = of;
  const next = nextOf(of, failure);
  const final = next.kind === 'final';
  const said = (final ? next.failure : undefined) ?? failure;
  void run.ledger.say({ ...values, type: 'step-failed', step: key, attempt, final, failure: said });
  sayNext(of, next);
  // Undone at once and not right before the next attempt: while this step waits, others work on the same tree.
  const undone = final && !step.continueOnError ? undefined : await made.undo?.();
  if (undone === undefined || undone.ok) return final ? 'ended' : 'again';
  void run.ledger.say({ type: 'step-failed', step: key, attempt, final: true, failure: undone.error });
  // The run was to go on past the failure, on a tree without it. Any step may build on what is there now, a shell command
  // too, so nothing at all starts; the next resume begins with this undo.
  if (step.continueOnError)
    of.phase.stuck(
      `the edits of \`${key}\` (attempt ${attempt}) could not be undone: ${undone.error.message}`,
    );
  return 'ended';
}

function nextOf(of: AttemptOf, failure: Failure): Next {
  const { run, step, key, engine } = of;
  const { clock, random } = run.input.ports;
  const { counted, quotaSince, updates, tried, model } = run.ledger.step(key);
  const now = clock.now();
  return whatNext({
    step,
    failure,
    ...(engine === undefined
      ? {}
      : { engine, inVain: waitedInVain(run.ledger.progress.engines, engine, model, now) }),
    counted: counted + 1,
    now,
    ...(quotaSince === undefined ? {} : { quotaSince: Date.parse(quotaSince) }),
    ...(updates === undefined ? {} : { updates }),
    ...(tried === undefined ? {} : { tried }),
    random,
    paused: run.budgets.holds(step, key),
  });
}

function sayNext({ run, key, attempt }: AttemptOf, next: Next): void {
  const of = { step: key, attempt: attempt + 1 };
  switch (next.kind) {
    case 'final':
    case 'raised':
      return;
    case 'retry':
      void run.ledger.say({
        type: 'retry-scheduled',
        ...of,
        'retry-at': iso(next.at),
        because: next.because,
      });
      return;
    case 'engine':
      void run.ledger.say({
        type: 'engine-changed',
        ...of,
        from: next.from,
        to: next.to,
        because: next.because,
      });
      return;
    case 'quota':
      void run.ledger.say({ type: 'quota-waiting', step: key, engine: next.engine, until: iso(next.until) });
  }
}

function iso(at: number): string {
  return new Date(at).toISOString();
}
