// Runs the tests of the workflows that this repository runs on itself.
import path from 'node:path';
import { expect, it } from 'vitest';
import { cli } from '../support/cli.ts';
import { makeProject } from '../support/repository.ts';

const house = path.resolve(import.meta.dirname, '../..');

it('the workflows of this repository end as their tests say', async () => {
  const end = await cli(makeProject(), ['test', path.join(house, '.codemachine/tests')], { cwd: house });
  expect({ code: end.code, stderr: end.stderr }, end.stdout).toEqual({ code: 0, stderr: '' });
});
