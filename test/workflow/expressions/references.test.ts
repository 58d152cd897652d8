/** Shows which steps, properties, functions and comparisons are refused before anything runs. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { evaluate } from '../../../src/workflow/evaluate.ts';
import { complaints, diagnostics, type Sketch, type StepSketch } from './build.ts';

const SCHEMA = {
  type: 'object',
  required: ['risk', 'files', 'free'],
  properties: {
    risk: { enum: ['low', 'high'] },
    count: { type: 'integer' },
    files: { type: 'array', items: { type: 'object', properties: { path: { type: 'string' } } } },
    free: { type: 'object', additionalProperties: true },
    map: { type: 'object', additionalProperties: { type: 'number' } },
    tree: { $ref: '#/$defs/tree' },
  },
  $defs: {
    tree: { type: 'object', properties: { left: { $ref: '#/$defs/tree' }, right: { $ref: '#/$defs/tree' } } },
  },
};

const INPUTS = {
  text: { type: 'string' },
  number: { type: 'number' },
  flag: { type: 'boolean' },
  pick: { type: 'choice', options: ['one', 'two'] },
  any: { type: 'json' },
} as const;

/** What is said of an `if` behind one agent step and one shell step. */
function conditions(text: string): string[] {
  return complaints(around({ if: text }));
}

function hints(text: string): (string | undefined)[] {
  return diagnostics(around({ if: text })).map(({ diagnostic }) => diagnostic.suggestion);
}

function around(step: StepSketch): Sketch {
  return {
    inputs: INPUTS,
    steps: [
      { id: 'plan', prompt: 'p', output: SCHEMA },
      { id: 'talk', prompt: 'p' },
      { id: 'test', run: 'true', outputs: { version: 'string', coverage: 'number', data: 'json' } },
      { id: 'last', ...step },
    ],
  };
}

describe('what can be read', () => {
  test.each([
    "steps.plan.output.risk == 'high'",
    "steps['plan']['output']['risk'] == 'HIGH'",
    'Steps.Plan.Output.Risk',
    'steps.plan.output.files[0].path',
    'toJSON(steps.plan.output.files.*.path)',
    "join(steps.plan.output.files.*.path, ',')",
    'steps.plan.output.files[inputs.number].path',
    'steps.plan.output.free.anything.at.all',
    'steps.plan.output.free[inputs.text]',
    'steps.plan.output.map.some > 1',
    'steps.plan.output.tree.left.right.left',
    'steps.plan.usage.input-tokens > 1000',
    'steps.plan.usage.usd',
    "steps.plan.engine == 'codex' && steps.plan.model && steps.plan.session && steps.plan.text",
    'steps.test.exit-code == 0',
    'steps.test.exit-code != null',
    "steps.test.outputs.version == '1.0'",
    'steps.test.outputs.coverage >= 80',
    'steps.test.outputs.data.any.thing[0]',
    "steps.test.status == 'succeeded' && steps.test.failure.reason == 'timeout'",
    'steps.test.duration > 1000 && steps.test.attempts == 1',
    'steps.test.artifacts[0].sha256 && steps.test.artifacts.*.path',
    "contains(steps.test.stdout, 'x') || steps.test.stderr",
    'inputs.number > 1 && inputs.flag == true',
    "inputs.pick == 'one'",
    'inputs.any.deep == 1',
    "fromJSON(steps.test.stdout).a.b == 'c'",
    "(inputs.flag && 'a' || 'b') == 'a'",
    'always() && !cancelled()',
  ])('%s', (text) => {
    expect(conditions(text)).toEqual([]);
  });
});

