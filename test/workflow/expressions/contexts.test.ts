/** Shows what may be read of each context where it is there. */
import { expect, test } from 'vitest';
import { complaints, type Sketch, type StepSketch } from './build.ts';

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
