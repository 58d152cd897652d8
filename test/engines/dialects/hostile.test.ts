// Whatever an engine prints, its dialect neither throws nor takes it for a success.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { claudeCode } from '../../../src/engines/dialects/claude-code.ts';
import { codex } from '../../../src/engines/dialects/codex.ts';
import type { AnyDialect } from '../../../src/engines/dialects/dialect.ts';
import { SPOKEN } from './signs.ts';
import { exits, job } from './streams.ts';

const ends = fc.record({
  exitCode: fc.constantFrom(0, 1, 2, 143, null),
  signal: fc.constantFrom(null, 'SIGTERM', 'SIGSEGV'),
  stderr: fc.string({ unit: 'binary' }),
  now: fc.integer({ min: 0, max: 4_000_000_000_000 }),
});

function survives(dialect: AnyDialect, lines: readonly string[], end = exits(0)) {
  const reader = dialect.reader(job());
  for (const line of lines) {
    reader.line(line);
    reader.session();
    reader.trouble();
  }
  return reader.end(end);
}

// Where whatever it prints is its answer, there is nothing that could be taken for one by mistake.
const told = SPOKEN.filter(({ sign }) => sign.anything !== true);

describe.each(told)('$engine', ({ dialect, sign, streams }) => {
  const known = Object.values(streams).flatMap((stream) => stream.toString().trimEnd().split('\n'));
  const words = [...new Set(known.flatMap((line) => line.match(/"[a-z_.]+"/g) ?? []))].map((word) =>
    word.slice(1, -1),
  );

  it('survives any text', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary' })), ends, (lines, end) => {
        expect(survives(dialect, lines, end).ok).toBe(false);
      }),
    );
  });

  it('survives brackets without end', () => {
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    for (const line of known) {
      const whole = line.replaceAll(
        /"(?:input|item|error|usage)":\{(?=")/g,
        (found) => `${found}"deep":${deep},`,
      );
      survives(dialect, [whole]);
    }
  });

  it('survives any JSON made of its own words', () => {
    const word = fc.constantFrom(...words);
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof(
        { maxDepth: 5 },
        word,
        fc.constantFrom(null, true, false, -1, 1e308, ''),
        fc.array(tie('tree')),
        fc.dictionary(word, tie('tree')),
      ),
    }));
    const event = fc.dictionary(word, tree).map((one) => JSON.stringify(one));
    fc.assert(
      fc.property(fc.array(event, { maxLength: 8 }), ends, (lines, end) => {
        const verdict = survives(dialect, lines, end);
        if (verdict.ok) expect(sign.shown(lines), lines.join('\n')).toBe(true);
      }),
    );
  });

  it('survives its own lines cut anywhere and in any order', () => {
    const line = fc.constantFrom(...known);
    const piece = fc.tuple(line, fc.nat()).map(([text, at]) => text.slice(0, at % text.length));
    fc.assert(
      fc.property(fc.array(fc.oneof(line, piece), { maxLength: 12 }), ends, (lines, end) => {
        const verdict = survives(dialect, lines, end);
        if (verdict.ok) {
          expect(sign.shown(lines), lines.join('\n')).toBe(true);
          expect(end).toMatchObject({ exitCode: 0 });
        }
      }),
    );
  });

  it('survives values of the wrong kind at every place', () => {
    for (const line of known) {
      for (const wrong of ['null', '[]', '{}', '"x"', '-1', 'true']) {
        survives(dialect, [line.replace(/:("[^"]*"|\d+|true|false|null)/g, `:${wrong}`)]);
        survives(dialect, [line.replace(/:(\{|\[)/, `:${wrong},"rest":$1`)]);
      }
    }
  });

  it('survives a deep nest', () => {
    const deep = `${'{"message":'.repeat(5_000)}1${'}'.repeat(5_000)}`;
    expect(survives(dialect, [deep, '['.repeat(100_000)]).ok).toBe(false);
  });
});

it('takes no nonsense for a cost, and counts nothing that is not finite', () => {
  const usage = { m: { inputTokens: 1e308, outputTokens: 1e308, cacheReadInputTokens: 1e308, costUSD: -1 } };
  const result = {
    type: 'result',
    subtype: 'success',
    is_error: false,
    model_usage_since_last_result: usage,
  };
  for (const costUSD of [-1, 1e308, '1', null]) {
    const line = JSON.stringify({ ...result, model_usage_since_last_result: { m: { ...usage.m, costUSD } } });
    const { usage: counted } = survives(claudeCode, [line, line]);
    expect(counted?.usd).toBeNull();
    expect(Object.values(counted ?? {}).every((one) => one === null || Number.isFinite(one))).toBe(true);
  }
});

it('says that nothing was said where an engine fails without a word', () => {
  const verdict = survives(codex, ['{"type":"turn.failed","error":{"message":" "}}']);
  expect(verdict).toMatchObject({ failure: { message: 'it failed and did not say why' } });
});
