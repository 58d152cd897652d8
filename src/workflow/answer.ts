/** Checks an answer against the schema that its author wrote. */
import { Ajv2020, type ErrorObject } from 'ajv/dist/2020.js';
import type { Json, JsonObject } from '../model/result.ts';

const checks = new WeakMap<JsonObject, (value: Json) => readonly string[]>();

/**
 * What is wrong with `value`, one sentence each with the place in it; empty where it fits. The schema is compiled on first use.
 * Throws for a schema that is none, which validation has refused before.
 */
export function validateAnswer(schema: JsonObject, value: Json): readonly string[] {
  let check = checks.get(schema);
  if (check === undefined) {
    // Not strict: authors write keywords for other readers, `format` among them, into their schemas.
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
