/** Says which steps would be taken from the cache, and why others would not, as far as that is known before a run. */
import type { Config } from '../../model/config.ts';
import type { Fingerprint } from '../../model/fingerprint.ts';
import { asRunId, asStepKey } from '../../model/ids.ts';
import type { CacheOutlook, Plan, PlannedStep } from '../../model/plan.ts';
import type { CachedStep } from '../../model/ports.ts';
import { type Json, type JsonObject, ok } from '../../model/result.ts';
import type { Step, Workflow } from '../../model/workflow.ts';
import type { State } from '../../state/state.ts';
import { readVariables } from '../facts.ts';
import { jobs, type Recorded, type Told } from '../fingerprint.ts';
import type { Place } from '../place.ts';
import { inputsNow } from '../runs/updated.ts';
import { openCache, type RunCache } from './cache.ts';

/** What is looked at. */
export interface Looking {
  readonly place: Place;
  readonly state: State;
  readonly workflow: Workflow;
  readonly config: Config;
  readonly plan: Plan;
  readonly env: NodeJS.ProcessEnv;
  /** What the run would be given; undefined where the inputs of the newest run stand in for it. */
  readonly inputs?: JsonObject;
}

const MANY = 3;

/**
 * Asks for each step with `cache` of the main list, and for each instance of its matrix, as if the run began now and the steps before
 * came to what they came to in the newest run of the workflow. Of what stands in a loop, or in a used workflow, that is known only when
 * it runs.
 */
export async function cacheOutlook(looking: Looking): Promise<Readonly<Record<string, CacheOutlook>>> {
  const { plan } = looking;
  const wanted = plan.steps.filter(({ leftOut }) => !leftOut);
  const inside = wanted.flatMap((planned) => cachedInside(planned, ''));
  const steps = wanted.flatMap(({ step }) => (step.cache === undefined ? [] : [step]));
  if (steps.length === 0 && inside.length === 0) return {};
  const cache = openCache({ ...looking, takes: true });
  const jobOf = steps.length === 0 ? undefined : jobsNow(looking);
  const found: Record<string, CacheOutlook> = {};
  for (const step of steps) {
    const told = jobOf?.(step);
    if (told?.ok !== true)
      found[step.id] = neverOr(looking, step, 'known when the steps before it have ended');
    else for (const one of told.value) found[one.key] = await outlook(looking, cache, step, one);
  }
  for (const key of inside) found[key] = { open: true, because: ['known when it runs'] };
  return found;
}

/** The steps with `cache` in loops and used workflows, as the ids on the way to them. */
function cachedInside({ step, body }: PlannedStep, around: string): readonly string[] {
  if (body === undefined) return [];
  return [...body.steps, ...body.last].flatMap((inner) => {
    const way = `${around}${step.id}.`;
    const own = inner.step.cache === undefined ? [] : [`${way}${inner.step.id}`];
    return [...own, ...cachedInside(inner, way)];
  });
}

function neverOr({ state, workflow }: Looking, step: Step, otherwise: string): CacheOutlook {
  if (step.matrix === undefined && state.cached.newest(workflow.name, asStepKey(step.id)) === undefined)
    return { because: ['never made'] };
  return { open: true, because: [otherwise] };
}

/** What an attempt of each step would be told; undefined where no run tells what the steps before come to. */
function jobsNow({
  place,
  state,
  workflow,
  env,
  inputs: given,
}: Looking): ReturnType<typeof jobs> | undefined {
  const newest = state.listRuns().find(({ name }) => name === workflow.name);
  const record = newest === undefined ? undefined : state.runRecord(newest.id);
  if (newest === undefined || record === undefined) return undefined;
  const inputs = given === undefined ? inputsNow(workflow, record.inputs, {}) : ok(given);
  // Of a secret the name counts alone, so that it need not be set to look.
  const unset = Object.fromEntries(workflow.secrets.map(({ name }) => [name, 'unset']));
  const variables = readVariables(place, workflow, { ...unset, ...env });
  if (!inputs.ok || !variables.ok) return undefined;
  const recorded: Recorded = {
    // What says of which run it is differs in every run.
    ...{ place, record: { ...record, id: asRunId('the next run') }, history: state.history(newest.id), env },
  };
  return jobs({ workflow, inputs: inputs.value, variables: variables.value }, recorded);
}

async function outlook(
  { state, workflow }: Looking,
  cache: RunCache,
  step: Step,
  { key, job }: Told,
): Promise<CacheOutlook> {
  const before = state.cached.newest(workflow.name, key);
  if (before === undefined) return { because: ['never made'] };
  if (!job.ok) return { open: true, because: ['known when the steps before it have ended'] };
  const { isolated, cache: spec } = step;
  if (spec === undefined) throw new Error(`\`${step.id}\` has no cache`);
  const cached: CachedStep = { cache: spec, ...(isolated === undefined ? {} : { isolated }) };
  const now = await cache.fingerprint(job.value, cached);
  if (!now.ok) return { because: [now.error] };
  const [result] = (await cache.find(now.value)).filter(({ lost }) => lost === undefined);
  if (result !== undefined) return { run: result.run, because: [] };
  const differing = differences(state, cache, before, now.value);
  return { because: differing.length === 0 ? ['what was kept of it is gone'] : differing };
}

function differences(
  state: State,
  cache: RunCache,
  before: Fingerprint,
  now: Fingerprint,
): readonly string[] {
  const names = [...new Set([...Object.keys(before.parts), ...Object.keys(now.parts)])].sort();
  return names.flatMap((name) => {
    const [old, fresh] = [before.parts[name], now.parts[name]];
    if (old === fresh) return [];
    const was = old === undefined ? undefined : state.cached.list(old);
    const is = fresh === undefined ? undefined : cache.lists.get(fresh);
    const inside = was === undefined || is === undefined ? [] : changedNames(entriesOf(was), entriesOf(is));
    return inside.length === 0 ? [`${name} differs`] : [`${name}: ${inside.join(', ')}`];
  });
}

/** Files with all that counts of them, or variables with their digests. */
function entriesOf(list: Json): ReadonlyMap<string, string> {
  if (Array.isArray(list))
    return new Map(
      (list as readonly (readonly [string, string, string])[]).map(([file, ...rest]) => [file, rest.join()]),
    );
  return new Map(Object.entries(list as JsonObject).map(([name, value]) => [name, String(value)]));
}

function changedNames(was: ReadonlyMap<string, string>, is: ReadonlyMap<string, string>): readonly string[] {
  const names = [...new Set([...was.keys(), ...is.keys()])].sort();
  const changed = names.flatMap((name) => {
    if (!was.has(name)) return [`${name} is new`];
    if (!is.has(name)) return [`${name} is gone`];
    return was.get(name) === is.get(name) ? [] : [`${name} changed`];
  });
  return changed.length > MANY ? [...changed.slice(0, MANY), `… (${changed.length})`] : changed;
}
