/** Names the runs that are kept, with their steps and what they ask. */
import { foldAll } from '../../model/fold.ts';
import { openGates } from '../../report/gates.ts';
import { type Glance, glanceInto } from '../../state/glance.ts';
import { type Outline, outlineOf } from '../../workflow/outline.ts';
import type { Place } from '../place.ts';
import type { Candidate } from './candidates.ts';

/** A gate at which a decision is waited for. */
export interface WaitingGate {
  readonly key: string;
  readonly message: string;
  readonly options: readonly string[];
  /** `name=`, or `name=value` where the values are few. */
  readonly fields: readonly Candidate[];
}

/** Of a longer list nobody reads the end. */
const MOST = 100;

/** The runs, newest first, and the words that stand for some. */
export function runsOf(place: Place): Promise<readonly Candidate[]> {
  return looking(place, (state) => {
    const runs = state.listRuns();
    const [last] = runs;
    const failed = runs.find(({ status }) => status === 'failed');
    return [
      ...(last === undefined ? [] : [{ value: '@last', about: `${last.name}: ${last.status}` }]),
      ...(failed === undefined ? [] : [{ value: '@failed', about: `${failed.name}: ${failed.id}` }]),
      ...runs.slice(0, MOST).map(({ id, name, status }) => ({ value: id, about: `${name}: ${status}` })),
    ];
  });
}

/** The steps of a run that have started, with how they stand. */
export async function startedSteps(place: Place, run: string): Promise<readonly Candidate[]> {
  const all = await stepsTold(place, run);
  return all.filter(({ about }) => about !== 'skipped' && about !== 'blocked');
}

/** The steps of a run that anything was told of, with the last of it. */
export function stepsTold(place: Place, run: string): Promise<readonly Candidate[]> {
  return looking(place, (state) => {
    const id = state.resolveRun(run);
    const steps = id === undefined ? [] : state.steps(id);
    return steps.map(({ step, type }) => ({ value: step, about: type.replace(/^step-/, '') }));
  });
}

/** The gates of a run at which a decision is waited for. */
export function gatesOf(place: Place, run: string): Promise<readonly WaitingGate[]> {
  return looking(place, (state) => {
    const id = state.resolveRun(run);
    if (id === undefined) return [];
    return openGates(foldAll(state.history(id))).map(({ key, gate: { question } }) => ({
      ...{ key, message: question.message, options: question.options },
      fields: Object.entries(question.fields ?? {}).flatMap(([name, field]) => {
        const values = field.type === 'boolean' ? ['true', 'false'] : (field.options ?? ['']);
        return values.map((value) => ({ value: `${name}=${value}`, about: field.description }));
      }),
    }));
  });
}

/** What the workflow of a run has, as it was recorded. */
export async function outlineOfRun(place: Place, run: string): Promise<Outline | undefined> {
  const [outline] = await looking(place, (state) => {
    const id = state.resolveRun(run);
    const record = id === undefined ? undefined : state.runRecord(id);
    const text = record?.files[record.path];
    return record === undefined || text === undefined ? [] : [outlineOf({ path: record.path, text })];
  });
  return outline;
}

async function looking<T>(place: Place, look: (state: Glance) => readonly T[]): Promise<readonly T[]> {
  const state = await glanceInto(place.stateDir);
  if (state === undefined) return [];
  try {
    return look(state);
  } finally {
    state.close();
  }
}
