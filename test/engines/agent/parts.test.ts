// The parts that an attempt of an agent is made of.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';

import { chatterOf } from '../../../src/engines/agent-chatter.ts';
import { type Silence, watchIdle } from '../../../src/engines/agent-idle.ts';
import { readLedger, usageSince } from '../../../src/engines/agent-ledger.ts';
import { cutLines } from '../../../src/engines/agent-lines.ts';
import { codex } from '../../../src/engines/dialects/codex.ts';
import type { Line, Said } from '../../../src/engines/dialects/dialect.ts';
import { dialectOf } from '../../../src/engines/dialects/dialects.ts';
import { answerIn, repairPrompt } from '../../../src/engines/schema-check.ts';
import { stopFailure } from '../../../src/engines/turn-failure.ts';
import type { StepKey } from '../../../src/model/ids.ts';

import { job } from '../dialects/streams.ts';

const directories: string[] = [];
afterEach(() => {
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true });
});

describe('lines', () => {
  const cut = (chunks: Uint8Array[], longest?: number): string[] => {
    const heard: string[] = [];
    const lines = cutLines(
      (line) => heard.push(line),
      (bytes) => heard.push(`${bytes} bytes left out`),
      longest,
    );
    for (const chunk of chunks) {
      lines.push(chunk);
      // Whoever gives the bytes may use their memory again.
      chunk.fill(33);
    }
    lines.end();
    return heard;
  };

  it('come out whole, wherever the stream was cut', () => {
    const line = fc.string({ unit: 'grapheme', minLength: 1 }).map((text) => `${text.replaceAll('\n', '')}ä`);
    fc.assert(
      fc.property(fc.array(line), fc.array(fc.nat()), fc.boolean(), (texts, places, ended) => {
        const bytes = Buffer.from(texts.join('\n') + (ended ? '\n' : ''));
        const at = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b);
        const chunks = [0, ...at].map((from, index) => Uint8Array.from(bytes.subarray(from, at[index])));
        expect(cut(chunks)).toEqual(texts.length === 0 && ended ? [''] : texts);
      }),
    );
  });

  it('may be empty: an answer in text has such', () => {
    expect(cut([Uint8Array.from(Buffer.from('a\n\n\nb\n'))])).toEqual(['a', '', '', 'b']);
  });

  it('that are too long are left out, the next ones are not', () => {
    const chunks = ['ok\n', 'x'.repeat(60), 'x'.repeat(60), 'x\nnext\n', 'y'.repeat(101)].map((text) =>
      Uint8Array.from(Buffer.from(text)),
    );
    expect(cut(chunks, 100)).toEqual(['ok', '121 bytes left out', 'next', '101 bytes left out']);
  });

  it('may hold bytes that are no UTF-8', () => {
    expect(cut([Uint8Array.from([0xff, 0x61, 10, 0xc3])])).toEqual(['\ufffda', '\ufffd']);
  });
});

describe('silence', () => {
  function watched(idleMs = 100) {
    let at = 0;
    let alarm: { at: number; then: () => void } | undefined;
    const silent: Silence[] = [];
    const clock = {
      now: () => at,
      after(ms: number, then: () => void) {
        const mine = { at: at + ms, then };
        alarm = mine;
        return () => {
          if (alarm === mine) alarm = undefined;
        };
      },
    };
    const idle = watchIdle(clock, idleMs, (why) => silent.push(why), 50);
    return {
      idle,
      silent,
      passes(ms: number) {
        at += ms;
        if (alarm === undefined || alarm.at > at) return;
        const { then } = alarm;
        alarm = undefined;
        then();
      },
    };
  }
  const line = (more: Partial<Line>): Line => ({ said: [], alive: true, over: false, ...more });
  const says = (...said: Partial<Said>[]) =>
    line({ said: said.map((one) => ({ what: 'tool-call', ...one })) });

  it('is noticed when nothing comes at all', () => {
    const { silent, passes } = watched();
    passes(99);
    expect(silent).toEqual([]);
    passes(1);
    expect(silent).toEqual(['idle']);
  });

  it('begins anew with each sign of life, and with nothing else', () => {
    const { idle, silent, passes } = watched();
    passes(99);
    idle.hear(line({}));
    passes(99);
    expect(silent).toEqual([]);
    idle.hear(line({ alive: false }));
    passes(1);
    expect(silent).toEqual(['idle']);
  });

  it('is not counted while a tool call is open', () => {
    const { idle, silent, passes } = watched();
    idle.hear(says({ opens: 'a' }, { opens: 'b' }));
    idle.hear(says({ closes: 'a' }));
    passes(100_000);
    expect(silent).toEqual([]);
    idle.hear(says({ closes: 'b' }));
    passes(100);
    expect(silent).toEqual(['idle']);
  });

  it('after the end is lingering, and shorter', () => {
    const { idle, silent, passes } = watched();
    idle.hear(says({ opens: 'a' }));
    idle.hear(line({ over: true }));
    passes(50);
    expect(silent).toEqual(['lingers']);
  });

  it('is nobody’s business any more when the turn is left', () => {
    const { idle, silent, passes } = watched();
    idle.leave();
    passes(1_000);
    // As a last line without an end is.
    idle.hear(line({}));
    idle.miss();
    passes(1_000);
    expect(silent).toEqual([]);
  });
});

describe('chatter', () => {
  it('is short', () => {
    const said = { what: 'text', text: 'x'.repeat(10_000) } as const;
    expect(chatterOf('s' as StepKey, 1, said)).toMatchObject({ text: `${'x'.repeat(4_000)}…` });
    expect(chatterOf('s' as StepKey, 1, { what: 'text', text: '' })).toBeUndefined();
  });
});

