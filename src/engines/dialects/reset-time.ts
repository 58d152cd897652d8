/** Finds the time in sentences like "try again at 6:28 AM". */
import type { FailureReason } from '../../model/failure.ts';

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

const AT =
  /try again at (?:([A-Z][a-z]{2})[a-z]* (\d{1,2})(?:st|nd|rd|th)?, (\d{4}) )?(\d{1,2}):(\d{2}) ?([AP])M/i;
const IN = /try again in ((?:\d+ (?:day|hour|minute|second)s?[ ,and]*)+)/i;
/** As the OpenAI API spells it: `20s`, `1.5s`, `6m0s`, `864ms`. */
const SHORT = /try again in ((?:\d+(?:\.\d+)?(?:ms|d|h|m|s))+)/i;

const MS: Readonly<Record<string, number>> = {
  day: 86_400_000,
  hour: 3_600_000,
  minute: 60_000,
  second: 1_000,
  d: 86_400_000,
  h: 3_600_000,
  m: 60_000,
  s: 1_000,
  ms: 1,
};

/**
 * When the sentence says to try again, in milliseconds since the epoch; undefined where it says no time. Clock times are of the
 * local time zone, in which the engine prints them, and rounded up; one without a date is the next such time after `now`.
 */
export function resetTime(words: string, now: number): number | undefined {
  const at = AT.exec(words);
  if (at !== null) return clockTime(at, now);
  const span = IN.exec(words)?.[1] ?? SHORT.exec(words)?.[1];
  if (span === undefined) return undefined;
  const parts = [...span.matchAll(/(\d+(?:\.\d+)?) ?(day|hour|minute|second|ms|d|h|m|s)/gi)];
  const reset = Math.ceil(
    parts.reduce((sum, [, count, unit]) => sum + Number(count) * (MS[(unit ?? '').toLowerCase()] ?? 0), now),
  );
  // Beyond what a date can hold (ECMA-262, 21.4.1.1) writing it down would throw.
  return Number.isNaN(new Date(reset).getTime()) ? undefined : reset;
}

/** The same for a failure that passes by itself; of others a time in their words means something else. */
export function servesAgain(
  reason: FailureReason,
  words: string,
  now: number,
): { readonly 'retry-at'?: string } {
  if (reason !== 'rate-limit' && reason !== 'quota' && reason !== 'overloaded') return {};
  const reset = resetTime(words, now);
  return reset === undefined ? {} : { 'retry-at': new Date(reset).toISOString() };
}

function clockTime(at: RegExpExecArray, now: number): number | undefined {
  const [, month, day, year, clock, minute, half] = at;
  const hour = (Number(clock) % 12) + (half?.toUpperCase() === 'P' ? 12 : 0);
  const today = new Date(now);
  const index = month === undefined ? today.getMonth() : MONTHS.indexOf(month.toLowerCase());
  if (index < 0) return undefined;
  const date = new Date(
    year === undefined ? today.getFullYear() : Number(year),
    index,
    day === undefined ? today.getDate() : Number(day),
    hour,
    Number(minute),
  );
  // It prints whole minutes and leaves the seconds out: before the next minute, it may not serve yet.
  date.setMinutes(date.getMinutes() + 1);
  if (year === undefined && date.getTime() <= now) date.setDate(date.getDate() + 1);
  return Number.isNaN(date.getTime()) ? undefined : date.getTime();
}
