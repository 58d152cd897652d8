// Runs what the documentation shows as having run.
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';
import type { Milestone } from '../../src/model/event.ts';
import { cli, eventsOf } from '../support/cli.ts';
import { projectOf } from '../support/few-tools.ts';
import { makeProject } from '../support/repository.ts';
import { exampleProject, recordingOf } from './example.ts';
import { rewrite } from './screens.ts';
import { type Snippet, snippetsOf, tableUnder } from './snippets.ts';
import { shownOf, steady } from './steady.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');

/** Holds a page to a screen, or writes the screen into it. */
function hold(file: string, snippet: Snippet | undefined, screen: string): void {
  if (snippet === undefined) throw new Error(`${file} shows no such screen`);
  if (process.env['UPDATE_FIXTURES'] === '1') rewrite(file, [{ snippet, screen }]);
  else expect(steady(screen)).toEqual(steady(snippet.text));
}

describe('README.md', () => {
  test('the screen in README.md is the one of the demo', async () => {
    const shown = snippetsOf('README.md').find(({ words }) => words.includes('demo'));
    const { stdout } = await cli(exampleProject('demo'), ['run', 'demo', '--replay', recordingOf('demo')]);
    hold('README.md', shown, shownOf({ words: ['end'] }, stdout, ROOT));
  });

  test('the workflow on it is valid', async () => {
    const [first] = snippetsOf('README.md').filter(({ language }) => language === 'yaml');
    const project = makeProject({ 'tidy.yml': first?.text ?? '' });
    expect(await cli(project, ['validate', 'tidy.yml', '--strict'])).toMatchObject({ code: 0 });
  });

  test('who follows it in an empty repository, without an engine, is led on', async () => {
    const block = snippetsOf('README.md').find(({ text }) => text.startsWith('codemachine init'))?.text ?? '';
    const project = projectOf();
    const words = (line: string) =>
      [...line.matchAll(/'([^']*)'|[^\s']+='([^']*)'|\S+/g)].map(([word]) => word);
    const told = block.split('\n').map((line) => words(line.replace(/\s#.*$/, '')).slice(1));
    const [init = [], plan = [], run = []] = told.map((line) => line.map((word) => word.replaceAll("'", '')));
    const first = await cli(project, init);
    expect(first).toMatchObject({ code: 0, stderr: '' });
    expect(first.stdout).toContain(`next:\n  codemachine ${plan.join(' ')}\n`);
    const stderr = expect.stringContaining('install it with `npm install -g @anthropic-ai/claude-code`');
    expect(await cli(project, plan)).toMatchObject({ code: 0, stderr });
    expect(first.stdout).toContain(`\n  codemachine ${run.slice(0, 3).join(' ')} change=`);
    const { code, stdout } = await cli(project, run);
    expect(code).toBe(1);
    expect(stdout).toContain('install it with `npm install -g @anthropic-ai/claude-code`');
    expect(first.stdout).toContain('install it with `npm install -g @anthropic-ai/claude-code`');
  });

  test('the program that calls the library works', () => {
    const [example] = snippetsOf('README.md').filter(({ language }) => language === 'ts');
    const project = makeProject({
      '.codemachine/workflows/tidy.yml': 'name: tidy\nsteps: [{ id: test, run: "true" }]\n',
    });
    const door = pathToFileURL(path.join(ROOT, 'dist/index.js')).href;
    const file = path.join(project.root, 'program.mjs');
    writeFileSync(file, (example?.text ?? '').replace("'codemachine'", JSON.stringify(door)));
    const options = { cwd: project.root, env: project.environ, encoding: 'utf8' } as const;
    const { stdout, stderr } = spawnSync(process.execPath, [file], options);
    expect({ stdout, stderr }).toEqual({ stdout: 'test is done\nsucceeded {}\n', stderr: '' });
  });
});

