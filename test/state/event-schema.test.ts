/** Holds that `schemas/event.schema.json` and the event union are one list. */

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import type { Limits } from '../../src/model/budget.ts';
import type { Artifact, Event, GateField, Usage } from '../../src/model/event.ts';
import { FAILURE_REASONS, type Failure } from '../../src/model/failure.ts';
import type { Fingerprint } from '../../src/model/fingerprint.ts';
import type { HeadMove } from '../../src/model/head-move.ts';
import { asStepKey, RUN_ID_PATTERN } from '../../src/model/ids.ts';
import type { Shown, ShownArtifact } from '../../src/model/shown.ts';
import { runId } from './support/samples.ts';

interface Shape {
  readonly description?: string;
  readonly additionalProperties?: boolean;
  readonly required?: readonly string[];
  readonly properties?: Readonly<
    Record<
      string,
      { readonly description?: string; readonly const?: unknown; readonly enum?: readonly string[] }
    >
  >;
}
const schema = JSON.parse(
  readFileSync(path.resolve(import.meta.dirname, '../../schemas/event.schema.json'), 'utf8'),
) as {
  readonly oneOf: readonly { readonly $ref: string }[];
  readonly $defs: Readonly<Record<string, Shape & { readonly pattern?: string }>>;
};

type Type = Event['type'];
/** The member of the union that has this type; `keyof` keeps which fields are optional. */
type Narrow<E, T> = E extends { readonly type: infer U }
  ? T extends U
    ? { readonly [K in keyof E]: K extends 'type' ? T : E[K] }
    : never
  : never;
type Of<T extends Type> = Narrow<Event, T>;
/** Every property of a type, and whether it is always there; the compiler refuses one too many and one too few. */
type Fields<T> = {
  readonly [K in keyof T]-?: Record<never, never> extends Pick<T, K> ? 'optional' : 'required';
};

const run = runId(1);
const step = asStepKey('build[2].test');
const at = '2026-11-20T14:15:03.123Z';
const milestone = { v: 1, seq: 1, at, run } as const;
const chatter = { v: 1, at, run } as const;
const inAttempt = { step, attempt: 1 } as const;
const usage: Usage = { 'input-tokens': 10, 'output-tokens': 2, 'cached-tokens': 0, usd: null };
const failure: Required<Failure> = {
  reason: 'exit-code',
  message: 'm',
  'exit-code': 2,
  signal: 'SIGTERM',
  'retry-at': at,
  help: 'h',
  updating: true,
  files: ['f'],
};
const values = {
  'duration-ms': 12.5,
  'exit-code': 0,
  stdout: 'o',
  stderr: 'e',
  text: 't',
  output: [1, { a: null }],
  outputs: { n: 1 },
  usage,
  engine: 'codex',
  model: 'm',
  session: 's',
  artifacts: [{ path: 'p', sha256: 'x' }],
  count: 3,
  decision: 'approve',
  fingerprint: {
    sha256: 'ab',
    parts: { prompt: 'cd' },
    change: { from: 'abc', to: 'def', at: 'abc' },
    'taken-from': milestone.run,
  },
} as const;
const snapshot = { ...milestone, ...inAttempt, tree: 'abc', files: ['a'] } as const;
const because = 'reason';

