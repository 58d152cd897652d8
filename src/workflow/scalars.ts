/** Reads the small notations of the language: durations, numbers of tokens, paths. */

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Milliseconds of `90s`, `30m`, `1h30m`; undefined for everything that is no duration. */
export function durationMs(text: string): number | undefined {
  let total = 0;
  let end = 0;
  for (const part of text.matchAll(/(\d+(?:\.\d+)?)(ms|[smhd])/gy)) {
    total += Number(part[1]) * (UNITS[part[2] ?? ''] ?? 0);
    end = part.index + part[0].length;
  }
  return end > 0 && end === text.length ? Math.round(total) : undefined;
}

const THOUSANDS: Readonly<Record<string, number>> = { k: 1000, M: 1_000_000 };

/** How many `500000`, `500k`, `2M` are; undefined for everything that is no number of tokens. */
export function tokensOf(text: string): number | undefined {
  const found = /^(\d+(?:\.\d+)?)([kM])?$/.exec(text);
  return found === null ? undefined : Math.round(Number(found[1]) * (THOUSANDS[found[2] ?? ''] ?? 1));
}

/** Whether a path leads out of the directory it is relative to, as far as its words can tell; links are looked at when it is used. */
export function leadsOut(path: string): boolean {
  if (path.startsWith('/')) return true;
  let depth = 0;
  for (const part of path.split('/')) {
    if (part === '..') depth--;
    else if (part !== '' && part !== '.') depth++;
    if (depth < 0) return true;
  }
  return false;
}
