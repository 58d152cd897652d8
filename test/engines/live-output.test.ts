// What people watch: whole lines, whole letters, no more than they can read; and the tail that later steps read.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { liveOutput } from '../../src/engines/live-output.ts';
import { keepTail } from '../../src/engines/tail.ts';

function watch(): {
  push(text: string | Uint8Array): void;
  end(): void;
  said: string[];
  clock: { now: number };
} {
  const said: string[] = [];
  const clock = { now: 0 };
  const live = liveOutput(
    (text) => void said.push(text),
    () => clock.now,
  );
  return { push: (text) => live.push(Buffer.from(text)), end: live.end, said, clock };
}

describe('live output', () => {
  it('comes in whole lines', () => {
    const { push, end, said } = watch();
    push('one\ntw');
    push('o\nthr');
    expect(said).toEqual(['one\n', 'two\n']);
    push('ee');
    end();
    expect(said).toEqual(['one\n', 'two\n', 'three']);
  });

  it('says very long lines in pieces, without tearing a letter', () => {
    const { push, end, said } = watch();
    const text = 'ä€😀'.repeat(5_000);
    const bytes = Buffer.from(text);
    for (let at = 0; at < bytes.length; at += 1_001) push(bytes.subarray(at, at + 1_001));
    end();
    expect(said.length).toBeGreaterThan(1);
    expect(said.join('')).toBe(text);
  });

  it('shows bytes that are no UTF-8 as what they are', () => {
    const { push, said } = watch();
    push(Buffer.from([0x61, 0xff, 0x0a]));
    expect(said).toEqual(['a\ufffd\n']);
  });

  it('leaves the rest of a flood out, says how much, and goes on at a line', () => {
    const { push, end, said, clock } = watch();
    const line = `${'x'.repeat(63)}\n`;
    for (let i = 0; i < 100; i++) push(line.repeat(1024));
    clock.now = 1_000;
    push('rest of a line\nafter the flood\n');
    end();
    const shown = said.join('');
    const [, note] = /^\[(\d+) bytes not shown; the log has them\]$/m.exec(shown) ?? [];
    expect(shown.endsWith('shown; the log has them]\nafter the flood\n')).toBe(true);
    expect(shown.length).toBeLessThan(300_000);
    expect(shown.split('\n').filter((each) => each.startsWith('x')).length * 64 + Number(note)).toBe(
      6_553_600 + 'rest of a line\n'.length,
    );
  });
});

describe('a tail', () => {
  it('is the end of what came, however it was cut', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 200 }), (chunks) => {
        const tail = keepTail(10);
        for (const chunk of chunks) tail.add(chunk.map((byte) => 0x21 + (byte % 90)));
        const all = Buffer.concat(chunks).map((byte) => 0x21 + (byte % 90));
        expect(tail.text()).toBe(Buffer.from(all).subarray(-10).toString());
      }),
    );
  });

  it('does not begin with half a letter', () => {
    const tail = keepTail(4);
    tail.add(Buffer.from('a€€'));
    expect(tail.text()).toBe('€');
  });

  it('is trimmed at its end only', () => {
    const tail = keepTail();
    tail.add(Buffer.from('  x \n\n'));
    expect(tail.text()).toBe('  x');
  });
});
