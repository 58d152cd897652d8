// Holds what the documentation says about the command line to the command line.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { EXIT } from '../../src/model/exit.ts';
import { codeIn, PAGES, pageText, snippetsOf, tableUnder } from './snippets.ts';

interface Manifest {
  readonly commands: Readonly<
    Record<
      string,
      {
        readonly args: Readonly<Record<string, { readonly options?: readonly string[] }>>;
        readonly flags: Readonly<Record<string, { readonly char?: string }>>;
      }
    >
  >;
}

const manifest = JSON.parse(
  readFileSync(path.resolve(import.meta.dirname, '../../oclif.manifest.json'), 'utf8'),
) as Manifest;

/** Every call of the program that a page shows: in single backticks, and in blocks for a shell. */
function callsOf(file: string): readonly string[] {
  const shell = snippetsOf(file).filter(({ language }) => language === 'sh' || language === 'text');
  const lines = shell.flatMap(({ text }) =>
    text.split('\n').map((line) => line.replace(/\s#.*$/, '').trim()),
  );
  const prose = pageText(file).replace(/^```[\s\S]*?^```$/gm, '');
  const inline = [...prose.matchAll(/`([^`]+)`/g)].map((match) => (match[1] ?? '').replace(/\s+/g, ' '));
  return [...lines, ...inline].filter((text) => /^codemachine [a-z-]/.test(text));
}

const calls = PAGES.flatMap((file) => callsOf(file).map((call) => [file, call] as const));

describe('calls of the program in the documentation', () => {
  test('there are some to look at', () => expect(calls.length).toBeGreaterThan(30));

  test.each(calls)('%s: %s', (_, call) => {
    const [, name = '', ...rest] = call.split(' ');
    // What follows is paths.
    const words = rest.includes('--') ? rest.slice(0, rest.indexOf('--')) : rest;
    const command = manifest.commands[name];
    expect(command, `there is no command ${name}`).toBeDefined();
    for (const flag of words.filter((word) => word.startsWith('-') && word !== '-')) {
      const known = Object.entries(command?.flags ?? {}).flatMap(([long, { char }]) => [
        `--${long}`,
        `-${char}`,
      ]);
      expect([...known, '--help'], call).toContain(flag.replace(/=.*$/, ''));
    }
    if (name === 'schema' && words[0]?.startsWith('[') === false)
      expect(command?.args['name']?.options).toContain(words[0]);
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
    expect([...listed].sort()).toEqual(Object.keys(manifest.commands).sort());
  });

  const codes = Object.values(EXIT).map(String);
  const numbersIn = (text: string) => [...text.matchAll(/^\| `(\d+)` \|/gm)].map((match) => match[1]);

  test.each(['README.md', 'docs/runs.md'])('the exit codes of %s are all there are', (file) => {
    expect(numbersIn(pageText(file))).toEqual(codes);
  });
});
