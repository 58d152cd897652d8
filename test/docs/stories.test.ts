// Holds pages that tell a story to what happens when it is followed; `UPDATE_FIXTURES=1` writes the screens anew.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { rewrite, type Screen } from './screens.ts';
import { PAGES, type Snippet, snippetsOf } from './snippets.ts';
import { idsIn, steady } from './steady.ts';
import { isDone, tell, wordOf } from './story.ts';

const stories = PAGES.filter((file) => snippetsOf(file).some(isDone));
const ROOT = path.resolve(import.meta.dirname, '../..');

/** In ms. Many programs are started one after the other, on a machine that may be doing something else as well. */
const PATIENCE = 180_000;

describe('pages that tell a story', () => {
  test.concurrent.each(stories)('%s', { timeout: PATIENCE }, async (file) => {
    const told = await tell(file);
    const screens = told.flatMap(({ snippet, screen }) =>
      screen === undefined ? [] : [{ snippet, screen }],
    );
    const ids = idsIn(screens.map(({ screen }) => screen));
    const shown = idsIn(screens.map(({ snippet }) => snippet.text));
    const faults = told.flatMap(({ snippet, fault }) =>
      fault === undefined ? [] : [`${file}:${snippet.line}: ${fault}`],
    );
    expect(faults).toEqual([]);
    if (process.env['UPDATE_FIXTURES'] === '1') return rewrite(file, screens);
    const at = ({ snippet }: Screen, text: string) => `line ${snippet.line}:\n${text}`;
    expect(screens.map((one) => at(one, steady(one.screen, ids)))).toEqual(
      screens.map((one) => at(one, steady(one.snippet.text, shown))),
    );
  });

  const files = stories.flatMap((file) =>
    snippetsOf(file).flatMap((snippet) => {
      const name = wordOf(snippet, 'file');
      return name === undefined ? [] : [[file, name, snippet] as const];
    }),
  );
  test.skipIf(process.env['UPDATE_FIXTURES'] === '1').each(files)(
    '%s says above the block that it is %s',
    (file, name, { line }: Snippet) => {
      const above = readFileSync(path.join(ROOT, file), 'utf8')
        .split('\n')
        .slice(0, line - 1);
      const paragraph = above.join('\n').trimEnd().split('\n\n').at(-1);
      expect(paragraph).toContain(`\`${name}\``);
    },
  );
});