/** One event of each type with everything it can have. */
const samples: { readonly [T in Type]: Required<Of<T>> } = {
  'run-started': {
    ...milestone,
    type: 'run-started',
    workflow: 'w',
    path: 'p',
    sha256: 'x',
    inputs: { a: 1 },
    attempt: 1,
    'retry-of': milestone.run,
    budget: { run: { usd: 5 } },
  },
  'run-resumed': {
    ...milestone,
    type: 'run-resumed',
    attempt: 2,
    by: 'me',
    kept: [inAttempt.step],
    sha256: 'x',
    inputs: { a: 1 },
    again: [inAttempt.step],
    gone: [inAttempt.step],
    budget: { 'step:fix': { tokens: 5, time: 1 } },
  },
  'run-interrupted': { ...milestone, type: 'run-interrupted', attempt: 1, by: 'SIGINT' },
  'run-parked': {
    ...milestone,
    type: 'run-parked',
    reason: 'quota',
    resume: 'codemachine resume',
    until: at,
  },
  'run-finished': {
    ...milestone,
    type: 'run-finished',
    status: 'failed',
    'duration-ms': 5,
    usage: { ...usage, usd: 0.5 },
    outputs: {},
    failure,
  },
  'step-started': {
    ...milestone,
    ...inAttempt,
    type: 'step-started',
    kind: 'prompt',
    inputs: { a: 1 },
    engine: 'codex',
    model: 'm',
    agent: 'a',
    workspace: 'shared',
  },
  'session-opened': {
    ...milestone,
    ...inAttempt,
    type: 'session-opened',
    engine: 'codex',
    session: 's',
    because,
    version: '1.2.3',
    untested: 'is newer than what was measured (1.2.2)',
  },
  'step-succeeded': { ...milestone, ...inAttempt, ...values, type: 'step-succeeded', reused: 'replay' },
  'step-failed': {
    ...milestone,
    ...inAttempt,
    ...values,
    type: 'step-failed',
    final: true,
    failure,
    reused: 'retry',
  },
  'step-skipped': { ...milestone, type: 'step-skipped', step, because },
  'step-blocked': { ...milestone, type: 'step-blocked', step, because },
  'step-canceled': { ...milestone, type: 'step-canceled', step, because },
  'retry-scheduled': { ...milestone, ...inAttempt, type: 'retry-scheduled', 'retry-at': at, because },
  'engine-changed': {
    ...milestone,
    ...inAttempt,
    type: 'engine-changed',
    from: 'codex',
    to: 'claude-code',
    because,
  },
  'loop-decided': { ...milestone, type: 'loop-decided', step, iteration: 1, again: true },
  'matrix-expanded': {
    ...milestone,
    type: 'matrix-expanded',
    step,
    instances: [step],
    combinations: [{ a: 1 }],
  },
  'candidates-shown': {
    ...milestone,
    type: 'candidates-shown',
    step,
    candidates: [step],
    blind: true,
    digest: 'ab12',
  },
  'budget-exceeded': { ...milestone, type: 'budget-exceeded', scope: 'run', unit: 'usd', spent: 2, limit: 1 },
  'snapshot-taken': {
    ...snapshot,
    type: 'snapshot-taken',
    'by-hand': true,
    head: {
      from: { branch: 'main', sha: 'abc' },
      to: { sha: 'def' },
      tip: 'def',
      rebased: [{ branch: 'work', tip: 'def' }],
      commits: ['def work'],
    },
  },
  'tree-restored': { ...snapshot, type: 'tree-restored', 'by-hand': true },
  'change-ready': { ...snapshot, ...values, type: 'change-ready', reused: 'replay' },
  'merge-started': { ...snapshot, type: 'merge-started', from: 'def' },
  'change-merged': { ...snapshot, type: 'change-merged' },
  'change-applied': {
    ...snapshot,
    type: 'change-applied',
    conflicts: ['a'],
    taken: { side: 'step', paths: ['a'] },
  },
  'cache-missed': { ...milestone, ...inAttempt, type: 'cache-missed', because },
  'gate-opened': {
    ...milestone,
    type: 'gate-opened',
    step,
    message: 'm',
    options: ['yes'],
    digest: 'd',
    shown: [
      { show: 'diff', diff: { from: 'a', to: 'b', files: ['f'] } },
      { show: 'steps.x.output', value: 1 },
    ],
    fields: { why: { type: 'choice', description: 'd', required: true, default: 'a', options: ['a'] } },
    'expires-at': at,
    'on-timeout': 'fail',
    'remind-ms': 5,
  },
  'gate-reminded': { ...milestone, type: 'gate-reminded', step, message: 'm' },
  'gate-decided': {
    ...milestone,
    type: 'gate-decided',
    step,
    decision: 'yes',
    by: 'me',
    comment: 'c',
    answers: { a: 1 },
    unasked: 'timeout',
  },
  'quota-waiting': { ...milestone, type: 'quota-waiting', step, engine: 'codex', until: at },
  'engine-rested': { ...milestone, type: 'engine-rested', engine: 'codex', until: at, failures: 5, because },
  'engine-untested': {
    ...milestone,
    type: 'engine-untested',
    engine: 'codex',
    version: '1.2.3',
    untested: 'is newer than what was measured (1.2.2)',
  },
  'step-waiting': {
    ...milestone,
    type: 'step-waiting',
    step,
    concurrency: 'c',
    'held-by': { run: milestone.run, step },
  },
  output: { ...chatter, ...inAttempt, type: 'output', stream: 'stdout', text: 't' },
  said: { ...chatter, ...inAttempt, type: 'said', what: 'tool-call', text: 't', tool: 'Bash', usage },
};

