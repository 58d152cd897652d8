/** Holds each key that takes expressions to the contexts and functions that it may read, cell by cell. */
import { describe, expect, test } from 'vitest';
import { CONTEXTS, READABLE } from '../../../src/workflow/expression-contexts.ts';
import { workflowOf, worldAt } from '../fixtures.ts';

/** What is read of each context. */
const READ = {
  inputs: 'inputs.text',
  run: 'run.id',
  workflow: 'workflow.name',
  git: 'git.branch',
  env: 'env.NAME',
  steps: 'steps.first.stdout',
  loop: 'loop.index',
  matrix: 'matrix.os',
  secrets: 'secrets.TOKEN',
  github: 'github.actor',
} as const;

type Cell = 'ok' | 'context-not-here' | 'data-in-run' | 'engine-from-data' | 'function-not-here';
type Row = readonly [key: string, ...cells: Cell[]];

const ok = 'ok';
const no = 'context-not-here';
const run = 'data-in-run';
const power = 'engine-from-data';

const ROWS: readonly Row[] = [
  //                  inputs run workflow git  env  steps loop matrix secrets github
  ['workflow-env', ok, ok, ok, ok, no, no, no, no, ok, ok],
  ['outputs', ok, ok, ok, ok, no, ok, no, no, no, ok],
  ['if', ok, ok, ok, ok, ok, ok, no, no, no, ok],
  ['env', ok, ok, ok, ok, ok, ok, no, no, ok, ok],
  ['run', run, ok, ok, run, run, run, no, no, run, run],
  ['prompt', ok, ok, ok, ok, ok, ok, no, no, no, ok],
  ['system', ok, ok, ok, ok, ok, ok, no, no, no, ok],
  ['model', ok, ok, ok, ok, ok, ok, no, no, no, ok],
  ['engine', power, power, power, power, power, power, power, power, power, power],
  ['agent', power, power, power, power, power, power, power, power, power, power],
  ['working-directory', ok, ok, ok, ok, ok, ok, no, no, no, ok],
  ['artifacts', ok, ok, ok, ok, ok, ok, no, no, no, ok],
  ['concurrency', ok, ok, ok, ok, ok, ok, no, no, no, ok],
  ['group', ok, ok, ok, ok, no, no, no, no, no, ok],
  ['matrix', ok, ok, ok, ok, no, ok, no, no, no, ok],
  ['rubric', ok, ok, ok, ok, ok, ok, no, no, no, ok],
  ['matrix value', ok, ok, ok, ok, no, ok, no, no, no, ok],
  ['with', ok, ok, ok, ok, ok, ok, no, no, no, ok],
  ['message', ok, ok, ok, ok, ok, ok, no, no, no, ok],
  ['show', ok, ok, ok, ok, ok, ok, no, no, no, ok],
  ['require', ok, ok, ok, ok, ok, ok, no, no, no, ok],
  ['approve-if', ok, ok, ok, ok, ok, ok, no, no, no, ok],
  ['until', ok, ok, ok, ok, no, ok, ok, no, no, ok],
  ['while', ok, ok, ok, ok, no, ok, ok, no, no, ok],
  ['loop: env', ok, ok, ok, ok, ok, ok, ok, no, ok, ok],
  ['loop: prompt', ok, ok, ok, ok, ok, ok, ok, no, no, ok],
  ['loop: run', run, ok, ok, run, run, run, ok, no, run, run],
  ['loop: if', ok, ok, ok, ok, ok, ok, ok, no, no, ok],
  ['matrix: if', ok, ok, ok, ok, ok, ok, no, no, no, ok],
  ['matrix: env', ok, ok, ok, ok, ok, ok, no, ok, ok, ok],
  ['matrix: run', run, ok, ok, run, run, run, no, ok, run, run],
  ['matrix: prompt', ok, ok, ok, ok, ok, ok, no, ok, no, ok],
  ['finally: env', ok, ok, ok, ok, ok, ok, no, no, ok, ok],
  ['finally: if', ok, ok, ok, ok, ok, ok, no, no, no, ok],
];

const FUNCTIONS = ['success()', 'failure()', 'always()', 'canceled()', "hashFiles('*.ts')"] as const;

/** What differs within a context. */
const MORE: Readonly<Record<string, (key: string) => Cell | 'unknown-property'>> = {
  'run.status': (key) =>
    key.startsWith('finally') ? 'ok' : key.endsWith('run') ? 'data-in-run' : 'unknown-property',
  'run.attempt': () => 'ok',
  'run.started-at': () => 'ok',
  'workflow.path': (key) => (key.endsWith('run') ? 'data-in-run' : 'ok'),
  'workflow.sha256': () => 'ok',
  'git.sha': () => 'ok',
  'git.dirty': (key) => (key.endsWith('run') ? 'data-in-run' : 'ok'),
  'github.event.anything.at.all': (key) => (key.endsWith('run') ? 'data-in-run' : 'ok'),
  "toJSON('a')": () => 'ok',
};

const RULED: ReadonlySet<string> = new Set(['if', 'loop: if', 'matrix: if', 'finally: if']);

const bare = (read: string) => `contains(format('{0}', ${read}), 'x')`;
const fence = (read: string) => `a \${{ ${read} }}`;

