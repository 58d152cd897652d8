// Holds what the documentation says about the command line to the command line.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { EXIT } from '../../src/model/exit.ts';
import { COMMANDS, callsIn, faultOf } from './calls.ts';
import { codeIn, PAGES, pageText, snippetsOf, tableUnder } from './snippets.ts';

/** Every call of the program that a page shows: in blocks for a shell, on screens, in single backticks. */
function callsOf(file: string): readonly { readonly text: string; readonly where: 'shell' | 'prose' }[] {
  const blocks = snippetsOf(file).flatMap(({ language, text }) =>
    ['sh', 'text'].includes(language)
      ? text
          .split('\n')
          .map((line) => ({ text: line.trim(), where: language === 'sh' ? 'shell' : 'prose' }) as const)
      : [],
  );
  const prose = pageText(file).replace(/^```[\s\S]*?^```$/gm, '');
  const inline = [...prose.matchAll(/`([^`]+)`/g)].map(
    (match) => ({ text: (match[1] ?? '').replace(/\s+/g, ' '), where: 'prose' }) as const,
  );
  const screens = [...inline, ...blocks.filter(({ where }) => where === 'prose')];
  return [
    ...blocks.filter(({ where }) => where === 'shell'),
    ...screens.filter(({ text }) => /^codemachine [a-z-]/.test(text)),
  ].filter(({ text }) => callsIn(text).length > 0);
}

const calls = PAGES.flatMap((file) => callsOf(file).map((call) => [file, call.text, call.where] as const));

/** Every call that the program tells people to make: what stands between backticks in its sources and schemas. */
const SOURCES = ['src', 'schemas', 'examples', 'action.yml'].flatMap((place) => {
  const root = path.resolve(import.meta.dirname, '../..', place);
  if (!statSync(root).isDirectory()) return [root];
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' });
  return files.filter((name) => /\.(ts|json|yml)$/.test(name)).map((name) => path.join(root, name));
});

const told = SOURCES.flatMap((file) =>
  [...readFileSync(file, 'utf8').matchAll(/`(codemachine [a-z][^`\n]*?)\\?`/g)].map(
    ([, call = '']) =>
      [
        path.relative(path.resolve(import.meta.dirname, '../..'), file),
        // What is filled in, to the end where it holds texts of its own.
        call
          .replace(/\$\{[^}'`]*\}/g, '…')
          .replace(/\$\{.*$/, '')
          .replace(/\[(-[^\]]*)\]/g, '$1'),
      ] as const,
  ),
);

describe('calls of the program that it tells people to make', () => {
  test('there are some to look at', () => expect(told.length).toBeGreaterThan(100));

  test.each(told)('%s: %s', (_, text) => {
    expect(callsIn(text).map((call) => faultOf(call, 'prose'))).toEqual(callsIn(text).map(() => undefined));
  });
});

describe('calls of the program in the documentation', () => {
  test('there are some to look at', () => expect(calls.length).toBeGreaterThan(100));

  test.each(calls)('%s: %s', (_, text, where) => {
    expect(callsIn(text).map((call) => faultOf(call, where))).toEqual(callsIn(text).map(() => undefined));
  });

  test.each([
    ['codemachine rnu x', 'shell', 'there is no command rnu'],
    ['codemachine run', 'shell', 'run wants workflow'],
    ['codemachine run', 'prose', undefined],
    ['KEY=… codemachine run a b', 'shell', 'run does not take b'],
    ['codemachine run a --dryrun', 'shell', 'run has no flag --dryrun'],
    ['codemachine plan a --graph svg # drawn', 'shell', '--graph does not take svg'],
    ['codemachine plan a --graph=svg', 'shell', '--graph does not take svg'],
    ['codemachine run a --input', 'shell', '--input wants a value'],
    ['cd x && codemachine schema nothing > f', 'shell', 'schema does not take nothing'],
    ['codemachine diff <run> fix -- --odd x | cat', 'shell', undefined],
    ['codemachine run a </dev/null 2>&1', 'shell', undefined],
  ] as const)('of `%s` in %s is said: %s', (text, where, fault) => {
    expect(callsIn(text).map((call) => faultOf(call, where))).toEqual([fault]);
  });
});

test('scripts of the package that are named are there', () => {
  const { scripts } = JSON.parse(
    readFileSync(path.resolve(import.meta.dirname, '../../package.json'), 'utf8'),
  ) as { scripts: Readonly<Record<string, string>> };
  // Scripts of examples are those of the reader's own project.
  const pages = ['README.md', 'CONTRIBUTING.md'].map((file) =>
    pageText(file).replace(/^```yaml[\s\S]*?^```$/gm, ''),
  );
  const named = pages.flatMap((text) => [...text.matchAll(/npm run ([\w:-]+)/g)].map((match) => match[1]));
  expect(named).toContain('demo');
  expect(named.filter((name) => scripts[name ?? ''] === undefined)).toEqual([]);
});

describe('tables about the command line', () => {
  test('the commands of README.md are all there are', () => {
    const rows = tableUnder('README.md', 'Commands');
    const listed = rows.map(([call = '']) => codeIn(call)[0]?.split(' ')[1] ?? '');
    expect([...listed].sort()).toEqual(Object.keys(COMMANDS).sort());
  });

  const codes = Object.values(EXIT).map(String);
  const numbersIn = (text: string) => [...text.matchAll(/^\| `(\d+)` \|/gm)].map((match) => match[1]);

  test.each(['README.md', 'docs/runs.md'])('the exit codes of %s are all there are', (file) => {
    expect(numbersIn(pageText(file))).toEqual(codes);
  });
});
