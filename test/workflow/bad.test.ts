/** Holds every complaint to its exact words: `bad/<code>/<case>.yml` beside `<case>.txt`; `UPDATE_FIXTURES=1` writes them. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { CATALOGUE } from '../../src/model/catalogue/catalogue.ts';
import { casesOf, judge } from './fixtures.ts';

const directory = path.join(import.meta.dirname, 'bad');
const cases = casesOf(directory);
const update = process.env['UPDATE_FIXTURES'] === '1';

describe('bad files', () => {
  test.each(cases.map((each) => [`${each.code}/${each.name}`, each] as const))('%s', async (_, each) => {
    const { printed, codes } = await judge(each);
    const expected = each.file.replace(/(\.make\.mjs|\.yml)$/, '.txt');
    expect(codes).toContain(each.code);
    if (update) writeFileSync(expected, printed);
    expect(printed).toBe(readFileSync(expected, 'utf8'));
    // Carets alone say where, not what to write instead.
    expect(printed).not.toMatch(/^ *\| *\^+…? *$/m);
  });

  test('every code has a folder with a case, and every folder is a code', () => {
    expect(readdirSync(directory).sort()).toEqual(Object.keys(CATALOGUE).sort());
    expect([...new Set(cases.map(({ code }) => code))].sort()).toEqual(Object.keys(CATALOGUE).sort());
  });

  test('every expectation has its file', () => {
    for (const code of readdirSync(directory)) {
      const names = new Set(cases.filter((each) => each.code === code).map(({ name }) => `${name}.txt`));
      for (const file of readdirSync(path.join(directory, code)).filter((name) => name.endsWith('.txt'))) {
        expect(names, `${code}/${file}`).toContain(file);
      }
    }
  });

  test('there are at least 60', () => {
    expect(cases.length).toBeGreaterThanOrEqual(60);
  });
});
