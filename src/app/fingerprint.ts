/** Says what a step is, down to what an attempt of it is told, so that two versions of it can be compared. */
import { chosenStep, instanceStep } from '../model/choices.ts';
import type { Milestone } from '../model/event.ts';
import type { StepKey } from '../model/ids.ts';
import type { Job } from '../model/ports.ts';
import { type Json, type JsonObject, ok, type Result } from '../model/result.ts';
import type { Scope } from '../model/scope.ts';
import type { GateStep, Step, UsesStep, Workflow } from '../model/workflow.ts';
import { matches } from '../plan/selection.ts';
import { openBudgets } from '../run/budgets.ts';
import { fillJob } from '../run/fill.ts';
import { type Frame, keyIn } from '../run/frame.ts';
import { openGates } from '../run/gates.ts';
import { openLedger } from '../run/ledger.ts';
import { expand } from '../run/matrix.ts';
import { givenTo, inputsOf } from '../run/part.ts';
import type { RunFacts, Running } from '../run/running.ts';
import { evaluateIf, scopeOf } from '../run/scope.ts';
import { stepsView } from '../run/view.ts';
import { canonical } from '../state/canonical.ts';
import type { RunRecord } from '../state/runs.ts';
import { evaluate, toText } from '../workflow/evaluate.ts';
import { hashFiles } from '../workspace/files.ts';
import { CLOCK } from './clock.ts';
import { githubContext, type Variables } from './facts.ts';
import { sha256 } from './files.ts';
import type { Place } from './place.ts';

/** A version of a workflow, with everything its expressions see. */
export interface Version {
  readonly workflow: Workflow;
  readonly inputs: JsonObject;
  readonly variables: Variables;
}

/** What both versions have in common: the run, as it was recorded. */
export interface Recorded {
  readonly place: Place;
  readonly record: RunRecord;
  readonly history: readonly Milestone[];
  readonly env: NodeJS.ProcessEnv;
}

/** A step, told apart. */
export interface Definition {
  /** SHA-256 of all parts as canonical JSON (RFC 8785). */
  readonly fingerprint: string;
  /** Canonical JSON by the key of the file that it comes from. */
  readonly parts: ReadonlyMap<string, string>;
}

/**
 * Gives the definition of each step of a version: what its attempt would be told if it started now, with the outputs of the steps
 * before it as they are recorded. Nothing of it is stored with the run: both versions are read by the same program from the files
 * that were recorded and those of today, so another release of the program never makes a step look changed. What cannot change a
 * result that is there counts for nothing: needs, retries, timeouts, names.
 */
export function definitions(version: Version, recorded: Recorded): (step: Step) => Definition {
  const run = frozen(version, recorded);
  const scope = scopeOf(
    run,
    run.main,
    { success: () => true, failure: () => false, canceled: () => false },
    'succeeded',
  );
  return (asked) => {
    const step = chosenStep(asked, version.inputs);
    const parts = new Map<string, string>();
    const set = (name: string, value: Json | undefined): void => {
      if (value !== undefined) parts.set(name, canonical(value));
    };
    if (step.if !== undefined) {
      const value = evaluateIf(run, step, step.if, scope);
      set('if', { text: step.if.text.trim(), value: value.ok ? value.value : value.error });
    }
    const { onConflict: _, ...isolated } = step.isolated ?? {};
    if (step.isolated !== undefined) set('workspace', isolated as JsonObject);
    // Each iteration, and each instance, is told something else: what is compared is what all of them come from.
    if (step.kind === 'loop' || step.matrix !== undefined) {
      const loop = written({ ...step, needs: [] });
      set('loop', loop);
      if (canonical(loop).includes('inputs')) set('inputs', version.inputs);
      return { parts, fingerprint: sha256(canonical(Object.fromEntries(parts))) };
    }
    // What is judged is of the matrix before it; where an instance runs again, so does this.
    if (step.kind === 'reduce') {
      const { from, mode, judge, rubric, checks, env } = step;
      set('reduce', written({ from, mode, judge, rubric, checks, env }));
      return { parts, fingerprint: sha256(canonical(Object.fromEntries(parts))) };
    }
    if (step.kind === 'uses') {
      for (const [name, value] of ofPart(run, step, scope)) set(name, value);
      return { parts, fingerprint: sha256(canonical(Object.fromEntries(parts))) };
    }
    // What it shows is of the steps before it; where one of those runs again, so does the gate.
    if (step.kind === 'gate') {
      set('gate', gateOf(step));
      return { parts, fingerprint: sha256(canonical(Object.fromEntries(parts))) };
    }
    const job = fillJob(run, step, { key: keyIn(run.main, step), attempt: 1 }, scope);
    if (job.ok) for (const [name, value] of told(job.value)) set(name, value);
    // As it was then, it could be filled in: only what is compared as it is written tells the versions apart.
    else set(step.kind, { why: job.error.message, step: written(step) });
    return { parts, fingerprint: sha256(canonical(Object.fromEntries(parts))) };
  };
}

/** What an attempt of one execution of a step would be told. */
export interface Told {
  readonly key: StepKey;
  readonly job: ReturnType<typeof fillJob>;
}

/**
 * What an attempt of each step of the outermost list would be told, with the outputs of the steps before it as they are recorded: one for
 * each instance of a matrix. The error says why nobody knows the instances.
 */
