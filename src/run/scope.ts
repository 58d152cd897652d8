/** Builds what the expressions of a step can see. */
import type { Expr, Template, ValueTemplate } from '../model/expression.ts';
import { literalText } from '../model/expression.ts';
import type { Json, JsonObject, Result } from '../model/result.ts';
import { err, ok } from '../model/result.ts';
import type { PartVariables, Scope } from '../model/scope.ts';
import type { Step } from '../model/workflow.ts';
import type { Frame } from './frame.ts';
import type { Running, RunPorts } from './running.ts';

/** The answers of the status functions for one step. */
export interface StatusFunctions {
  success(): boolean;
  failure(): boolean;
  canceled(): boolean;
}

/** What a step's expressions can see, `secrets` and `env` aside: those depend on the key the expression stands in. */
export function scopeOf(
  run: Running,
  frame: Pick<Frame, 'steps' | 'contexts' | 'variables'>,
  status: StatusFunctions,
  runStatus?: string,
): Scope {
  const { facts, workflow, ports } = run.input;
  const functions = {
    success: () => status.success(),
    failure: () => status.failure(),
    always: () => true,
    canceled: () => status.canceled(),
    cancelled: () => status.canceled(),
    hashFiles: (...globs: readonly Json[]) => ports.hashFiles(globs.map(ports.toText)),
  };
  const contexts = {
    inputs: facts.inputs,
    run: {
      id: run.input.run,
      attempt: run.ledger.progress.attempt,
      'started-at': run.startedAt(),
      ...(runStatus === undefined ? {} : { status: runStatus }),
    },
    workflow: { name: workflow.name, path: facts.path, sha256: workflow.sha256 },
    git: facts.git,
    github: facts.github,
    steps: frame.steps,
    ...frame.contexts,
  };
  return { contexts, functions, ...(frame.variables === undefined ? {} : { variables: frame.variables }) };
}

/** The same scope with one more context. */
export function withContext(scope: Scope, name: string, value: JsonObject): Scope {
  return { ...scope, contexts: { ...scope.contexts, [name]: value } };
}

/** The variables of a step. */
export interface StepEnv {
  /** What the child gets: env-files below, the workflow's and the step's own above. */
  readonly values: Readonly<Record<string, string>>;
  readonly secretNames: readonly string[];
  /** The `env` context: the same without the secrets. */
  readonly visible: Readonly<Record<string, string>>;
}

/**
 * Fills in the variables of a step. While they are filled in, `env` shows the env-files, the variables without
 * expressions, and those written above.
 */
export function fillEnv(run: Running, step: Step, scope: Scope): Result<StepEnv, string> {
  const { facts, ports } = run.input;
  const { envFile, own, given, givenSecrets } = scope.variables ?? { ...NO_PART, envFile: facts.envFile };
  const values: Record<string, string> = { ...envFile, ...given };
  const visible: Record<string, string> = { ...values };
  for (const name of givenSecrets) delete visible[name];
  const secretNames = new Set(givenSecrets);
  // What stands in the part's own `env` gives way to what the part is given; what a step says does not.
  const entries = Object.entries(step.env).filter(
    ([name, template]) => !(Object.hasOwn(given, name) && own[name] === template),
  );
  for (const [name, template] of entries) {
    const text = literalText(template);
    if (text !== undefined) visible[name] = text;
  }
  const seen = withContext(withContext(scope, 'env', visible), 'secrets', facts.secrets);
  for (const [name, template] of entries) {
    const filled = fill(run, template, seen);
    if (!filled.ok) return { ok: false, error: `env ${name}: ${filled.error}` };
    values[name] = ports.toText(filled.value);
    if (mentionsSecrets(template)) {
      secretNames.add(name);
      delete visible[name];
    } else {
      secretNames.delete(name);
      visible[name] = values[name];
    }
  }
  return ok({ values, visible, secretNames: [...secretNames] });
}

const NO_PART: Omit<PartVariables, 'envFile'> = { own: {}, given: {}, givenSecrets: [] };

/** Fills in a value that may hold expressions anywhere. */
export function fillValue(run: Running, value: ValueTemplate, scope: Scope): Result<Json, string> {
  if ('value' in value) return ok(value.value);
  if ('template' in value) return fill(run, value.template, scope);
  if ('list' in value) {
    const list: Json[] = [];
    for (const item of value.list) {
      const filled = fillValue(run, item, scope);
      if (!filled.ok) return filled;
      list.push(filled.value);
    }
    return ok(list);
  }
  return fillValues(run, value.map, scope);
}

/** Fills in each value of a mapping. */
function fillValues(
  run: Running,
  values: Readonly<Record<string, ValueTemplate>>,
  scope: Scope,
): Result<JsonObject, string> {
  const object: [string, Json][] = [];
  for (const [name, value] of Object.entries(values)) {
    const filled = fillValue(run, value, scope);
    if (!filled.ok) return err(`${name}: ${filled.error}`);
    object.push([name, filled.value]);
  }
  return ok(Object.fromEntries(object));
}

/** Fills in a template. One that is exactly one fence keeps the type of its value. */
export function fill(run: Running, template: Template, scope: Scope): Result<Json, string> {
  return fillTemplate(run.input.ports, template, scope);
}

/** The same, without a run. */
export function fillTemplate(
  { evaluate, toText }: Pick<RunPorts, 'evaluate' | 'toText'>,
  template: Template,
  scope: Scope,
): Result<Json, string> {
  const [only] = template.parts;
  if (template.whole && only !== undefined && typeof only !== 'string') return evaluate(only, scope);
  let text = '';
  for (const part of template.parts) {
    if (typeof part === 'string') {
      text += part;
      continue;
    }
    const value = evaluate(part, scope);
    if (!value.ok) return value;
    text += toText(value.value);
  }
  return ok(text);
}

/** Evaluates an `if`; its variables are only filled in when it asks for them. */
export function evaluateIf(run: Running, step: Step, condition: Expr, scope: Scope): Result<boolean, string> {
  let seen = scope;
  if (/\benv\b/i.test(condition.text)) {
    const env = fillEnv(run, step, scope);
    if (!env.ok) return env;
    seen = withContext(scope, 'env', env.value.visible);
  }
  const value = run.input.ports.evaluate(condition, seen);
  return value.ok ? ok(isTrue(value.value)) : value;
}

/** What counts as true in a condition: as in GitHub's language everything but false, 0, the empty string and null. */
export function isTrue(value: Json): boolean {
  return !(value === null || value === false || value === 0 || value === '' || Number.isNaN(value));
}

function mentionsSecrets(template: Template): boolean {
  return template.parts.some((part) => typeof part !== 'string' && /\bsecrets\b/i.test(part.text));
}
