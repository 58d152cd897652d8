/** Checks an answer against the schema that its author wrote. */
import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import type { SchemaValidateFunction } from 'ajv/dist/types/index.js';
import type { Json, JsonObject } from '../model/result.ts';
import { findTwins, sameJson } from './same-json.ts';
import { schemaLimit } from './schema-limits.ts';

// One compiler for all schemas, since making one takes longer than compiling most of them.
let strict: Ajv2020 | undefined;
let lenient: Ajv2020 | undefined;

const checks = new WeakMap<JsonObject, (value: Json) => readonly string[]>();

/**
 * Why a schema cannot be used, the end of a sentence; undefined where it can. Strict: an unknown keyword is a misspelling,
 * and what would be checked otherwise than the standard says is refused.
 */
export function schemaProblem(schema: JsonObject): string | undefined {
  try {
    strict ??= new Ajv2020({
      strictSchema: true,
      strictTypes: false,
      strictTuples: false,
      validateFormats: false,
    });
    compileAlone(strict, schema);
    return schemaLimit(schema);
  } catch (error) {
    if (error instanceof RangeError)
      return 'its references lead in a circle or through an `$id`: refer to `#/$defs/…`';
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
    lenient ??= comparingJson(
      // Own properties: else every object has a `constructor`.
      new Ajv2020({ allErrors: true, strict: false, validateFormats: false, ownProperties: true }),
    );
    const compiled = compileAlone(lenient, schema);
    check = (answer) => {
      try {
        return compiled(answer) ? [] : (compiled.errors ?? []).map(sentence);
      } catch (error) {
        if (error instanceof RangeError) return ['the answer nests too deeply for the schema to look at'];
        throw error;
      }
    };
    checks.set(schema, check);
  }
  return check(value);
}

// What a compiler remembers of one schema, another could refer to by its `$id`, or be refused for having the same.
function compileAlone(ajv: Ajv2020, schema: JsonObject): ValidateFunction {
  try {
    return ajv.compile(schema);
  } finally {
    ajv.removeSchema();
  }
}

// The keywords for which ajv compares, each with its own words.
const comparisons: Readonly<Record<string, (schema: Json, data: Json) => Partial<ErrorObject> | undefined>> =
  {
    const: (schema, data) => (sameJson(schema, data) ? undefined : { message: 'must be equal to constant' }),
    enum: (schema, data) => {
      const allowedValues = schema as readonly Json[];
      if (allowedValues.some((allowed) => sameJson(allowed, data))) return undefined;
      return { message: 'must be equal to one of the allowed values', params: { allowedValues } };
    },
    uniqueItems: (schema, data) => {
      const twins = schema === true && Array.isArray(data) ? findTwins(data as readonly Json[]) : undefined;
      if (twins === undefined) return undefined;
      const [first, second] = twins;
      return { message: `must NOT have duplicate items (items ## ${first} and ${second} are identical)` };
    },
  };

function comparingJson(ajv: Ajv2020): Ajv2020 {
  for (const [keyword, compare] of Object.entries(comparisons)) {
    const validate: SchemaValidateFunction = (schema: Json, data: Json) => {
      const wrong = compare(schema, data);
      if (wrong !== undefined) validate.errors = [{ keyword, params: {}, ...wrong }];
      return wrong === undefined;
    };
    ajv.removeKeyword(keyword).addKeyword({ keyword, validate });
  }
  return ajv;
}

function sentence({ instancePath, message, params }: ErrorObject): string {
  const place = instancePath === '' ? 'the answer' : `\`${instancePath.slice(1).replaceAll('/', '.')}\``;
  const extra = params['additionalProperty'] ?? params['allowedValues'];
  return `${place} ${message ?? 'is wrong'}${extra === undefined ? '' : `: ${JSON.stringify(extra)}`}`;
}
