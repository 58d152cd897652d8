// Runs what the documentation shows as having run.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';
import type { Milestone } from '../../src/model/event.ts';
import { cli, eventsOf } from '../support/cli.ts';
import { makeProject, type Project } from '../support/repository.ts';
import { snippetsOf, tableUnder } from './snippets.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const EXAMPLES = path.join(ROOT, 'examples');
const examples = readdirSync(EXAMPLES).filter((name) => name.endsWith('.yml'));

/** A repository in which an example can run. */
function projectOf(example: string): Project {
  const name = example.replace(/\.yml$/, '');
  const project = makeProject();
  const files = path.join(EXAMPLES, `${name}-project`);
  if (existsSync(files)) cpSync(files, project.root, { recursive: true });
  cpSync(path.join(EXAMPLES, example), path.join(project.root, example));
  cpSync(path.join(EXAMPLES, 'parts'), path.join(project.root, 'parts'), { recursive: true });
  return project;
}

const recordingOf = (example: string) => path.join(EXAMPLES, 'recordings', example.replace(/\.yml$/, ''));

/** Without what differs from run to run: its id, and how long things took. */
function steady(screen: string): string {
  return screen
    .replace(/\d{8}-\d{6}-\w{4}/g, '<run>')
    .replace(/\b[\d.]+(ms|s|m)\b/g, '<time>')
    .replace(/ +/g, ' ')
    .trim();
}

describe('examples', () => {
  test.each(examples)('%s is valid and runs by replay', async (example) => {
    const project = projectOf(example);
    const valid = await cli(project, ['validate', example, '--strict']);
    expect(valid).toMatchObject({ code: 0 });
    const { code, stdout } = await cli(project, ['run', example, '--replay', recordingOf(example), '--json']);
    expect({ code, last: eventsOf(stdout).at(-1) }).toMatchObject({
      code: 0,
      last: { type: 'run-finished', status: 'succeeded' },
    });
  });

  test('the agents of parallel-agents.yml work in trees of their own, and are merged in the order of the file', async () => {
    const example = 'parallel-agents.yml';
    const project = projectOf(example);
    const { stdout } = await cli(project, ['run', example, '--replay', recordingOf(example), '--json']);
    const events = eventsOf(stdout);
    const told = (type: string) =>
      events.flatMap((event) => (event.type === type && 'step' in event ? [event] : []));
    expect(told('step-started')).toMatchObject([
      { step: 'discount', workspace: 'isolated' },
      { step: 'lines', workspace: 'isolated' },
      { step: 'test', workspace: 'shared' },
    ]);
    expect(told('change-merged')).toMatchObject([
      { step: 'discount', files: ['receipt.js'] },
      { step: 'lines', files: ['receipt.js'] },
    ]);
    expect(events.at(-1)).toMatchObject({ outputs: { passed: 4 } });
    expect(project.git('worktree', 'list', '--porcelain').match(/^worktree /gm)).toHaveLength(1);
  });

  test('the judge of best-fix.yml is shown who passed the checks, and the change of the best one lands', async () => {
    const example = 'best-fix.yml';
    const project = projectOf(example);
    const { stdout } = await cli(project, ['run', example, '--replay', recordingOf(example), '--json']);
    const events = eventsOf(stdout);
    expect(events.filter((event) => event.type === 'candidates-shown')).toMatchObject([
      { step: 'pick', candidates: ['fix[modest]', 'fix[thorough]'], blind: true },
    ]);
    expect(events.filter((event) => event.type === 'change-merged')).toMatchObject([{ step: 'pick' }]);
    expect(project.read('slug.js')).toContain('match(');
    expect(events.at(-1)).toMatchObject({ outputs: { winner: 'fix[modest]' } });
  });

  test('the agent of looped-fix.yml is told what the checks said, and goes on in its session', async () => {
    const example = 'looped-fix.yml';
    const project = projectOf(example);
    const { stdout } = await cli(project, ['run', example, '--replay', recordingOf(example), '--json']);
    const events = eventsOf(stdout);
    expect(events.filter((event) => event.type === 'loop-decided')).toMatchObject([
      { step: 'build', iteration: 1, again: true },
      { step: 'build', iteration: 2, again: false },
    ]);
    expect(events.at(-1)).toMatchObject({ outputs: { iterations: 2 } });
  });

  test('checked-packages.yml uses one workflow for each package', async () => {
    const example = 'checked-packages.yml';
    const { stdout } = await cli(projectOf(example), ['run', example, '--json']);
    expect(eventsOf(stdout).at(-1)).toMatchObject({ outputs: { labels: 'left@1.2.0, right@0.9.1' } });
  });

  test('the screen in README.md is the one of the demo', async () => {
    const shown = snippetsOf('README.md').find(({ words }) => words.includes('demo'));
    const { stdout } = await cli(projectOf('demo.yml'), [
      'run',
      'demo.yml',
      '--replay',
      recordingOf('demo.yml'),
    ]);
    expect(steady(stdout)).toContain(steady(shown?.text ?? 'nothing'));
  });
});

test('the tests of the examples pass', async () => {
  const project = makeProject();
  const end = await cli(project, ['test', EXAMPLES]);
  expect(end).toMatchObject({ code: 0, stderr: '' });
  expect(end.stdout).toContain('3 passed');
});

describe('README.md', () => {
  test('the first workflow can be planned as it is told', async () => {
    const [first] = snippetsOf('README.md').filter(({ language }) => language === 'yaml');
    const project = makeProject();
    mkdirSync(path.join(project.root, '.codemachine/workflows'), { recursive: true });
    writeFileSync(path.join(project.root, '.codemachine/workflows/tidy.yml'), first?.text ?? '');
    expect(await cli(project, ['validate', 'tidy', '--strict'])).toMatchObject({ code: 0 });
    expect(await cli(project, ['plan', 'tidy'])).toMatchObject({ code: 0, stderr: '' });
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
    expect({ code, said: stdout + stderr }).toEqual({ code: 2, said: screen?.text });
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
