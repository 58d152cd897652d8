/** Writes a value as one line that only programs obey. */

// What JSON lets stand as it is, and a terminal (C1, DEL) or the runner of GitHub Actions (`##[`, anywhere in a line) would obey.
const OBEYED = /[\x7f-\x9f]|#(?=\[)/g;

/** The value as JSON, ended by a line break. What somebody could obey is written as an escape, so that it is the same for who reads JSON. */
export function jsonLine(value: unknown): string {
  const line = JSON.stringify(value);
  return `${line.replace(OBEYED, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`)}\n`;
}
