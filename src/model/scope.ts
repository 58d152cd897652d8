/** Holds what an expression can see while it is evaluated. */
import type { Expr, Template } from './expression.ts';
import type { Json, Result } from './result.ts';

/** The contexts and the functions that depend on the run; both asked for only when the expression does. */
export interface Scope {
  /** `inputs`, `run`, `workflow`, `git`, `env`, `steps`, `secrets`, `github`; absent where the expression may not see it. */
  readonly contexts: Readonly<Record<string, Json>>;
  /** The status functions `success failure always canceled` by that name, and `hashFiles`. Arguments are already evaluated. */
  readonly functions: Readonly<Record<string, (...args: readonly Json[]) => Json>>;
  /** Of a used workflow: where its variables come from instead of the run's own. */
  readonly variables?: PartVariables;
}

/** The variables of a used workflow, beside those that its steps say themselves. */
export interface PartVariables {
  /** What its env-files hold. */
  readonly envFile: Readonly<Record<string, string>>;
  /** Its own `env`. */
  readonly own: Readonly<Record<string, Template>>;
  /** What the step that uses it says: above its own, below its steps'. */
  readonly given: Readonly<Record<string, string>>;
  /** Names of `given` whose values come from secrets. */
  readonly givenSecrets: readonly string[];
}

/** Evaluates one expression. An error is one sentence, for a failure with reason `condition`. */
export type Evaluate = (expr: Expr, scope: Scope) => Result<Json, string>;

/** Keys of the `github` context beside `event`, which is whatever GitHub sent; each stands in a variable `GITHUB_…`. */
export const GITHUB_KEYS = [
  'actor',
  'base_ref',
  'event_name',
  'head_ref',
  'job',
  'ref',
  'ref_name',
  'ref_type',
  'repository',
  'run_attempt',
  'run_id',
  'run_number',
  'server_url',
  'sha',
  'workflow',
  'workspace',
] as const;
