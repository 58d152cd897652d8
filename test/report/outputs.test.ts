// What a last screen says of outputs.
import { expect, it } from 'vitest';
import { foldAll } from '../../src/model/fold.ts';
import { outputLines } from '../../src/report/outputs.ts';

const ended = (status: 'failed' | 'succeeded') => ({
  ...foldAll([]),
  status,
  outputs: { made: 'one\ntwo', none: null },
});

it('shows no output that a failed run never came to', () => {
  expect(outputLines(ended('failed'), false, '')).toEqual([expect.stringMatching(/^output made: one/)]);
});

it('shows null where a run that succeeded says so', () => {
  expect(outputLines(ended('succeeded'), false, '')).toContain('output none: null');
});
