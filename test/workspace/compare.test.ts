/** Proves that a difference between two texts is shown with and without git. */
import { expect, test } from 'vitest';
import { compareTexts } from '../../src/workspace/compare.ts';
import { realGit } from './repository.ts';

const environ = { PATH: process.env.PATH };

test('shows the lines that differ, without names of files', async () => {
  const shown = await compareTexts('one\ntwo\nthree', 'one\n2\nthree', realGit, environ);
  expect(shown).toBe('@@ -1,3 +1,3 @@\n one\n-two\n+2\n three');
});

test('shows nothing for equal texts, and a text that is only longer', async () => {
  expect(await compareTexts('a', 'a', realGit, environ)).toBe('');
  expect(await compareTexts('', 'a', realGit, environ)).toBe('@@ -0,0 +1 @@\n+a');
});

test('shows the first line that differs where git shows nothing', async () => {
  expect(await compareTexts('a\nb', 'a\nc', realGit, { PATH: '/nowhere' })).toBe('@@ line 2 @@\n-b\n+c');
  expect(await compareTexts('a', 'a\n', realGit, environ)).toBe('@@ line 2 @@\n+');
});