describe('an answer', () => {
  const schema = { type: 'object' };
  const always = () => [];

  it.each([
    ['{"a":1}', { a: 1 }],
    ['  {"a":1}\n', { a: 1 }],
    ['```json\n{"a":1}\n```', { a: 1 }],
    ['```\n[1]\n```', [1]],
    ['null', null],
  ])('is found in %j', (text, value) => {
    expect(answerIn({ text }, schema, always)).toEqual({ ok: true, value });
  });

  it.each(['', 'Sure! {"a":1}', '{"a":1', '```json\n```'])('is not found in %j', (text) => {
    expect(answerIn({ text }, schema, always)).toMatchObject({ ok: false });
  });

  it('is not one that nests without end', () => {
    const text = `${'['.repeat(9_000)}${']'.repeat(9_000)}`;
    expect(answerIn({ text }, schema, always)).toEqual({ ok: false, error: ['the answer nests too deeply'] });
  });

  it('is the structured one where there is one', () => {
    expect(answerIn({ text: 'Done.', structured: { b: 2 } }, schema, always)).toEqual({
      ok: true,
      value: { b: 2 },
    });
  });

  it('is checked, and asked for again with what was wrong', () => {
    const wrong = answerIn({ text: '{}' }, schema, () => ['the answer must have a', 'b must be 1']);
    expect(wrong).toEqual({ ok: false, error: ['the answer must have a', 'b must be 1'] });
    expect(repairPrompt(schema, ['b must be 1'])).toMatch(/- b must be 1\n[\s\S]*"type": "object"/);
  });
});

describe('the record of a session', () => {
  const home = (): string => {
    const directory = mkdtempSync(join(tmpdir(), 'codemachine-ledger-'));
    directories.push(directory);
    return directory;
  };
  const count = (input: number) =>
    JSON.stringify({
      type: 'event_msg',
      payload: {
        type: 'token_count',
        info: { total_token_usage: { input_tokens: input, cached_input_tokens: 2, output_tokens: 3 } },
      },
    });

  it('is found by its session and read from its end', () => {
    const CODEX_HOME = home();
    const day = join(CODEX_HOME, 'sessions/2026/01/02');
    mkdirSync(day, { recursive: true });
    const context = '{"type":"turn_context","payload":{"model":"m-2"}}';
    writeFileSync(join(day, 'rollout-1-other.jsonl'), `${count(1)}\n`);
    writeFileSync(join(day, 'rollout-1-mine.jsonl'), `${count(10)}\n${context}\n${count(20)}\n{"half`);
    expect(readLedger(codex, { CODEX_HOME }, 'mine')).toEqual({
      usage: { 'input-tokens': 20, 'cached-tokens': 2, 'output-tokens': 3, usd: null },
      model: 'm-2',
    });
    expect(readLedger(codex, { HOME: CODEX_HOME }, 'mine')).toEqual({});
    expect(readLedger(codex, { CODEX_HOME }, 'missing')).toEqual({});
    expect(readLedger(codex, {}, 'mine')).toEqual({});
  });

  it('is not looked for in a pipe, on which we would wait for ever', () => {
    const CODEX_HOME = mkdtempSync(join(tmpdir(), 'ledger-'));
    directories.push(CODEX_HOME);
    mkdirSync(join(CODEX_HOME, 'sessions'));
    execFileSync('mkfifo', [join(CODEX_HOME, 'sessions', 'rollout-mine.jsonl')]);
    expect(readLedger(codex, { CODEX_HOME }, 'mine')).toEqual({});
  });

  it('is subtracted, unless counting began anew', () => {
    const usage = (input: number) => ({
      'input-tokens': input,
      'output-tokens': input,
      'cached-tokens': 0,
      usd: null,
    });
    expect(usageSince(usage(5), usage(3))).toEqual(usage(2));
    expect(usageSince(usage(2), usage(3))).toEqual(usage(2));
    expect(usageSince(usage(2), undefined)).toEqual(usage(2));
  });
});

describe('a turn whose time was up', () => {
  const troubled: Readonly<Record<string, readonly string[]>> = {
    'claude-code': ['{"type":"system","subtype":"api_retry","error":"ECONNREFUSED"}'],
    codex: ['{"type":"error","message":"Reconnecting... 2/5 (stream disconnected)"}'],
    opencode: [
      'timestamp=2026-11-20T18:09:25.665Z level=ERROR run=1 message="stream error" error.error="AI_APICallError: Cannot connect to API"',
    ],
    gemini: ['Attempt 1 failed. Retrying with backoff... TypeError: fetch failed'],
  };
  const end = { exitCode: null, signal: 'SIGINT', durationMs: 1, stopped: 'timeout', cut: false } as const;

  it.each(Object.entries(troubled))(
    'failed because of what %s tried again, and nothing else',
    (name, lines) => {
      const reader = dialectOf(name, {})?.reader(job());
      if (reader === undefined) throw new Error(name);
      expect(stopFailure(job(), end, undefined, reader)).toEqual({
        reason: 'timeout',
        message: 'stopped when its `timeout` was up',
      });
      for (const line of lines) {
        reader.line(line);
        reader.errorLine?.(line);
      }
      expect(stopFailure(job(), end, undefined, reader)).toMatchObject({
        reason: 'network',
        message: expect.stringMatching(
          /^stopped when its `timeout` was up, as nothing but this came of it: ./,
        ),
        help: expect.stringContaining('connection'),
      });
    },
  );
});