const ofMilestone = {
  v: 'required',
  seq: 'required',
  at: 'required',
  run: 'required',
  type: 'required',
} as const;
const ofChatter = { v: 'required', at: 'required', run: 'required', type: 'required' } as const;
const ofStep = { ...ofMilestone, step: 'required' } as const;
const ofAttempt = { ...ofStep, attempt: 'required' } as const;
const ofEnd = { ...ofStep, because: 'required' } as const;
const ofTree = { ...ofAttempt, tree: 'required', files: 'required' } as const;
const ofValues = {
  'duration-ms': 'optional',
  'exit-code': 'optional',
  stdout: 'optional',
  stderr: 'optional',
  text: 'optional',
  output: 'optional',
  outputs: 'optional',
  usage: 'optional',
  engine: 'optional',
  model: 'optional',
  session: 'optional',
  artifacts: 'optional',
  count: 'optional',
  decision: 'optional',
  fingerprint: 'optional',
} as const;

const fields: { readonly [T in Type]: Fields<Of<T>> } = {
  'run-started': {
    ...ofMilestone,
    workflow: 'required',
    path: 'required',
    sha256: 'required',
    inputs: 'required',
    attempt: 'required',
    'retry-of': 'optional',
    budget: 'optional',
  },
  'run-resumed': {
    ...ofMilestone,
    attempt: 'required',
    by: 'required',
    kept: 'optional',
    sha256: 'optional',
    inputs: 'optional',
    again: 'optional',
    gone: 'optional',
    budget: 'optional',
  },
  'run-interrupted': { ...ofMilestone, attempt: 'required', by: 'required' },
  'run-parked': { ...ofMilestone, reason: 'required', resume: 'required', until: 'optional' },
  'run-finished': {
    ...ofMilestone,
    status: 'required',
    'duration-ms': 'required',
    usage: 'required',
    outputs: 'required',
    failure: 'optional',
  },
  'step-started': {
    ...ofAttempt,
    kind: 'required',
    inputs: 'optional',
    engine: 'optional',
    model: 'optional',
    agent: 'optional',
    workspace: 'required',
  },
  'session-opened': {
    ...ofAttempt,
    engine: 'required',
    session: 'required',
    because: 'optional',
    version: 'optional',
    untested: 'optional',
  },
  'step-succeeded': { ...ofAttempt, ...ofValues, reused: 'optional' },
  'step-failed': { ...ofAttempt, ...ofValues, final: 'required', failure: 'required', reused: 'optional' },
  'step-skipped': ofEnd,
  'step-blocked': ofEnd,
  'step-canceled': ofEnd,
  'retry-scheduled': { ...ofAttempt, 'retry-at': 'required', because: 'required' },
  'engine-changed': { ...ofAttempt, from: 'required', to: 'required', because: 'required' },
  'loop-decided': { ...ofStep, iteration: 'required', again: 'required' },
  'matrix-expanded': { ...ofStep, instances: 'required', combinations: 'required' },
  'candidates-shown': { ...ofStep, candidates: 'required', blind: 'required', digest: 'required' },
  'budget-exceeded': {
    ...ofMilestone,
    scope: 'required',
    unit: 'optional',
    spent: 'required',
    limit: 'required',
  },
  'snapshot-taken': { ...ofTree, 'by-hand': 'optional', head: 'optional' },
  'tree-restored': { ...ofTree, 'by-hand': 'optional' },
  'change-ready': { ...ofTree, ...ofValues, reused: 'optional' },
  'merge-started': { ...ofTree, from: 'required' },
  'change-merged': ofTree,
  'change-applied': { ...ofTree, conflicts: 'optional', taken: 'optional' },
  'cache-missed': { ...ofAttempt, because: 'required' },
  'gate-opened': {
    ...ofStep,
    message: 'required',
    options: 'required',
    digest: 'required',
    shown: 'optional',
    fields: 'optional',
    'expires-at': 'optional',
    'on-timeout': 'optional',
    'remind-ms': 'optional',
  },
  'gate-reminded': { ...ofStep, message: 'required' },
  'gate-decided': {
    ...ofStep,
    decision: 'required',
    by: 'required',
    comment: 'optional',
    answers: 'optional',
    unasked: 'optional',
  },
  'quota-waiting': { ...ofStep, engine: 'required', until: 'required' },
  'engine-rested': {
    ...ofMilestone,
    engine: 'required',
    until: 'required',
    failures: 'required',
    because: 'required',
  },
  'engine-untested': { ...ofMilestone, engine: 'required', version: 'required', untested: 'required' },
  'step-waiting': { ...ofStep, concurrency: 'required', 'held-by': 'required' },
  output: { ...ofChatter, step: 'required', attempt: 'required', stream: 'required', text: 'required' },
  said: {
    ...ofChatter,
    step: 'required',
    attempt: 'required',
    what: 'required',
    text: 'optional',
    tool: 'optional',
    usage: 'optional',
  },
};

