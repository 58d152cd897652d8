/** Shows, cell by cell, which context and which function may be used in which key. */
import { describe, expect, test } from 'vitest';
import { complaints, type Sketch, type StepSketch } from './build.ts';

/** Puts an expression into one key of one step, with everything around it that it may read. */
const KEYS: Record<string, (expr: string) => Sketch> = {
  if: (expr) => inStep({ if: expr }),
  'if in finally': (expr) => inFinally({ if: expr }),
  env: (expr) => inStep({ env: { X: fence(expr) } }),
  'env of the workflow': (expr) => ({ ...AROUND, env: { ...AROUND.env, X: fence(expr) } }),
  prompt: (expr) => inStep({ prompt: `a ${fence(expr)} b` }),
  'prompt in finally': (expr) => inFinally({ prompt: fence(expr) }),
  system: (expr) => inStep({ prompt: 'p', system: fence(expr) }),
  model: (expr) => inStep({ prompt: 'p', model: fence(expr) }),
  'working-directory': (expr) => inStep({ workingDirectory: fence(expr) }),
  run: (expr) => inStep({ run: `echo ${fence(expr)}` }),
  'message of a gate': (expr) => inStep({ gate: { message: `a ${fence(expr)} b` } }),
  'show of a gate': (expr) => inStep({ gate: { show: expr } }),
  'approve-if of a gate': (expr) => inStep({ gate: { approveIf: expr } }),
  'require of a gate': (expr) => inStep({ gate: { require: expr } }),
  outputs: (expr) => ({ ...AROUND, outputs: { x: expr } }),
};

const AROUND = {
  inputs: { a: { type: 'string' } },
  env: { V: 'v' },
  secrets: ['S'],
  steps: [{ id: 'first', run: 'true' }],
} satisfies Sketch;

const inStep = (step: StepSketch): Sketch => ({
  ...AROUND,
  steps: [...AROUND.steps, { id: 'second', ...step }],
});
const inFinally = (step: StepSketch): Sketch => ({ ...AROUND, finally: [{ id: 'last', ...step }] });
const fence = (expr: string) => `\${{ ${expr} }}`;

const EVERYWHERE = Object.keys(KEYS);
const IN_STEPS = EVERYWHERE.filter((key) => key !== 'outputs' && key !== 'env of the workflow');
const DATA_FREE = EVERYWHERE.filter((key) => key !== 'run');

/** Where each may be used; everywhere else it is refused. */
const ALLOWED: Record<string, readonly string[]> = {
  'inputs.a': DATA_FREE,
  'run.id': EVERYWHERE,
  'run.attempt': EVERYWHERE,
  'run.started-at': EVERYWHERE,
  'run.status': ['if in finally', 'prompt in finally'],
  'workflow.name': EVERYWHERE,
  'workflow.path': DATA_FREE,
  'workflow.sha256': EVERYWHERE,
  'git.sha': EVERYWHERE,
  'git.branch': DATA_FREE,
  'git.dirty': DATA_FREE,
  'env.V': IN_STEPS.filter((key) => key !== 'run'),
  'steps.first.stdout': DATA_FREE.filter((key) => key !== 'env of the workflow'),
  'secrets.S': ['env', 'env of the workflow'],
  'github.ref': DATA_FREE,
  'github.event.anything.at.all': DATA_FREE,
  'loop.index': [],
  'matrix.os': [],
  "hashFiles('*.ts')": EVERYWHERE,
  'hashFiles(inputs.a)': EVERYWHERE,
  "toJSON('a')": EVERYWHERE,
  'success()': ['if', 'if in finally'],
  'failure()': ['if', 'if in finally'],
  'always()': ['if', 'if in finally'],
  'canceled()': ['if', 'if in finally'],
  'cancelled()': ['if', 'if in finally'],
  "changed('*.ts')": [],
};

const cells = Object.entries(ALLOWED).flatMap(([expr, allowed]) =>
  EVERYWHERE.map((key) => [expr, key, allowed.includes(key)] as const),
);

describe('what may be used where', () => {
  test.each(cells)('%s in %s: %s', (expr, key, allowed) => {
    const sketch = KEYS[key]?.(expr) ?? {};
    expect(complaints(sketch).length === 0, complaints(sketch).join('\n')).toBe(allowed);
  });
});

test('a step that is refused as a whole may speak of its loop and matrix', () => {
  const sketch = inStep({ prompt: '${{ matrix.os }} ${{ loop.index }} ${{ nope.a }}' });
  expect(complaints(sketch, ['second'])).toEqual(['unknown-context: nope']);
});

test('the names of contexts are known for what people bring along', () => {
  expect(complaints(inStep({ if: 'needs.first.result' }))).toEqual(['unknown-context: needs']);
  expect(complaints(inStep({ if: 'input.a' }))).toEqual(['unknown-context: input']);
  expect(complaints(inStep({ if: 'inputs.a == yes' }))).toEqual(['unknown-context: yes']);
  expect(complaints(inStep({ if: 'always' }))).toEqual(['unknown-context: always']);
});

test('secrets do not come out through the environment or as a whole', () => {
  const env = { TOKEN: '${{ secrets.S }}', PLAIN: 'p' };
  expect(complaints(inStep({ env, prompt: '${{ env.TOKEN }}' }))).toEqual(['secret-by-env: env.TOKEN']);
  expect(complaints(inStep({ env, prompt: "${{ env['token'] }}" }))).toEqual(["secret-by-env: env['token']"]);
  expect(complaints(inStep({ env, prompt: '${{ toJSON(env) }}' }))).toEqual(['whole-context: env']);
  expect(complaints(inStep({ env, prompt: '${{ env[inputs.a] }}' }))).toEqual(['whole-context: env']);
  expect(complaints(inStep({ env, prompt: '${{ env.PLAIN }}' }))).toEqual([]);
  expect(complaints(inStep({ env: { PLAIN: 'p' }, prompt: '${{ toJSON(env) }}' }))).toEqual([]);
  expect(complaints(inStep({ env: { X: '${{ toJSON(secrets) }}' } }))).toEqual(['whole-context: secrets']);
  expect(complaints(inStep({ env: { X: '${{ secrets[inputs.a] }}' } }))).toEqual(['whole-context: secrets']);
  expect(complaints(inStep({ env: { X: '${{ secrets.T }}' } }))).toEqual(['unknown-property: secrets.T']);
});

test('while variables are computed, those are there that are fixed or stand above', () => {
  const env = (variables: Record<string, string>) => complaints(inStep({ env: variables }));
  expect(env({ A: '${{ env.V }}', B: '${{ env.A }}', C: '${{ env.D }}', D: 'd' })).toEqual([]);
  expect(env({ A: '${{ env.B }}', B: '${{ inputs.a }}' })).toEqual(['unknown-property: env.B']);
  expect(env({ A: '${{ env.A }}' })).toEqual(['unknown-property: env.A']);
  expect(env({ A: '${{ secrets.S }}', B: '${{ env.A }}' })).toEqual(['secret-by-env: env.A']);
});

test('only declared variables are there, unless an env-file may declare more', () => {
  expect(complaints(inStep({ if: "env.W == 'a'" }))).toEqual(['unknown-property: env.W']);
  expect(complaints({ ...inStep({ if: "env.W == 'a'" }), envFiles: 1 })).toEqual([]);
});
