/** Says what is known of a value before anything runs. */
import type { Json, JsonObject } from '../model/result.ts';

/** The types of the language, as bits, so that a set of them is a number. */
export const KINDS = { null: 1, boolean: 2, number: 4, string: 8, list: 16, object: 32 } as const;

const EVERY_KIND = 63;

/** What a value may be: a set of kinds, and what is known beyond that. */
export interface Type {
  /** A union of KINDS. */
  readonly kinds: number;
  /** All strings that the value can be, where they are known. */
  readonly values?: readonly string[];
  /** What an object is known to have. */
  readonly members?: ReadonlyMap<string, Type>;
  /** What an object holds under any other name; absent where it holds nothing else. */
  readonly rest?: Type;
  /** What a list holds. */
  readonly items?: Type;
  /** Whether the list came from `.*`, so that a property means that property of each. */
  readonly spread?: boolean;
}

/** Nothing is known. */
export const ANY: Type = { kinds: EVERY_KIND };
export const STRING: Type = { kinds: KINDS.string };
export const NUMBER: Type = { kinds: KINDS.number };
export const BOOLEAN: Type = { kinds: KINDS.boolean };
const NULL: Type = { kinds: KINDS.null };

/** One of some strings. */
export function oneOf(values: readonly string[]): Type {
  return { kinds: KINDS.string, values };
}

/** An object with exactly these properties. */
export function objectOf(members: Readonly<Record<string, Type>> | ReadonlyMap<string, Type>): Type {
  return {
    kinds: KINDS.object,
    members: members instanceof Map ? members : new Map(Object.entries(members)),
  };
}

/** A list of one kind of item. */
export function listOf(items: Type): Type {
  return { kinds: KINDS.list, items };
}

/** The same object with one member more, or another one: made from the one of that name where there is one. */
export function withMember(type: Type, name: string, make: (before: Type) => Type): Type {
  if (type.members === undefined) return type;
  return { ...type, members: new Map([...type.members, [name, make(type.members.get(name) ?? ANY)]]) };
}

/** The same, or null. */
export function orNull(type: Type): Type {
  return (type.kinds & KINDS.null) === 0 ? { ...type, kinds: type.kinds | KINDS.null } : type;
}

/** What is known when it may be the one or the other. */
function either(a: Type, b: Type): Type {
  const kinds = a.kinds | b.kinds;
  const values =
    a.values !== undefined && b.values !== undefined ? [...new Set([...a.values, ...b.values])] : undefined;
  const only = (a.kinds & KINDS.string) === 0 ? b.values : (b.kinds & KINDS.string) === 0 ? a.values : values;
  return {
    kinds,
    ...(only === undefined ? {} : { values: only }),
    ...eitherObject(a, b),
    ...eitherList(a, b),
  };
}

function eitherObject(a: Type, b: Type): Partial<Type> {
  if ((a.kinds & KINDS.object) === 0) return objectPart(b);
  if ((b.kinds & KINDS.object) === 0) return objectPart(a);
  if (a.members === undefined || b.members === undefined) return {};
  const members = new Map(a.members);
  for (const [name, type] of b.members) {
    const there = members.get(name);
    members.set(name, there === undefined ? type : either(there, type));
  }
  return { members, ...(a.rest === undefined && b.rest === undefined ? {} : { rest: ANY }) };
}

function objectPart({ members, rest }: Type): Partial<Type> {
  return { ...(members === undefined ? {} : { members }), ...(rest === undefined ? {} : { rest }) };
}

function eitherList(a: Type, b: Type): Partial<Type> {
  if ((a.kinds & KINDS.list) === 0) return b.items === undefined ? {} : { items: b.items };
  if ((b.kinds & KINDS.list) === 0) return a.items === undefined ? {} : { items: a.items };
  return a.items === undefined || b.items === undefined ? {} : { items: either(a.items, b.items) };
}

/** Whether a property may be asked of the value under any name without a check. */
export function isUntyped(type: Type): boolean {
  return (type.kinds & KINDS.object) !== 0 && type.members === undefined;
}

/** A property, its name compared without case as the language does; undefined where there certainly is none. */
export function memberOf(type: Type, name: string): Type | undefined {
  if (type.spread === true) {
    const inner = type.items === undefined ? ANY : memberOf(type.items, name);
    return inner === undefined ? undefined : { ...listOf(inner), spread: true };
  }
  if (isUntyped(type)) return ANY;
  if ((type.kinds & KINDS.object) === 0) return undefined;
  const exact = type.members?.get(name);
  if (exact !== undefined) return exact;
  const lower = name.toLowerCase();
  for (const [known, member] of type.members ?? []) if (known.toLowerCase() === lower) return member;
  return type.rest;
}

/** The names of the properties that are known. */
export function namesOf(type: Type): readonly string[] {
  if (type.spread === true) return type.items === undefined ? [] : namesOf(type.items);
  return [...(type.members?.keys() ?? [])];
}

/** What `.*` gives. */
export function spreadOf(type: Type): Type {
  const all = [...(type.members?.values() ?? []), ...(type.rest === undefined ? [] : [type.rest])];
  const first = isUntyped(type)
    ? ANY
    : (type.items ?? all.reduce<Type | undefined>((a, b) => (a === undefined ? b : either(a, b)), undefined));
  return { ...listOf(first ?? ANY), spread: true };
}

