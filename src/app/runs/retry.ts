/** Starts a run that takes over what another one came to. */

import { asStepKey, outermost } from '../../model/ids.ts';
import type { Json, JsonObject } from '../../model/result.ts';
import { ok, type Result } from '../../model/result.ts';
import type { RunRecord } from '../../state/runs.ts';
import type { State } from '../../state/state.ts';
import { nearest } from '../../workflow/suggest.ts';
import { readVariables } from '../facts.ts';
import { openPlaceWorkspace } from '../git.ts';
import { openRun } from '../open.ts';
import { locate, type Place } from '../place.ts';
import { type Refusal, refuse } from '../refusal.ts';
import { selectSteps } from '../show-plan.ts';
import type { Executed } from './execute.ts';
import { flagsOf, storeRun } from './record.ts';
import { checkoutStays, provenWhole, type Read, readAgain } from './recorded-run.ts';
import { decideTaken, nothingToRetry } from './reopen.ts';
import { type ResumeOptions, resumeRecord } from './resume.ts';
import { withoutSecrets } from './start.ts';
import { inputsNow, readToday, updateOf } from './updated.ts';

/** How a run is retried. */
export interface RetryOptions extends Omit<ResumeOptions, 'cancel' | 'updated'> {
  /** The first step that runs again, with all behind it; without it, what has no result does. */
  readonly from?: string;
  /** Today's workflow instead of the recorded one. */
  readonly today?: boolean;
  /** Inputs that differ from the recorded ones. */
  readonly inputs?: Readonly<Record<string, Json>>;
}

/** Makes the new run, then goes on with it as with every run. The old one stays as it was. */
export async function retry(
  options: RetryOptions,
): Promise<Result<Executed & { record: RunRecord }, Refusal>> {
  const found = await openRun(locate(options, options.env), options.run);
  if (!found.ok) return found;
  const { state, run } = found.value;
  try {
    const old = state.runRecord(run);
    if (old === undefined) return refuse(`run ${run} has no record of what it was started with`);
    const ready = await prepare(options, state, old);
    if (!ready.ok) return ready;
    const record = storeRun(state, ready.value, Date.now());
    const ended = await resumeRecord(options, state, record);
    if (!ended.ok || ended.value.began === false) await takeAway(options, state, record);
    return ended;
  } finally {
    state.close();
  }
}

async function prepare(
  options: RetryOptions,
  state: State,
  old: RunRecord,
): Promise<Result<Omit<RunRecord, 'id' | 'createdAt'>, Refusal>> {
  const { env } = options;
  const place = placeOf(options, state, old);
  const whole = provenWhole(state, old.id);
  if (!whole.ok) return whole;
  const stays = await checkoutStays(place, old, hereOf(options, state), env);
  if (!stays.ok) return stays;
  const read = options.today === true ? await readToday(place, old, env) : await readAgain(place, old, env);
  if (!read.ok) return read;
  const { workflow } = read.value;
  const asked = options.inputs !== undefined || options.today === true;
  const inputs = asked ? inputsNow(workflow, old.inputs, options.inputs ?? {}) : ok(old.inputs);
  if (!inputs.ok) return inputs;
  const from = stepNamed(read.value, options.from);
  if (!from.ok) return from;
  const selected = selectSteps(read.value.plan, flagsOf(old), old.path);
  if (!selected.ok) return selected;
  const variables = readVariables(place, workflow, env);
  if (!variables.ok) return variables;
  const clean = await withoutSecrets(inputs.value, variables.value);
  const fields = fieldsOf(old, read.value, clean, from.value);
  const taken = decideTaken({
    ...{ place, env, state, read: read.value, variables: variables.value, record: fields },
  });
  if (!taken.ok) return taken;
  const something = nothingToRetry(taken.value, from.value);
  if (!something.ok) return something;
  return ok(fields);
}

function hereOf(options: RetryOptions, state: State): Place {
  return { ...locate(options, options.env), stateDir: state.directory };
}

function placeOf(options: RetryOptions, state: State, old: RunRecord): Place {
  return { ...locate({ ...options, cwd: old.workspace }, options.env), stateDir: state.directory };
}

function fieldsOf(
  old: RunRecord,
  read: Read,
  inputs: JsonObject,
  from: string | undefined,
): Omit<RunRecord, 'id' | 'createdAt'> {
  const { id, createdAt: _, extras, ...same } = old;
  const { 'retry-from': __, ...rest } = extras ?? {};
  return {
    ...same,
    ...updateOf(old, read, inputs),
    extras: {
      ...rest,
      source: read.workflow.source.path,
      'retry-of': id,
      ...(from === undefined ? {} : { 'retry-from': from }),
    },
  };
}

function stepNamed({ workflow }: Read, named: string | undefined): Result<Step['id'] | undefined, Refusal> {
  if (named === undefined) return ok(undefined);
  const steps = [...workflow.steps, ...workflow.finally];
  const step = steps.find(({ id }) => id === named);
  if (step !== undefined) return ok(step.id);
  const outer = outermost(asStepKey(named));
  if (outer !== named && steps.some(({ id }) => asStepKey(id) === outer))
    return refuse(
      `--from ${named}: a retry begins with a step of the workflow itself, and not inside of one`,
      `\`--from ${outer}\` runs all of it again`,
    );
  const ids = steps.map(({ id }) => id);
  const near = nearest(named, ids);
  return refuse(
    `--from ${named}: the workflow has no such step`,
    near === undefined ? `the steps are ${ids.join(', ')}` : `did you mean \`${near}\`?`,
  );
}

type Step = Read['workflow']['steps'][number];

/** A run that never began is nobody's: listed, it would be what `@last` means. */
async function takeAway(options: RetryOptions, state: State, record: RunRecord): Promise<void> {
  state.forgetRun(record.id);
  if (state.runRecord(record.id) !== undefined) return;
  const workspace = await openPlaceWorkspace(placeOf(options, state, record), options.env);
  if (workspace.ok) await workspace.value?.trees.forget(record.id);
}
