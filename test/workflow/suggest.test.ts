/** Holds what counts as a slip of a word. */
import { describe, expect, test } from 'vitest';
import { nearest } from '../../src/workflow/suggest.ts';

const keys = [
  'run',
  'prompt',
  'timeout',
  'working-directory',
  'continue-on-error',
  'name',
  'needs',
  'id',
  'if',
  'env',
];

describe('the nearest word', () => {
  test.each([
    ['promt', 'prompt'],
    ['porm', undefined],
    ['rnu', 'run'],
    ['ix', undefined],
    ['ID', 'id'],
    ['working_directory', 'working-directory'],
    ['workingDirectory', 'working-directory'],
    ['continue-on-errors', 'continue-on-error'],
    ['tmieout', 'timeout'],
    ['need', 'needs'],
    ['RUN', 'run'],
    ['banana', undefined],
    ['', undefined],
    ['x'.repeat(10_000), undefined],
  ])('%s', (word, meant) => {
    expect(nearest(word, keys)).toBe(meant);
  });

  test('the nearer of two, then the first', () => {
    expect(nearest('bild', ['build-it', 'build', 'guild'])).toBe('build');
    expect(nearest('axb', ['ab', 'axc'])).toBe('ab');
  });
});