describe('what is refused', () => {
  test.each([
    ['steps.plna.text', 'unknown-step: steps.plna', 'did you mean `plan`?'],
    ['steps', 'whole-context: steps', 'name one: `steps.<id>`'],
    ['steps.*.status', 'whole-context: steps', 'name one: `steps.<id>`'],
    ['steps[inputs.text].status', 'dynamic-index: steps[inputs.text]', 'name the property'],
    ['steps.last.stdout', 'self-reference: steps.last', expect.stringContaining('ends before this one')],
    ['steps.test.stdot', 'unknown-property: steps.test.stdot', 'did you mean `stdout`?'],
    ['steps.test.exit_code', 'unknown-property: steps.test.exit_code', 'did you mean `exit-code`?'],
    ['steps.test.outcome', 'unknown-property: steps.test.outcome', 'read `status`'],
    [
      'steps.test.output',
      'unknown-property: steps.test.output',
      'a `run` step has `outputs.<name>`, as declared under its `outputs:`',
    ],
    ['steps.test.text', 'unknown-property: steps.test.text', 'a `run` step has a `stdout`'],
    ['steps.test.outputs.versoin', 'unknown-property: steps.test.outputs.versoin', 'did you mean `version`?'],
    [
      'steps.test.outputs.other',
      'unknown-property: steps.test.outputs.other',
      'declare it under the `outputs:` of `test`: `other: string`',
    ],
    [
      'steps.test.failure.message',
      'unknown-property: steps.test.failure.message',
      'name one that it has, such as `reason`',
    ],
    [
      'steps.test.stdout.x',
      'unknown-property: steps.test.stdout.x',
      'it is a string; `fromJSON(…)` reads one that holds JSON',
    ],
    [
      'steps.talk.output',
      'unknown-property: steps.talk.output',
      'give `talk` an `output:` schema to read its answer',
    ],
    ['steps.plan.stdout', 'unknown-property: steps.plan.stdout', "an agent's final message is its `text`"],
    ['steps.plan.output.rsik', 'unknown-property: steps.plan.output.rsik', 'did you mean `risk`?'],
    [
      'steps.plan.output.files.path',
      'unknown-property: steps.plan.output.files.path',
      'it is a list: `[0]` is its first item, `.*` all of them',
    ],
    ['steps.plan.output[inputs.text]', 'dynamic-index: steps.plan.output[inputs.text]', 'name the property'],
    ['inputs.txt', 'unknown-property: inputs.txt', 'did you mean `text`?'],
    ['inputs.elsewhere', 'unknown-property: inputs.elsewhere', 'declare it under `inputs:`'],
    ['run.status', 'unknown-property: run.status', 'a run has a status in `finally` only'],
    ['git.shaa', 'unknown-property: git.shaa', 'did you mean `sha`?'],
    ['github.refname', 'unknown-property: github.refname', 'did you mean `ref_name`?'],
    ['contain(inputs.text, 1)', 'unknown-function: contain', 'did you mean `contains()`?'],
    ['constructor(1)', 'unknown-function: constructor', expect.stringContaining('known are `contains`')],
    ['always(1)', 'arity: always', 'write `always()`'],
    ['hashFiles()', 'arity: hashFiles', 'write `hashFiles(…)` with at least 1 argument'],
    ["steps.test.exit-code == '0'", "never-equal: steps.test.exit-code == '0'", 'write `0` without quotes'],
    ["inputs.flag != 'true'", "never-equal: inputs.flag != 'true'", 'write `true` without quotes'],
    ['inputs.text == 5', 'never-equal: inputs.text == 5', "write `'5'` in quotes"],
    ['inputs.text == null', 'never-equal: inputs.text == null', expect.stringContaining('of one type')],
    ["'a' < 1", "never-ordered: 'a' < 1", "write `'1'` in quotes"],
    ["inputs.number >= '5'", "never-ordered: inputs.number >= '5'", 'write `5` without quotes'],
    [
      "steps.test.status == 'success'",
      "not-a-value: steps.test.status == 'success'",
      'did you mean `succeeded`?',
    ],
    [
      "steps.plan.output.risk != 'hihg'",
      "not-a-value: steps.plan.output.risk != 'hihg'",
      'did you mean `high`?',
    ],
    [
      "inputs.pick == 'three'",
      "not-a-value: inputs.pick == 'three'",
      'compare it with what `inputs.pick` can be',
    ],
    [
      "steps.plan.text == 'yes'",
      "text-compared: steps.plan.text == 'yes'",
      expect.stringContaining('`output:` schema'),
    ],
    [
      "'yes' != (steps.plan.text)",
      "text-compared: 'yes' != (steps.plan.text)",
      expect.stringContaining('`output:` schema'),
    ],
  ])('%s', (text, complaint, hint) => {
    expect(conditions(text)).toEqual([complaint]);
    expect(hints(text)).toEqual([hint]);
  });

  test('everything in one expression at once', () => {
    expect(conditions("steps.plna.text && inputs.txt || nope() == 'a'")).toEqual([
      'unknown-step: steps.plna',
      'unknown-property: inputs.txt',
      'unknown-function: nope',
    ]);
  });

  test('one mistake is one complaint, whatever is read of what is not there', () => {
    expect(conditions('steps.plna.output.a.b[0].c == 1 && inputs.txt.more > 2')).toHaveLength(2);
  });
});

