// Times in sentences of engines.
import { describe, expect, it } from 'vitest';

import { resetTime } from '../../../src/engines/dialects/reset-time.ts';

const now = new Date(2026, 5, 10, 6, 0, 30).getTime();

describe('a reset time', () => {
  // A clock time is cut to whole minutes, so what it names may be nearly a minute later.
  it.each([
    ['try again at 6:28 AM.', new Date(2026, 5, 10, 6, 29)],
    ['try again at 6:00 AM', new Date(2026, 5, 10, 6, 1)],
    ['try again at 5:59 AM', new Date(2026, 5, 11, 6, 0)],
    ['try again at 12:05 AM', new Date(2026, 5, 11, 0, 6)],
    ['try again at 12:05 PM', new Date(2026, 5, 10, 12, 6)],
    ['or try again at Jan 15th, 2027 8:00 AM.', new Date(2027, 0, 15, 8, 1)],
    ['try again at Jul 1st, 2026 11:30 PM', new Date(2026, 6, 1, 23, 31)],
  ])('is found in "%s"', (words, expected) => {
    expect(resetTime(words, now)).toBe(expected.getTime());
  });

  it('is counted from now where it is a span', () => {
    expect(resetTime('try again in 2 days 3 hours 4 minutes.', now)).toBe(now + 183_840_000);
  });

  it.each([
    ['Please try again in 20s. Visit https://example.com', 20_000],
    ['Please try again in 1.5s.', 1_500],
    ['please try again in 6m0s', 360_000],
    ['Please try again in 864ms.', 864],
    ['try again in 1 second', 1_000],
  ])('is counted from now in "%s"', (words, expected) => {
    expect(resetTime(words, now)).toBe(now + expected);
  });

  it.each([
    '',
    'try again later',
    'try again at noon',
    'try again at Foo 1st, 2027 8:00 AM',
    'try again in 99999999999999 days',
  ])('is not made up out of "%s"', (words) => {
    expect(resetTime(words, now)).toBeUndefined();
  });
});
