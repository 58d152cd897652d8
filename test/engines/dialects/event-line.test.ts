// What counts as a number of tokens.
import { expect, it } from 'vitest';
import { wholeOf } from '../../../src/engines/dialects/event-line.ts';

it.each([
  [0, 0],
  [12, 12],
  ['12', 12],
  [3.5, undefined],
  [1e30, undefined],
  [-5, undefined],
  ['3.5', undefined],
  ['', undefined],
  [null, undefined],
  [undefined, undefined],
])('%j is %j', (value, count) => expect(wholeOf(value)).toBe(count));
