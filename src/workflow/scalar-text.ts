/** Leads from a character of a scalar's value back to the place in the source it came from. */
import type { Range } from '../model/source.ts';
import type { Text } from './text.ts';

/** How a scalar is written. */
export type ScalarStyle = 'plain' | 'single' | 'double' | 'block';

/**
 * A scalar's value with the way back to its source.
 * @param source the text of the whole file
 * @param at the whole scalar, quotes or block header included
 */
export function scalarText(value: string, source: string, at: Range, style: ScalarStyle): Text {
  const first = contentStart(source, at, style);
  // Most scalars are written exactly as they mean; those need no table.
  const straight = source.startsWith(value, first) && style !== 'block';
  let table: readonly number[] | undefined;
  const offset = (index: number) => {
    if (straight) return first + index;
    table ??= align(value, source, first, at.end, style);
    return table[index] ?? at.end;
  };
  return { value, at, offset, block: style === 'block' };
}

function contentStart(source: string, at: Range, style: ScalarStyle): number {
  if (style === 'plain') return at.start;
  if (style !== 'block') return at.start + 1;
  const newline = source.indexOf('\n', at.start);
  return newline === -1 || newline >= at.end ? at.end : newline + 1;
}

// Walks value and source side by side: what is equal is the same character, an escape is one character of the value, and
// the rest of the source (indentation, folded line ends) belongs to no character.
function align(
  value: string,
  source: string,
  first: number,
  end: number,
  style: ScalarStyle,
): readonly number[] {
  const table: number[] = [];
  const indent = style === 'block' ? blockIndent(source, first, end) : Infinity;
  let at = style === 'block' ? skipIndent(source, first, end, indent) : first;
  for (let i = 0; i < value.length; i++) {
    if (style === 'double' && source[at] === '\\') {
      const [start, length] = readEscape(source, at, end, indent);
      table.push(start);
      const units = length > 5 && isSurrogatePair(value, i) ? 2 : 1;
      if (units === 2) table.push(start);
      i += units - 1;
      at = start + length;
      continue;
    }
    const lineEnd =
      source[at] === '\n' || source[at] === '\r' || (style !== 'block' && blankUntilLineEnd(source, at, end));
    if (lineEnd && (value[i] === '\n' || value[i] === ' ')) {
      table.push(at);
      at = afterLineEnd(source, at, end, indent, style, value[i + 1] !== '\n');
      continue;
    }
    table.push(at);
    if (style === 'single' && source[at] === "'" && source[at + 1] === "'") at++;
    at++;
  }
  table.push(Math.min(at, end));
  return table;
}

function isSurrogatePair(value: string, i: number): boolean {
  const code = value.charCodeAt(i);
  return code >= 0xd800 && code <= 0xdbff;
}

// An escaped line end stands for nothing, so the character after it is the one that is meant.
function readEscape(
  source: string,
  at: number,
  end: number,
  indent: number,
): readonly [start: number, length: number] {
  const letter = source[at + 1];
  if (letter === '\n' || letter === '\r') {
    const next = afterLineEnd(source, at + 1, end, indent, 'double', true);
    return source[next] === '\\' ? readEscape(source, next, end, indent) : [next, 1];
  }
  return [at, letter === 'x' ? 4 : letter === 'u' ? 6 : letter === 'U' ? 10 : 2];
}

function blankUntilLineEnd(source: string, at: number, end: number): boolean {
  let i = at;
  while (i < end && (source[i] === ' ' || source[i] === '\t')) i++;
  return i < end && (source[i] === '\n' || source[i] === '\r');
}

function afterLineEnd(
  source: string,
  at: number,
  end: number,
  indent: number,
  style: ScalarStyle,
  last: boolean,
): number {
  let i = source.indexOf('\n', at) + 1;
  if (i === 0) return end;
  if (style === 'block') {
    i = skipIndent(source, i, end, indent);
    return last && i < end && (source[i] === '\n' || source[i] === '\r')
      ? afterLineEnd(source, i, end, indent, style, last)
      : i;
  }
  // In a flow scalar every further empty line is one line end of the value; the last one takes the indentation with it.
  while (i < end && (source[i] === ' ' || source[i] === '\t')) i++;
  while (
    last &&
    i < end &&
    (source[i] === '\n' || source[i] === '\r' || source[i] === ' ' || source[i] === '\t')
  )
    i++;
  return Math.min(i, end);
}

function blockIndent(source: string, first: number, end: number): number {
  for (let line = first; line < end; line = source.indexOf('\n', line) + 1 || end) {
    let i = line;
    while (source[i] === ' ') i++;
    if (i < end && source[i] !== '\n' && source[i] !== '\r') return i - line;
  }
  return 0;
}

function skipIndent(source: string, line: number, end: number, indent: number): number {
  let i = line;
  while (i < end && i - line < indent && source[i] === ' ') i++;
  return i;
}
