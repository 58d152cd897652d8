/** Decides how an engine is told the schema of its answer. */
import type { Json, JsonObject } from '../../model/result.ts';
import { listOf, objectOf } from './event-line.ts';

/** One argument holds at most 128 KiB on Linux (MAX_ARG_STRLEN), counted in bytes; a letter has at most three of them in JSON. */
const LONGEST_ARGUMENT = 40_000;

/** Whether the schema fits an argument and describes an object: answer tools take nothing else. */
export function fitsAnswerTool(schema: JsonObject): boolean {
  return schema.type === 'object' && JSON.stringify(schema).length <= LONGEST_ARGUMENT;
}

/** The prompt with the schema written into it, for engines whose schema mode cannot take this one. */
export function promptWithSchema(prompt: string, schema: JsonObject): string {
  const wanted = JSON.stringify(schema, null, 2);
  return `${prompt}\n\nYour final message must be one JSON value and nothing else: no explanation, no code fence. It must be valid against this JSON Schema:\n\n${wanted}\n`;
}

/**
 * Words of JSON Schema that strict structured outputs take
 * (https://platform.openai.com/docs/guides/structured-outputs, "Supported schemas").
 */
const STRICT_WORDS = new Set([
  ...['type', 'properties', 'required', 'additionalProperties', 'items', 'enum', 'const', 'anyOf'],
  ...['$ref', '$defs', 'definitions', 'description', 'title'],
  ...['pattern', 'format', 'multipleOf', 'minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum'],
  ...['minItems', 'maxItems'],
]);

/**
 * Whether strict structured outputs take the schema: the root is an object, every object closes itself and requires all it has.
 * Sending another one ends in a refused request, so those go into the prompt.
 */
export function fitsStrictOutput(schema: JsonObject): boolean {
  return schema.type === 'object' && schema.anyOf === undefined && isStrict(schema);
}

function isStrict(value: Json | undefined): boolean {
  const schema = objectOf(value);
  if (schema === undefined) return false;
  if (!Object.keys(schema).every((word) => STRICT_WORDS.has(word))) return false;
  const inner = ['properties', '$defs', 'definitions'].flatMap((word) =>
    Object.values(objectOf(schema[word]) ?? {}),
  );
  if (schema.items !== undefined) inner.push(schema.items);
  inner.push(...listOf(schema.anyOf));
  return closesItself(schema) && inner.every((one) => isStrict(one));
}

function closesItself(schema: JsonObject): boolean {
  const isObject = schema.type === 'object' || listOf(schema.type).includes('object');
  if (!isObject && schema.properties === undefined) return true;
  const required = listOf(schema.required);
  const names = Object.keys(objectOf(schema.properties) ?? {});
  return schema.additionalProperties === false && names.every((name) => required.includes(name));
}
