// Runs every YAML block of the documentation past the program.
import { afterAll, describe, expect, test } from 'vitest';
import { compilePattern } from '../../src/engines/patterns.ts';
import { readConfig } from '../../src/workflow/config.ts';
import { readTestFile } from '../../src/workflow/test-file.ts';
import { openJudge } from './judge.ts';
import { PAGES, snippetsOf } from './snippets.ts';

const yaml = PAGES.flatMap(snippetsOf).filter(({ language }) => language === 'yaml');
const named = (wanted: typeof yaml) =>
  wanted.map((snippet) => [`${snippet.file}:${snippet.line}`, snippet] as const);
// The examples of docs/errors.md have a test of their own.
const elsewhere = yaml.filter(({ file }) => file !== 'docs/errors.md');
const configs = elsewhere.filter(({ words }) => words[0] === 'config');
const tests = elsewhere.filter(({ words }) => words[0] === 'test');
const OTHERS: readonly (string | undefined)[] = ['config', 'test', 'github'];
// What is written to a file is validated there, in its story; recipes are, beside each other.
const workflows = elsewhere.filter(
  ({ file, words }) =>
    file !== 'docs/recipes.md' &&
    !OTHERS.includes(words[0]) &&
    !words.some((word) => word.startsWith('file=')),
);

describe('YAML in the documentation', () => {
  const judge = openJudge();
  afterAll(judge.close);

  test.each(named(workflows))('%s', async (_, snippet) => {
    const [bad, code] = snippet.words;
    expect(await judge.codes(snippet)).toEqual(bad === 'bad' ? [code] : []);
  });

  test.each(named(configs))('%s', (_, { file, text }) => {
    const around = { below: {}, pattern: compilePattern };
    expect(readConfig({ path: file, text }, 'config', around).diagnostics).toEqual([]);
  });

  test.each(named(tests))('%s', (_, { file, text }) => {
    expect(readTestFile({ path: file, text }).diagnostics).toEqual([]);
  });

  test('no YAML escapes by another name', () => {
    const languages = PAGES.flatMap(snippetsOf).map(({ language }) => language);
    for (const other of ['yml', 'YAML', 'workflow']) expect(languages).not.toContain(other);
  });
});
