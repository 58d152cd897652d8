/** Gathers what is known before a run: secrets, env files, git, GitHub. */

import path from 'node:path';
import { parseEnv } from 'node:util';
import { partsOf } from '../model/parts.ts';
import type { Json, JsonObject, Result } from '../model/result.ts';
import { err, ok } from '../model/result.ts';
import { GITHUB_KEYS } from '../model/scope.ts';
import type { Workflow } from '../model/workflow.ts';
import { loadEnvFiles } from '../workflow/dotenv.ts';
import { type Configured, configuredKeys, engineKeys } from './engines/engine-keys.ts';
import { readText } from './files.ts';
import type { Place } from './place.ts';
import type { Refusal } from './refusal.ts';
import { refuse } from './refusal.ts';

/** The values a run must not show, and those it may. */
export interface Variables {
  readonly secrets: Readonly<Record<string, string>>;
  readonly envFile: Readonly<Record<string, string>>;
  /** What the env-files of used workflows hold, by the path of the workflow's source. */
  readonly partEnvFiles: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** The keys of the engines that agents use; masked as secrets are. */
  readonly engineKeys: readonly string[];
  /** What to say about secrets that cannot be masked. */
  readonly warnings: readonly string[];
}

/** Shorter values stand in too many harmless words to be taken out of everything. */
const SHORTEST_MASKED = 6;

/** Reads secrets and env files; everything that is missing is named at once. */
export function readVariables(
  place: Place,
  workflow: Workflow,
  env: NodeJS.ProcessEnv,
): Result<Variables, Refusal> {
  const problems: string[] = [];
  const secrets: Record<string, string> = {};
  const warnings: string[] = [];
  const [, ...parts] = partsOf(workflow);
  const names = new Set([workflow, ...parts].flatMap((one) => one.secrets.map(({ name }) => name)));
  for (const name of names) {
    const value = env[name];
    if (value === undefined || value === '')
      problems.push(`the secret ${name} is not set in the environment`);
    else secrets[name] = value;
    if (value !== undefined && value !== '' && value.length < SHORTEST_MASKED)
      warnings.push(`the secret ${name} is shorter than ${SHORTEST_MASKED} characters, so it is not masked`);
  }
  const envFileOf = ({ envFiles }: Workflow): Readonly<Record<string, string>> => {
    const files = loadEnvFiles(envFiles, {
      parseEnv: (text) => parseEnv(text) as Record<string, string>,
      readWorkspaceFile: (written) => {
        const text = readText(path.resolve(place.root, written), place.root);
        return !text.ok && text.error === 'is not there' ? undefined : text;
      },
    });
    if (!files.ok) problems.push(...files.error);
    return files.ok ? files.value : {};
  };
  const envFile = envFileOf(workflow);
  const ofParts = parts
    .filter(({ envFiles }) => envFiles.length > 0)
    .map((part) => [part.source.path, envFileOf(part)] as const);
  const short = [envFile, ...ofParts.map(([, file]) => file)]
    .flatMap((file) => Object.entries(file))
    .filter(([, value]) => value !== '' && value.length < SHORTEST_MASKED)
    .map(([name]) => name)
    .sort();
  if (short.length > 0)
    warnings.push(
      `of the env files, these are shorter than ${SHORTEST_MASKED} characters, so they are not masked: ${[...new Set(short)].join(', ')}`,
    );
  if (problems.length > 0) return refuse([...new Set(problems)].join('\n'), 'put that right, then run again');
  return ok({
    secrets,
    envFile,
    partEnvFiles: Object.fromEntries(ofParts),
    engineKeys: engineKeys(workflow, env),
    warnings,
  });
}

/** What must be masked: secrets, what env files hold, and the keys of engines, those of the configuration included. */
export function maskedValues(variables: Variables, run?: Configured): readonly string[] {
  const { secrets, envFile, partEnvFiles, engineKeys: keys } = variables;
  const declared = [secrets, envFile, ...Object.values(partEnvFiles)].flatMap((one) => Object.values(one));
  return [...declared, ...keys, ...(run === undefined ? [] : configuredKeys(run))];
}

/** The `github` context: the variables that GitHub Actions sets, empty strings elsewhere. */
export function githubContext(env: NodeJS.ProcessEnv): JsonObject {
  const context: Record<string, Json> = {};
  for (const key of GITHUB_KEYS) context[key] = env[`GITHUB_${key.toUpperCase()}`] ?? '';
  context['event'] = readEvent(env['GITHUB_EVENT_PATH']);
  return context;
}

function readEvent(file: string | undefined): Json {
  if (file === undefined || file === '') return {};
  const text = readText(file);
  try {
    return text.ok ? (JSON.parse(text.value) as Json) : {};
  } catch {
    return {};
  }
}

/** The inputs that flags give: `k=v`, `k=@file`, and a JSON file of many. */
export function givenInputs(
  cwd: string,
  pairs: readonly string[],
  file: string | undefined,
  flag = '--input',
): Result<Record<string, Json>, Refusal> {
  const given: Record<string, Json> = {};
  if (file !== undefined) {
    const text = readText(path.resolve(cwd, file));
    if (!text.ok) return refuse(`--inputs ${file}: the file ${text.error}`);
    const parsed = parseObject(text.value);
    if (parsed === undefined) return refuse(`--inputs ${file}: the file must hold one JSON object`);
    Object.assign(given, parsed);
  }
  for (const pair of pairs) {
    const cut = pair.indexOf('=');
    if (cut < 1) return refuse(`${flag} ${pair}: write it as name=value, or name=@file`);
    const value = inputValue(cwd, pair.slice(cut + 1));
    if (!value.ok) return refuse(`${flag} ${pair}: ${value.error}`);
    given[pair.slice(0, cut)] = value.value;
  }
  return ok(given);
}

function inputValue(cwd: string, written: string): Result<string, string> {
  if (!written.startsWith('@')) return ok(written);
  const text = readText(path.resolve(cwd, written.slice(1)));
  return text.ok ? text : err(`the file ${text.error}`);
}

function parseObject(text: string): Record<string, Json> | undefined {
  try {
    const value = JSON.parse(text) as unknown;
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, Json>)
      : undefined;
  } catch {
    return undefined;
  }
}
