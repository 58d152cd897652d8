// Bytes as engines, and what stands between them and us, really deliver them.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { Failure } from '../../../src/model/failure.ts';
import type { Outcome } from '../../../src/model/ports.ts';
import { SPOKEN } from './signs.ts';
import { type StandIn, standIn } from './stand-in.ts';

let there: StandIn;
beforeEach(() => {
  there = standIn();
});
afterEach(() => there.leave());

const failed = (outcome: Outcome): Failure | undefined => (outcome.ok ? undefined : outcome.failure);

const MIB = 1024 * 1024;
const bytes = (...pieces: readonly (string | Uint8Array | readonly number[])[]): Buffer =>
  Buffer.concat(pieces.map((piece) => (typeof piece === 'string' ? Buffer.from(piece) : Buffer.from(piece))));

describe.each(SPOKEN)('$engine', ({ dialect, sign, well, streams }) => {
  const text = well.toString();
  const lines = text.trimEnd().split('\n');
  const half = `${lines.slice(0, Math.ceil(lines.length / 2)).join('\n')}\n`;
  // All that comes before the sign: without its last part nothing is shown.
  const unsigned = lines.slice(
    0,
    lines.findIndex((_, at) => sign.shown(lines.slice(0, at + 1))),
  );
  const before = unsigned.map((line) => `${line}\n`).join('');

  /** Prints what was kept, then does what the script says. */
  const prints = async (output: Uint8Array | string, then = '') => {
    there.keep('output', output);
    return (await there.attempt(dialect, `cat "$0/output"; ${then}`)).outcome;
  };

  it('shows the sign in what was kept, so that the cases below mean something', () => {
    expect(sign.shown(lines)).toBe(true);
    expect(sign.shown(unsigned)).toBe(false);
  });

  it('is heard in pieces of seven bytes, its last line without an end', async () => {
    there.keep('output', text.trimEnd());
    const { outcome, waits } = await there.attempt(dialect, 'dd bs=7 <"$0/output" 2>/dev/null');
    expect(outcome).toEqual({ ...(await prints(text)), values: expect.anything() });
    expect(outcome).toMatchObject({ ok: true, values: { 'exit-code': 0 } });
    expect(waits).toBe(false);
  });

  const [first = '', ...rest] = lines;
  const after = rest.join('\n');
  const event = (filler: string) => `{"type":"something.new","nobody":{"knows":["it",${filler}]}}`;

  it.each<[string, Uint8Array]>([
    ['a line of ten MiB', bytes(first, '\n', event(`"${'x'.repeat(10 * MIB - 200)}"`), '\n', after)],
    ['bytes that are no UTF-8', bytes(first, '\n', [0xff, 0xfe, 0xc3, 0x28, 0xe2, 0x82], '\n', after)],
    ['half a letter in an event', bytes(first, '\n', event('"'), [0xe2, 0x82], '"}\n', after)],
    ['events that nobody knows', bytes(first, '\n', event('1'), '\n', event('{}'), '\n', after)],
    [
      'garbage, blank lines and CR LF',
      bytes('\n\r\n \t\n', first, '\r\n', '{{{\n[1,2\nnull\n"x"\n12\n\0\0\n\n', rest.join('\r\n'), '\r\n\n'),
    ],
  ])('goes on through %s', async (_, output) => {
    expect(failed(await prints(output))).toBeUndefined();
  });

  it('goes on through a line that is too long to be read, unless that is a part of its answer', async () => {
    const outcome = await prints(bytes(first, '\n', 'x'.repeat(11 * MIB), '\n', after));
    if (sign.anything) expect(failed(outcome)).toMatchObject({ reason: 'internal' });
    else expect(failed(outcome)).toBeUndefined();
  });

  it('has not succeeded when it exits well and prints nothing', async () => {
    expect(failed(await prints(''))).toMatchObject({ message: expect.stringMatching(/./) });
  });

  it.skipIf(sign.anything).each([
    ['garbage', 'hello\n{"type":"hello"}\n\u0007\u0007\n'],
    ['all but its sign of success', before],
    ['half of a line with that sign', before + (lines[unsigned.length] ?? '').slice(0, -2)],
  ])('has not succeeded when it exits well after %s', async (_, output) => {
    expect(failed(await prints(output))).toMatchObject({ message: expect.stringMatching(/./) });
  });

  it('says why when it exits well before its end', async () => {
    expect(failed(await prints(before))).toMatchObject({ reason: sign.unfinished });
  });

  it('has not succeeded when it exits badly after all', async () => {
    expect(failed(await prints(text, 'echo sorry >&2; exit 3'))).toMatchObject({
      reason: 'exit-code',
      'exit-code': 3,
      message: expect.stringContaining('sorry'),
    });
  });

  it.each(['KILL', 'SEGV'])(
    'that is ended by SIG%s has not succeeded, whatever it said before',
    async (name) => {
      for (const output of [text, half]) {
        expect(failed(await prints(output, `kill -${name} $$`))).toMatchObject({
          reason: 'signal',
          signal: `SIG${name}`,
        });
      }
    },
  );

  it.each([0, 1, 2])(
    'is quoted where it says something on standard error alone and exits with %i',
    async (code) => {
      const { outcome } = await there.attempt(dialect, `echo "no such thing as fun" >&2; exit ${code}`);
      expect(failed(outcome)).toMatchObject({ message: expect.stringContaining('no such thing as fun') });
      const silent = sign.unfinished === 'output' && code === 0 ? 'output' : 'exit-code';
      expect(['config', silent]).toContain(failed(outcome)?.reason);
    },
  );

  it('fails when a failure follows its success', async () => {
    const failure = streams['401'];
    if (failure === undefined) throw new Error('a kept run is to be called 401');
    for (const code of sign.anything === true ? [1] : [0, 1]) {
      expect(failed(await prints(bytes(text, failure), `exit ${code}`))).toMatchObject({ reason: 'auth' });
    }
  });

  it('that said it was done and does not leave is ended, and what it cost is kept', async () => {
    there.keep('output', text);
    const straight = (await there.attempt(dialect, 'cat "$0/output"')).outcome;
    const { outcome, survivors } = await there.attempt(dialect, 'cat "$0/output"; exec sleep 600', {
      silent: text,
    });
    expect(survivors).toEqual([]);
    expect(outcome.ok).toBe(sign.closes);
    expect(outcome.values.usage).toEqual(straight.values.usage);
    if (dialect.capabilities.usage !== 'none') expect(outcome.values.usage).toBeDefined();
    if (!sign.closes) expect(failed(outcome)).toMatchObject({ reason: 'idle-timeout' });
  });

  it('that falls silent halfway is ended', async () => {
    there.keep('output', half);
    const { outcome, survivors } = await there.attempt(dialect, 'cat "$0/output"; exec sleep 600', {
      silent: half,
    });
    expect(failed(outcome)).toMatchObject({ reason: 'idle-timeout' });
    expect(survivors).toEqual([]);
  });
});
