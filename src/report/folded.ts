/** Breaks lines between words where a terminal would break them anywhere. */

/** Below this nothing is gained by it. */
const NARROWEST = 20;

/** Behind the first line of what is broken. */
const INDENT = 2;

const COLOR = /\x1b\[[\d;:]*m/g;

/** A word, or what stands in backticks: a command that is broken in two cannot be copied. */
const WORD = /(?:`[^`]*`|[^\s`]|`)+/g;

/**
 * Lines of at most `columns` characters, those that go on set in further. Lines to copy (what to type) and quotes of what a step said
 * stay whole.
 */
export function folded(text: string, columns: number): string {
  if (columns < NARROWEST) return text;
  return text
    .split('\n')
    .flatMap((line) => (isWhole(line) || width(line) <= columns ? [line] : broken(line, columns)))
    .join('\n');
}

function isWhole(line: string): boolean {
  return /^\s*(?:codemachine |\|)/.test(line.replace(COLOR, ''));
}

function width(text: string): number {
  return [...text.replace(COLOR, '')].length;
}

function broken(line: string, columns: number): readonly string[] {
  const indent = /^ */.exec(line)?.[0] ?? '';
  const lines: string[] = [];
  let current = '';
  let at = 0;
  for (const { 0: word, index } of line.matchAll(WORD)) {
    const gap = current === '' ? indent : line.slice(at, index);
    at = index + word.length;
    if (current !== '' && width(current + gap + word) > columns) {
      lines.push(current);
      current = `${indent}${' '.repeat(INDENT)}${word}`;
    } else current += gap + word;
  }
  return [...lines, current];
}
