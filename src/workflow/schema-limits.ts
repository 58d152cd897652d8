/** Finds what a JSON Schema asks for that our validator would not hold an answer to. */
import type { Json, JsonObject } from '../model/result.ts';

/** Keywords whose value is a schema, a list of schemas, or schemas by name. */
const SINGLE = [
  'not',
  'if',
  'then',
  'else',
  'items',
  'contains',
  'additionalProperties',
  'propertyNames',
  'unevaluatedItems',
  'unevaluatedProperties',
];
const LISTS = ['allOf', 'anyOf', 'oneOf', 'prefixItems'];
const NAMED = ['properties', 'patternProperties', '$defs', 'definitions', 'dependentSchemas'];

/** Of these, the ones that look at the same value as the schema they stand in. */
const IN_PLACE = new Set(['not', 'if', 'then', 'else', 'allOf', 'anyOf', 'oneOf', 'dependentSchemas']);

const NOT_HELD: Readonly<Record<string, string>> = {
  // ajv takes the target that it meets first, overflows on some, and passes answers that are wrong.
  $dynamicRef: '`$dynamicRef` is not followed as the standard says: write `$ref` and `$defs`',
  $dynamicAnchor: '`$dynamicAnchor` is not followed as the standard says: write `$ref` and `$defs`',
  // ajv counts items wrongly that `contains` or an `items` below `anyOf` has seen.
  unevaluatedItems:
    '`unevaluatedItems` is not computed as the standard says: write `prefixItems` and `items: false`',
};

/** What a schema that compiles would not be held to, the end of a sentence; undefined where an answer is checked in full. */
export function schemaLimit(schema: JsonObject): string | undefined {
  const all = [...schemasIn(schema)];
  const counting = all.some((each) => Object.hasOwn(each, 'unevaluatedProperties'));
  for (const each of all) {
    const keyword = Object.keys(NOT_HELD).find((name) => Object.hasOwn(each, name));
    if (keyword !== undefined) return NOT_HELD[keyword];
    // ajv never looks at a property of this name.
    if (['properties', 'patternProperties'].some((key) => named(each, key, '__proto__')))
      return 'a property `__proto__` is not checked: give it another name';
    // Without a `then` that says something, ajv forgets what `if` has looked at.
    if (counting && Object.hasOwn(each, 'if') && saysNothing(each['then']))
      return '`unevaluatedProperties` needs a `then` beside each `if`: repeat there the `properties` that `if` looks at';
  }
  return leadsBack(schema, all)
    ? 'it refers to itself without looking any deeper into the answer, which never ends'
    : undefined;
}

function* schemasIn(root: JsonObject): Generator<JsonObject> {
  const open: JsonObject[] = [root];
  for (let schema = open.pop(); schema !== undefined; schema = open.pop()) {
    yield schema;
    for (const [, below] of partsOf(schema)) open.push(below);
  }
}

function* partsOf(schema: JsonObject): Generator<readonly [keyword: string, below: JsonObject]> {
  for (const keyword of [...SINGLE, ...LISTS, ...NAMED]) {
    const value = Object.hasOwn(schema, keyword) ? schema[keyword] : undefined;
    if (SINGLE.includes(keyword)) {
      if (isObject(value)) yield [keyword, value];
    } else if (typeof value === 'object' && value !== null) {
      for (const below of Object.values(value)) if (isObject(below)) yield [keyword, below];
    }
  }
}

// A schema that is asked about a value while it is being asked about the same value.
function leadsBack(root: JsonObject, all: readonly JsonObject[]): boolean {
  const open = new Set<JsonObject>();
  const done = new Set<JsonObject>();
  const walk = (schema: JsonObject): boolean => {
    if (open.has(schema)) return true;
    if (done.has(schema)) return false;
    open.add(schema);
    const target = targetOf(root, schema);
    const next = [...partsOf(schema)].filter(([keyword]) => IN_PLACE.has(keyword)).map(([, below]) => below);
    const back = (target === undefined ? next : [target, ...next]).some(walk);
    open.delete(schema);
    done.add(schema);
    return back;
  };
  return all.some(walk);
}

function targetOf(root: JsonObject, { $ref: ref }: JsonObject): JsonObject | undefined {
  if (typeof ref !== 'string' || !/^#(\/|$)/.test(ref)) return undefined;
  let at: Json | undefined = root;
  for (const part of ref.split('/').slice(1)) {
    const key = unescaped(part);
    at =
      typeof at === 'object' && at !== null && Object.hasOwn(at, key) ? (at as JsonObject)[key] : undefined;
  }
  return isObject(at) ? at : undefined;
}

function unescaped(part: string): string {
  try {
    return decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~');
  } catch {
    return part;
  }
}

function named(schema: JsonObject, key: string, name: string): boolean {
  const value = schema[key];
  return isObject(value) && Object.hasOwn(value, name);
}

function saysNothing(then: Json | undefined): boolean {
  return !isObject(then) || Object.keys(then).length === 0;
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
