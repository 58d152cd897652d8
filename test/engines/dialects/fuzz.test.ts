// Whatever becomes of an engine's stream on its way, its dialect neither throws nor finds a success that the engine did not show.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { cutLines } from '../../../src/engines/agent-lines.ts';
import type { EngineEnd, Verdict } from '../../../src/engines/dialects/dialect.ts';
import { runs } from '../../support/seed.ts';
import { SPOKEN, type Spoken } from './signs.ts';
import { job } from './streams.ts';

/** In bytes. */
const MOST = 64 * 1024;

const DEEP = (depth: number) => `${'{"item":[{"message":'.repeat(depth)}1${'}]}'.repeat(depth)}`;
const VALUES = [
  ...[
    'null',
    'true',
    'false',
    '""',
    '" "',
    '[]',
    '{}',
    '[[]]',
    '{"type":{"type":[]}}',
    '"success"',
    '"stop"',
  ],
  ...['0', '-1', '1e308', '1e999', '-1e999', '9007199254740993', '0.1e-400', '99999999999999999999999'],
  ...['{"__proto__":{"type":"result","is_error":false}}', '"__proto__"', '"constructor"', '"\\ud800"'],
  ...[DEEP(10), DEEP(80), DEEP(400), `"${'x'.repeat(5_000)}"`],
];
const KEYS = ['__proto__', 'constructor', 'toString', 'type', 'error', 'result', 'is_error', 'usage'];

/** One thing that happens to a stream. Its numbers are places and choices, taken modulo what there is. */
interface Change {
  readonly what: (typeof CHANGES)[number];
  readonly at: number;
  readonly other: number;
}

const CHANGES = [
  ...(['drop', 'twice', 'cut', 'swap', 'foreign', 'join', 'value', 'key', 'double'] as const),
  ...(['lose bytes', 'flip', 'insert', 'end'] as const),
];

const change: fc.Arbitrary<Change> = fc.record({
  what: fc.constantFrom(...CHANGES),
  at: fc.nat(1_000_000),
  other: fc.nat(1_000_000),
});

const pick = <T>(list: readonly T[], index: number): T => list[index % list.length] as T;

