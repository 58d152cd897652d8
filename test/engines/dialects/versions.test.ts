// Compares versions of engines with the measured ones.
import { expect, it } from 'vitest';
import { rangeWords, standingOf, untestedWords } from '../../../src/engines/dialects/versions.ts';

it.each([
  ['1.2.3', '1.2.3', '1.2.3', 'tested'],
  ['1.2.4', '1.2.3', '1.2.3', 'newer'],
  ['1.2.2', '1.2.3', '1.2.3', 'older'],
  ['1.10.0', '1.9.0', '1.9.9', 'newer'],
  ['1.9.5', '1.9.0', '1.10.0', 'tested'],
  ['1.2.99', '1.2.3', '1.2', 'tested'],
  ['1.3.0', '1.2.3', '1.2', 'newer'],
  ['2.0.0', '1', '1', 'newer'],
  ['1.2.3-beta.1', '1.2.3', '1.2.3', 'tested'],
  ['1.2.3.dev4', '1.2.3', '1.2.3', 'tested'],
])('%s against %s to %s is %s', (version, from, to, expected) => {
  expect(standingOf(version, { from, to })).toBe(expected);
});

it('says it in words', () => {
  expect(untestedWords('1.2.3', { from: '1.2.3', to: '1.2.3' })).toBeUndefined();
  expect(untestedWords('2.0.0', { from: '1.2', to: '1.4' })).toBe(
    'is newer than what was measured (1.2 to 1.4)',
  );
  expect(rangeWords({ from: '1', to: '1' })).toBe('1');
});
