/** Carries values between JSON and the expression library without changing them. */
import { Array as ListData } from '@actions/expressions/data/array';
import { BooleanData } from '@actions/expressions/data/boolean';
import { Dictionary } from '@actions/expressions/data/dictionary';
import { type ExpressionData, Kind, type Pair } from '@actions/expressions/data/expressiondata';
import { Null } from '@actions/expressions/data/null';
import { NumberData } from '@actions/expressions/data/number';
import { StringData } from '@actions/expressions/data/string';
import type { Json, JsonObject } from '../model/result.ts';

export type { ExpressionData };

/** A value as the library has it. Lists and objects are converted where they are looked into, and only there. */
export function fromJson(value: Json): ExpressionData {
  if (value === null) return new Null();
  if (typeof value === 'string') return new StringData(value);
  if (typeof value === 'number') return new NumberData(value);
  if (typeof value === 'boolean') return new BooleanData(value);
  return isList(value) ? new JsonList(value) : new JsonDictionary(value);
}

/** The value that the library computed. What came in through fromJson goes out as the same object. */
export function toJson(data: ExpressionData): Json {
  if (data instanceof JsonList || data instanceof JsonDictionary) return data.json;
  switch (data.kind) {
    case Kind.String:
    case Kind.Number:
    case Kind.Boolean:
      return data.value;
    case Kind.Null:
      return null;
    case Kind.Array:
      return data.values().map(toJson);
    case Kind.Dictionary:
      return Object.fromEntries(data.pairs().map(({ key, value }) => [key, toJson(value)]));
  }
}

/** A value as text; what that means is said at `toText`. */
export function textOf(value: Json): string {
  if (value === null) return '';
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean') return value ? 'true' : 'false';
  return typeof value === 'number' ? new NumberData(value).coerceString() : JSON.stringify(value);
}

/** A list that the library made itself (`.*`), as one that is printed like every other. */
export function plainList(data: ExpressionData): ExpressionData {
  return data.kind === Kind.Array && !(data instanceof JsonList)
    ? new JsonList(data.values().map(toJson))
    : data;
}

/** A list of the outside, converted item by item. */
class JsonList extends ListData {
  readonly json: readonly Json[];
  #items: ExpressionData[] | undefined;

  constructor(json: readonly Json[]) {
    super();
    this.json = json;
  }

  override coerceString(): string {
    return textOf(this.json);
  }

  override get(index: number): ExpressionData {
    return this.values()[index] ?? new Null();
  }

  override values(): ExpressionData[] {
    this.#items ??= this.json.map(fromJson);
    return this.#items;
  }
}

/**
 * An object of the outside, converted property by property: the steps of a run are not copied to read one of them. The
 * library's own dictionary drops `constructor` and every second spelling of a name; here the exact name wins.
 */
class JsonDictionary extends Dictionary {
  readonly json: JsonObject;
  readonly #known = new Map<string, ExpressionData>();
  #spellings: ReadonlyMap<string, string> | undefined;

  constructor(json: JsonObject) {
    super();
    this.json = json;
  }

  override coerceString(): string {
    return textOf(this.json);
  }

  override get(key: string): ExpressionData | undefined {
    const name = Object.hasOwn(this.json, key) ? key : this.#spelled(key);
    if (name === undefined) return undefined;
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    const data = fromJson(this.json[name] ?? null);
    this.#known.set(name, data);
    return data;
  }

  override values(): ExpressionData[] {
    return Object.keys(this.json).map((key) => this.get(key) ?? new Null());
  }

  override pairs(): Pair[] {
    return Object.keys(this.json).map((key) => ({ key, value: this.get(key) ?? new Null() }));
  }

  #spelled(key: string): string | undefined {
    this.#spellings ??= new Map(Object.keys(this.json).map((name) => [name.toLowerCase(), name]));
    return this.#spellings.get(key.toLowerCase());
  }
}

function isList(value: readonly Json[] | JsonObject): value is readonly Json[] {
  return Array.isArray(value);
}