const parts: {
  readonly limits: Fields<Limits>;
  readonly usage: Fields<Usage>;
  readonly failure: Fields<Failure>;
  readonly artifact: Fields<Artifact>;
  readonly fingerprint: Fields<Fingerprint>;
  readonly shown: Fields<Shown>;
  readonly 'shown-artifact': Fields<ShownArtifact>;
  readonly 'gate-field': Fields<GateField>;
  readonly 'head-move': Fields<HeadMove>;
} = {
  limits: { usd: 'optional', tokens: 'optional', time: 'optional' },
  usage: {
    'input-tokens': 'required',
    'output-tokens': 'required',
    'cached-tokens': 'required',
    usd: 'required',
    'usd-from': 'optional',
  },
  failure: {
    reason: 'required',
    message: 'required',
    'exit-code': 'optional',
    signal: 'optional',
    updating: 'optional',
    'retry-at': 'optional',
    help: 'optional',
    files: 'optional',
  },
  artifact: { path: 'required', sha256: 'required' },
  fingerprint: { sha256: 'required', parts: 'required', change: 'optional', 'taken-from': 'optional' },
  shown: { show: 'required', value: 'optional', diff: 'optional', artifacts: 'optional' },
  'shown-artifact': {
    step: 'required',
    path: 'required',
    sha256: 'required',
    bytes: 'required',
    text: 'optional',
    tree: 'required',
  },
  'gate-field': {
    type: 'required',
    description: 'optional',
    required: 'optional',
    default: 'optional',
    options: 'optional',
  },
  'head-move': {
    from: 'required',
    to: 'required',
    tip: 'optional',
    rebased: 'optional',
    commits: 'required',
  },
};

const types = Object.keys(samples) as Type[];
const fits = new Ajv2020({ strict: true, strictRequired: false, allowUnionTypes: true }).compile(schema);

describe('the schema of events', () => {
  it('has the types of the union and no others', () => {
    expect(new Set(schema.oneOf.map((one) => one.$ref))).toEqual(
      new Set(types.map((type) => `#/$defs/${type}`)),
    );
    const others = ['time', 'run-id', 'step-key', ...Object.keys(parts)];
    expect(new Set(Object.keys(schema.$defs))).toEqual(new Set([...types, ...others]));
  });

  it.each(Object.entries({ ...fields, ...parts }))(
    'has the fields of %s, each described',
    (name, expected) => {
      const shape = schema.$defs[name];
      const properties = shape?.properties ?? {};
      expect(new Set(Object.keys(properties))).toEqual(new Set(Object.keys(expected)));
      const required = Object.entries(expected).filter(([, presence]) => presence === 'required');
      expect(new Set(shape?.required)).toEqual(new Set(required.map(([field]) => field)));
      expect(shape?.additionalProperties).toBe(false);
      expect(shape?.description).toMatch(/\.$/);
      for (const property of Object.values(properties)) expect(property.description).toMatch(/\.$/);
      if (name in fields) expect(properties.type?.const).toBe(name);
    },
  );

  it.each(types)('takes %s with everything it can have, and with only what it must', (type) => {
    const sample: Readonly<Record<string, unknown>> = { ...samples[type] };
    expect(fits(sample), JSON.stringify(fits.errors)).toBe(true);
    const presence: Readonly<Record<string, string>> = fields[type];
    const bare = Object.fromEntries(Object.entries(sample).filter(([key]) => presence[key] === 'required'));
    expect(fits(bare), JSON.stringify(fits.errors)).toBe(true);
    expect(fits({ ...sample, surprise: 1 })).toBe(false);
    for (const key of Object.keys(bare)) {
      const { [key]: _, ...rest } = bare;
      expect(fits(rest), `without ${key}`).toBe(false);
    }
  });

  it('knows the reasons and the run ids that the program knows', () => {
    expect(schema.$defs.failure?.properties?.reason?.enum).toEqual(FAILURE_REASONS);
    expect(schema.$defs['run-id']?.pattern).toBe(RUN_ID_PATTERN.source);
    expect(fits({ ...samples['run-resumed'], at: '2026-11-20T14:15:03Z' })).toBe(false);
    expect(fits({ ...samples['run-resumed'], run: 'x' })).toBe(false);
  });
});
