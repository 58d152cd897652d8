/** Holds that what attempts said is kept where nobody else can read it, and nowhere else. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { asRunId, asStepKey } from '../../src/model/ids.ts';
import { writeDurably } from '../../src/state/durable.ts';
import { openTranscript, readFrom, stepDirectory } from '../../src/state/transcripts.ts';
import { opened, scratch } from './support/place.ts';
import { record, runId } from './support/samples.ts';

const id = runId(1);
const key = asStepKey('build[2].test');
const sha = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 8);

describe('a place that somebody guessed', () => {
  it.each([
    ['a link', (place: string, aim: string) => symlinkSync(aim, place)],
    ['a pipe', (place: string) => execFileSync('mkfifo', [place])],
  ])('is not written to where it is %s', (_, plant) => {
    const dir = scratch();
    const aim = path.join(dir, 'aim');
    writeFileSync(aim, 'mine');
    const files = openTranscript(dir, id, key, 1);
    mkdirSync(files.directory, { recursive: true });
    plant(path.join(files.directory, 'stdout.log'), aim);
    files.write('stdout.log', 'said');
    expect(files.problem()).toContain('stdout.log');
    expect(readFileSync(aim, 'utf8')).toBe('mine');
    files.close();
  });
});

describe('the directory of a step', () => {
  it.each([
    ['build[2].test', 1, 'build-2-.test'],
    ['fix[coder,1]', 12, 'fix-coder-1'],
    ['../../etc/passwd', 1, 'etc-passwd'],
    ['..', 1, 'step'],
    ['é', 1, 'step'],
    ['a'.repeat(300), 1, 'a'.repeat(60)],
    ['-rf', 1, 'rf'],
  ])('of %j is a readable name that cannot be mistaken', (step, attempt, slug) => {
    expect(stepDirectory(asStepKey(step), attempt)).toBe(`${slug}-${sha(step)}.${attempt}`);
  });

  it('is one part of a path whatever the key', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.integer({ min: 1, max: 999 }), (step, attempt) => {
        const name = stepDirectory(asStepKey(step), attempt);
        expect(name).toMatch(/^[A-Za-z0-9_][A-Za-z0-9._-]*$/);
        expect(name.length).toBeLessThan(80);
        expect(path.basename(path.resolve('/x', name))).toBe(name);
      }),
    );
  });
});

describe('a transcript', () => {
  it('makes nothing before the first byte, then files only their owner can read', () => {
    const state = scratch();
    const transcript = openTranscript(state, id, key, 1);
    transcript.close();
    expect(readdirSync(state)).toEqual([]);
    const before = process.umask(0);
    try {
      transcript.write('stdout.log', Buffer.from([0xff, 0x00, 0x0a]));
      transcript.write('prompt.md', 'Fix “it”');
    } finally {
      process.umask(before);
    }
    transcript.write('stdout.log', 'more');
    transcript.close();
    expect(readdirSync(transcript.directory).sort()).toEqual(['prompt.md', 'stdout.log']);
    expect(statSync(transcript.directory).mode & 0o777).toBe(0o700);
    expect(statSync(path.join(transcript.directory, 'stdout.log')).mode & 0o777).toBe(0o600);
    expect(readFileSync(path.join(transcript.directory, 'stdout.log')).toString('hex')).toBe(
      'ff000a6d6f7265',
    );
    expect(readFileSync(path.join(transcript.directory, 'prompt.md'), 'utf8')).toBe('Fix “it”');
    expect(transcript.problem()).toBeUndefined();
  });

  it('goes on where it was when it is opened again', () => {
    const state = scratch();
    for (const text of ['one', 'two']) {
      const transcript = openTranscript(state, id, key, 1);
      transcript.write('stderr.log', text);
      transcript.close();
    }
    expect(openTranscript(state, id, key, 1).tail('stderr.log', 100).toString()).toBe('onetwo');
  });

  it('gives its last bytes', () => {
    const transcript = openTranscript(scratch(), id, key, 1);
    expect(transcript.tail('stdout.log', 10).toString()).toBe('');
    transcript.write('stdout.log', 'x'.repeat(100_000));
    transcript.write('stdout.log', 'the end');
    expect(transcript.tail('stdout.log', 3).toString()).toBe('end');
    expect(transcript.tail('stdout.log', 1_000_000)).toHaveLength(100_007);
    transcript.close();
  });

  it('says in a sentence what kept it from writing, and does not throw', () => {
    const state = scratch();
    writeFileSync(path.join(state, 'runs'), 'in the way');
    const transcript = openTranscript(state, id, key, 1);
    transcript.write('stdout.log', 'text');
    transcript.write('stdout.log', 'text');
    expect(transcript.problem()).toMatch(/stdout\.log cannot be used \(ENOTDIR.*--state-dir/);
    transcript.close();
  });

  it('of a text that is no run id is a defect', () => {
    expect(() => openTranscript('/x', asRunId('../..'), key, 1)).toThrow(/no run id/);
  });
});

describe('reading a log', () => {
  it('follows what is added', () => {
    const transcript = openTranscript(scratch(), id, key, 1);
    const file = path.join(transcript.directory, 'stdout.log');
    expect(readFrom(file, 0, 100)).toHaveLength(0);
    transcript.write('stdout.log', 'hello');
    expect(readFrom(file, 0, 3).toString()).toBe('hel');
    expect(readFrom(file, 3, 100).toString()).toBe('lo');
    expect(readFrom(file, 5, 100)).toHaveLength(0);
    transcript.write('stdout.log', ' you');
    expect(readFrom(file, 5, 100).toString()).toBe(' you');
    transcript.close();
  });

  it('lists attempts as they started, with their files', async () => {
    const state = await opened(path.join(scratch(), 'state'));
    state.createRun(record(id));
    const lease = state.acquire(id, { by: 'run' });
    if (!lease.ok) throw new Error('a new run has an owner');
    const start = (step: string, attempt: number) =>
      ({ type: 'step-started', step: asStepKey(step), attempt, kind: 'run', workspace: 'shared' }) as const;
    lease.value.commit([start('b', 1), start('a', 1), start('b', 2)], '2026-11-20T14:15:03.000Z');
    const transcript = state.openTranscript(id, asStepKey('b'), 2);
    transcript.write('stderr.log', 'err');
    transcript.write('stdout.log', 'output');
    transcript.close();
    const files = [
      { name: 'stdout.log', path: path.join(transcript.directory, 'stdout.log'), size: 6 },
      { name: 'stderr.log', path: path.join(transcript.directory, 'stderr.log'), size: 3 },
    ];
    expect(state.logs(id)).toEqual([
      { step: 'b', attempt: 1, files: [] },
      { step: 'a', attempt: 1, files: [] },
      { step: 'b', attempt: 2, files },
    ]);
    expect(state.logs(id, asStepKey('b')).map((one) => one.attempt)).toEqual([1, 2]);
    expect(state.logs(runId(2))).toEqual([]);
  });

  it('leaves outputs a place that exists, and no file', async () => {
    const state = await opened(path.join(scratch(), 'state'));
    const file = state.outputFile(id, key, 1);
    expect(existsSync(file)).toBe(false);
    execFileSync('sh', ['-c', 'echo a=1 >> "$0"', file]);
    expect(readFileSync(file, 'utf8')).toBe('a=1\n');
    expect(state.outputFile(id, key, 2)).not.toBe(file);
  });
});

describe('a durable write', () => {
  it('replaces the file and leaves nothing beside it', () => {
    const file = path.join(scratch(), 'answer.json');
    writeDurably(file, 'old');
    writeDurably(file, Buffer.from('new'));
    expect(readFileSync(file, 'utf8')).toBe('new');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readdirSync(path.dirname(file))).toEqual(['answer.json']);
  });

  it('leaves nothing when it fails', () => {
    const directory = path.join(scratch(), 'in', 'the', 'way');
    expect(() => writeDurably(path.join(directory, 'x'), 'y')).toThrow(/ENOENT/);
    const place = scratch();
    mkdirSync(path.join(place, 'in the way'));
    expect(() => writeDurably(path.join(place, 'in the way'), 'new')).toThrow(/EISDIR/);
    expect(readdirSync(place)).toEqual(['in the way']);
  });
});
