/** Says which steps would be taken from the cache, and why others would not, as far as that is known before a run. */
import type { Config } from '../model/config.ts';
import type { Fingerprint } from '../model/fingerprint.ts';
import { asRunId, asStepKey } from '../model/ids.ts';
import type { CacheOutlook, Plan } from '../model/plan.ts';
import type { CachedStep } from '../model/ports.ts';
import { type Json, type JsonObject, ok } from '../model/result.ts';
import type { Step, Workflow } from '../model/workflow.ts';
import type { State } from '../state/state.ts';
import { openCache, type RunCache } from './cache.ts';
import { readVariables } from './facts.ts';
import { jobs, type Recorded } from './fingerprint.ts';
import type { Place } from './place.ts';
import { inputsNow } from './updated.ts';

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
 * Asks for each step with `cache` of the main list as if the run began now and the steps before came to what they came to in the
 * newest run of the workflow. Of a matrix, and of what stands in a loop, that is known only when it runs.
 */
export async function cacheOutlook(looking: Looking): Promise<Readonly<Record<string, CacheOutlook>>> {
  const { plan } = looking;
  const steps = plan.steps.flatMap(({ step, leftOut }) =>
    leftOut || step.cache === undefined ? [] : [step],
  );
  if (steps.length === 0) return {};
  const cache = openCache({ ...looking, takes: true });
  const jobOf = jobsNow(looking);
  const found: Record<string, CacheOutlook> = {};
  for (const step of steps) found[step.id] = await outlook(looking, cache, jobOf, step);
  return found;
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
  jobOf: ReturnType<typeof jobs> | undefined,
  step: Step,
): Promise<CacheOutlook> {
  if (step.matrix !== undefined) return { because: ['known when its matrix is expanded'] };
  const before = state.cached.newest(workflow.name, asStepKey(step.id));
  if (before === undefined) return { because: ['never made'] };
  const job = jobOf?.(step);
  if (job === undefined || !job.ok) return { because: ['known when the steps before it have ended'] };
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
