/** Says what a decision at a gate makes of its step. */
import type { AttemptValues, GateDecision } from '../model/event.ts';
import type { Failure } from '../model/failure.ts';
import { isGivenUp } from '../model/fold-gates.ts';
import type { GateOf } from './gate-question.ts';

/** The option that fails the step. */
export const REJECT = 'reject';

/** Ends the step by a decision that is in the journal, or goes there in the same commit. */
export function endBy(of: GateOf, decided: GateDecision & { readonly at?: string }): void {
  const { run, key, step } = of;
  const { attempt, gate } = run.ledger.step(key);
  const chosen = step.options.includes(decided.decision);
  const opened = gate?.question?.at;
  const values: AttemptValues = {
    ...(opened === undefined ? {} : { 'duration-ms': waited(of, opened, decided.at) }),
    ...(chosen ? { decision: decided.decision } : {}),
    ...(decided.answers === undefined ? {} : { output: decided.answers }),
  };
  if (chosen && decided.decision !== REJECT) {
    void run.ledger.say({ ...values, type: 'step-succeeded', step: key, attempt });
    return;
  }
  const failure = chosen || !isGivenUp({ ...decided, at: '' }) ? rejected(decided, key) : tooLate(of);
  void run.ledger.say({ ...values, type: 'step-failed', step: key, attempt, final: true, failure });
}

/** Ends the step before anybody was asked. */
export function fail({ run, key }: GateOf, failure: Failure): void {
  const { attempt } = run.ledger.step(key);
  void run.ledger.say({ type: 'step-failed', step: key, attempt, final: true, failure });
}

function waited({ run }: GateOf, opened: string, decided: string | undefined): number {
  const end = decided === undefined ? run.input.ports.clock.now() : Date.parse(decided);
  return Math.max(0, end - Date.parse(opened));
}

function rejected({ by, comment, unasked }: GateDecision, key: string): Failure {
  const said = comment === undefined ? '' : `: ${comment}`;
  if (unasked === 'timeout')
    return { reason: 'rejected', message: `\`${key}\` was rejected: nobody decided in time` };
  return { reason: 'rejected', message: `\`${key}\` was rejected by ${by}${said}` };
}

function tooLate({ key, step }: GateOf): Failure {
  return {
    reason: 'timeout',
    message: `nobody decided at \`${key}\` within ${(step.gateTimeoutMs ?? 0) / 1000} s`,
    help: 'resume the run to be asked again, or raise the `timeout` of the gate',
  };
}
