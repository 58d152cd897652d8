// Two runs of the tests draw the same values, unless somebody asks for others.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import config from '../../.config/vitest.config.ts';
import { runs, testSeed } from '../support/seed.ts';

const tests = path.resolve(import.meta.dirname, '..');
// These two name what they forbid.
const exempt = ['support/seed.ts', 'house/seed.test.ts', 'house/purity.test.ts'];
const sources = readdirSync(tests, { recursive: true, encoding: 'utf8' })
  .filter((file) => /\.(ts|mjs)$/.test(file) && !file.includes('node_modules') && !exempt.includes(file))
  .map((file) => [file, readFileSync(path.join(tests, file), 'utf8')] as const);

it('the seed is one and the same until another is asked for', () => {
  expect(testSeed({})).toBe(testSeed({ CODEMACHINE_TEST_SEED: '' }));
  expect(testSeed({ CODEMACHINE_TEST_SEED: '-1132919169' })).toBe(-1132919169);
  expect(() => testSeed({ CODEMACHINE_TEST_SEED: 'today' })).toThrow(
    'CODEMACHINE_TEST_SEED cannot be "today"',
  );
});

it('the runs of a property are as many as it says, or that many times more', () => {
  expect(runs(300, {})).toEqual({ numRuns: 300 });
  expect(runs(300, { CODEMACHINE_TEST_RUNS: '20' })).toEqual({ numRuns: 6_000 });
  expect(() => runs(300, { CODEMACHINE_TEST_RUNS: '0' })).toThrow('CODEMACHINE_TEST_RUNS cannot be "0"');
});

it('a property test draws from that seed without asking for it', () => {
  expect(fc.readConfigureGlobal()).toMatchObject({ seed: testSeed(process.env), ...runs(100) });
  const drawn = () => {
    const values: number[] = [];
    fc.assert(fc.property(fc.integer(), (value) => void values.push(value)));
    return values;
  };
  expect(drawn()).toEqual(drawn());
});

it('every project of the tests is set up so', () => {
  expect(config.test?.setupFiles).toEqual(['.config/vitest.setup.ts']);
  for (const project of config.test?.projects ?? []) {
    expect(project).toMatchObject({ extends: true });
    expect(project).not.toHaveProperty('test.setupFiles');
  }
});

it.each([
  ['a seed or a number of runs of its own', /\b(?:seed|numRuns): *-?\d/],
  [
    'values that no seed repeats',
    /\b(?:Math\.random|randomBytes|randomInt|randomUUID|getRandomValues|fc\.sample)\b/,
  ],
])('no test has %s', (_, pattern) => {
  expect(sources.filter(([, text]) => pattern.test(text)).map(([file]) => file)).toEqual([]);
});

it('what is waited for is waited for as long as a busy machine needs', () => {
  const { testTimeout = 0, hookTimeout = 0, expect: expected } = config.test ?? {};
  expect(Math.min(testTimeout, hookTimeout, expected?.poll?.timeout ?? 0)).toBeGreaterThanOrEqual(30_000);
});
