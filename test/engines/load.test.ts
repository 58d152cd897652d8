// What much output, and many children, cost us; measured in a process that does nothing else.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { release } from '../../src/engines/release.ts';
import { bundle } from '../support/bundle.ts';
import { noise } from '../support/noise.ts';

const MIB = 1024 * 1024;
const TIMES = 1024;
const STARTS = 1_000;

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'load-'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

function measured(fixture: string, ...args: string[]): Record<string, number | boolean> {
  const program = bundle(`test/engines/fixtures/${fixture}.ts`, directory);
  const said = execFileSync(process.execPath, ['--expose-gc', program, directory, ...args], {
    encoding: 'utf8',
  });
  return JSON.parse(said);
}

describe('a gibibyte of output with a secret declared', () => {
  it('reaches the log byte by byte in less than 150 MB', async () => {
    const block = noise(MIB);
    writeFileSync(path.join(directory, 'block'), block);
    const printed = createHash('sha256');
    for (let i = 0; i < TIMES; i++) printed.update(block);

    const cost = measured('gibibyte', `yes block | head -n ${TIMES} | xargs cat`);
    const log = path.join(directory, 'stdout.log');
    const logged = createHash('sha256');
    for await (const chunk of createReadStream(log, { highWaterMark: MIB })) logged.update(chunk as Buffer);
    rmSync(log);

    expect(cost).toMatchObject({ ok: true });
    expect(logged.digest('hex')).toBe(printed.digest('hex'));
    expect(cost.peakMB).toBeLessThan(150);
  });
});

describe('bytes that are released', () => {
  it('are gone, and small ones, which may share their memory, are left alone', () => {
    const [big, small] = [Buffer.alloc(64 * 1024, 'x'), Buffer.from('small')];
    release(big.subarray(10));
    release(small);
    expect([big.length, small.toString()]).toEqual([0, 'small']);
  });
});

describe('many children', () => {
  it('leave nothing in our memory', () => {
    expect(measured('starts', String(STARTS)).grewMB).toBeLessThan(1);
  });
});
