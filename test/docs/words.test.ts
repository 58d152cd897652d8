// Holds the words of the product to what is written: each is used, and no other tool's word stands for ours.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { ABOUT } from '../../src/model/catalogue/about.ts';
import { PAGES, pageText, tableUnder } from './snippets.ts';

const GLOSSARY = 'docs/glossary.md';
const ROOT = path.resolve(import.meta.dirname, '../..');
const rows = tableUnder(GLOSSARY, 'Words', 'word');
const words = rows.map(([cell = '']) => cell.replaceAll('*', ''));

/** A page as people read it: without code, and without what links lead to. */
const prose = (text: string) =>
  text
    .replace(/^```[\s\S]*?^```$/gm, '')
    .replace(/`[^`\n]*`/g, '`…`')
    .replace(/\]\([^)]*\)/g, ']');

describe('the glossary', () => {
  const pages = PAGES.filter((file) => file !== GLOSSARY).map(pageText);

  test('is in order, and has each word once', () => {
    expect(words).toEqual([...new Set(words)].sort((a, b) => a.localeCompare(b, 'en')));
    expect(words.length).toBeGreaterThan(40);
  });

  test.each(words)('%s is a word of these pages', (word) => {
    const [first = ''] = word.split(' of a ');
    const used = new RegExp(`\\b${first}(s|es|ed|d|ing)?\\b`, 'i');
    expect(pages.filter((text) => used.test(text)).length).toBeGreaterThan(0);
  });

  test('says where most are explained', () => {
    const alone = rows.filter(([, meaning = '']) => !meaning.includes(']('));
    expect(alone.length).toBeLessThan(6);
  });
});

/** Where a word of others is theirs indeed: the program Task, a job of CI, the program node. */
const THEIRS: Readonly<Record<string, RegExp>> = {
  task: /\bjust, Task\b/,
  job: /\bCI\b|GitHub|\bActions\b/,
  node: /\bNode\b|`node`/,
};

describe('words of other tools', () => {
  const docs = PAGES.filter((file) => ![GLOSSARY, 'docs/github.md'].includes(file)).map(
    (file) => [file, prose(pageText(file))] as const,
  );
  const catalogue = path.join(ROOT, 'src/model/catalogue');
  const messages = readdirSync(catalogue)
    .filter((name) => name.endsWith('.ts'))
    .map((name) => [name, readFileSync(path.join(catalogue, name), 'utf8')] as const);
  const about = Object.entries(ABOUT).map(([code, text]) => [code, prose(text)] as const);

  const manifest = readFileSync(path.join(ROOT, 'oclif.manifest.json'), 'utf8');
  const commands = (manifest.match(/"(?:description|summary)": ".*"/g) ?? []).map(
    (text) => ['commands', text] as const,
  );

  test.each(Object.entries(THEIRS))('no %s stands for one of ours', (word, theirs) => {
    const paragraphs = [...docs, ...messages, ...about, ...commands].flatMap(([where, text]) =>
      text.split('\n\n').map((one) => `${where}: ${one}`),
    );
    expect(paragraphs.length).toBeGreaterThan(500);
    const named = new RegExp(`\\b${word}s?\\b`, 'i');
    expect(paragraphs.filter((text) => named.test(text) && !theirs.test(text))).toEqual([]);
  });

  test('nothing is spelled with two l where we have one', () => {
    const told = [...docs, ...about].flatMap(([where, text]) =>
      (text.match(/cancell(?:ed|ing)/gi) ?? []).map(() => where),
    );
    expect(told).toEqual([]);
  });
});
