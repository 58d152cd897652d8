/** Proves that questions about files stay inside the workspace. */
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import micromatch from 'micromatch';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Match } from '../../src/model/ports.ts';
import { hashFiles, insideRoot } from '../../src/workspace/files.ts';

const match: Match = (file, globs) => micromatch.isMatch(file, [...globs], { dot: true });

let base: string;
let root: string;
beforeEach(() => {
  base = realpathSync(mkdtempSync(path.join(tmpdir(), 'codemachine-files-')));
  root = path.join(base, 'root');
  for (const dir of ['src/deep', '.git', 'state', '../outside'])
    mkdirSync(path.join(root, dir), { recursive: true });
  for (const file of [
    'package.json',
    'src/a.ts',
    'src/deep/b.ts',
    '.git/config',
    'state/db',
    '../outside/x.ts',
  ]) {
    writeFileSync(path.join(root, file), file);
  }
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

/** The definition, written the other way round. */
function expected(...contents: string[]): string {
  const all = contents.map((content) => createHash('sha256').update(content).digest());
  return createHash('sha256').update(Buffer.concat(all)).digest('hex');
}

test('hashes the matching files in the order of their paths', () => {
  expect(hashFiles(root, ['src/**/*.ts'], match)).toBe(expected('src/a.ts', 'src/deep/b.ts'));
  expect(hashFiles(root, ['package.json', 'src/a.ts'], match)).toBe(expected('package.json', 'src/a.ts'));
  expect(hashFiles(root, ['**/*.ts', '!src/deep/**'], match)).toBe(expected('src/a.ts'));
  expect(hashFiles(root, ['**/*.ts', '!src/deep/**', 'src/deep/b.ts'], match)).toBe(
    expected('src/a.ts', 'src/deep/b.ts'),
  );
});

test('is empty where nothing matches', () => {
  expect(hashFiles(root, ['*.lock'], match)).toBe('');
  expect(hashFiles(root, ['missing/file'], match)).toBe('');
  expect(hashFiles(root, [], match)).toBe('');
});

test('skips .git and the state directory, and never leaves the root', () => {
  symlinkSync('../outside', path.join(root, 'way-out'));
  symlinkSync('../outside/x.ts', path.join(root, 'out.ts'));
  symlinkSync('src/a.ts', path.join(root, 'in.ts'));
  symlinkSync('.', path.join(root, 'src/circle'));
  symlinkSync('missing', path.join(root, 'broken.ts'));
  const all = expected('src/a.ts', 'package.json', 'src/a.ts', 'src/deep/b.ts');
  expect(hashFiles(root, ['**'], match, path.join(root, 'state'))).toBe(all);
  expect(hashFiles(root, ['way-out/**', '../outside/**', '/etc/passwd', 'way-out/x.ts'], match)).toBe('');
});

test('gives the real path of what is inside', () => {
  symlinkSync('src', path.join(root, 'link'));
  expect(insideRoot(root, 'link/a.ts')).toEqual({ ok: true, value: path.join(root, 'src/a.ts') });
  expect(insideRoot(root, '')).toEqual({ ok: true, value: root });
  expect(insideRoot(root, 'src/../package.json')).toEqual({
    ok: true,
    value: path.join(root, 'package.json'),
  });
});

test('refuses what leads out, by name, by link or by an absolute path, and what is not there', () => {
  symlinkSync('../outside', path.join(root, 'way-out'));
  writeFileSync(path.join(base, 'root-beside'), '');
  const cases: [string, string][] = [
    ['../outside/x.ts', 'leads out'],
    ['src/../../root-beside', 'leads out'],
    ['way-out/x.ts', 'is a link out'],
    ['/etc/passwd', 'absolute'],
    ['missing', 'does not exist'],
    ['package.json/x', 'does not exist'],
    ['a\0b', 'NUL'],
  ];
  for (const [relative, why] of cases) {
    const refused = insideRoot(root, relative);
    expect(refused.ok ? 'taken' : refused.error).toContain(why);
  }
});
