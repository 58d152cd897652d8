// Shows what counts of input files, and that what did not change is not read again.
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { matches } from '../../src/plan/selection.ts';
import { inputFiles, type Remembered } from '../../src/workspace/inputs.ts';

let root: string;

beforeEach(() => {
  root = mkdtempSync(path.join(os.tmpdir(), 'inputs-'));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  mkdirSync(path.join(root, 'src/.git'), { recursive: true });
  mkdirSync(path.join(root, '.codemachine/state'), { recursive: true });
  for (const file of ['src/a.ts', 'src/b.tmp', 'src/.git/x.ts', '.codemachine/state/db.ts', 'other.ts'])
    writeFileSync(path.join(root, file), file);
});

const HOUR = 3_600_000_000_000n;
const later = (): bigint => BigInt(Date.now()) * 1_000_000n + HOUR;

function look(
  globs: readonly string[],
  remembered: Remembered = { files: new Map(), changed: false },
  now = later(),
) {
  const place = { root, stateDir: path.join(root, '.codemachine/state'), match: matches };
  const found = inputFiles(place, globs, remembered, now);
  if (!found.ok) throw new Error(found.error);
  return found.value;
}

describe('input files', () => {
  test('are those that fit, without git and the state, each with mode and digest', () => {
    symlinkSync('a.ts', path.join(root, 'src/link.ts'));
    chmodSync(path.join(root, 'other.ts'), 0o755);
    const files = look(['**/*', '!**/*.tmp']);
    expect(files.map(([name, mode]) => `${name} ${mode}`)).toEqual([
      'other.ts 100755',
      'src/a.ts 100644',
      'src/link.ts 120000',
    ]);
    expect(new Set(files.map(([, , sha256]) => sha256)).size).toBe(3);
    expect(look(['./src/*.ts', 'gone.ts', '../**']).map(([name]) => name)).toEqual([
      'src/a.ts',
      'src/link.ts',
    ]);
  });

  test('are read once, and again when anything of them is another', () => {
    const memory: Remembered = { files: new Map(), changed: false };
    const [first] = look(['other.ts'], memory);
    expect(memory.changed).toBe(true);
    const [stamp] = memory.files.get('other.ts') ?? [''];
    memory.files.set('other.ts', [stamp, 'remembered']);
    expect(look(['other.ts'], memory)[0]?.[2]).toBe('remembered');
    // The same size and the same times as far as anybody can set them.
    const then = new Date(1_000_000);
    utimesSync(path.join(root, 'other.ts'), then, then);
    memory.files.set('other.ts', [memory.files.get('other.ts')?.[0] ?? '', 'remembered']);
    expect(look(['other.ts'], memory)).toEqual([first]);
    writeFileSync(path.join(root, 'other.ts'), 'OTHER.ts');
    utimesSync(path.join(root, 'other.ts'), then, then);
    expect(look(['other.ts'], memory)[0]?.[2]).not.toBe(first?.[2]);
  });

  test('that changed a moment ago are not remembered: a second change in the same tick would show in nothing', () => {
    const memory: Remembered = { files: new Map(), changed: false };
    look(['other.ts'], memory, BigInt(Date.now()) * 1_000_000n);
    expect(memory.files.size).toBe(0);
  });

  test('that cannot be read are said, and not passed over', () => {
    mkdirSync(path.join(root, 'src/a.ts.d'));
    rmSync(root, { recursive: true });
    const place = { root, stateDir: root, match: matches };
    expect(inputFiles(place, ['**'], { files: new Map(), changed: false }, later()).ok).toBe(false);
  });
});
