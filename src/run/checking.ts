/** Has the checks of a reduce made in each candidate's own tree. */
import { literal } from '../model/expression.ts';
import type { Failure } from '../model/failure.ts';
import { asStepId, checksKey, type StepKey } from '../model/ids.ts';
import type { Scope } from '../model/scope.ts';
import type { ReduceStep, RunStep } from '../model/workflow.ts';
import type { Candidate } from './candidates.ts';
import type { InWorktree } from './isolated.ts';
import { type Performance, perform } from './perform.ts';
import type { Phase } from './phase.ts';
import type { Rank } from './room.ts';
import type { Running } from './running.ts';

/** A reduce that is under way. */
export interface ReduceOf extends Rank {
  readonly step: ReduceStep;
  /** Of this execution of the step. */
  readonly key: StepKey;
  /** Of the matrix step. */
  readonly from: StepKey;
  readonly scope: () => Scope;
  /** As in `Performance`, for its judge. */
  readonly aside?: Performance['aside'];
}

/** What the checks came to; `broken` where they could not be made. */
export type Checked =
  | { readonly kind: 'checked'; readonly passed: readonly Candidate[]; readonly because: readonly string[] }
  | { readonly kind: 'broken'; readonly failure: Failure }
  | { readonly kind: 'halted' };

/** The reasons for which a candidate is dropped. Whatever else goes wrong says nothing of it. */
const SAYS_NO: readonly string[] = ['exit-code', 'signal', 'timeout', 'checks'];

/** Makes the checks of all candidates beside each other, as far as there is room. Those that were made are not made again. */
export async function checkAll(
  run: Running,
  phase: Phase,
  of: ReduceOf,
  candidates: readonly Candidate[],
): Promise<Checked> {
  if (of.step.checks.length === 0) return { kind: 'checked', passed: candidates, because: [] };
  const keys = candidates.map((candidate) => checksKey(of.key, candidate.key, of.from));
  await Promise.all(
    candidates.map((candidate, i) => {
      const key = keys[i] ?? of.key;
      return isMade(run, key, candidate) ? undefined : check(run, phase, of, { candidate, key });
    }),
  );
  const passed: Candidate[] = [];
  const because: string[] = [];
  for (const [i, candidate] of candidates.entries()) {
    const { status, failure } = run.ledger.step(keys[i] ?? of.key);
    if (status === 'succeeded') passed.push(candidate);
    else if (status === 'failed' && failure !== undefined) {
      if (!SAYS_NO.includes(failure.reason))
        return { kind: 'broken', failure: { ...failure, message: whose(candidate, failure) } };
      because.push(whose(candidate, failure));
    } else return { kind: 'halted' };
  }
  return { kind: 'checked', passed, because };
}

function whose({ key }: Candidate, { message }: Failure): string {
  return `the checks of \`${key}\`: ${message}`;
}

/** A candidate that was made again since is another one. */
function isMade({ ledger }: Running, key: StepKey, { endedAt }: Candidate): boolean {
  const { status, endedAt: checkedAt = '' } = ledger.step(key);
  return (status === 'succeeded' || status === 'failed') && checkedAt >= endedAt;
}

async function check(
  run: Running,
  phase: Phase,
  { step, remaining, index, scope }: ReduceOf,
  { candidate, key }: { readonly candidate: Candidate; readonly key: StepKey },
): Promise<void> {
  const tree = candidate.change?.to;
  if (tree === undefined) throw new Error(`${candidate.key} has no recording to be checked in`);
  const [first = '', ...rest] = step.checks;
  const asked = { admit: () => true, over: () => undefined, scope, from: tree, verify: verifier(rest) };
  const blame = (failure: Failure): Failure => blamed(first, failure);
  await perform(run, phase, { remaining, index, ...asked, blame, step: checkStep(step, first), key });
  // What waits for another attempt was interrupted, and is made by whoever resumes the run.
  if (phase.halted() === 'cancel' && run.ledger.step(key).status === 'waiting')
    void run.ledger.say({ type: 'step-canceled', step: key, because: 'the run was canceled' });
}

function verifier(scripts: readonly string[]): NonNullable<InWorktree['verify']> {
  return async (make) => {
    for (const script of scripts) {
      const outcome = await make(script);
      if (!outcome.ok) return blamed(script, outcome.failure);
    }
    return undefined;
  };
}

/** What says something of the candidate is said of the check that failed, whichever of them it was. */
function blamed(script: string, failure: Failure): Failure {
  if (!SAYS_NO.includes(failure.reason)) return failure;
  return { ...failure, reason: 'checks', message: `\`${script.trim()}\` failed: ${failure.message}` };
}

/** The first check is the attempt's own command, the others follow in the same tree and the same time. */
function checkStep(
  { at, needsAt, env, timeoutMs, retry, isolated, id }: ReduceStep,
  script: string,
): RunStep {
  if (isolated === undefined) throw new Error(`\`${id}\` has checks and no trees to make them in`);
  const { copy, link, setup } = isolated;
  return {
    ...{
      kind: 'run',
      id: asStepId(`${id}:checks`),
      declared: false,
      at,
      needs: [],
      needsAt,
      ifDecides: false,
    },
    ...{ env, script: literal(script, at), outputs: {}, continueOnError: false },
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    retry: { ...retry, attempts: 1, on: [] },
    isolated: { copy, link, ...(setup === undefined ? {} : { setup }), merge: 'never' },
  };
}
