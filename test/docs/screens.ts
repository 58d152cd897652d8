// Writes screens into the pages that show them.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Snippet } from './snippets.ts';
import { idsIn, paged, steady } from './steady.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');

/** A block of a page, and what is there to be seen in truth. */
export interface Screen {
  readonly snippet: Snippet;
  readonly screen: string;
}

/** Puts the screens that differ into the page, the last one first, so that line numbers stay true. */
export function rewrite(file: string, screens: readonly Screen[]): void {
  const ids = idsIn(screens.map(({ screen }) => screen));
  const shown = idsIn(screens.map(({ snippet }) => snippet.text));
  const place = path.join(ROOT, file);
  const lines = readFileSync(place, 'utf8').split('\n');
  for (const { snippet, screen } of [...screens].reverse()) {
    if (steady(screen, ids) === steady(snippet.text, shown)) continue;
    const length = lines.indexOf('```', snippet.line) - snippet.line;
    lines.splice(snippet.line, length, ...paged(screen, ids, shown).trimEnd().split('\n'));
  }
  writeFileSync(place, lines.join('\n'));
}
