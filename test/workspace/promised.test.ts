// Looks for promised files in trees that lead elsewhere.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { matches } from '../../src/plan/selection.ts';
import { findPromised, openPromised } from '../../src/workspace/promised.ts';

function tree(files: readonly string[]) {
  const base = realpathSync(mkdtempSync(path.join(tmpdir(), 'codemachine-promised-')));
  onTestFinished(() => rmSync(base, { recursive: true, force: true }));
  const root = path.join(base, 'root');
  for (const name of files) {
    const file = path.join(root, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, name);
  }
  return { base, root, stateDir: path.join(root, 'state'), match: matches };
}

describe('promised files', () => {
  it('are the regular files that fit, dotted ones too, each once', async () => {
    const place = tree(['out/a.txt', 'out/.b', 'out/c/d.txt', 'e.txt', 'OUT.txt']);
    const found = await findPromised(place, ['./out/**', 'out/a.txt', '!out/c/**']);
    expect(found).toEqual({ files: ['out/.b', 'out/a.txt'], missing: [] });
  });

  it('are missing where no file is left for a glob, whatever else there is', async () => {
    const place = tree(['out/a.tmp', 'out/b.txt']);
    expect((await findPromised(place, ['out/*.tmp', 'out/*.txt', 'no', '!**/*.tmp'])).missing).toEqual([
      '`out/*.tmp`',
      '`no`',
    ]);
    expect((await findPromised(place, ['!out/**'])).missing).toEqual(['`!out/**`']);
    expect((await findPromised(place, ['out/'])).missing).toEqual([
      '`out/` (a directory: write `out/**` for the files in it)',
    ]);
  });

  it('are never of git or of the state directory, nor pipes', async () => {
    const place = tree([
      '.git/config',
      'sub/.GIT/config',
      'state/x',
      '.codemachine/state/y',
      '.codemachine/z',
    ]);
    execFileSync('mkfifo', [path.join(place.root, 'pipe')]);
    expect((await findPromised(place, ['**'])).files).toEqual(['.codemachine/z']);
    for (const glob of ['.git/config', 'state/x', '.codemachine/state/y', 'pipe'])
      expect((await findPromised(place, [glob])).missing).toEqual([`\`${glob}\``]);
  });

  it('are never found outside, whatever leads there', async () => {
    const place = tree(['in', 'dir/in']);
    writeFileSync(path.join(place.base, 'out'), 'outside');
    for (const glob of ['../**', '..', '../out', 'dir/../../**', 'dir/../../out', './../*'])
      expect(await findPromised(place, [glob])).toMatchObject({ files: [] });
  });

  it('are not opened when they were swapped since: for a link, a pipe, or a directory that leads out', async () => {
    const place = tree(['a', 'b', 'dir/c']);
    writeFileSync(path.join(place.base, 'c'), 'outside');
    const { files } = await findPromised(place, ['**']);
    expect(files).toEqual(['a', 'b', 'dir/c']);
    for (const name of ['a', 'b', 'dir']) rmSync(path.join(place.root, name), { recursive: true });
    symlinkSync(path.join(place.base, 'c'), path.join(place.root, 'a'));
    execFileSync('mkfifo', [path.join(place.root, 'b')]);
    symlinkSync(place.base, path.join(place.root, 'dir'));
    for (const name of files)
      expect(await openPromised(place, name)).toEqual({
        ok: false,
        error: `${name} is no regular file in the tree any more`,
      });
  });

  it('are opened through a link that stays inside, but for one into git', async () => {
    const place = tree(['real/a', '.git/config']);
    symlinkSync('real', path.join(place.root, 'near'));
    symlinkSync('.git', path.join(place.root, 'inner'));
    expect(await findPromised(place, ['near/a'])).toEqual({ files: ['near/a'], missing: [] });
    const file = await openPromised(place, 'near/a');
    if (!file.ok) throw new Error(file.error);
    expect((await file.value.readFile()).toString()).toBe('real/a');
    await file.value.close();
    expect(await openPromised(place, 'inner/config')).toMatchObject({ ok: false });
  });
});