describe('docs/errors.md', () => {
  test('the screen at its beginning is real', async () => {
    const [screen] = snippetsOf('docs/errors.md').filter(({ language }) => language === 'text');
    const file = `name: fix\ninputs:\n  title: { type: string, required: true }\nsteps:\n  - run: echo "\${{ inputs.title }}"\n`;
    const { code, stdout, stderr } = await cli(makeProject({ 'fix.yml': file }), ['validate', 'fix.yml']);
    expect(code).toBe(2);
    hold('docs/errors.md', screen, stdout + stderr);
  });
});

/** What the tests of docs/testing.md are about. */
const FIX_ISSUE = `name: fix-issue
inputs: { issue: { type: number, required: true } }
agents:
  planner: { engine: claude-code, access: read }
  coder: { engine: [codex, claude-code], access: write }
steps:
  - { id: issue, run: gh issue view }
  - id: plan
    agent: planner
    prompt: "Plan: \${{ steps.issue.stdout }}"
    output: { type: object, required: [summary, risk], properties: { summary: {}, risk: { enum: [low, high] } } }
  - id: build
    loop:
      max: 4
      until: steps.test.exit-code == 0
      steps:
        - { id: code, agent: coder, prompt: "Make the tests pass. \${{ loop.previous.steps.test.stdout }}" }
        - { id: test, run: npm test, continue-on-error: true }
  - { id: approve, if: steps.plan.output.risk == 'high', gate: { message: Ship this?, show: [diff] } }
  - { id: commit, run: git add -A && git commit -qm Fix }
  - { id: pr, needs: [commit], run: 'true' }
`;

describe('docs/testing.md', () => {
  test('the tests on it pass', async () => {
    const project = makeProject({ '.codemachine/workflows/fix-issue.yml': FIX_ISSUE });
    const shown = snippetsOf('docs/testing.md').filter(({ language }) => language === 'yaml');
    expect(shown).toHaveLength(2);
    for (const [i, { text }] of shown.entries()) project.write(`.codemachine/tests/${i}.test.yml`, text);
    const { code, stdout } = await cli(project, ['test']);
    expect(code, stdout).toBe(0);
    expect(stdout).toContain('3 tests: 3 passed');
  });
});

/** The rows of the truth table, and the steps that stand for them. */
const NEEDS = ['good', 'allowed', 'bad', 'behind'] as const;
const CONDITIONS = [[], ['true', 'false'], ['always()'], ['failure()']] as const;

describe('docs/workflow.md', () => {
  test('the table of what may run next is what happens', async () => {
    const table = tableUnder('docs/workflow.md', 'What happened, and what may run next', 'its needs');
    expect(table).toHaveLength(NEEDS.length);
    const steps = [
      { id: 'good', run: 'true', needs: [] },
      { id: 'allowed', run: 'exit 1', needs: [], 'continue-on-error': true },
      { id: 'bad', run: 'exit 1', needs: [] },
      { id: 'behind', run: 'true', needs: ['bad'] },
      ...NEEDS.flatMap((need) =>
        CONDITIONS.flatMap((conditions, column) =>
          (conditions.length === 0 ? [undefined] : conditions).map((condition, index) => ({
            id: `${need}-${column}-${index}`,
            run: 'true',
            needs: [need],
            ...(condition === undefined ? {} : { if: condition }),
          })),
        ),
      ),
    ];
    const project = makeProject({ 'table.yml': JSON.stringify({ name: 'table', steps }) });
    const { stdout } = await cli(project, ['run', 'table.yml', '--json']);
    const ends = eventsOf(stdout).filter((event): event is Milestone => /^step-(?!started)/.test(event.type));
    const endOf = (id: string) =>
      ends.findLast((event) => 'step' in event && event.step === id)?.type.replace('step-', '') ?? 'nothing';
    NEEDS.forEach((need, row) => {
      CONDITIONS.forEach((conditions, column) => {
        const cell = (table[row]?.[column + 1] ?? '').split(', or ').map((word) => word.replaceAll('`', ''));
        const expected = cell.map((word) => (word === 'runs' ? 'succeeded' : word));
        const happened = [0, 1]
          .slice(0, Math.max(1, conditions.length))
          .map((i) => endOf(`${need}-${column}-${i}`));
        expect([...new Set(happened)], `${need}, column ${column}`).toEqual(expected);
      });
    });
  });
});
