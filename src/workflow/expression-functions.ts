/** Holds what every function of the language takes and gives, library's or ours. */
import { ANY, BOOLEAN, STRING, type Type } from './types.ts';

/** A function as the checker knows it. */
interface Signature {
  /** As it is written; names are compared without case. */
  readonly name: string;
  readonly min: number;
  readonly max: number;
  readonly gives: Type;
  /** Whether the number of arguments must be odd, as for `case`. */
  readonly odd?: boolean;
}

/** The functions that decide whether a step runs, each with the name that the scope has it under. */
export const STATUS_FUNCTIONS: ReadonlyMap<string, string> = new Map([
  ['success', 'success'],
  ['failure', 'failure'],
  ['always', 'always'],
  ['canceled', 'canceled'],
  ['cancelled', 'canceled'],
]);

const MANY = 255;

/** Every function of the language, library's or ours. */
export const SIGNATURES: readonly Signature[] = [
  { name: 'contains', min: 2, max: 2, gives: BOOLEAN },
  { name: 'startsWith', min: 2, max: 2, gives: BOOLEAN },
  { name: 'endsWith', min: 2, max: 2, gives: BOOLEAN },
  { name: 'format', min: 1, max: MANY, gives: STRING },
  { name: 'join', min: 1, max: 2, gives: STRING },
  { name: 'toJSON', min: 1, max: 1, gives: STRING },
  { name: 'fromJSON', min: 1, max: 1, gives: ANY },
  { name: 'case', min: 3, max: MANY, gives: ANY, odd: true },
  { name: 'hashFiles', min: 1, max: MANY, gives: STRING },
  { name: 'changed', min: 1, max: MANY, gives: BOOLEAN },
  ...[...STATUS_FUNCTIONS.keys()].map((name) => ({ name, min: 0, max: 0, gives: BOOLEAN })),
];

const BY_NAME: ReadonlyMap<string, Signature> = new Map(
  SIGNATURES.map((signature) => [signature.name.toLowerCase(), signature]),
);

/** The function that a call names, whatever its case; undefined where there is none. */
export function signatureOf(name: string): Signature | undefined {
  return BY_NAME.get(name.toLowerCase());
}

/** The names of all functions, for suggestions. */
export const FUNCTION_NAMES: readonly string[] = SIGNATURES.map(({ name }) => name);

/** How many arguments a function takes, in words. */
export function takes({ min, max, odd }: Signature): string {
  if (odd === true)
    return `an odd number of arguments, at least ${min}: conditions with their values, then the value for none`;
  if (max === 0) return 'no arguments';
  const plural = (count: number) => `${count} argument${count === 1 ? '' : 's'}`;
  if (min === max) return `exactly ${plural(min)}`;
  return max === MANY ? `at least ${plural(min)}` : `${min} or ${plural(max)}`;
}
