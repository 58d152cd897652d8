/** Compares values as JSON, whatever their keys are called. */
import type { Json, JsonObject } from '../model/result.ts';

/**
 * Whether two values are the same JSON. The comparison that ajv brings along asks objects for their `constructor` and calls their
 * `valueOf`: it takes data for methods, and throws for the mappings of a file, which have no prototype.
 */
export function sameJson(a: Json, b: Json): boolean {
  if (a === b) return true;
  if (isList(a))
    return isList(b) && a.length === b.length && a.every((item, i) => sameJson(item, b[i] as Json));
  if (!isObject(a) || !isObject(b)) return false;
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && sameJson(a[key] as Json, b[key] as Json))
  );
}

/** The places of the first two items that are the same JSON; undefined where each is different. */
export function findTwins(items: readonly Json[]): readonly [first: number, second: number] | undefined {
  const seen = new Map<string, number>();
  for (const [second, item] of items.entries()) {
    const text = JSON.stringify(item, (_, value: Json) => (isObject(value) ? sorted(value) : value));
    const first = seen.get(text);
    if (first !== undefined) return [first, second];
    seen.set(text, second);
  }
  return undefined;
}

function sorted(object: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

function isObject(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !isList(value);
}
