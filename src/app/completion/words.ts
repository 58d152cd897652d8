/** Splits a command line that is being typed into the words that the shell would make of it. */

/** One word, as far as it is typed. */
export interface Word {
  /** As it stands on the line. */
  readonly raw: string;
  /** Without quotes and backslashes. What the shell would expand stands as it was written. */
  readonly text: string;
  /** The quote that is still open at its end. */
  readonly quote: '' | '"' | "'";
  /** Where in `raw` the text behind that quote begins; 0 where none is open. */
  readonly from: number;
  /** Whether a quote was opened and closed in it. */
  readonly closed: boolean;
}

const NO_WORD: Word = { raw: '', text: '', quote: '', from: 0, closed: false };

/** The words of a line; the last one is where the cursor is, and empty behind a blank. Never throws. */
export function wordsOf(line: string): readonly Word[] {
  const words: Word[] = [];
  let at = 0;
  for (;;) {
    while (/\s/.test(line[at] ?? '')) at++;
    const word = wordAt(line, at);
    words.push(word);
    at += word.raw.length;
    if (at >= line.length) return words;
  }
}

function wordAt(line: string, start: number): Word {
  let word: Word = NO_WORD;
  let at = start;
  for (; at < line.length; at++) {
    const letter = line[at] ?? '';
    const next = line[at + 1];
    if (word.quote === '' && /\s/.test(letter)) break;
    if (letter === '\\' && escapes(word.quote, next)) {
      word = { ...word, text: word.text + (next ?? '') };
      at++;
    } else if (letter === word.quote) {
      word = { ...word, quote: '', from: 0, closed: true };
    } else if (word.quote === '' && (letter === '"' || letter === "'")) {
      word = { ...word, quote: letter, from: at + 1 - start };
    } else word = { ...word, text: word.text + letter };
  }
  return { ...word, raw: line.slice(start, at) };
}

function escapes(quote: Word['quote'], next: string | undefined): boolean {
  if (quote === "'") return false;
  return quote === '' || (next !== undefined && '"\\$`'.includes(next));
}

/**
 * Where in the raw word the part begins that bash replaces: behind the last character that divides words for it (`COMP_WORDBREAKS`: colons,
 * equals signs), or behind an open quote. Undefined where quotes were closed in the word before: nobody can say then.
 */
export function replacedFrom({ raw, quote, from, closed }: Word, breaks: string): number | undefined {
  if (closed) return undefined;
  if (quote !== '') return from;
  let start = 0;
  for (let at = 0; at < raw.length; at++) {
    const letter = raw[at] ?? '';
    if (letter === '\\') at++;
    // These two stay part of what they begin.
    else if (breaks.includes(letter)) start = letter === '@' || letter === '$' ? at : at + 1;
  }
  return start;
}

/** Writes a text so that bash reads nothing else in it, behind a quote that is open. Undefined where that cannot be. */
export function forBash(text: string, quote: Word['quote']): string | undefined {
  if (quote === "'") return text.replaceAll("'", "'\\''");
  // Between double quotes nothing keeps an interactive bash from taking `!` for something of its history.
  if (quote === '"') return text.includes('!') ? undefined : text.replaceAll(/["\\$`]/g, '\\$&');
  return text.replaceAll(/[^\p{L}\p{N}_./,:=@%+-]/gu, '\\$&');
}
