// Holds the page about diagnostics to the catalogue: every code, with an example that provokes it and one that does not.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { ABOUT, MENDED, PARTS } from '../../src/model/catalogue/about.ts';
import { CATALOGUE } from '../../src/model/catalogue/catalogue.ts';
import { openJudge } from './judge.ts';
import { codeIn, pageText, snippetsOf } from './snippets.ts';

const PAGE = 'docs/errors.md';

/** What provokes these is not fit to be printed: a NUL, megabytes, thousands of keys; or stands in the configuration alone. */
const WITHOUT_EXAMPLE = [
  'engine-declaration',
  'access-not-declared',
  // It takes a file of an engine.
  'engine-steered',
  'budget-uncounted',
  'nul-character',
  'too-large',
  'too-many-aliases',
  'too-many-keys',
  'too-many-tokens',
  // These take many files.
  'uses-too-deep',
  'uses-too-many',
];

const headings = [...pageText(PAGE).matchAll(/^### (.*)$/gm)].map((match) => match[1] ?? '');
const examples = snippetsOf(PAGE).filter(({ language }) => language === 'yaml');

describe('docs/errors.md', () => {
  const judge = openJudge();
  afterAll(judge.close);

  test('has one heading per code, and no other', () => {
    const codes = headings.map((heading) => codeIn(heading)[0] ?? heading);
    expect([...codes].sort()).toEqual(Object.keys(CATALOGUE).sort());
  });

  test('is what the catalogue says', () => {
    const page = path.resolve(import.meta.dirname, '../../bin/dev/errors-page.mjs');
    const { status, stderr } = spawnSync(process.execPath, [page, '--check'], { encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });

  test('has the codes of each part together', () => {
    const codes = headings.map((heading) => codeIn(heading)[0] ?? heading);
    expect(codes).toEqual(Object.values(PARTS).flatMap((about) => Object.keys(about)));
  });

  test('every code is told at length, and which are mended is known', () => {
    expect(Object.keys(ABOUT).sort()).toEqual(Object.keys(CATALOGUE).sort());
    expect(Object.keys(CATALOGUE)).toEqual(expect.arrayContaining([...MENDED]));
  });

  test.each(headings)('%s: the bad example is refused for this, the good one is fine', async (heading) => {
    const code = codeIn(heading)[0] ?? '';
    const own = examples.filter((example) => example.heading === heading);
    const kinds = own.map(({ words }) => (words.includes('bad') ? 'bad' : 'good'));
    expect(kinds).toEqual(WITHOUT_EXAMPLE.includes(code) ? [] : ['bad', 'good']);
    for (const example of own) {
      const found = await judge.codes(example);
      if (!example.words.includes('bad')) expect(found).toEqual([]);
      else expect(found.filter((one) => !example.words.includes(`also=${one}`))).toEqual([code]);
    }
  });
});