/** Where a value begins in a line of JSON, seen from the colon before it. */
const VALUE = /(?<=":)("(?:[^"\\]|\\.)*"|-?\d[\d.e+]*|true|false|null|[[{])/g;

function changeValue(line: string, at: number, value: string): string {
  const places = [...line.matchAll(VALUE)];
  if (places.length === 0) return value;
  const { index, 0: old } = pick(places, at);
  const opens = old === '{' || old === '[';
  return `${line.slice(0, index)}${value}${opens ? `,"rest":${old}` : ''}${line.slice(index + old.length)}`;
}

/** What stands in the place of a line after a change of it; the next line is for joining. */
function instead(line: string, next: string, { what, at, other }: Change, all: readonly string[]): string[] {
  switch (what) {
    case 'drop':
      return [];
    case 'twice':
      return [line, line];
    case 'cut':
      return [line.slice(0, other % (line.length + 1))];
    case 'join':
      return [`${line}${next}`];
    case 'foreign':
      return [line, pick(all, other)];
    case 'value':
      return [changeValue(line, at + other, pick(VALUES, other))];
    case 'key':
      return [line.replace(/^\{/, `{"${pick(KEYS, other)}":${pick(VALUES, at)},`)];
    case 'double':
      return [line.replace(/\}$/, `,"${pick(KEYS, other)}":${pick(VALUES, at)}}`)];
    default:
      return [line];
  }
}

function changeLines(lines: string[], change: Change, all: readonly string[]): void {
  const index = change.at % Math.max(1, lines.length);
  const line = lines[index] ?? '';
  if (change.what === 'swap') {
    const there = change.other % Math.max(1, lines.length);
    [lines[index], lines[there]] = [lines[there] ?? '', line];
  } else {
    const taken = change.what === 'join' ? 2 : 1;
    lines.splice(index, taken, ...instead(line, lines[index + 1] ?? '', change, all));
  }
}

function changeBytes(bytes: Buffer, { what, at, other }: Change): Buffer {
  const place = bytes.length === 0 ? 0 : at % bytes.length;
  switch (what) {
    case 'lose bytes':
      return Buffer.concat([bytes.subarray(0, place), bytes.subarray(place + 1 + (other % 200))]);
    case 'flip':
      bytes[place] = (bytes[place] ?? 0) ^ (1 << (other % 8));
      return bytes;
    case 'insert':
      return Buffer.concat([
        bytes.subarray(0, place),
        Buffer.from([0, other % 256, 10, 0xff, 0xe2]).subarray(other % 5),
        bytes.subarray(place),
      ]);
    case 'end':
      return bytes.subarray(0, place);
    default:
      return bytes;
  }
}

const exits: readonly Pick<EngineEnd, 'exitCode' | 'signal'>[] = [
  ...[0, 0, 0, 0, 1, 2, 143].map((exitCode) => ({ exitCode, signal: null })),
  { exitCode: null, signal: 'SIGTERM' },
];

const ends = fc.record({
  exit: fc.constantFrom(...exits),
  stderr: fc.constantFrom('', 'Error: x', '{"error":', 'at capacity \u{1f600}'),
  now: fc.constantFrom(0, 1_800_000_000_000, 8.64e15),
  leftOut: fc.constantFrom(undefined, undefined, 11 * 1024 * 1024),
});

interface Told {
  readonly verdict: Verdict;
  readonly lines: readonly string[];
}

function told({ dialect }: Spoken, bytes: Buffer, pieces: number, { exit, leftOut, ...end }: Ends): Told {
  const reader = dialect.reader(job());
  const lines: string[] = [];
  const cutter = cutLines(
    (line) => {
      lines.push(line);
      const { said } = reader.line(line);
      // What is said is shown and journaled.
      JSON.stringify([said, reader.session(), reader.trouble()]);
    },
    () => undefined,
  );
  const size = Math.max(1, Math.ceil(bytes.length / pieces));
  for (let from = 0; from < bytes.length; from += size) cutter.push(bytes.subarray(from, from + size));
  cutter.end();
  return { verdict: reader.end({ ...exit, ...end, ...(leftOut === undefined ? {} : { leftOut }) }), lines };
}

type Ends = typeof ends extends fc.Arbitrary<infer T> ? T : never;

function expectSound({ verdict, lines }: Told, end: Ends, { sign }: Spoken): void {
  if (verdict.ok) {
    expect(end.exit).toEqual({ exitCode: 0, signal: null });
    expect(sign.shown(lines), lines.join('\n')).toBe(true);
  } else
    expect(verdict.failure).toMatchObject({
      reason: expect.stringMatching(/^[a-z-]+$/),
      message: expect.stringMatching(/./),
    });
  const { usage, text, model } = verdict;
  for (const word of [text, model]) expect(['string', 'undefined']).toContain(typeof word);
  if (usage === undefined) return;
  const { usd, 'usd-from': _, ...tokens } = usage;
  for (const count of [usd ?? 0, ...Object.values(tokens)]) {
    expect(Number.isFinite(count) && count >= 0, JSON.stringify(usage)).toBe(true);
  }
}

describe.each(SPOKEN)('$engine', (spoken) => {
  const streams = Object.values(spoken.streams);
  const all = streams.flatMap((stream) => stream.toString().trimEnd().split('\n'));

  // `npm run soak -- streams` tries 10,000.
  it('survives what becomes of its streams', () => {
    fc.assert(
      fc.property(
        fc.nat(1_000_000),
        fc.array(change, { minLength: 1, maxLength: 8 }),
        fc.integer({ min: 1, max: 9 }),
        ends,
        (run, changes, pieces, end) => {
          const lines = pick(streams, run).toString().trimEnd().split('\n');
          for (const one of changes) changeLines(lines, one, all);
          const bytes = changes.reduce(changeBytes, Buffer.from(lines.join('\n'))).subarray(0, MOST);
          expectSound(told(spoken, bytes, pieces, end), end, spoken);
        },
      ),
      runs(250),
    );
    expect(Object.keys(Object.prototype)).toEqual([]);
  });
});
