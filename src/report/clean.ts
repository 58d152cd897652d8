/** Makes text of children and agents harmless for whoever shows it. */

// ECMA-48. `util.stripVTControlCharacters` does not suffice: what it takes for an OSC differs between Node 20 and 24 (one leaves
// the payload of a title behind), it cannot spare colours, and it lets the other control characters through.
const STRING = /(?:\x1b[\]PX^_]|[\x90\x98\x9d\x9e\x9f])[^\x07\x1b\x9c\n]*(?:\x07|\x1b\\|\x9c)?/;
const CSI = /(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]/;
const OTHER_ESCAPE = /\x1b[ -/]*[0-~]/;
// Beside C0, DEL and C1: what reorders text (Unicode `Bidi_Control`), or a name reads as another one.
const CONTROL = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/;
// In one pass: what is left of two that were taken out one after the other could be a third.
const ALL = new RegExp([STRING, CSI, OTHER_ESCAPE, CONTROL].map(({ source }) => source).join('|'), 'g');
const COLOR = /^\x1b\[[\d;:]*m$/;

const RESET = '\x1b[0m';

/** How much of the colours may stay. */
export interface CleanOptions {
  readonly color: boolean;
}

/**
 * Takes out everything a terminal would act on: cursor movement, titles, links, the clipboard, C1, the direction of writing. A lone CR would let a line
 * write over itself, so it ends the line. Colours stay when asked for, and end with their line.
 */
export function cleanForTerminal(text: string, { color }: CleanOptions): string {
  if (!CONTROL.test(text)) return text;
  const lines = text.replace(/\r\n?/g, '\n');
  if (!color) return lines.replace(ALL, '');
  return lines.replace(ALL, (found) => (COLOR.test(found) ? found : '')).replace(/.+/g, endingItsColors);
}

/**
 * The same for a log of GitHub Actions, whose runner reads commands out of it: `::` at the start of a line, `##[` anywhere. A
 * zero-width space in between is what people do not see; the runner does not take it for white space.
 */
export function cleanForGithub(text: string, options: CleanOptions): string {
  return cleanForTerminal(text, options)
    .replace(/(^|\n)((?:[^\S\n]|\x1b\[[\d;:]*m)*):(?=:)/g, '$1$2:\u200b')
    .replace(/##(?=\[)/g, '##\u200b');
}

/** One line of at most `most` characters, without colours: for a place where there is room for no more. */
export function oneLine(text: string, most: number): string {
  // The rest cannot matter, and may be megabytes.
  const start = cleanForTerminal(text.slice(0, most * 8), { color: false });
  const flat = start.replace(/\s+/g, ' ').trim();
  if (flat.length <= most && text.length <= most * 8) return flat;
  return `${wellCut(flat, most - 1).trimEnd()}…`;
}

/** The last `count` lines that are not blank, each cut to `most` characters. */
export function lastLines(text: string, count: number, most: number): readonly string[] {
  const tail = cleanForTerminal(text.slice(-count * most * 4), { color: false });
  return tail
    .split('\n')
    .filter((line) => line.trim() !== '')
    .slice(-count)
    .map((line) => (line.length <= most ? line.trimEnd() : `${wellCut(line, most - 1)}…`));
}

/** A surrogate without its partner would be shown as a question mark. */
function wellCut(text: string, most: number): string {
  const cut = text.slice(0, most);
  return /[\ud800-\udbff]$/.test(cut) ? cut.slice(0, -1) : cut;
}

function endingItsColors(line: string): string {
  const last = line.lastIndexOf('\x1b[');
  return last === -1 || /^\x1b\[0*m/.test(line.slice(last, last + 8)) ? line : line + RESET;
}
