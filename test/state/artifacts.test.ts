// Keeps files under their digest: large ones, too large ones, ones that are there already.
import { createHash } from 'node:crypto';
import { chmodSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { StateError } from '../../src/state/problem.ts';
import { opened, scratch } from './support/place.ts';

async function file(content: Buffer) {
  const place = path.join(scratch(), 'made');
  writeFileSync(place, content);
  const handle = await open(place);
  onTestFinished(() => handle.close());
  return handle;
}

const digest = (content: Buffer): string => createHash('sha256').update(content).digest('hex');

describe('what is kept', () => {
  it.each([0, 1, 1024 * 1024 - 1, 3 * 1024 * 1024 + 7])('has the bytes of the file: %i', async (size) => {
    const state = await opened(scratch());
    const content = Buffer.alloc(size, 'abcdefg');
    const kept = await state.keepArtifact(await file(content), size);
    expect(kept).toEqual({ sha256: digest(content), bytes: size });
    const directory = path.join(state.directory, 'artifacts');
    expect(readdirSync(directory)).toEqual([digest(content)]);
    expect(readFileSync(path.join(directory, digest(content))).equals(content)).toBe(true);
    expect(statSync(path.join(directory, digest(content))).mode & 0o777).toBe(0o600);
  });

  it('is nothing of a file that is larger than it may be', async () => {
    const state = await opened(scratch());
    expect(await state.keepArtifact(await file(Buffer.from('abc')), 2)).toBeUndefined();
    expect(readdirSync(path.join(state.directory, 'artifacts'))).toEqual([]);
  });

  it('is one file for equal ones, mended and made young by the second', async () => {
    const state = await opened(scratch());
    const content = Buffer.from('same');
    await state.keepArtifact(await file(content), 4);
    const kept = path.join(state.directory, 'artifacts', digest(content));
    writeFileSync(kept, 'torn');
    utimesSync(kept, 1000, 1000);
    await Promise.all([1, 2, 3].map(async () => state.keepArtifact(await file(content), 4)));
    expect(readFileSync(kept, 'utf8')).toBe('same');
    expect(statSync(kept).mtimeMs).toBeGreaterThan(1_000_000);
    expect(readdirSync(path.dirname(kept))).toEqual([digest(content)]);
  });

  it('is a sentence where the directory takes nothing', async () => {
    const state = await opened(scratch());
    writeFileSync(path.join(state.directory, 'artifacts'), 'in the way');
    chmodSync(path.join(state.directory, 'artifacts'), 0o600);
    const attempt = state.keepArtifact(await file(Buffer.from('x')), 1);
    await expect(attempt).rejects.toBeInstanceOf(StateError);
    await expect(attempt).rejects.toThrow(/artifacts cannot be used/);
  });
});
