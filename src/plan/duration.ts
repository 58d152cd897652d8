/** Writes times as the language does. */

/** In milliseconds. */
export const HOUR = 3_600_000;

/** Milliseconds as the language writes them: `1h30m`, `90s`, `250ms`. */
export function duration(ms: number): string {
  const units = [
    ['d', 24 * HOUR],
    ['h', HOUR],
    ['m', 60_000],
    ['s', 1000],
    ['ms', 1],
  ] as const;
  let left = ms;
  let text = '';
  for (const [unit, size] of units) {
    const whole = Math.floor(left / size);
    if (whole > 0) text += `${whole}${unit}`;
    left -= whole * size;
  }
  return text === '' ? '0s' : text;
}
