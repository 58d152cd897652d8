/** Writes the name of a file so that people cannot take it for another one. */

/** As git does, and what reorders text, is not seen, or would end the name in a list of ours. */
const AMBIGUOUS = /[\x00-\x1f\x7f-\x9f"\\\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]|^\s|\s$|, | → /;

const QUOTED = /[\x00-\x1f\x7f-\x9f"\\\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;

const LETTERS: Readonly<Record<string, string>> = {
  '\x07': 'a',
  '\b': 'b',
  '\t': 't',
  '\n': 'n',
  '\v': 'v',
  '\f': 'f',
  '\r': 'r',
  '"': '"',
  '\\': '\\',
};

const WIDEST = 160;

/**
 * A plain name as it is; any other in quotes, with the escapes of C, as `git diff` shows it: `"line\nbreak"`. Of one that is longer than
 * `most` characters the beginning.
 */
export function fileName(name: string, most = WIDEST): string {
  const cut = name.length > most ? name.slice(0, most - 1).replace(/[\ud800-\udbff]$/, '') : name;
  const more = cut === name ? '' : '…';
  return AMBIGUOUS.test(cut) ? `"${cut.replace(QUOTED, escaped)}"${more}` : `${cut}${more}`;
}

function escaped(letter: string): string {
  const known = LETTERS[letter];
  if (known !== undefined) return `\\${known}`;
  return encodeURIComponent(letter).replace(
    /%(..)|(.)/gs,
    (_, hex: string | undefined, plain: string) =>
      `\\${(hex === undefined ? (plain.codePointAt(0) ?? 0) : Number.parseInt(hex, 16)).toString(8).padStart(3, '0')}`,
  );
}

/** Some names, with how many more there are. */
export function fileNames(names: readonly string[], most: number): string {
  const more = names.length > most ? ` and ${names.length - most} more` : '';
  return `${names
    .slice(0, most)
    .map((name) => fileName(name))
    .join(', ')}${more}`;
}
