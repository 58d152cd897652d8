/** Reads fields of an engine's events, whatever stands there. */
import type { Json, JsonObject } from '../../model/result.ts';
import { nestsTooDeep } from '../nesting.ts';

/** An event, or undefined where the line is none: half a line, a warning, binary, brackets without end. */
export function eventOf(line: string): JsonObject | undefined {
  const trimmed = line.trim();
  if (!trimmed.startsWith('{') || nestsTooDeep(trimmed)) return undefined;
  try {
    return objectOf(JSON.parse(trimmed) as Json);
  } catch {
    return undefined;
  }
}

/** What is kept of the lines that are no events, in letters. */
const MOST_NOISE = 600;

/** What a program said that is perhaps no engine at all, with one more line of it. */
export function withNoise(noise: string, line: string): string {
  return noise.length >= MOST_NOISE ? noise : `${noise}${line.slice(0, MOST_NOISE)}\n`;
}

/** The value as an object; an empty one for anything else. */
export function fieldsOf(value: Json | undefined): JsonObject {
  return objectOf(value) ?? {};
}

/** The value if it is an object. */
export function objectOf(value: Json | undefined): JsonObject | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as JsonObject)
    : undefined;
}

/** The value if it is a text with something in it. */
export function textOf(value: Json | undefined): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** The value if a session can be called so: it will be an argument, where what begins with a dash is an option. */
export function sessionOf(value: Json | undefined): string | undefined {
  return typeof value === 'string' && /^\w[\w.:-]{0,199}$/.test(value) ? value : undefined;
}

/** The value if it is a list; an empty one for anything else. */
export function listOf(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? (value as readonly Json[]) : [];
}

/** A turn that uses more was counted wrong; sums of it stay whole numbers. */
const MOST = 1e12;

/** The value if it is a whole number of sane size, or its digits; undefined, which is not known, for anything else. */
export function wholeOf(value: Json | undefined): number | undefined {
  const number = typeof value === 'string' && /^\d{1,13}$/.test(value) ? Number(value) : value;
  return typeof number === 'number' && Number.isInteger(number) && number >= 0 && number <= MOST
    ? number
    : undefined;
}

/** The value if it is a count; 0 for anything else. */
export function countOf(value: Json | undefined): number {
  return wholeOf(value) ?? 0;
}

/** A single turn that costs more than this was counted wrong. In dollars. */
const MOST_USD = 1e9;

/** The value if it is an amount of dollars; null, which is not known, for anything else. */
export function usdOf(value: Json | undefined): number | null {
  return typeof value === 'number' && value >= 0 && value <= MOST_USD ? value : null;
}
