/** Checks an agent's answer against the schema that its step asks for. */
import { err, type Json, type JsonObject, ok, type Result } from '../model/result.ts';
import type { Facts } from './dialects/dialect.ts';
import { nestsTooDeep } from './nesting.ts';

/** Says what is wrong with a value, a sentence each; none when it is valid. */
export type Validate = (schema: JsonObject, value: Json) => readonly string[];

/** The answer of a turn, or what is wrong with it. Checked here whatever the engine says: some do not look at all. */
export function answerIn(
  facts: Facts,
  schema: JsonObject,
  validate: Validate,
): Result<Json, readonly string[]> {
  const value = facts.structured === undefined ? parsed(facts.text) : ok(facts.structured);
  if (!value.ok) return err([value.error]);
  const problems = validate(schema, value.value);
  return problems.length === 0 ? ok(value.value) : err(problems);
}

const FENCED = /^```[a-z]*\n(.*)\n```$/is;

function parsed(text = ''): Result<Json, string> {
  const bare = text.trim();
  if (bare === '') return err('there was no answer at all');
  const json = FENCED.exec(bare)?.[1] ?? bare;
  if (nestsTooDeep(json)) return err('the answer nests too deeply');
  try {
    return ok(JSON.parse(json) as Json);
  } catch {
    // What several languages print, and none may read.
    const word = /[:[,]\s*(-?(?:NaN|Infinity))\b/.exec(json)?.[1] ?? /^-?(?:NaN|Infinity)$/.exec(json)?.[0];
    const detail =
      word === undefined ? '' : `: it has \`${word}\`, which JSON has no word for (\`null\` is one)`;
    return err(`the answer was not JSON${detail}`);
  }
}

/** What the engine is asked when its answer was wrong, in the session in which it gave it; elsewhere it is told what it answered. */
export function repairPrompt(schema: JsonObject, problems: readonly string[], answer?: string): string {
  return [
    ...(answer === undefined
      ? ['Your answer could not be used:']
      : ['You were asked for something, and this was your answer:', '', answer, '', 'It could not be used:']),
    '',
    ...problems.map((problem) => `- ${problem}`),
    '',
    'Do not do the work again. Give the answer once more, as one JSON value that is valid against this schema, and nothing else:',
    '',
    JSON.stringify(schema, null, 2),
    '',
  ].join('\n');
}
