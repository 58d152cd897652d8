/** Leads from a character of a scalar's value back to the place in the source it came from. */
import type { Range } from '../model/source.ts';
import { alignBlock, endsLine } from './block-text.ts';
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
  const end = style === 'single' || style === 'double' ? at.end - 1 : at.end;
  // Most scalars are written exactly as they mean; those need no table. `''''` begins with what it means, but is longer.
  const straight = style !== 'block' && end - first === value.length && source.startsWith(value, first);
  let table: readonly number[] | undefined;
  const offset = (index: number) => {
    if (straight) return first + index;
    table ??=
      style === 'block' ? alignBlock(value, source, first, end) : alignFlow(value, source, first, end, style);
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

// Walks the source from character to character of the value: an escape is one, an escaped line end and indentation are none.
function alignFlow(
  value: string,
  source: string,
  first: number,
  end: number,
  style: Exclude<ScalarStyle, 'block'>,
): readonly number[] {
  const table: number[] = [];
  let at = first;
  while (at < end && table.length < value.length) {
    if (style === 'double' && source[at] === '\\') {
      if (endsLine(source, at + 1)) {
        at = nextText(source, at + 1, end);
        continue;
      }
      const length = escapeLength(source[at + 1]);
      // Only the longest escape writes two units of the value at once; a pair may also be two escapes.
      const astral = length === 10 && (value.codePointAt(table.length) ?? 0) > 0xffff;
      table.push(...(astral ? [at, at] : [at]));
      at += length;
    } else {
      const text = skipBlanks(source, at, end);
      if (text < end && endsLine(source, text)) at = fold(table, source, at, end);
      else if (text > at) while (at < text) table.push(at++);
      else {
        table.push(at);
        at += style === 'single' && source[at] === "'" ? 2 : 1;
      }
    }
  }
  while (table.length <= value.length) table.push(end);
  return table;
}

function escapeLength(letter: string | undefined): number {
  return letter === 'x' ? 4 : letter === 'u' ? 6 : letter === 'U' ? 10 : 2;
}

// One line end is a space, and of several the first two are one. Gives where the text goes on.
function fold(table: number[], source: string, from: number, end: number): number {
  table.push(from);
  let at = nextText(source, from, end);
  for (let lines = 1; at < end && endsLine(source, at); lines++) {
    if (lines > 1) table.push(at);
    at = nextText(source, at, end);
  }
  return at;
}

function nextText(source: string, at: number, end: number): number {
  return skipBlanks(source, source.indexOf('\n', at) + 1, end);
}

function skipBlanks(source: string, at: number, end: number): number {
  let i = at;
  while (i < end && (source[i] === ' ' || source[i] === '\t')) i++;
  return i;
}
