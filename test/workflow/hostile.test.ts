/** Holds the promise that no file takes the process down or keeps it busy. */
import { describe, expect, test } from 'vitest';
import { readConfig } from '../../src/workflow/config.ts';
import { readWorkflow } from '../../src/workflow/workflow.ts';
import { worldAt } from './fixtures.ts';
import { REFUSED } from './hostile-files.ts';

const OPENERS = ['[', '{a: ', '- ', '? ', ': ', '{? ', '[[{'];
const world = worldAt(import.meta.dirname);

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
