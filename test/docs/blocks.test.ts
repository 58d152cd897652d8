// Holds every code block of the documentation to a judge: one that nobody looks at would rot.
import { describe, expect, test } from 'vitest';
import { PAGES, pageText, type Snippet, snippetsOf } from './snippets.ts';
import { isDone, isScreen } from './story.ts';

/** Who looks at a block, and which blocks those are. */
interface Judge {
  readonly test: string;
  takes(snippet: Snippet, before: Snippet | undefined): boolean;
}

const JUDGES: readonly Judge[] = [
  { test: 'stories: done in order', takes: isDone },
  { test: 'stories: the screen is the one', takes: isScreen },
  { test: 'commands: each call is one that there is', takes: ({ language }) => language === 'sh' },
  {
    test: 'errors, github, recipes, snippets: validated',
    takes: ({ language, words: [word] }) =>
      language === 'yaml' &&
      [undefined, 'bad', 'config', 'test', 'github', 'no-git', 'policy', 'whole'].includes(word),
  },
  {
    test: 'json: of the schema that is named',
    takes: ({ language, words }) => language === 'json' && words.length === 1,
  },
  { test: 'running: the library', takes: ({ language, file }) => language === 'ts' && file === 'README.md' },
  {
    test: 'running: the screen of the demo, that of a diagnostic',
    takes: ({ language, words: [word], file }) =>
      language === 'text' && (word === 'demo' || (word === undefined && file === 'docs/errors.md')),
  },
  {
    test: 'drawings: what is named is there',
    takes: ({ language, words: [word] }) =>
      language === 'text' && ['rooms', 'flow', 'state'].includes(word ?? ''),
  },
  {
    test: 'templates: drawn from the file',
    takes: ({ language, file }) => language === 'mermaid' && file === 'docs/templates.md',
  },
];

const judgesOf = (snippet: Snippet, before: Snippet | undefined) =>
  JUDGES.filter((judge) => judge.takes(snippet, before)).map((judge) => judge.test);

describe('code blocks', () => {
  test.each(PAGES)('of %s have a judge', (file) => {
    const snippets = snippetsOf(file);
    const alone = snippets.filter((snippet, index) => judgesOf(snippet, snippets[index - 1]).length === 0);
    expect(
      alone.map(({ line, language, words }) => `${file}:${line}: ${[language, ...words].join(' ')}`),
    ).toEqual([]);
  });

  test.each(PAGES)('of %s are fenced by three backticks at the beginning of a line', (file) => {
    expect(pageText(file).match(/^(?:[ \t]+```|````|[ \t]*~~~|(?: {4}|\t)codemachine ).*/gm) ?? []).toEqual(
      [],
    );
  });

  test('that nobody knows have none', () => {
    const unknown = { file: 'docs/runs.md', line: 1, heading: '', text: '' };
    for (const [language, ...words] of [
      [''],
      ['text'],
      ['json'],
      ['yaml', 'odd'],
      ['console'],
      ['text', 'odd'],
    ])
      expect(judgesOf({ ...unknown, language: language ?? '', words }, undefined)).toEqual([]);
  });
});
