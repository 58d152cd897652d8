// Writes all files of a list, or none.
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { writeAll } from '../../src/app/init/write.ts';
import { inMemory } from '../support/in-memory.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(path.join(inMemory(), 'codemachine-write-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const all = () => readdirSync(root, { recursive: true, encoding: 'utf8' }).sort();
const first = { name: 'a/b/one', text: '1' };

it('leaves no file, no directory and no draft where one of them cannot be', () => {
  const done = writeAll(root, [first, { name: `a/${'x'.repeat(300)}`, text: '2' }]);
  expect(done).toMatchObject({ ok: false, error: { message: expect.stringContaining('ENAMETOOLONG') } });
  expect(all()).toEqual([]);
});

it('overwrites nothing, and takes back what it had written by then', () => {
  mkdirSync(path.join(root, 'c'));
  writeFileSync(path.join(root, 'c/two'), 'mine');
  const done = writeAll(root, [first, { name: 'c/two', text: '2' }, { name: 'three', text: '3' }]);
  const message = 'c/two cannot be written: somebody else makes it right now; nothing was changed';
  expect(done).toMatchObject({ ok: false, error: { message } });
  expect(all()).toEqual(['c', 'c/two']);
  expect(readFileSync(path.join(root, 'c/two'), 'utf8')).toBe('mine');
});

it('writes them where it can, and leaves nothing else', () => {
  expect(writeAll(root, [first, { name: 'two', text: '2' }])).toMatchObject({ ok: true });
  expect(all()).toEqual(['a', 'a/b', 'a/b/one', 'two']);
  expect(existsSync(path.join(root, 'two'))).toBe(true);
});