/** A workflow in which the key stands, with the expression in it. */
function workflowWith(key: string, read: string): string {
  const [place, own] = key.includes(': ') ? key.split(': ') : ['', key];
  const steps: object[] = [{ id: 'first', run: 'true' }];
  if (own === 'rubric') steps.push({ id: 'many', run: 'true', matrix: { n: [1, 2] } });
  const last: object[] = [];
  const step = stepWith(own ?? '', read);
  if (place === 'loop') steps.push({ id: 'round', loop: { max: 2, until: "run.id == 'x'", steps: [step] } });
  else if (place === 'matrix') steps.push({ ...step, matrix: { os: ['a', 'b'] } });
  else if (place === 'finally') last.push(step);
  else if (step !== undefined) steps.push(step);
  return JSON.stringify({
    name: 'w',
    inputs: { text: { type: 'string', required: true } },
    secrets: ['TOKEN'],
    env: { NAME: 'x', ...(key === 'workflow-env' ? { OTHER: fence(read) } : {}) },
    agents: { coder: { engine: 'claude-code', access: 'read' } },
    steps,
    ...(last.length > 0 ? { finally: last } : {}),
    ...(key === 'outputs' ? { outputs: { one: read } } : {}),
    ...(key === 'group' ? { concurrency: { group: fence(read) } } : {}),
  });
}

function stepWith(key: string, read: string): object {
  const prompt = { id: 'mine', prompt: 'do it', engine: 'claude-code', access: 'read' };
  const command = { id: 'mine', run: 'true' };
  switch (key) {
    case 'if':
      return { ...command, if: bare(read) };
    case 'env':
      return { ...command, env: { MINE: fence(read) } };
    case 'run':
      return { ...command, run: `echo ${fence(read)}` };
    case 'prompt':
    case 'system':
    case 'model':
      return { ...prompt, [key]: fence(read) };
    case 'engine':
      return { ...prompt, engine: `\${{ ${read} }}` };
    case 'agent':
      return { id: 'mine', prompt: 'do it', agent: `\${{ ${read} }}` };
    case 'working-directory':
    case 'concurrency':
    case 'artifacts':
      return { ...command, [key]: fence(read) };
    case 'matrix':
      return { ...command, matrix: { os: `\${{ fromJSON(format('{0}', ${read})) }}` } };
    case 'rubric':
      return { id: 'mine', reduce: { from: 'many', mode: 'compare', agent: 'coder', rubric: fence(read) } };
    case 'matrix value':
      return { ...command, matrix: { os: ['a', fence(read)], include: [{ more: fence(read) }] } };
    case 'with':
      return { id: 'mine', uses: './part.yml', with: { a: fence(read), b: [{ c: `\${{ ${read} }}` }] } };
    case 'message':
      return { id: 'mine', gate: { message: fence(read) } };
    case 'show':
      return { id: 'mine', gate: { message: 'go on?', show: [read] } };
    case 'require':
    case 'approve-if':
      return { id: 'mine', gate: { message: 'go on?', [key]: bare(read) } };
    case 'until':
    case 'while':
      return { id: 'mine', loop: { max: 2, [key]: bare(read), steps: [{ run: 'true' }] } };
    default:
      return command;
  }
}

const PART = 'name: part\ninputs: { a: { type: json }, b: { type: json } }\nsteps: [{ run: echo }]\n';

const world = worldAt(import.meta.dirname, { readFile: () => ({ ok: true, value: PART }) });

const errorsOf = async (text: string): Promise<readonly string[]> => {
  const { diagnostics } = await workflowOf({ path: 'w.yml', text }, world);
  return [...new Set(diagnostics.filter(({ severity }) => severity === 'error').map(({ code }) => code))];
};

describe('what may be read where', () => {
  for (const [key, ...cells] of ROWS)
    test.each(CONTEXTS.map((context, column) => [context, cells[column]] as const))(
      `${key} reads %s: %s`,
      async (context, cell) => {
        expect(await errorsOf(workflowWith(key, READ[context]))).toEqual(cell === 'ok' ? [] : [cell]);
      },
    );

  test.each(ROWS.map(([key]) => key).filter((key) => key !== 'engine' && key !== 'agent'))(
    'status functions are there in `if` alone: %s',
    async (key) => {
      for (const call of FUNCTIONS) {
        const everywhere = call.startsWith('hashFiles');
        const expected = everywhere || RULED.has(key) ? [] : ['function-not-here'];
        expect([call, ...(await errorsOf(workflowWith(key, call)))]).toEqual([call, ...expected]);
      }
    },
  );

  test.each(ROWS.map(([key]) => key).filter((key) => key !== 'engine' && key !== 'agent'))(
    'what differs within a context: %s',
    async (key) => {
      for (const [read, cell] of Object.entries(MORE)) {
        const expected = cell(key);
        const found = await errorsOf(workflowWith(key, read));
        if (expected === 'ok') expect([read, ...found]).toEqual([read]);
        else expect(found, read).toContain(expected);
      }
    },
  );

  test('each place of the checker has its row', () => {
    const rows = new Set(ROWS.map(([key]) => key));
    for (const place of Object.keys(READABLE)) expect(rows).toContain(place);
    for (const row of ROWS) expect(row).toHaveLength(CONTEXTS.length + 1);
  });
});
