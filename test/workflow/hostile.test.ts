/** Holds the promise that no file takes the process down or keeps it busy. */
import { describe, expect, test } from 'vitest';
import { readConfig } from '../../src/workflow/config.ts';
import { readWorkflow } from '../../src/workflow/workflow.ts';
import { worldAt } from './fixtures.ts';

const OPENERS = ['[', '{a: ', '- ', '? ', ': ', '{? ', '[[{'];
const world = worldAt(import.meta.dirname);
const head = 'name: hostile\nsteps:\n  - run: echo\n';

function billionLaughs(levels: number): string {
  const names = Array.from({ length: levels }, (_, i) => `l${i}`);
  const line = (name: string, i: number) =>
    `x-${name}: &${name} [${
      i === 0
        ? 'ha'
        : Array(9)
            .fill(`*l${i - 1}`)
            .join(', ')
    }]\n`;
  return names.map(line).join('') + head;
}

function indented(depth: number): string {
  return Array.from({ length: depth }, (_, i) => `${' '.repeat(i)}a:\n`).join('');
}

const REFUSED: Readonly<Record<string, readonly [text: string, code: string]>> = {
  'a hundred thousand brackets': ['['.repeat(100_000), 'too-deep'],
  'fifty thousand mappings in a line': ['{a: '.repeat(50_000), 'too-deep'],
  'a hundred thousand dashes': ['- '.repeat(100_000), 'too-deep'],
  'a hundred thousand question marks': ['? '.repeat(100_000), 'too-deep'],
  'two thousand indented keys': [indented(2000), 'too-deep'],
  'a billion laughs': [billionLaughs(9), 'alias-expansion'],
  'many aliases': [`x-a: &a 1\nx-b: [${'*a, '.repeat(50_000)}]\n${head}`, 'too-many-aliases'],
  'an alias of itself': [`x-a: &a { b: *a }\n${head}`, 'self-alias'],
  '40,000 keys in one mapping': [
    Array.from({ length: 40_000 }, (_, i) => `x-${i}: 1\n`).join('') + head,
    'too-many-keys',
  ],
  '40,000 keys in one line': [
    `x-a: {${Array.from({ length: 40_000 }, (_, i) => `k${i}: 1`).join(',')}}\n${head}`,
    'too-many-keys',
  ],
  'the same key 900 times': ['x-a: 1\n'.repeat(900) + head, 'duplicate-key'],
  '5 MiB of comment': [`# ${'x'.repeat(5 * 1024 * 1024)}\n${head}`, 'too-large'],
  '3 million three-byte characters': [`# ${'語'.repeat(1_500_000)}\n${head}`, 'too-large'],
  'a NUL': [`${head}    env: { A: "\0" }\n`, 'nul-character'],
  'several documents': [`${head}---\n`.repeat(1000), 'several-documents'],
  'a million empty lines': ['\n'.repeat(1_000_000) + head, 'too-many-tokens'],
  'a hundred thousand quotes': ['"'.repeat(100_000), 'yaml-syntax'],
  'a hundred thousand anchors': [`x-a: ${'&a '.repeat(50_000)}1\n${head}`, 'yaml-syntax'],
  'a tag that makes functions': [`x-a: !!js/function "function () {}"\n${head}`, 'unknown-tag'],
  'a tag without end': ['!'.repeat(100_000), 'unknown-tag'],
  'a key of three million letters': [`${'x'.repeat(3_000_000)}: 1\n${head}`, 'yaml-syntax'],
  'nothing but tabs': ['\t'.repeat(1_000_000), 'not-a-workflow'],
  'a quote over a million lines': [`x-a: "${'\n'.repeat(1_000_000)}`, 'yaml-syntax'],
  'an empty file': ['', 'not-a-workflow'],
};

describe('hostile files', () => {
  test.each(Object.entries(REFUSED))('%s', (_, [text, code]) => {
    const { diagnostics } = readWorkflow({ path: 'hostile.yml', text }, world);
    expect(diagnostics.map((d) => d.code)).toContain(code);
    const { diagnostics: asConfig } = readConfig({ path: 'config.yml', text });
    if (text !== '' && code !== 'not-a-workflow') expect(asConfig.length).toBeGreaterThan(0);
  });

  test('200 in one process', () => {
    const files = Array.from({ length: 200 }, (_, i) =>
      (OPENERS[i % OPENERS.length] ?? '[').repeat(70 + i * 50),
    );
    for (const text of files) {
      expect(readWorkflow({ path: 'hostile.yml', text }, world).diagnostics.length).toBeGreaterThan(0);
    }
  });

  test('names of the language of the program are names like all others', () => {
    const text = `name: case\ninputs:\n  __proto__: { type: number, default: 1 }\n  constructor: { type: number, default: 2 }\nx-a: { __proto__: { polluted: true } }\nsteps:\n  - run: echo\n    env: { __proto__: x, toString: y }\n`;
    const { workflow, diagnostics } = readWorkflow({ path: 'case.yml', text }, world);
    expect(diagnostics).toEqual([]);
    expect(Object.keys(workflow?.inputs ?? {})).toEqual(['__proto__', 'constructor']);
    expect(Object.keys(workflow?.steps[0]?.env ?? {})).toEqual(['__proto__', 'toString']);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  test('agents and ids that only objects have are unknown', () => {
    const text =
      'name: case\nagents: { a: { engine: codex, access: read } }\nsteps:\n  - agent: constructor\n    prompt: hello\n    needs: toString\n';
    const { diagnostics } = readWorkflow({ path: 'case.yml', text }, world);
    expect(diagnostics.map((d) => d.code)).toEqual(['unknown-agent', 'unknown-need']);
  });
});
