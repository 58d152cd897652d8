/** Times, amounts and costs as people read them. */
import { expect, it } from 'vitest';
import { chooseReporter } from '../../src/report/choose.ts';
import { table } from '../../src/report/table.ts';
import { age, count, duration, moment, money, usageWords } from '../../src/report/words.ts';

it.each([
  [-5, '0ms'],
  [12, '12ms'],
  [100, '0.1s'],
  [1000, '1s'],
  [9_990, '9.9s'],
  [59_999, '59s'],
  [60_000, '1m 00s'],
  [3_599_000, '59m 59s'],
  [7_440_000, '2h 04m'],
  [97_200_000, '1d 03h'],
])('says %d ms', (ms, words) => {
  expect(duration(ms)).toBe(words);
});

it.each([
  [-1, 'just now'],
  [59_999, 'just now'],
  [300_000, '5m ago'],
  [7_200_000, '2h ago'],
  [259_200_000, '3d ago'],
])('says how long ago %d ms are', (ms, words) => {
  expect(age(ms)).toBe(words);
});

it('never takes an unknown cost for none', () => {
  expect([money(null), money(0), money(0.0042), money(12.5)]).toEqual([
    'cost unknown',
    '$0.00',
    '$0.0042',
    '$12.50',
  ]);
  const usage = { 'input-tokens': 1_234_567, 'output-tokens': 12, 'cached-tokens': 1000, usd: null };
  expect(usageWords(usage)).toBe('1,234,567 tokens in (1,000 cached), 12 out, cost unknown');
});

it('names the day where it is another one', () => {
  expect(moment('2026-11-20T14:15:13.000Z', '2026-11-20T00:00:00.000Z')).toBe('14:15:13 UTC');
  expect(moment('2026-11-21T14:15:13.000Z', '2026-11-20T00:00:00.000Z')).toBe('2026-11-21 14:15:13 UTC');
});

it('counts', () => {
  expect([count(1, 'step'), count(12_345, 'step'), count(0, 'batch', 'batches')]).toEqual([
    '1 step',
    '12,345 steps',
    '0 batches',
  ]);
});

it('lays out columns', () => {
  expect(
    table([
      ['a', 'bb', 'c'],
      ['aaa', 'b', 'ccc'],
      ['', 'b'],
    ]),
  ).toEqual(['a    bb  c', 'aaa  b   ccc', '     b']);
});

it.each([
  [{ json: true, isTTY: true, env: {} }, 'jsonl'],
  [{ json: false, isTTY: true, env: { TERM: 'xterm' } }, 'live'],
  [{ json: false, isTTY: true, env: { TERM: 'xterm', NO_COLOR: '1' } }, 'live'],
  [{ json: false, isTTY: true, env: { TERM: 'xterm', CI: 'false' } }, 'live'],
  [{ json: false, isTTY: true, env: { TERM: 'dumb' } }, 'plain'],
  [{ json: false, isTTY: true, env: { TERM: 'xterm', CI: '1' } }, 'plain'],
  [{ json: false, isTTY: false, env: { TERM: 'xterm' } }, 'plain'],
] as const)('chooses for %j', (by, name) => {
  expect(chooseReporter(by)).toBe(name);
});
