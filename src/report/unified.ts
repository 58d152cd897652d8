/** Shows the difference of two texts as a unified diff, which `git apply` and `patch` take. */

const CONTEXT = 3;

/** A line of either text, or of both. */
interface Line {
  readonly sign: ' ' | '-' | '+';
  readonly text: string;
}

/** The diff of a file; empty where nothing differs. Line ends belong to their lines, so those of CRLF files show. */
export function unifiedDiff(path: string, before: string, after: string): string {
  if (before === after) return '';
  const lines = changed(linesOf(before), linesOf(after));
  const hunks = hunksOf(lines).map(({ from, to }) => hunk(lines, from, to));
  const name = /[\s"\\]/.test(path)
    ? (side: string) => JSON.stringify(`${side}/${path}`)
    : (side: string) => `${side}/${path}`;
  return `--- ${name('a')}\n+++ ${name('b')}\n${hunks.join('')}`;
}

function linesOf(text: string): readonly string[] {
  return text === '' ? [] : text.split(/(?<=\n)/);
}

// Fixes touch few lines of a file: what is equal at both ends is set aside, and the rest compared by the longest common part.
function changed(before: readonly string[], after: readonly string[]): readonly Line[] {
  let head = 0;
  while (head < before.length && head < after.length && before[head] === after[head]) head++;
  let tail = 0;
  while (
    tail < before.length - head &&
    tail < after.length - head &&
    before[before.length - 1 - tail] === after[after.length - 1 - tail]
  )
    tail++;
  const same = (lines: readonly string[]) => lines.map((text): Line => ({ sign: ' ', text }));
  return [
    ...same(before.slice(0, head)),
    ...middle(before.slice(head, before.length - tail), after.slice(head, after.length - tail)),
    ...same(before.slice(before.length - tail)),
  ];
}

/** So many lines are compared with each other; above, the middle is shown as replaced. */
const MOST_COMPARED = 4_000_000;

function middle(before: readonly string[], after: readonly string[]): readonly Line[] {
  const replaced = [
    ...before.map((text): Line => ({ sign: '-', text })),
    ...after.map((text): Line => ({ sign: '+', text })),
  ];
  if (before.length * after.length > MOST_COMPARED) return replaced;
  const width = after.length + 1;
  const common = new Uint16Array((before.length + 1) * width);
  for (let i = before.length - 1; i >= 0; i--)
    for (let j = after.length - 1; j >= 0; j--)
      common[i * width + j] =
        before[i] === after[j]
          ? (common[(i + 1) * width + j + 1] ?? 0) + 1
          : Math.max(common[(i + 1) * width + j] ?? 0, common[i * width + j + 1] ?? 0);
  const lines: Line[] = [];
  let [i, j] = [0, 0];
  while (i < before.length || j < after.length) {
    if (i < before.length && j < after.length && before[i] === after[j]) {
      lines.push({ sign: ' ', text: before[i++] ?? '' });
      j++;
    } else if (
      i < before.length &&
      (j === after.length || (common[(i + 1) * width + j] ?? 0) >= (common[i * width + j + 1] ?? 0))
    )
      lines.push({ sign: '-', text: before[i++] ?? '' });
    else lines.push({ sign: '+', text: after[j++] ?? '' });
  }
  return lines;
}

function hunksOf(lines: readonly Line[]): readonly { from: number; to: number }[] {
  const hunks: { from: number; to: number }[] = [];
  for (const [i, { sign }] of lines.entries()) {
    if (sign === ' ') continue;
    const from = Math.max(0, i - CONTEXT);
    const to = Math.min(lines.length, i + CONTEXT + 1);
    const last = hunks.at(-1);
    if (last !== undefined && from <= last.to) last.to = to;
    else hunks.push({ from, to });
  }
  return hunks;
}

function hunk(lines: readonly Line[], from: number, to: number): string {
  const above = lines.slice(0, from);
  const shown = lines.slice(from, to);
  const count = (some: readonly Line[], not: '+' | '-') => some.filter(({ sign }) => sign !== not).length;
  const range = (not: '+' | '-') => {
    const length = count(shown, not);
    const start = count(above, not) + (length === 0 ? 0 : 1);
    return length === 1 ? `${start}` : `${start},${length}`;
  };
  const body = shown.map(({ sign, text }) =>
    text.endsWith('\n') ? sign + text : `${sign}${text}\n\\ No newline at end of file\n`,
  );
  return `@@ -${range('+')} +${range('-')} @@\n${body.join('')}`;
}
