/** Checks what a run is given against what the workflow declares. */
import { clipped, misfitOf, TYPE_WORDS } from '../model/inputs.ts';
import { err, type Json, type JsonObject, ok, type Result } from '../model/result.ts';
import type { InputSpec } from '../model/workflow.ts';
import { nearest } from './suggest.ts';

/** What values are called where they are given, and what declares them. */
export interface InputWords {
  readonly noun: string;
  readonly flag: string;
  readonly owner: string;
}

const OF_A_RUN: InputWords = { noun: 'input', flag: '--input', owner: 'the workflow' };

/**
 * The inputs of a run, defaults filled in; an optional one that is not given is null.
 * A text given for a `number`, `boolean` or `json` input is read as one, so that the command line and a JSON file mean the same.
 * The error lists everything that is wrong, one sentence each.
 */
export function readInputs(
  specs: Readonly<Record<string, InputSpec>>,
  given: Readonly<Record<string, string | Json>>,
  words: InputWords = OF_A_RUN,
): Result<JsonObject, readonly string[]> {
  const problems: string[] = [];
  const names = Object.keys(specs);
  for (const name of Object.keys(given)) {
    if (Object.hasOwn(specs, name)) continue;
    const meant = nearest(
      name,
      names.filter((known) => !Object.hasOwn(given, known)),
    );
    const declared =
      names.length === 0
        ? `${words.owner} declares none`
        : `declared are ${names.map((known) => `\`${known}\``).join(', ')}`;
    problems.push(
      `there is no ${words.noun} \`${name}\`: ${meant === undefined ? declared : `did you mean \`${meant}\`?`}`,
    );
  }
  const values: [string, Json][] = [];
  for (const [name, spec] of Object.entries(specs)) {
    const value = Object.hasOwn(given, name) ? given[name] : undefined;
    if (value === undefined) {
      if (spec.required && spec.default === undefined) problems.push(missing(name, spec, words));
      values.push([name, spec.default ?? null]);
      continue;
    }
    const read = readValue(spec, value);
    if (read.ok) values.push([name, read.value]);
    else problems.push(`the ${words.noun} \`${name}\` ${read.error}`);
  }
  return problems.length > 0 ? err(problems) : ok(Object.fromEntries(values));
}

function missing(name: string, spec: InputSpec, { noun, flag }: InputWords): string {
  const what = spec.description === undefined ? '' : ` (${spec.description})`;
  return `the ${noun} \`${name}\`${what} is required: give it with \`${flag} ${name}=…\``;
}

function readValue(spec: InputSpec, value: Json): Result<Json, string> {
  if (typeof value !== 'string' || spec.type === 'string' || spec.type === 'choice') {
    const problem = misfit(spec, value);
    return problem === undefined ? ok(value) : err(problem);
  }
  const read = fromText(spec.type, value.trim());
  return read === undefined
    ? err(`must be ${TYPE_WORDS[spec.type]}, and \`${clipped(value)}\` is not`)
    : ok(read);
}

function fromText(type: 'number' | 'boolean' | 'json', text: string): Json | undefined {
  if (type === 'boolean') return text === 'true' ? true : text === 'false' ? false : undefined;
  if (type === 'number') {
    // JavaScript's Number also takes '', ' ', '0b1' and 'Infinity'.
    return /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i.test(text) && Number.isFinite(Number(text))
      ? Number(text)
      : undefined;
  }
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}

/** Why a value does not fit an input, as the end of a sentence; undefined when it fits. */
export function misfit(spec: Pick<InputSpec, 'type' | 'options'>, value: Json): string | undefined {
  const problem = misfitOf(spec, value);
  if (problem === undefined || spec.type !== 'choice' || typeof value !== 'string') return problem;
  const meant = nearest(value, spec.options ?? []);
  return meant === undefined ? problem : `${problem} – did you mean \`${meant}\`?`;
}
