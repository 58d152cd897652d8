/** Makes one line of a file fit for a terminal, keeping track of where a stretch of it ends up. */

const TAB = 4;
const WIDTH = 100;
const LEAD = 30;

/** A line as it is printed, with the place of the marked stretch in terminal cells. */
export interface ShownLine {
  readonly text: string;
  readonly before: number;
  readonly marked: number;
}

/**
 * A line with tabs widened, control characters made visible, and cut to a width around the marked stretch.
 * @param start first marked character, as an index into `line`
 * @param length number of marked characters; Infinity for "to the end of the line"
 */
export function shownLine(line: string, start: number, length: number): ShownLine {
  const end = Math.min(line.length, start + length);
  const from = cutBefore(line, start, end);
  const lead = from > 0 ? '…' : '';
  let text = lead;
  let before = lead.length;
  let marked = 0;
  let column = lead.length;
  for (let i = from; i < line.length; ) {
    const code = line.codePointAt(i) ?? 0;
    const size = code > 0xffff ? 2 : 1;
    const shown = visible(code, column);
    const width = cellWidth(code, shown);
    if (column + width > WIDTH) {
      text += '…';
      break;
    }
    text += shown;
    column += width;
    if (i < start) before += width;
    else if (i < end) marked += width;
    i += size;
  }
  return { text, before, marked };
}

// Long lines lose their beginning only when the mark would not be seen otherwise.
function cutBefore(line: string, start: number, end: number): number {
  if (Math.min(end, start + LEAD) <= WIDTH - 10) return 0;
  const from = Math.max(0, start - LEAD);
  const code = line.charCodeAt(from);
  return code >= 0xdc00 && code <= 0xdfff ? from + 1 : from;
}

function visible(code: number, column: number): string {
  if (code === 9) return ' '.repeat(TAB - (column % TAB));
  return isControl(code) ? '\ufffd' : String.fromCodePoint(code);
}

/** A text without characters that move the cursor or change the direction of writing. */
export function cells(text: string): string {
  let safe = '';
  for (const character of text) safe += isControl(character.codePointAt(0) ?? 0) ? '\ufffd' : character;
  return safe;
}

// C0, DEL, C1, lone surrogates, the byte order mark, and what reorders text (Trojan Source).
function isControl(code: number): boolean {
  return (
    code < 0x20 ||
    (code >= 0x7f && code <= 0x9f) ||
    (code >= 0xd800 && code <= 0xdfff) ||
    code === 0x061c ||
    code === 0x200e ||
    code === 0x200f ||
    (code >= 0x2028 && code <= 0x202e) ||
    (code >= 0x2066 && code <= 0x2069) ||
    code === 0xfeff
  );
}

// Two cells for East Asian wide characters and emoji, none for marks that sit on the character before (Unicode TR11).
function cellWidth(code: number, shown: string): number {
  if (code === 9) return shown.length;
  if (code < 0x300) return 1;
  if (/^(?:\p{Mn}|\p{Me}|[\u200b-\u200d])$/u.test(shown)) return 0;
  const wide =
    (code >= 0x1100 && code <= 0x115f) ||
    (code >= 0x2e80 && code <= 0xa4cf) ||
    (code >= 0xac00 && code <= 0xd7a3) ||
    (code >= 0xf900 && code <= 0xfaff) ||
    (code >= 0xfe30 && code <= 0xfe6f) ||
    (code >= 0xff00 && code <= 0xff60) ||
    (code >= 0xffe0 && code <= 0xffe6) ||
    (code >= 0x1f300 && code <= 0x1faff) ||
    (code >= 0x20000 && code <= 0x3fffd);
  return wide ? 2 : 1;
}
