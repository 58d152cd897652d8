// A key names one execution of one step, in whatever loops and matrices it lies.
import { expect, test } from 'vitest';
import {
  asStepId,
  asStepKey,
  conflictKey,
  iterationPrefix,
  stepKey,
  stepOfKey,
} from '../../src/model/ids.ts';

test('a key is made of what is around the step', () => {
  const loop = stepKey('', asStepId('build'), '[a,1.5]');
  const inner = stepKey(iterationPrefix(loop, 2), asStepId('test'));
  expect(loop).toBe('build[a,1.5]');
  expect(inner).toBe('build[a,1.5][2].test');
  expect(conflictKey(inner)).toBe('build[a,1.5][2].test.on-conflict');
});

test('a key tells whose execution it names', () => {
  const keys = [
    'test',
    'build[2].test',
    'fix[coder,1.5]',
    'build[a.b][2].test.on-conflict',
    'test.on-conflict',
  ];
  expect(keys.map((key) => stepOfKey(asStepKey(key)))).toEqual(['test', 'test', 'fix', 'test', 'test']);
});
