/** Holds that what scripts wrote for their outputs does not outlive a dead owner. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { asStepKey } from '../../src/model/ids.ts';
import { makeOutputFiles } from '../../src/state/output-files.ts';
import { scratch } from './support/place.ts';
import { runId } from './support/samples.ts';

it('takes away what attempts of a dead owner left, and nothing of its own', () => {
  const state = scratch();
  const [first, second] = [asStepKey('first'), asStepKey('second')];
  const owner = makeOutputFiles(state);
  const left = owner(runId(1), first, 1);
  writeFileSync(left, 'token=s3cret\n');
  writeFileSync(path.join(path.dirname(left), 'kept'), '');
  expect(owner(runId(1), second, 1)).not.toBe(left);
  expect(readFileSync(left, 'utf8')).toBe('token=s3cret\n');
  makeOutputFiles(state)(runId(1), second, 2);
  expect(existsSync(left)).toBe(false);
  expect(existsSync(path.join(path.dirname(left), 'kept'))).toBe(true);
});