/** The kinds in words: `a number or null`. */
export function inWords(type: Type): string {
  const words: string[] = [];
  if (type.kinds & KINDS.string) words.push('a string');
  if (type.kinds & KINDS.number) words.push('a number');
  if (type.kinds & KINDS.boolean) words.push('a boolean');
  if (type.kinds & KINDS.list) words.push('a list');
  if (type.kinds & KINDS.object) words.push('an object');
  if (type.kinds & KINDS.null) words.push('null');
  const last = words.pop() ?? 'nothing';
  return words.length === 0 ? last : `${words.join(', ')} or ${last}`;
}

/** What a known value is. */
export function typeOfJson(value: Json): Type {
  if (value === null) return NULL;
  if (typeof value === 'string') return oneOf([value]);
  if (typeof value === 'number') return NUMBER;
  if (typeof value === 'boolean') return BOOLEAN;
  return { kinds: Array.isArray(value) ? KINDS.list : KINDS.object };
}

/** How deep a schema is followed; what lies deeper is not known. */
const MAX_SCHEMA_DEPTH = 64;

/** What a JSON Schema (2020-12) promises of the values that fit it. Keywords that are not understood make it know less. */
export function typeOfSchema(schema: JsonObject): Type {
  return fromSchema(schema, { schema, known: new Map() }, 0);
}

/** The schema that references start from, and the references that were followed; one that is open knows nothing. */
interface Root {
  readonly schema: JsonObject;
  readonly known: Map<string, Type>;
}

function fromSchema(schema: Json | undefined, root: Root, depth: number): Type {
  if (!isObject(schema) || depth > MAX_SCHEMA_DEPTH) return ANY;
  if (typeof schema.$ref === 'string') return followed(schema.$ref, root, depth);
  if ('allOf' in schema || '$dynamicRef' in schema || 'if' in schema) return ANY;
  const choices = schema.anyOf ?? schema.oneOf;
  if (Array.isArray(choices) && choices.length > 0) {
    if ('properties' in schema) return ANY;
    return choices.map((choice) => fromSchema(choice as Json, root, depth + 1)).reduce(either);
  }
  if ('const' in schema) return typeOfJson(schema.const ?? null);
  if (Array.isArray(schema.enum) && schema.enum.length > 0) return typeOfEnum(schema.enum);
  const kinds = kindsOf(schema.type) ?? ('properties' in schema ? KINDS.object : EVERY_KIND);
  return {
    kinds,
    ...(kinds & KINDS.object && kinds !== EVERY_KIND ? objectFrom(schema, root, depth) : {}),
    ...(kinds & KINDS.list && 'items' in schema && !('prefixItems' in schema)
      ? { items: fromSchema(schema.items, root, depth + 1) }
      : {}),
  };
}

// Each reference is followed once: a schema that refers to itself twice would otherwise be followed 2^depth times.
function followed(reference: string, root: Root, depth: number): Type {
  const known = root.known.get(reference);
  if (known !== undefined) return known;
  root.known.set(reference, ANY);
  const type = fromSchema(resolve(reference, root.schema), root, depth + 1);
  root.known.set(reference, type);
  return type;
}

function typeOfEnum(values: readonly Json[]): Type {
  const kinds = values.reduce<number>((all, value) => all | typeOfJson(value).kinds, 0);
  return { kinds, values: values.filter((value) => typeof value === 'string') };
}

function objectFrom(schema: JsonObject, root: Root, depth: number): Partial<Type> {
  const properties = isObject(schema.properties) ? schema.properties : {};
  const required = Array.isArray(schema.required) ? schema.required : [];
  const members = new Map<string, Type>();
  for (const [name, inner] of Object.entries(properties)) {
    const type = fromSchema(inner, root, depth + 1);
    members.set(name, required.includes(name) ? type : orNull(type));
  }
  const more = schema.additionalProperties;
  const open = more === true || 'patternProperties' in schema;
  return {
    members,
    ...(open ? { rest: ANY } : isObject(more) ? { rest: orNull(fromSchema(more, root, depth + 1)) } : {}),
  };
}

const SCHEMA_KINDS = new Map<Json, number>([
  ['null', KINDS.null],
  ['boolean', KINDS.boolean],
  ['number', KINDS.number],
  ['integer', KINDS.number],
  ['string', KINDS.string],
  ['array', KINDS.list],
  ['object', KINDS.object],
]);

function kindsOf(type: Json | undefined): number | undefined {
  if (type === undefined) return undefined;
  const named = Array.isArray(type) ? (type as readonly Json[]) : [type];
  return named.reduce<number>((kinds, name) => kinds | (SCHEMA_KINDS.get(name) ?? EVERY_KIND), 0);
}

function resolve(reference: string, root: JsonObject): Json | undefined {
  if (reference !== '#' && !reference.startsWith('#/')) return undefined;
  let at: Json | undefined = root;
  for (const raw of reference
    .slice(2)
    .split('/')
    .filter((part) => part !== '')) {
    const name = raw.replaceAll('~1', '/').replaceAll('~0', '~');
    at = isObject(at) && Object.hasOwn(at, name) ? at[name] : undefined;
  }
  return at;
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
