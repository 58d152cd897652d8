/** Says times, amounts and costs the way people read them. */
import type { Reused, Usage } from '../model/event.ts';
import type { Fingerprint } from '../model/fingerprint.ts';
import { isUntold } from '../model/spending.ts';
import { oneLine } from './clean.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A length of time: `12ms`, `0.3s`, `42s`, `3m 05s`, `2h 04m`, `1d 03h`. Milliseconds in; a clock set back counts as nothing. */
export function duration(ms: number): string {
  const whole = Math.max(0, Math.floor(ms));
  if (whole < 100) return `${whole}ms`;
  if (whole < 10 * SECOND) {
    const tenths = Math.floor(whole / 100);
    return tenths % 10 === 0 ? `${tenths / 10}s` : `${(tenths / 10).toFixed(1)}s`;
  }
  if (whole < MINUTE) return `${Math.floor(whole / SECOND)}s`;
  if (whole < HOUR) return `${Math.floor(whole / MINUTE)}m ${two((whole % MINUTE) / SECOND)}s`;
  if (whole < DAY) return `${Math.floor(whole / HOUR)}h ${two((whole % HOUR) / MINUTE)}m`;
  return `${Math.floor(whole / DAY)}d ${two((whole % DAY) / HOUR)}h`;
}

/** How long ago something was: `just now`, `5m ago`, `3d ago`. Milliseconds in. */
export function age(ms: number): string {
  if (ms < MINUTE) return 'just now';
  if (ms < HOUR) return `${Math.floor(ms / MINUTE)}m ago`;
  if (ms < DAY) return `${Math.floor(ms / HOUR)}h ago`;
  return `${Math.floor(ms / DAY)}d ago`;
}

/** A moment: `14:15:13 UTC`, with the date where it is not the day of `now`. Both ISO 8601 in UTC. */
export function moment(at: string, now: string): string {
  const time = `${at.slice(11, 19)} UTC`;
  return at.slice(0, 10) === now.slice(0, 10) ? time : `${at.slice(0, 10)} ${time}`;
}

/** How many: `1 step`, `12,345 files`. */
export function count(many: number, one: string, more = `${one}s`): string {
  return `${grouped(many)} ${many === 1 ? one : more}`;
}

/** How much: `0 B`, `912 B`, `1.5 KiB`, `3.0 MiB`. Bytes in. */
export function size(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const power = bytes < 1024 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10));
  const value = bytes / 1024 ** power;
  return `${power === 0 ? value : value.toFixed(1)} ${units[power] ?? ''}`;
}

/** Where a result comes from that nobody worked for. */
export function takenFrom(reused: Reused, fingerprint?: Fingerprint): string {
  const run = fingerprint?.['taken-from'];
  if (reused === 'cache' && run !== undefined) return `reused (cache, run ${run})`;
  const places = { cache: 'the cache', replay: 'the recording', retry: 'the run before' } as const;
  return `taken from ${places[reused]}`;
}

/** What attempts used: `1,200 tokens in (1,000 cached), 300 out, $0.01`. */
export function usageWords(usage: Usage): string {
  if (isUntold(usage)) return 'usage unknown';
  const cached = usage['cached-tokens'] === 0 ? '' : ` (${grouped(usage['cached-tokens'])} cached)`;
  return `${grouped(usage['input-tokens'])} tokens in${cached}, ${grouped(usage['output-tokens'])} out, ${money(usage.usd)}`;
}

/** Money; `cost unknown` where nobody said what it was. */
export function money(usd: number | null): string {
  if (usd === null) return 'cost unknown';
  // A cent and less is what a step of a cheap model costs: two digits would say that it was free.
  return `$${usd === 0 || usd >= 1 ? usd.toFixed(2) : usd.toFixed(4)}`;
}

function two(value: number): string {
  return String(Math.floor(value)).padStart(2, '0');
}

function grouped(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** A word as a shell reads it back: paths have blanks, and keys of loops and matrices brackets, which it would take for a pattern. */
export function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

const WIDEST_NAME = 160;

/** Names as they are shown, with how many more there are than these. */
export function listed(names: readonly string[], all: number): string {
  const shown = names.map((name) => oneLine(name, WIDEST_NAME)).join(', ');
  return all > names.length ? `${shown} and ${all - names.length} more` : shown;
}
