/** Writes a value as one line that only programs obey. */

// What JSON lets stand as it is, and a terminal (C1, DEL, what reorders text) or the runner of GitHub Actions (`##[`, anywhere in a
// line, letters without weight in between or not) would obey.
const OBEYED = /[\x7f-\x9f\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]|#(?=\[)/g;

/**
 * The value as JSON, ended by a line break. What somebody could obey is written as an escape, so that it is the same for who reads JSON.
 * @param indent blanks, where people read it too
 */
export function jsonLine(value: unknown, indent = 0): string {
  const line = JSON.stringify(value, undefined, indent);
  return `${line.replace(OBEYED, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`)}\n`;
}
