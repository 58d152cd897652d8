/** Finds the attempt that a person means. */
import { asStepKey, type RunId, type StepKey } from '../../model/ids.ts';
import type { AttemptTrees, Progress, StepProgress } from '../../model/progress.ts';
import { ok, type Result } from '../../model/result.ts';
import { nearest } from '../../workflow/suggest.ts';
import { type Refusal, refuse } from '../refusal.ts';

/** One attempt of a run. */
export interface NamedAttempt {
  readonly step: StepProgress;
  readonly attempt: number;
  /** Its recordings; undefined where none were made. */
  readonly trees: AttemptTrees | undefined;
}

/** Reads `step`, which means its newest attempt, or `step.attempt`. A key has dots itself, so the whole is looked for first. */
export function attemptNamed(progress: Progress, run: RunId, named: string): Result<NamedAttempt, Refusal> {
  const whole = progress.steps.get(asStepKey(named));
  if (whole !== undefined) return ok(attemptOf(whole, whole.attempt));
  const [, key = '', number = ''] = /^(.*)\.(\d+)$/.exec(named) ?? [];
  const step = progress.steps.get(asStepKey(key));
  if (step === undefined) return unknown(progress, run, named);
  const attempt = Number(number);
  if (attempt >= 1 && attempt <= step.attempt) return ok(attemptOf(step, attempt));
  const made = step.attempt === 1 ? '1 attempt' : `${step.attempt} attempts`;
  return refuse(
    `step ${key} of run ${run} has no attempt ${number}`,
    step.attempt === 0
      ? 'it has not started'
      : `it had ${made}: name \`${key}\` or \`${key}.${step.attempt}\``,
  );
}

function attemptOf(step: StepProgress, attempt: number): NamedAttempt {
  return { step, attempt, trees: step.trees[attempt] };
}

function unknown(progress: Progress, run: RunId, named: string): Result<never, Refusal> {
  const keys = [...progress.steps.keys()];
  const meant = nearest(named.replace(/\.\d+$/, ''), keys);
  const all = [...progress.steps.values()].filter(({ attempt }) => attempt > 0).map(({ key }) => key);
  return refuse(
    `run ${run} has no step ${named} that has started`,
    meant === undefined
      ? `these have: ${listed(all)}`
      : `did you mean \`${meant}\`? \`codemachine status ${run}\` lists all`,
  );
}

const MOST = 20;

function listed(keys: readonly StepKey[]): string {
  if (keys.length === 0) return 'none yet';
  return keys.slice(0, MOST).join(', ') + (keys.length > MOST ? ', …' : '');
}

/** How an attempt is spoken of: with its number where it is not the only one. */
export function attemptWords({ step, attempt }: Pick<NamedAttempt, 'step' | 'attempt'>): string {
  return step.attempt === 1 ? `\`${step.key}\`` : `\`${step.key}\` (attempt ${attempt})`;
}

/** The word that names it on a command line. */
export function attemptWord({ step, attempt }: Pick<NamedAttempt, 'step' | 'attempt'>): string {
  return attempt === step.attempt ? step.key : `${step.key}.${attempt}`;
}