describe('order', () => {
  const step = (id: string, needs: string[] | undefined, reads?: string): StepSketch => ({
    id,
    ...(needs === undefined ? {} : { needs }),
    ...(reads === undefined ? {} : { if: `steps.${reads}.stdout` }),
  });
  const said = (...steps: StepSketch[]) => complaints({ steps });

  test('the steps above are certain to have ended, near and far', () => {
    expect(said(step('a', []), step('b', undefined), step('c', undefined, 'b'))).toEqual([]);
    expect(said(step('a', []), step('b', undefined), step('c', undefined, 'a'))).toEqual([]);
  });

  test('a step that is not behind is refused, with what to add', () => {
    const steps = [step('a', []), step('b', []), step('c', ['b'], 'a')];
    expect(said(...steps)).toEqual(['step-not-before: steps.a']);
    expect(diagnostics({ steps })[0]?.diagnostic.suggestion).toBe('add `a` to `needs`');
  });

  test('a step that runs afterwards is refused, and adding it to `needs` is not advised', () => {
    const steps = [step('a', [], 'b'), step('b', undefined)];
    expect(said(...steps)).toEqual(['step-not-before: steps.b']);
    expect(diagnostics({ steps })[0]?.diagnostic.suggestion).toContain('runs after');
  });

  test('a diamond, written in any order of lines', () => {
    const steps = [step('d', ['b', 'c'], 'a'), step('b', ['a'], 'a'), step('c', ['a']), step('a', [])];
    expect(said(...steps)).toEqual([]);
    expect(said(...steps.slice(0, 3), step('a', []), step('e', ['b'], 'c'))).toEqual([
      'step-not-before: steps.c',
    ]);
  });

  test('a cycle or an unknown need is somebody else’s complaint', () => {
    expect(said(step('a', ['b'], 'c'), step('b', ['a']), step('c', []))).toEqual([]);
    expect(said(step('a', ['gone'], 'c'), step('c', []))).toEqual([]);
  });

  test('a step that is refused as a whole is not judged', () => {
    expect(complaints({ steps: [step('a', [], 'looped')] }, ['looped'])).toEqual([]);
    expect(complaints({ steps: [step('a', [], 'body')] }, ['body'])).toEqual([]);
  });

  test('a step without an id of its own cannot be named', () => {
    const [only] = diagnostics({ steps: [{ run: 'true' }, { id: 'b', if: 'steps.step-1.stdout' }] });
    expect(only?.diagnostic).toMatchObject({
      code: 'unknown-step',
      suggestion: expect.stringContaining('`id: step-1`'),
    });
  });

  test('finally and outputs see every step of the main list, and no step of finally', () => {
    const sketch = {
      steps: [step('a', []), step('b', [])],
      finally: [step('x', [], 'a'), { id: 'y', if: 'steps.x.stdout' }],
      outputs: { o: 'steps.b.stdout', p: 'steps.x.stdout', q: 'steps.c.stdout' },
    };
    expect(complaints(sketch)).toEqual([
      'step-not-before: steps.x',
      'step-not-before: steps.x',
      'unknown-step: steps.c',
    ]);
    expect(complaints({ steps: [step('a', [], 'x')], finally: [step('x', [])] })).toEqual([
      'step-not-before: steps.x',
    ]);
  });

  test('a long line in which every step reads the first and the one above is judged, and rightly', () => {
    const steps = Array.from({ length: 300 }, (_, i): StepSketch => {
      const reads = i === 0 ? undefined : `steps.s${i - 1}.stdout && steps.s${i >> 1}.stdout`;
      return { id: `s${i}`, ...(reads === undefined ? {} : { if: reads }) };
    });
    expect(said(...steps)).toEqual([]);
    expect(said(...steps, step('free', [], 's5'))).toEqual(['step-not-before: steps.s5']);
  });
});

test('an expression that does not parse was reported when it was read', () => {
  expect(complaints({ steps: [{ id: 'a' }] })).toEqual([]);
});

describe('whatever the expression', () => {
  const atom = fc.constantFrom(
    'null',
    'true',
    '1',
    "'a'",
    'inputs',
    'inputs.any',
    'inputs.pick',
    'steps.plan.output',
    'steps.test.exit-code',
    'steps.plan.output.files.*.path',
    'steps.nope',
    'env',
    'github.event',
    'nope',
  );
  const { tree } = fc.letrec<{ tree: string }>((tie) => ({
    tree: fc.oneof(
      { maxDepth: 4 },
      atom,
      fc
        .tuple(tie('tree'), fc.constantFrom('==', '!=', '<', '>=', '&&', '||'), tie('tree'))
        .map(([a, operator, b]) => `(${a} ${operator} ${b})`),
      fc
        .tuple(fc.constantFrom('contains', 'join', 'format', 'hashFiles', 'nope'), tie('tree'), tie('tree'))
        .map(([name, a, b]) => `${name}(${a}, ${b})`),
      fc.tuple(fc.constantFrom('toJSON', 'fromJSON', '!'), tie('tree')).map(([name, a]) => `${name}(${a})`),
      fc.tuple(tie('tree'), tie('tree')).map(([a, b]) => `(${a})[${b}]`),
      fc.tuple(tie('tree'), fc.constantFrom('a', 'risk', '*')).map(([a, name]) => `(${a}).${name}`),
    ),
  }));

  test('it is checked, and one that is taken finds every name it asks for', () => {
    const NOWHERE = { start: 0, end: 0 };
    const contexts = {
      inputs: { text: 't', number: 1, flag: true, pick: 'one', any: { a: 1 } },
      steps: { plan: { output: null }, talk: {}, test: { 'exit-code': 0 } },
      env: {},
      github: { event: {} },
    };
    const functions = { hashFiles: () => '0' };
    fc.assert(
      fc.property(tree, (text) => {
        if (conditions(text).length > 0) return;
        const result = evaluate({ text, at: NOWHERE }, { contexts, functions });
        expect(result.ok ? '' : result.error).not.toMatch(/cannot be (read|called) here/);
      }),
    );
  });
});
