/** Says which contexts may be read in which key of a workflow. */
import { GITHUB_KEYS } from '../model/scope.ts';
import type { InputSpec, Workflow } from '../model/workflow.ts';
import { ANY, BOOLEAN, NUMBER, objectOf, oneOf, orNull, STRING, type Type } from './types.ts';

/** The keys that take expressions, as far as they differ in what may be read. */
export type Place =
  | 'if'
  | 'env'
  | 'workflow-env'
  | 'prompt'
  | 'system'
  | 'model'
  | 'working-directory'
  | 'artifacts'
  | 'concurrency'
  | 'group'
  | 'run'
  | 'rubric'
  | 'message'
  | 'show'
  | 'approve-if'
  | 'require'
  | 'until'
  | 'while'
  | 'matrix'
  | 'with'
  | 'outputs';

/** The contexts of the language. */
export const CONTEXTS = [
  'inputs',
  'run',
  'workflow',
  'git',
  'env',
  'steps',
  'loop',
  'matrix',
  'secrets',
  'github',
] as const;
export type Context = (typeof CONTEXTS)[number];

const EVERYWHERE: readonly Context[] = ['inputs', 'run', 'workflow', 'git', 'github'];
const IN_A_STEP: readonly Context[] = [...EVERYWHERE, 'env', 'steps'];

/**
 * What may be read where. The workflow's own `env:` is computed before there is any `env`. In `run` nearly everything is refused, but by
 * the rule about data, whose message shows the way out, so the table lets it pass.
 */
export const READABLE: Readonly<Record<Place, ReadonlySet<Context>>> = {
  if: new Set(IN_A_STEP),
  env: new Set([...IN_A_STEP, 'secrets']),
  'workflow-env': new Set([...EVERYWHERE, 'secrets']),
  prompt: new Set(IN_A_STEP),
  system: new Set(IN_A_STEP),
  model: new Set(IN_A_STEP),
  'working-directory': new Set(IN_A_STEP),
  artifacts: new Set(IN_A_STEP),
  concurrency: new Set(IN_A_STEP),
  group: new Set(EVERYWHERE),
  run: new Set([...IN_A_STEP, 'secrets']),
  rubric: new Set(IN_A_STEP),
  message: new Set(IN_A_STEP),
  show: new Set(IN_A_STEP),
  'approve-if': new Set(IN_A_STEP),
  require: new Set(IN_A_STEP),
  until: new Set([...EVERYWHERE, 'steps']),
  while: new Set([...EVERYWHERE, 'steps']),
  matrix: new Set([...EVERYWHERE, 'steps']),
  with: new Set(IN_A_STEP),
  outputs: new Set([...EVERYWHERE, 'steps']),
};

/** What to do instead of reading a context where it cannot be read. */
export function insteadOf(name: Context, place: Place): string | undefined {
  if (name === 'secrets') return 'secrets can only be read in `env:`';
  if (name === 'matrix' && place === 'if')
    return '`matrix` is there inside a `matrix` only, and `if` is read once for all its instances';
  if (name === 'loop' || name === 'matrix') return `\`${name}\` is there inside a \`${name}\` only`;
  if (name === 'steps' && place === 'workflow-env') return 'write it in the `env:` of the step that reads it';
  if (name === 'env' && place === 'outputs') return 'let a step declare it under its `outputs:`';
  return name === 'env' ? 'write the value itself, or put the variable in the `env:` of a step' : undefined;
}

/** Names that people bring along from GitHub Actions. */
export const ELSEWHERE: ReadonlyMap<string, string> = new Map([
  ['needs', 'read `steps.<id>`'],
  ['jobs', 'read `steps.<id>`'],
  ['job', 'read `steps.<id>` or `run`'],
  ['vars', 'declare it under `inputs:` or `env:`'],
  ['strategy', 'read `matrix`'],
  ['runner', 'let a `run` step find out'],
]);

const GITHUB = objectOf({ ...Object.fromEntries(GITHUB_KEYS.map((key) => [key, STRING])), event: ANY });
const WORKFLOW = objectOf({ name: STRING, path: STRING, sha256: STRING });
const GIT = objectOf({ sha: orNull(STRING), branch: orNull(STRING), dirty: orNull(BOOLEAN) });
const RUN = { id: STRING, attempt: NUMBER, 'started-at': STRING };
const RUN_STATUSES = ['succeeded', 'failed', 'canceled'] as const;

/** What the contexts that are the same for all steps hold. `steps`, `env`, `loop` and `matrix` are not among them. */
export function sharedContexts(workflow: Workflow, inFinally: boolean): ReadonlyMap<string, Type> {
  const secrets = workflow.secrets.map(({ name }) => [name, STRING] as const);
  const inputs = Object.entries(workflow.inputs).map(([name, spec]) => [name, typeOfInput(spec)] as const);
  return new Map([
    ['inputs', objectOf(new Map(inputs))],
    ['run', objectOf(inFinally ? { ...RUN, status: oneOf(RUN_STATUSES) } : RUN)],
    ['workflow', WORKFLOW],
    ['git', GIT],
    ['secrets', objectOf(new Map(secrets))],
    ['github', GITHUB],
  ]);
}

function typeOfInput(spec: InputSpec): Type {
  const type = typeOfNamed(spec.type, spec.options);
  return spec.required || spec.default !== undefined ? type : orNull(type);
}

/** What an input or a declared output of this type holds. */
export function typeOfNamed(type: InputSpec['type'], options?: readonly string[]): Type {
  switch (type) {
    case 'string':
      return STRING;
    case 'number':
      return NUMBER;
    case 'boolean':
      return BOOLEAN;
    case 'choice':
      return options === undefined ? STRING : oneOf(options);
    case 'json':
      return ANY;
  }
}
