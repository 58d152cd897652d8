/** Says what the property tests draw from, so that each run of them draws the same. */
import fc from 'fast-check';

/** Any number does: with one that stays, every run draws what the last one drew. */
const SEED = 20_261_120;

type Variables = Readonly<Record<string, string | undefined>>;

/** The seed of all property tests: `CODEMACHINE_TEST_SEED` where it is set. Throws where that is no whole number. */
export function testSeed(env: Variables): number {
  return numberIn(env, 'CODEMACHINE_TEST_SEED', /^-?\d{1,15}$/) ?? SEED;
}

/** How often a property is tried: `usually`, times `CODEMACHINE_TEST_RUNS` where that is set. Throws where that is no count. */
export function runs(usually: number, env: Variables = process.env): { readonly numRuns: number } {
  return { numRuns: usually * (numberIn(env, 'CODEMACHINE_TEST_RUNS', /^[1-9]\d{0,5}$/) ?? 1) };
}

/** What a property over `usually` cases would be tried with, for tests that try all of them at once. */
export function draw<T>(from: fc.Arbitrary<T>, usually: number): T[] {
  return fc.sample(from, { ...runs(usually), seed: testSeed(process.env) });
}

function numberIn(env: Variables, name: string, shape: RegExp): number | undefined {
  const text = env[name];
  if (text === undefined || text === '') return undefined;
  if (!shape.test(text)) throw new Error(`${name} cannot be ${JSON.stringify(text)}: write a whole number`);
  return Number(text);
}
