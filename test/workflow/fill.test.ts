// Puts engines and a test command into templates, and nothing else.
import { expect, it } from 'vitest';
import { fillTemplate } from '../../src/workflow/fill.ts';

const TEMPLATE = `# Runs npm test with engine: codex
#
# yaml-language-server: is no line of its own

# yaml-language-server: $schema=../schemas/workflow.schema.json
name: t
env: { run: npm test, engine: codex } # run: npm test
agents:
  a: { engine: claude-code, access: read }
  b: { engine: [codex, claude-code], access: write } # both
defaults: { workspace: { mode: isolated, setup: npm test } }
steps:
  - id: one
    run: npm test
  - id: two
    run: |
      # npm test
      npm test
      echo npm test
  - id: three
    agent: a
    prompt: |
      npm test
    output: { properties: { engine: { const: x } } }
  - loop:
      max: 2
      until: 'true'
      steps:
        - { id: four, engine: codex, prompt: 'run: npm test' }
        - { id: five, run: 'npm test' }
  - id: six
    reduce: { from: two, checks: [npm test, npm run lint] }
finally:
  - run: "npm test"
`;

const with1 = (test: string) => fillTemplate(TEMPLATE, { test, engines: () => ['goose'] });

it('touches the values that say it, and neither comments, prompts, nor names of the author’s own', () => {
  const { text, engines, testLines } = with1('make check');
  const changed = TEMPLATE.split('\n').filter((line) => !line.startsWith('# yaml-language-server: $'));
  const expected = changed.map((line, index) =>
    testLines.includes(index + 1) ? line.replace(/['"]?npm test['"]?/, 'make check') : line,
  );
  expect(text.replaceAll('goose', 'x')).toBe(
    expected
      .join('\n')
      .replace('a: { engine: claude-code', 'a: { engine: x')
      .replace('engine: [codex, claude-code]', 'engine: x')
      .replace('id: four, engine: codex', 'id: four, engine: x'),
  );
  expect(engines).toEqual(['goose']);
  expect(testLines).toHaveLength(6);
});

it('quotes a command that YAML would take for something else, where it is quoted', () => {
  const { text } = with1('a: b # c');
  expect(text).toContain('run: "a: b # c"\n');
  expect(text).toContain('      a: b # c\n');
  expect(text).toContain('checks: ["a: b # c", npm run lint]');
});

it('keeps a list where several engines are left', () => {
  const { text, engines } = fillTemplate(TEMPLATE, { test: 'x', engines: (written) => written });
  expect(text).toContain('engine: [codex, claude-code]');
  expect(engines).toEqual(['claude-code', 'codex']);
});
