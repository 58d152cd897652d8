/** Checks an answer against the schema that its author wrote. */
import { Ajv2020, type ErrorObject } from 'ajv/dist/2020.js';
import type { Json, JsonObject } from '../model/result.ts';

const checks = new WeakMap<JsonObject, (value: Json) => readonly string[]>();

/** Why a schema cannot be used, the end of a sentence; undefined where it can. Strict: an unknown keyword is a misspelling. */
export function schemaProblem(schema: JsonObject): string | undefined {
  try {
    new Ajv2020({ strictSchema: true, strictTypes: false, validateFormats: false }).compile(schema);
    return undefined;
  } catch (error) {
    return (error as Error).message.replace(/^strict mode: /, '');
  }
}

/**
 * What is wrong with `value`, one sentence each with the place in it; empty where it fits. The schema is compiled on first use.
 * Throws for a schema that is none, which validation has refused before.
 */
export function validateAnswer(schema: JsonObject, value: Json): readonly string[] {
  let check = checks.get(schema);
  if (check === undefined) {
    const compiled = new Ajv2020({ allErrors: true, strict: false, validateFormats: false }).compile(schema);
    check = (answer) => (compiled(answer) ? [] : (compiled.errors ?? []).map(sentence));
    checks.set(schema, check);
  }
  return check(value);
}

function sentence({ instancePath, message, params }: ErrorObject): string {
  const place = instancePath === '' ? 'the answer' : `\`${instancePath.slice(1).replaceAll('/', '.')}\``;
  const extra = params['additionalProperty'] ?? params['allowedValues'];
  return `${place} ${message ?? 'is wrong'}${extra === undefined ? '' : `: ${JSON.stringify(extra)}`}`;
}
