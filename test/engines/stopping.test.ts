// What is promised of a stop: when which signal is sent, by a clock that the test turns.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { PAUSES } from '../../src/engines/child.ts';
import { climb, LADDER } from '../../src/engines/stopping.ts';
import { stopSwitch } from '../support/child-spec.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'], now: 0 }));
afterEach(() => void vi.useRealTimers());

/** A ladder that is climbed, with what it sent, and after how many milliseconds. */
function climbing() {
  const { stop, soft, hard } = stopSwitch();
  const sent: (readonly [afterMs: number, signal: string])[] = [];
  const ladder = climb(stop, (signal) => sent.push([Date.now(), signal]), PAUSES.ladder);
  return { soft, hard, sent, ladder };
}

describe('the ladder of signals', () => {
  it('has killed after ten seconds who heeds nothing, and sends nothing more', () => {
    const { soft, sent, ladder } = climbing();
    soft('cancel');
    vi.advanceTimersByTime(60_000);
    expect(sent).toEqual([
      [0, 'SIGINT'],
      [7_500, 'SIGTERM'],
      [10_000, 'SIGKILL'],
    ]);
    expect(ladder.leave()).toBe('cancel');
  });

  it.each(['cancel', 'timeout'] as const)('is left with whom it was for: %s', (why) => {
    const { soft, hard, sent, ladder } = climbing();
    soft(why);
    vi.advanceTimersByTime(LADDER.interruptMs + 1);
    expect(ladder.leave()).toBe(why);
    vi.advanceTimersByTime(60_000);
    hard(why);
    expect(sent.map(([, signal]) => signal)).toEqual(['SIGINT', 'SIGTERM']);
  });

  it('is jumped over by a hard stop', () => {
    const { soft, hard, sent } = climbing();
    soft('cancel');
    vi.advanceTimersByTime(1_000);
    hard('interrupt');
    expect(sent).toEqual([
      [0, 'SIGINT'],
      [1_000, 'SIGKILL'],
    ]);
  });

  it('is followed by one second more for those who were left behind, and no longer', () => {
    expect(PAUSES.sweep.graceMs).toBe(1_000);
  });
});