export function jobs(version: Version, recorded: Recorded): (step: Step) => Result<readonly Told[], string> {
  const run = frozen(version, recorded);
  const status = { success: () => true, failure: () => false, canceled: () => false };
  const scopeIn = (frame: Frame) => scopeOf(run, frame, status, 'succeeded');
  const told = (step: Step, key: StepKey, frame: Frame): Told => ({
    key,
    job: fillJob(run, step, { key, attempt: 1 }, scopeIn(frame)),
  });
  return (step) => {
    const { matrix } = step;
    const key = keyIn(run.main, step);
    if (matrix === undefined) return ok([told(step, key, run.main)]);
    const instances = expand(run, step, { key, matrix }, scopeIn(run.main));
    if (!instances.ok) return instances;
    const all = instances.value.map((one) =>
      told(instanceStep(step, one.matrix) ?? step, one.key, {
        ...run.main,
        contexts: { matrix: one.matrix },
      }),
    );
    return ok(all);
  };
}

/** The keys of the file that differ between two versions of a step; none where they are the same. */
export function differences(before: Definition, today: Definition): readonly string[] {
  if (before.fingerprint === today.fingerprint) return [];
  const names = new Set([...before.parts.keys(), ...today.parts.keys()]);
  return [...names].filter((name) => before.parts.get(name) !== today.parts.get(name)).sort();
}

function gateOf(step: GateStep): Json {
  const { message, show, options, fields, onTimeout, gateTimeoutMs, approveIf, require: required } = step;
  return written({ message, show, options, fields, onTimeout, gateTimeoutMs, approveIf, required });
}

/** What a job is called in the file, where it is called otherwise there. */
const KEYS: Readonly<Record<string, string>> = {
  script: 'run',
  cwd: 'working-directory',
  maxTurns: 'max-turns',
  schema: 'output',
  secretNames: 'env (secrets)',
};

function told(job: Job): readonly (readonly [string, Json])[] {
  // Which attempt it is, and how long silence is borne, changes no answer.
  const { run: _, step: __, attempt: ___, ...rest } = job;
  return Object.entries(rest)
    .filter(([name]) => name !== 'idleTimeoutMs' && name !== 'root')
    .map(([name, value]) => [KEYS[name] ?? name, value as Json]);
}

/** A used workflow as it is told; each of its steps is told something else. */
function ofPart(run: Running, step: UsesStep, scope: Scope): readonly (readonly [string, Json])[] {
  const inputs = inputsOf(run, { step, scope });
  const given = givenTo(run, { step, scope });
  return [
    [step.file, written(step.part)],
    ['with', inputs.ok ? inputs.value : { why: inputs.error.message, written: written(step.with) }],
    ...(given.ok
      ? ([
          ['env', { ...given.value.given }],
          ['env-file', { ...given.value.envFile }],
        ] as const)
      : []),
  ];
}

/** What of a used workflow makes its steps what they are: not where its text stands, nor what it says of itself. */
function isPart(value: object): value is Workflow {
  return 'source' in value && 'sha256' in value;
}

/** A step without the places where it is written. */
function written(value: unknown): Json {
  if (Array.isArray(value)) return value.map(written);
  if (typeof value !== 'object' || value === null) return (value ?? null) as Json;
  if (isPart(value)) {
    const { inputs, env, envFiles, steps, finally: last, outputs } = value;
    return written({ inputs, env, envFiles, steps, last, outputs });
  }
  const entries = Object.entries(value).filter(([key]) => key !== 'at' && key !== 'needsAt');
  return Object.fromEntries(entries.map(([key, inner]) => [key, written(inner)]));
}

/** A run that is looked at and never goes on: whoever asks it to do something is a defect of ours. */
function frozen({ workflow, inputs, variables }: Version, recorded: Recorded): Running {
  const { place, record, history, env } = recorded;
  const never = (): never => {
    throw new Error('a run that is only compared was asked to do something');
  };
  const ledger = openLedger({
    ...{ run: record.id, history, emit: never, mask: (body) => body, clock: CLOCK, onLost: never },
  });
  const facts: RunFacts = {
    inputs,
    git: (record.git ?? { sha: null, branch: null, dirty: null }) as JsonObject,
    github: githubContext(env),
    secrets: variables.secrets,
    envFile: variables.envFile,
    partEnvFiles: variables.partEnvFiles,
    path: record.path,
  };
  const planned = [...workflow.steps, ...workflow.finally].map((step, index) => ({
    ...{ step, index, batch: index, remaining: 1, leftOut: false },
  }));
  const frame = {
    prefix: '',
    planned: [],
    steps: stepsView(ledger, [{ prefix: '', planned }]),
    contexts: {},
  };
  const run = {
    input: {
      run: record.id,
      workflow,
      plan: { steps: [], batches: [], criticalPath: [], last: [] },
      history,
      ports: {
        ...{ emit: never, attempt: never, workspace: undefined, random: never, chatter: never },
        ...{ evaluate, toText, clock: CLOCK, digest: never },
        hashFiles: (globs: readonly string[]) => hashFiles(place.root, globs, matches, place.stateDir),
      },
      facts,
      options: { maxParallel: 1, failFast: false, by: '' },
    },
    ledger,
    main: frame,
    last: frame,
    startedAt: () => ledger.progress.startedAt ?? '',
    limited: never,
    breaker: { look: never, hindered: never, begin: never, served: never },
    parksAt: never,
    gates: openGates(),
    budgets: openBudgets({
      ...{ budgets: new Map(), places: new Map(), prices: {}, clock: CLOCK, ledger },
      consequences: { wake: never, exhaust: never },
    }),
    defect: never,
    stuck: never,
  };
  return run;
}
