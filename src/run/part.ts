/** Runs a used workflow: its list in a frame of its own, then its `finally`, then what it gives. */

import { chosenPlan } from '../model/choices.ts';
import type { RunEnd } from '../model/event.ts';
import type { Failure } from '../model/failure.ts';
import type { StepKey } from '../model/ids.ts';
import { partPrefix } from '../model/ids.ts';
import { misfitOf } from '../model/inputs.ts';
import type { Plan } from '../model/plan.ts';
import type { Json, JsonObject, Result } from '../model/result.ts';
import { err, ok } from '../model/result.ts';
import type { PartVariables, Scope } from '../model/scope.ts';
import { besides } from '../model/source.ts';
import type { UsesStep } from '../model/workflow.ts';
import type { AfterAttempt } from './attempt.ts';
import { lookInTurn, usesChanges, withChanges } from './changes.ts';
import { type Ending, failureIn, outputsOf, restsIn } from './ending.ts';
import { condition } from './fill.ts';
import type { Frame } from './frame.ts';
import { becauseOf } from './list.ts';
import type { Phase } from './phase.ts';
import type { Rank } from './room.ts';
import type { Running } from './running.ts';
import { fillEnv, fillValue, withContext } from './scope.ts';
import { stepsView } from './view.ts';

/** A used workflow that may start, or go on. */
export interface PartOf {
  readonly step: UsesStep;
  readonly key: StepKey;
  readonly body: Plan;
  readonly rank: Rank;
  /** What the step that uses it sees. */
  readonly scope: Scope;
  /** Runs the part's list; resolves when each of its steps has its end, or nothing goes on. */
  readonly runBody: (frame: Frame) => Promise<void>;
  /** Runs its `finally`. */
  readonly runLast: (ending: Ending, end: RunEnd) => Promise<unknown>;
  /** Whether no other phase comes after this one that could run its `finally`. */
  readonly cancels: boolean;
}

/**
 * Runs the part to its end, from where the journal says it is. Left where it is when nothing goes on, as a loop is: whoever resumes
 * the run goes on in it, with the inputs that it was begun with.
 */
export async function runPart(run: Running, phase: Phase, asked: PartOf): Promise<AfterAttempt> {
  const { key, step } = asked;
  const files = usesChanges(step) ? await lookInTurn(run, phase, { key, ...asked.rank }) : ok([]);
  if (files === undefined) return left(run, phase, key);
  const part = files.ok ? { ...asked, scope: withChanges(run, asked.scope, files.value) } : asked;
  const since = run.input.ports.clock.now();
  const { status, attempt: before } = run.ledger.step(key);
  const isBegun = status === 'running';
  const attempt = isBegun ? before : before + 1;
  const given = files.ok ? givenTo(run, part) : files;
  const inputs = given.ok && !isBegun ? inputsOf(run, part) : given.ok ? ok(undefined) : given;
  if (!isBegun) {
    const said = inputs.ok && inputs.value !== undefined ? { inputs: inputs.value } : {};
    const started = { type: 'step-started', step: key, attempt, kind: 'uses', workspace: 'shared' } as const;
    await run.ledger.say({ ...started, ...said });
  }
  const end = (failure?: Failure, outputs?: JsonObject): AfterAttempt => {
    const values = {
      'duration-ms': Math.max(0, run.input.ports.clock.now() - since),
      ...(outputs === undefined ? {} : { outputs }),
    };
    const said = { ...values, step: key, attempt };
    if (failure === undefined) void run.ledger.say({ ...said, type: 'step-succeeded' });
    else void run.ledger.say({ ...said, type: 'step-failed', final: true, failure });
    return 'ended';
  };
  if (!given.ok) return end(given.error);
  if (!inputs.ok) return end(inputs.error);
  const ending: Ending = { ...endingOf(run, part, given.value), cancels: part.cancels };
  await part.runBody(ending.main);
  if (phase.halted() !== undefined || phase.isResting()) return left(run, phase, key);
  const failed = failureIn(run, ending.main);
  const how: RunEnd = failed === undefined ? 'succeeded' : 'failed';
  await part.runLast(ending, how);
  if (phase.halted() !== undefined || restsIn(run, phase, ending.last)) return left(run, phase, key);
  const outputs = outputsOf(run, step.part, ending.main, how);
  const wrong = failed ?? failureIn(run, ending.last);
  if (wrong !== undefined) return end(failedIn(step, wrong), outputs.ok ? outputs.value : undefined);
  return outputs.ok ? end(undefined, outputs.value) : end(condition(step, outputs.error));
}

