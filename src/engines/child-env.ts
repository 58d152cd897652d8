/** Decides which variables a child sees. */
import type { EngineConfig } from '../model/config.ts';
import type { AnyDialect } from './dialects/dialect.ts';
import { MARK_VARIABLE } from './mark.ts';

/** Variables by name; the caller's own have `undefined` where Node says so. */
export type Environ = Readonly<Record<string, string | undefined>>;

/** What a child is told about the run it belongs to. */
export interface RunVariables {
  readonly run: string;
  readonly step: string;
  readonly attempt: number;
  /** Absolute path of the workspace's root. */
  readonly workspace: string;
  readonly mark: string;
  /** The file that a `run` step appends its outputs to. */
  readonly output?: string;
}

/** Names of ours, which never pass to a child: not those of an outer run, and no key. */
const OURS = [
  'CODEMACHINE',
  'CODEMACHINE_RUN',
  'CODEMACHINE_STEP',
  'CODEMACHINE_ATTEMPT',
  'CODEMACHINE_OUTPUT',
  'CODEMACHINE_WORKSPACE',
  // It opens what travels between the jobs of a CI: for us alone, not for those whose work travels.
  'CODEMACHINE_BUNDLE_KEY',
  MARK_VARIABLE,
];

/**
 * What a shell of a person leaves behind and what changes, or ends, the shell of a step: TMOUT kills it, BASH_ENV and ENV run a
 * file first, SHELLOPTS and BASHOPTS switch options (`bash(1)`, Shell Variables), CDPATH makes `cd` print.
 */
export const TRAPS: ReadonlySet<string> = new Set([
  'TMOUT',
  'BASH_ENV',
  'ENV',
  'SHELLOPTS',
  'BASHOPTS',
  'BASH_XTRACEFD',
  'PROMPT_COMMAND',
  'CDPATH',
  'GLOBIGNORE',
  'PS4',
  ...OURS,
]);

/** Exported functions of bash: a caller's `ls()` would replace the program in every step. */
const BASH_FUNCTION = /^BASH_FUNC_.*(%%|\(\))$/;

/** What every agent sees of the caller's environment, beside the prefixes below. */
export const AGENTS_SEE: ReadonlySet<string> = new Set([
  ...['PATH', 'HOME', 'USER', 'LANG', 'TERM', 'TMPDIR', 'TZ', 'SHELL', 'NODE_EXTRA_CA_CERTS'],
  ...[
    'http_proxy',
    'https_proxy',
    'all_proxy',
    'no_proxy',
    'HTTP_PROXY',
    'HTTPS_PROXY',
    'ALL_PROXY',
    'NO_PROXY',
  ],
]);
/** Names that start with one of these pass as well. */
export const AGENTS_SEE_PREFIXES: readonly string[] = ['LC_', 'XDG_', 'SSL_CERT_'];

/** The part of the caller's environment that every `run` step starts from: without the declared secrets, without traps. */
export function shellBase(environ: Environ, secrets: readonly string[]): Readonly<Record<string, string>> {
  const hidden = new Set(secrets);
  return pick(environ, (name) => !hidden.has(name) && !TRAPS.has(name) && !BASH_FUNCTION.test(name));
}

/**
 * The part of the caller's environment that an agent starts from: an allow-list, because its model can be talked into printing it.
 * @param documented the engine's own variables for sign-in, home and back-ends; a name that ends in `*` stands for a prefix.
 *   They pass also where the workflow declares them as secrets: that masks them, it does not sign the engine out.
 */
export function agentBase(
  environ: Environ,
  secrets: readonly string[],
  documented: readonly string[],
): Readonly<Record<string, string>> {
  const hidden = new Set(secrets);
  const exact = new Set(documented.filter((name) => !name.endsWith('*')));
  const prefixes = documented.filter((name) => name.endsWith('*')).map((name) => name.slice(0, -1));
  return pick(environ, (name) => {
    if (OURS.includes(name)) return false;
    if (exact.has(name) || prefixes.some((prefix) => name.startsWith(prefix))) return true;
    return (
      !hidden.has(name) &&
      (AGENTS_SEE.has(name) || AGENTS_SEE_PREFIXES.some((prefix) => name.startsWith(prefix)))
    );
  });
}

/** What passes to an engine beside what all see: its own variables, and those that the user's configuration names. */
export function passing(
  dialect: AnyDialect,
  environ: Environ,
  { pass = [] }: EngineConfig,
): readonly string[] {
  return [...dialect.variables(environ), ...pass];
}

/** A child's whole environment: the base, the step's own variables over it, ours over both (a step cannot shed its mark). */
export function childEnv(
  base: Readonly<Record<string, string>>,
  own: Readonly<Record<string, string>>,
  variables: RunVariables,
): Record<string, string> {
  const env: Record<string, string> = {
    ...base,
    ...own,
    CODEMACHINE: '1',
    CODEMACHINE_RUN: variables.run,
    CODEMACHINE_STEP: variables.step,
    CODEMACHINE_ATTEMPT: String(variables.attempt),
    CODEMACHINE_WORKSPACE: variables.workspace,
    [MARK_VARIABLE]: variables.mark,
  };
  if (variables.output !== undefined) env['CODEMACHINE_OUTPUT'] = variables.output;
  return env;
}

function pick(environ: Environ, wanted: (name: string) => boolean): Record<string, string> {
  const picked: Record<string, string> = {};
  for (const [name, value] of Object.entries(environ))
    if (value !== undefined && wanted(name)) picked[name] = value;
  return picked;
}
