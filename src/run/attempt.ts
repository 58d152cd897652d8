/** Makes one attempt of a step, from its start to what follows from its end. */
import type { Failure } from '../model/failure.ts';
import type { StepKey } from '../model/ids.ts';
import type { Job, Outcome, Recording } from '../model/ports.ts';
import type { Result } from '../model/result.ts';
import { err } from '../model/result.ts';
import type { Step } from '../model/workflow.ts';
import { openSource } from './cache.ts';
import { lookAtChanges, lookInTurn, usesChanges, withChanges } from './changes.ts';
import { conclude } from './conclude.ts';
import type { Filled } from './fill.ts';
import { fillJob } from './fill.ts';
import { inWorktree } from './isolated.ts';
import type { Performance } from './perform.ts';
import type { Phase } from './phase.ts';
import type { Running } from './running.ts';
import { nextEngine, restFailure } from './serving.ts';
import { type Before, sessionBefore } from './session.ts';
import { failed, timed } from './timed.ts';
import type { Transaction } from './transaction.ts';
import { beginTransaction, isRecorded, isUndone } from './transaction.ts';

/**
 * Whether the step has its end, gets another attempt, waits for its change to be merged, or was left where it was because
 * nothing goes on.
 */
export type AfterAttempt = 'ended' | 'again' | 'merging' | 'halted';

/** What an attempt belongs to. */
export interface AttemptOf {
  readonly run: Running;
  readonly phase: Phase;
  readonly step: Step;
  readonly key: StepKey;
  readonly attempt: number;
  readonly engine?: string;
  /** Why it opens a session where the step wanted to go on in one. */
  readonly newSession?: string;
}

/** An attempt that was made: how it ended, and what takes its edits back if it was recorded. */
export interface Made {
  readonly outcome: Outcome;
  readonly undo?: Transaction['undo'];
  /** What it made of its own worktree. */
  readonly change?: Recording;
  /** The recording of the shared tree that its own worktree was made from. */
  readonly base?: string;
  /** The files that it changed of the shared tree; absent where that was not recorded. */
  readonly files?: readonly string[];
  /** Takes its own worktree away. Called when what follows from the outcome is committed. */
  readonly close?: () => Promise<void>;
}

/**
 * Makes the next attempt. `step-started` is committed before anything starts, so that a crash never leaves an attempt
 * that nobody knows of; the attempt's end is said, not waited for, so that it shares a commit with what it lets start.
 */
export async function makeAttempt(
  run: Running,
  phase: Phase,
  performance: Performance,
): Promise<AfterAttempt> {
  const { step, key } = performance;
  const attempt = run.ledger.step(key).attempt + 1;
  const refused = run.budgets.refusal(step, key) ?? restFailure(run, performance);
  if (refused !== undefined) {
    void run.ledger.say({ type: 'step-failed', step: key, attempt, final: true, failure: refused });
    return 'ended';
  }
  const before = sessionBefore(run, step, key, performance.iteration);
  const held = before !== undefined && 'session' in before ? before.session : undefined;
  const engine = nextEngine(run, performance);
  const session = held === undefined || held.engine !== engine ? {} : { session: held };
  const of: AttemptOf = {
    ...{ run, phase, step, key, attempt },
    ...(engine === undefined ? {} : { engine }),
    ...newSession(before, engine),
  };
  const filled = { key, attempt, ...(engine === undefined ? {} : { engine }), ...session };
  const job = await filledJob(run, phase, performance, filled);
  const model = job.ok && job.value.kind === 'prompt' ? job.value.model : undefined;
  const agent = run.budgets.agentOf(step, key);
  await run.ledger.say({
    type: 'step-started',
    step: key,
    attempt,
    kind: step.kind,
    ...(engine === undefined ? {} : { engine }),
    ...(model === undefined ? {} : { model }),
    ...(agent === undefined ? {} : { agent }),
    workspace: step.isolated === undefined ? 'shared' : 'isolated',
  });
  if (!job.ok) {
    void run.ledger.say({ type: 'step-failed', step: key, attempt, final: true, failure: job.error });
    return 'ended';
  }
  const source = openSource(of, job.value);
  if (step.isolated === undefined) await source.look();
  const made =
    step.isolated === undefined
      ? await recorded(of, job.value)
      : await inWorktree(of, step.isolated, job.value, { ...performance, atBase: source.look });
  const after = await conclude(of, source.mark(made));
  await made.close?.();
  return after;
}

/** Why a session is opened where the step wanted to go on in one. */
function newSession(before: Before | undefined, engine: string | undefined): Pick<AttemptOf, 'newSession'> {
  if (before === undefined) return {};
  if ('because' in before) return { newSession: before.because };
  const { engine: holder } = before.session;
  return holder === engine ? {} : { newSession: `the session to go on in is one of ${holder ?? 'nobody'}` };
}

/** Whoever works in the shared tree has a turn there; the others need one to look at it. */
export async function filledJob(
  run: Running,
  phase: Phase,
  { step, key, remaining, index, scope }: Performance,
  filled: Filled,
  inTurn = step.isolated === undefined,
): Promise<Result<Job, Failure>> {
  if (!usesChanges(step)) return fillJob(run, step, filled, scope());
  const files = inTurn
    ? await lookAtChanges(run, key)
    : await lookInTurn(run, phase, { key, remaining, index });
  if (files === undefined) return err({ reason: 'interrupted', message: 'stopped before it began' });
  return files.ok ? fillJob(run, step, filled, withChanges(run, scope(), files.value)) : files;
}

async function recorded(of: AttemptOf, job: Job): Promise<Made> {
  const { workspace } = of.run.input.ports;
  const make = () => timed(of, job, of.step.timeoutMs);
  if (workspace === undefined || !isRecorded(of.step)) return { outcome: await make() };
  const begun = await beginTransaction(of.run, workspace, of.key, of.attempt);
  if (!isUndone(of.step)) return forCache(of, make, begun.ok ? begun.value : undefined);
  if (!begun.ok) return { outcome: failed(begun.error) };
  const outcome = await make();
  // Asked to end at once, the runner does not walk the tree; resume finds an attempt without an end and records it then.
  if (of.phase.isHard()) return { outcome };
  const ended = await begun.value.end();
  if (ended.ok) return { outcome, undo: begun.value.undo, files: ended.value };
  // What is not recorded cannot be taken back, and another attempt must not start on it.
  const undo = () => Promise.resolve(ended);
  return { outcome: outcome.ok ? { ...failed(ended.error), values: outcome.values } : outcome, undo };
}

/** Nothing of it is ever taken back, so an attempt whose change could not be recorded is only not kept for later. */
async function forCache(
  of: AttemptOf,
  make: () => Promise<Outcome>,
  begun: Transaction | undefined,
): Promise<Made> {
  const outcome = await make();
  if (of.phase.isHard()) return { outcome };
  const ended = await begun?.end();
  return ended?.ok === true ? { outcome, files: ended.value } : { outcome };
}