/** The lists of a part that was begun, for whoever runs what is left of them. */
export function endingOf(
  run: Running,
  { step, key, body: written, rank }: Pick<PartOf, 'step' | 'key' | 'body' | 'rank'>,
  variables: PartVariables,
): Omit<Ending, 'cancels'> {
  const { name, sha256 } = step.part;
  const { inputs = {}, startedIn = 0 } = run.ledger.step(key);
  const body = chosenPlan(written, inputs);
  const prefix = partPrefix(key);
  const frame = {
    prefix,
    steps: stepsView(run.ledger, [{ prefix, planned: [...body.steps, ...body.last] }]),
    contexts: { inputs, workflow: { name, path: besides(run.input.facts.path, step.file), sha256 } },
    rank,
    variables,
  };
  return {
    main: { ...frame, planned: body.steps },
    last: { ...frame, planned: body.last },
    since: startedIn,
  };
}

/** The variables that the part's steps have from outside of them. They hold secrets, so they are computed by each owner anew. */
export function givenTo(
  run: Running,
  { step, scope }: Pick<PartOf, 'step' | 'scope'>,
): Result<PartVariables, Failure> {
  const env = fillEnv(run, step, scope);
  if (!env.ok) return err(condition(step, env.error));
  const { values, secretNames } = env.value;
  const given = Object.fromEntries(step.given.map((name) => [name, values[name] ?? '']));
  return ok({
    envFile: run.input.facts.partEnvFiles?.[step.part.source.path] ?? {},
    own: step.part.env,
    given,
    givenSecrets: secretNames.filter((name) => Object.hasOwn(given, name)),
  });
}

/** What the part is told: each input of its own, as it is given or by default. Null is nothing. */
export function inputsOf(
  run: Running,
  { step, scope }: Pick<PartOf, 'step' | 'scope'>,
): Result<JsonObject, Failure> {
  const env = fillEnv(run, step, scope);
  if (!env.ok) return err(condition(step, env.error));
  const seen = withContext(scope, 'env', env.value.visible);
  const inputs: [string, Json][] = [];
  for (const [name, spec] of Object.entries(step.part.inputs)) {
    const written = Object.hasOwn(step.with, name) ? step.with[name] : undefined;
    const filled = written === undefined ? ok(null) : fillValue(run, written, seen);
    if (!filled.ok) return err(condition(step, `with.${name}: ${filled.error}`));
    const value = filled.value ?? spec.default ?? null;
    const misfit =
      value === null
        ? spec.required
          ? 'is required, and came out as null'
          : undefined
        : misfitOf(spec, value);
    if (misfit !== undefined) {
      const message = `\`${step.id}\`: the input \`${name}\` of ${step.file} ${misfit}`;
      return err({ reason: 'config', message, help: 'look at what `with` gives it' });
    }
    inputs.push([name, value]);
  }
  return ok(Object.fromEntries(inputs));
}

function left(run: Running, phase: Phase, key: StepKey): AfterAttempt {
  // Of one that did nothing but wait it was said already.
  if (phase.halted() === 'cancel' && run.ledger.step(key).status !== 'canceled')
    void run.ledger.say({ type: 'step-canceled', step: key, because: becauseOf(phase) });
  return 'halted';
}

function failedIn(
  { file }: UsesStep,
  { key, failure }: { readonly key: StepKey; readonly failure?: Failure },
): Failure {
  const why = failure === undefined ? '' : `: ${failure.message}`;
  return { reason: 'body', message: `\`${key}\` of ${file} failed${why}` };
}
