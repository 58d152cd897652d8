/** Compares what was found with what a test expects. */
import vm from 'node:vm';
import type { Json, JsonObject } from '../../model/result.ts';
import { EXPRESSION_FLAGS } from '../../workflow/test-file.ts';

/** What does not fit. */
export interface Mismatch {
  /** The keys below the expectation that lead to what does not fit. */
  readonly path: readonly (string | number)[];
  readonly expected: string;
  readonly found: string;
  /** The texts that were compared, where a person wants to see how they differ. */
  readonly texts?: { readonly wanted: string; readonly found: string; readonly whole: boolean };
}

/** An expression that goes on for longer goes on for ever. */
const MOST_MS = 1_000;

const MATCHERS = ['equals', 'contains', 'not-contains', 'matches', 'not-matches', 'min', 'max'];

/** Compares a text: line ends at its end are no part of it, on either side. */
export function matchText(wanted: Json, found: string | null | undefined): readonly Mismatch[] {
  if (found === null || found === undefined) return [{ path: [], expected: shown(wanted), found: 'nothing' }];
  if (!isObject(wanted)) return equalTexts([], String(wanted), found);
  return Object.entries(wanted).flatMap(([key, value]) => {
    switch (key) {
      case 'equals':
        return equalTexts([key], String(value), found);
      case 'contains':
      case 'not-contains':
        return listOf(value).flatMap((one, i) => {
          const path = Array.isArray(value) ? [key, i] : [key];
          return contained(path, String(one), found, key === 'contains');
        });
      default:
        return fitting([key], String(value), found, key === 'matches');
    }
  });
}

function equalTexts(path: Mismatch['path'], wanted: string, found: string): readonly Mismatch[] {
  if (ended(wanted) === ended(found)) return [];
  const texts = { wanted: ended(wanted), found: ended(found), whole: true };
  return [{ path, expected: shown(ended(wanted)), found: shown(ended(found)), texts }];
}

function contained(
  path: Mismatch['path'],
  wanted: string,
  found: string,
  should: boolean,
): readonly Mismatch[] {
  // A block in a file ends in a line end that nobody means.
  if (found.includes(wanted) || found.includes(ended(wanted))) {
    if (should) return [];
    return [{ path, expected: `not ${shown(ended(wanted))}`, found: 'it is there' }];
  }
  if (!should) return [];
  const texts = { wanted: ended(wanted), found: ended(found), whole: false };
  return [{ path, expected: `with ${shown(ended(wanted))}`, found: shown(ended(found)), texts }];
}

function fitting(
  path: Mismatch['path'],
  source: string,
  found: string,
  should: boolean,
): readonly Mismatch[] {
  const fits = tried(source, found);
  if (fits === should) return [];
  const expected = `${should ? 'fits' : 'does not fit'} /${source}/`;
  if (fits === undefined) {
    const tooLong = `the expression was still at work after ${MOST_MS / 1000} s; write a simpler one`;
    return [{ path, expected, found: tooLong }];
  }
  return [{ path, expected, found: shown(ended(found)) }];
}

/** Whether it fits; undefined where that took too long. V8 ends an expression only together with the script that it is in. */
function tried(source: string, text: string): boolean | undefined {
  try {
    const script = `new RegExp(source, '${EXPRESSION_FLAGS}').test(text)`;
    return vm.runInNewContext(script, { source, text }, { timeout: MOST_MS }) === true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') return undefined;
    throw error;
  }
}

/** Compares a value: of a mapping what is named, of a list everything. A mapping of nothing but matchers is one. */
export function matchValue(wanted: Json, found: Json | undefined): readonly Mismatch[] {
  if (isMatcher(wanted)) return matched(wanted, found);
  if (Array.isArray(wanted) && Array.isArray(found) && wanted.length === found.length)
    return wanted.flatMap((one, i) => below(i, matchValue(one as Json, found[i] as Json)));
  if (isObject(wanted) && isObject(found))
    return Object.entries(wanted).flatMap(([key, one]) =>
      below(key, matchValue(one, Object.hasOwn(found, key) ? found[key] : undefined)),
    );
  return same(wanted, found) ? [] : [{ path: [], expected: shown(wanted), found: shown(found) }];
}

function matched(wanted: JsonObject, found: Json | undefined): readonly Mismatch[] {
  return Object.entries(wanted).flatMap(([key, value]): readonly Mismatch[] => {
    if (key === 'equals')
      return same(value, found) ? [] : [{ path: [key], expected: shown(value), found: shown(found) }];
    if (key === 'min' || key === 'max') return bounded(key, Number(value), found);
    if (Array.isArray(found) && (key === 'contains' || key === 'not-contains'))
      return listOf(value).flatMap((one, i) => {
        const path = Array.isArray(value) ? [key, i] : [key];
        const there = found.some((item) => same(one, item as Json));
        if (there === (key === 'contains')) return [];
        const expected = `${there ? 'without' : 'with'} ${shown(one)}`;
        return [{ path, expected, found: shown(found) }];
      });
    const text = typeof found === 'object' && found !== null ? JSON.stringify(found) : found;
    return matchText({ [key]: value }, text === undefined || text === null ? undefined : String(text));
  });
}

/** Compares a number with its bounds. */
export function bounded(key: 'min' | 'max', limit: number, found: Json | undefined): readonly Mismatch[] {
  const fits = typeof found === 'number' && (key === 'min' ? found >= limit : found <= limit);
  if (fits) return [];
  return [{ path: [key], expected: `at ${key === 'min' ? 'least' : 'most'} ${limit}`, found: shown(found) }];
}

function below(key: string | number, found: readonly Mismatch[]): readonly Mismatch[] {
  return found.map((one) => ({ ...one, path: [key, ...one.path] }));
}

function isMatcher(value: Json): value is JsonObject {
  if (!isObject(value)) return false;
  const keys = Object.keys(value);
  return keys.length > 0 && keys.every((key) => MATCHERS.includes(key));
}

/** Whether it is a mapping. */
export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function same(a: Json | undefined, b: Json | undefined): boolean {
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((one, i) => same(one as Json, b[i] as Json));
  if (isObject(a) && isObject(b)) {
    const keys = Object.keys(a);
    return (
      keys.length === Object.keys(b).length &&
      keys.every((key) => Object.hasOwn(b, key) && same(a[key], b[key]))
    );
  }
  // What did not run has no values, and they are null in expressions.
  return a === b || (a === null && b === undefined);
}

/** One or many. */
export function listOf(value: Json | undefined): readonly Json[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? (value as readonly Json[]) : [value];
}

function ended(text: string): string {
  return text.replace(/[\r\n]+$/, '');
}

const LONGEST = 200;

/** A value in one line. */
export function shown(value: Json | undefined): string {
  if (value === undefined || value === null) return value === null ? 'null' : 'nothing';
  const text = JSON.stringify(value);
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}
