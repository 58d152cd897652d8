// Reads the code blocks of the documentation.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

const ROOT = path.resolve(import.meta.dirname, '../..');

/** One fenced block: what stands behind the fence, and what is in it. */
export interface Snippet {
  readonly file: string;
  /** Of the opening fence, from 1. */
  readonly line: number;
  /** The heading that it stands under. */
  readonly heading: string;
  readonly language: string;
  /** The words after the language. */
  readonly words: readonly string[];
  readonly text: string;
}

/** The pages that are written for users, relative to the root. */
export const PAGES: readonly string[] = [...pagesIn('.'), ...pagesIn('docs')];

function pagesIn(directory: string): readonly string[] {
  const names = readdirSync(path.join(ROOT, directory)).filter((name) => name.endsWith('.md'));
  return names.sort().map((name) => path.join(directory, name));
}

/** A file of the repository. */
export function pageText(file: string): string {
  return readFileSync(path.join(ROOT, file), 'utf8');
}

/** Every fenced block of a page. */
export function snippetsOf(file: string): readonly Snippet[] {
  const found: Snippet[] = [];
  let heading = '';
  let open: { line: number; info: string; body: string[] } | undefined;
  pageText(file)
    .split('\n')
    .forEach((text, index) => {
      const fence = /^```(.*)$/.exec(text);
      if (open === undefined) {
        if (fence !== null) open = { line: index + 1, info: fence[1] ?? '', body: [] };
        else heading = /^#+ (.*)$/.exec(text)?.[1] ?? heading;
      } else if (fence === null) open.body.push(text);
      else {
        const [language = '', ...words] = open.info.split(' ');
        found.push({ file, line: open.line, heading, language, words, text: `${open.body.join('\n')}\n` });
        open = undefined;
      }
    });
  if (open !== undefined) throw new Error(`${file}:${open.line}: the code block is not closed`);
  return found;
}

/** The rows of the first table below a heading whose head starts with `head`, cell by cell, without its head. */
export function tableUnder(file: string, heading: string, head = ''): readonly (readonly string[])[] {
  const lines = pageText(file).split('\n');
  const at = lines.findIndex((line) => /^#+ /.test(line) && line.replace(/^#+ /, '') === heading);
  if (at === -1) throw new Error(`${file} has no heading "${heading}"`);
  const first = lines.findIndex(
    (line, index) => index > at && line.startsWith(`|${head === '' ? '' : ` ${head} `}`),
  );
  const rows: string[][] = [];
  for (const line of lines.slice(first + 2)) {
    if (!line.startsWith('|')) break;
    rows.push(
      line
        .split(/(?<!\\)\|/)
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
  }
  return rows;
}

/** What stands between single backticks in a text. */
export function codeIn(text: string): readonly string[] {
  return [...text.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? '');
}
