/** Goes on with today's files instead of those that were recorded. */

import path from 'node:path';
import type { Milestone } from '../../model/event.ts';
import { asStepKey, type StepKey } from '../../model/ids.ts';
import type { Progress } from '../../model/progress.ts';
import type { Json, JsonObject, Result } from '../../model/result.ts';
import type { Step, Workflow } from '../../model/workflow.ts';
import { table } from '../../report/table.ts';
import { canonical } from '../../state/canonical.ts';
import type { RecordUpdate, RunRecord } from '../../state/runs.ts';
import { readInputs } from '../../workflow/inputs.ts';
import { type Checked, checkedFile } from '../check.ts';
import { readVariables, type Variables } from '../facts.ts';
import { definitions, differences } from '../fingerprint.ts';
import type { Place } from '../place.ts';
import { type Refusal, refuse } from '../refusal.ts';
import { configAtRest } from '../travel/carried-record.ts';
import type { Decision, Row } from './kept.ts';
import { recordedFiles } from './record.ts';

/** Reads today's version of what a run was started with. Refused, with everything that is wrong with it, where it cannot be run. */
export function readToday(
  place: Place,
  record: RunRecord,
  env: NodeJS.ProcessEnv,
): Promise<Result<Checked & { workflow: Workflow; plan: NonNullable<Checked['plan']> }, Refusal>> {
  return checkedFile(place, path.resolve(place.root, record.path), env);
}

/** The recorded inputs as far as the workflow still takes them, and those that are given now. */
export function inputsNow(
  workflow: Workflow,
  recorded: JsonObject,
  given: Readonly<Record<string, Json>>,
): Result<JsonObject, Refusal> {
  // An input that nobody gave is null in the record; today it may have a default, or be required.
  const still = Object.entries(recorded).filter(
    ([name, value]) => value !== null && Object.hasOwn(workflow.inputs, name),
  );
  const read = readInputs(workflow.inputs, { ...Object.fromEntries(still), ...given });
  return read.ok ? read : refuse(read.error.join('\n'));
}

/** What is compared: a run as it was, and what it is to become. */
export interface Comparison {
  readonly place: Place;
  readonly env: NodeJS.ProcessEnv;
  readonly record: RunRecord;
  readonly history: readonly Milestone[];
  /** The workflow as the record has it; undefined where this program cannot read it any more. */
  readonly before: Workflow | undefined;
  readonly today: Workflow;
  readonly inputs: JsonObject;
  readonly variables: Variables;
}

/** Says of each step of today's workflow what differs from the one that ran. */
export function changesOf(of: Comparison): (step: Step) => readonly string[] | 'new' {
  const { place, env, record, history, before, today, inputs, variables } = of;
  if (before === undefined) return () => ['a file that this version of codemachine cannot read'];
  const old = new Map([...before.steps, ...before.finally].map((step) => [step.id, step] as const));
  const recorded = { place, record, history, env };
  const read = readVariables(place, before, env);
  // A secret or a file that is no longer there is asked for only by what has changed.
  const oldVariables = read.ok ? read.value : { ...variables, envFile: {}, partEnvFiles: {} };
  const was = definitions({ workflow: before, inputs: record.inputs, variables: oldVariables }, recorded);
  const is = definitions({ workflow: today, inputs, variables }, recorded);
  return (step) => {
    const same = old.get(step.id);
    return same === undefined ? 'new' : differences(was(same), is(step));
  };
}

/** Whether nothing differs that a step could be told. */
export function isUnchanged(record: RunRecord, today: RecordUpdate): boolean {
  return (
    canonical(record.files) === canonical(today.files) &&
    canonical(record.inputs) === canonical(today.inputs) &&
    canonical(record.config) === canonical(today.config)
  );
}

/** What the record of a run is to become. */
export function updateOf(
  record: RunRecord,
  { workflow, config }: { readonly workflow: Workflow; readonly config: Checked['config'] },
  inputs: JsonObject,
): RecordUpdate {
  return {
    name: workflow.name,
    sha256: workflow.sha256,
    files: recordedFiles(workflow),
    config: configAtRest(config),
    inputs,
    extras: { ...record.extras, source: workflow.source.path },
  };
}

/** What has something as soon as it has begun. */
const BEGUN: ReadonlySet<string> = new Set(['loop', 'matrix', 'reduce', 'uses']);

/** The steps that have something and lose it. What a dead owner left running is closed first, as at every resume. */
export function dropped(
  { kept }: Decision,
  progress: Progress,
  workflow: Workflow,
  changed: (step: Step) => readonly string[] | 'new',
): readonly StepKey[] {
  const had = (key: StepKey): boolean =>
    ['succeeded', 'skipped', 'merging', 'waiting'].includes(progress.steps.get(key)?.status ?? 'pending') ||
    BEGUN.has(progress.steps.get(key)?.kind ?? '');
  // A loop that is what it was goes on in its iteration, a matrix with its instances, a used workflow with its steps: what they
  // have is not dropped.
  const again = (step: Step): boolean => {
    if (kept.has(asStepKey(step.id))) return false;
    if (!BEGUN.has(step.kind) && step.matrix === undefined) return true;
    return changed(step).length > 0 || step.needs.some((need) => !kept.has(asStepKey(need)));
  };
  const main = workflow.steps.filter(again).map(({ id }) => asStepKey(id));
  const last = workflow.finally.filter((step) => changed(step).length > 0).map(({ id }) => asStepKey(id));
  return [...main, ...last].filter(had);
}

/** The plan of what is kept, for people: what runs again says why. */
export function keptLines({ rows, gone }: Decision): readonly string[] {
  const lines = [
    ...rows.map((row) => [`  ${row.step}`, shownAs(row)]),
    ...gone.map((key) => [`  ${key}`, 'gone: its result is dropped']),
  ];
  return table(lines);
}

function shownAs({ kept, why }: Row): string {
  return kept ? why : `runs: ${why}`;
}
