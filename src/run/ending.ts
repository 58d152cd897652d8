/** Says what a list came to when it has ended. */
import type { RunEnd } from '../model/event.ts';
import type { Failure } from '../model/failure.ts';
import type { StepKey } from '../model/ids.ts';
import type { Json, JsonObject, Result } from '../model/result.ts';
import { err, ok } from '../model/result.ts';
import type { Workflow } from '../model/workflow.ts';
import type { Frame } from './frame.ts';
import { keyIn } from './frame.ts';
import { hasFailed } from './judge.ts';
import { hasEnded } from './list.ts';
import type { Phase } from './phase.ts';
import type { Running } from './running.ts';
import type { StatusFunctions } from './scope.ts';
import { fill, scopeOf } from './scope.ts';

/** A list that has ended, with what comes at its end. */
export interface Ending {
  readonly main: Frame;
  /** Its `finally`. */
  readonly last: Frame;
  /** Results of attempts of the run before this one are not kept. */
  readonly since: number;
  /** Whether its steps are canceled with the run: not where another phase still runs them. */
  readonly cancels: boolean;
}

/** The first step of a frame, in file order, that failed and was not allowed to. */
export function failureIn(
  run: Running,
  frame: Frame,
): { readonly key: StepKey; readonly failure?: Failure } | undefined {
  for (const { step } of frame.planned) {
    const key = keyIn(frame, step);
    const { status, failure } = run.ledger.step(key);
    if (hasFailed({ id: step.id, status, continueOnError: step.continueOnError }))
      return { key, ...(failure === undefined ? {} : { failure }) };
  }
  return undefined;
}

/** Whether `finally` was left in the middle because the run is to wait. */
export function restsIn({ ledger }: Running, phase: Phase, last: Frame): boolean {
  return phase.isResting() && last.planned.some(({ step }) => !hasEnded(ledger.step(keyIn(last, step))));
}

/** Computes the outputs of a workflow. All of them or none: half a result would be taken for a whole one. */
export function outputsOf(
  run: Running,
  workflow: Pick<Workflow, 'outputs'>,
  main: Frame,
  end: RunEnd,
): Result<JsonObject, string> {
  const scope = scopeOf(run, main, statusAfter(end), end);
  const outputs: Record<string, Json> = {};
  for (const [name, template] of Object.entries(workflow.outputs)) {
    const value = fill(run, template, scope);
    if (!value.ok) return err(`output \`${name}\` could not be computed: ${value.error}`);
    outputs[name] = value.value;
  }
  return ok(outputs);
}

/** What expressions ask that are read when a list has ended. */
export function statusAfter(end: RunEnd): StatusFunctions {
  return {
    success: () => end === 'succeeded',
    failure: () => end === 'failed',
    canceled: () => end === 'canceled',
  };
}
