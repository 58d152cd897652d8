// Shows loops with their bodies, and matrices with their axes, in every form of a plan.
import { describe, expect, test } from 'vitest';
import type { LoopStep } from '../../src/model/workflow.ts';
import { type GraphFormat, graph } from '../../src/plan/graph.ts';
import { planWorkflow } from '../../src/plan/plan.ts';
import { agent, shell, workflow } from './steps.ts';

const at = { start: 0, end: 0 };
const matrix = {
  axes: { os: ['a', 'b'], part: { text: ' steps.list.outputs.parts ', at } },
  include: [{ os: 'a', fast: true }],
  exclude: [],
  maxParallel: 2,
  failFast: false,
};
const { shell: _, script: __, outputs: ___, ...common } = shell(1, 'build', ['list']);
const inner: LoopStep = {
  ...{ ...common, id: shell(1, 'inner', []).id, needs: shell(1, 'x', ['code']).needs },
  ...{ kind: 'loop', max: 2, onExhausted: 'continue', while: { text: 'loop.index < 3', at } },
  steps: [shell(1, 'lint', [])],
};
const build: LoopStep = {
  ...{ ...common, kind: 'loop', max: 4, onExhausted: 'fail' },
  until: { text: 'steps.test.exit-code == 0', at },
  steps: [agent(1, 'code', []), inner, shell(1, 'test', ['inner'], { continueOnError: true })],
};
const flow = workflow([shell(0, 'list', []), build, shell(2, 'check', ['build'], { matrix })]);
const planned = planWorkflow(flow).plan;
if (planned === undefined) throw new Error('no plan');
const shown = (format: GraphFormat) => graph(planned, flow, format);

describe('a plan with bodies', () => {
  test('has a plan of each body, batches and all', () => {
    const [, loop] = planned.steps;
    expect(loop?.body?.batches).toEqual([['code'], ['inner'], ['test']]);
    expect(loop?.body?.steps[1]?.body?.batches).toEqual([['lint']]);
    expect(planned.batches).toEqual([['list'], ['build'], ['check']]);
  });

  test('shows a body below its loop', () => {
    expect(shown('text')).toContain(
      [
        '  build  loop, at most 4 times · until steps.test.exit-code == 0',
        '    code   prompt · claude-code · write',
        '    inner  loop, at most 2 times · while loop.index < 3 · goes on when exhausted',
        '      lint  run',
        '    test   run · may fail',
      ].join('\n'),
    );
    expect(shown('text')).toContain(
      'check  run · matrix (os: 2, part: steps.list.outputs.parts, include: 1), 2 at once',
    );
  });

  test('lists a body under its loop for programs', () => {
    const { batches, steps } = JSON.parse(shown('json')) as {
      batches: unknown;
      steps: Record<string, unknown>;
    };
    expect(batches).toEqual([['list'], ['build'], ['check']]);
    expect(Object.keys(steps)).toEqual(['list', 'build', 'check']);
    expect(steps['build']).toMatchObject({
      ...{ kind: 'loop', max: 4, until: 'steps.test.exit-code == 0', 'on-exhausted': 'fail' },
      batches: [['code'], ['inner'], ['test']],
      steps: { inner: { kind: 'loop', steps: { lint: { kind: 'run' } } } },
    });
    expect(steps['check']).toMatchObject({
      matrix: {
        os: ['a', 'b'],
        part: '${{ steps.list.outputs.parts }}',
        include: [{ os: 'a', fast: true }],
        'max-parallel': 2,
      },
    });
  });

  test('draws a body as a box behind its loop', () => {
    expect(shown('mermaid')).toContain(
      '  subgraph s1_body["body of build"]\n    s1_0\n    s1_1\n    s1_2\n  end\n  s1 -.-> s1_body\n',
    );
    expect(shown('mermaid')).toContain('  s1_0 --> s1_1\n  s1_1 --> s1_2\n');
    expect(shown('dot')).toContain(
      '  subgraph cluster_s1 {\n    label="body of build";\n    s1; s1_0; s1_1; s1_2;\n  }\n  s1 -> s1_0 [style=dotted];\n',
    );
    expect(shown('dot')).toContain('s2 [label="check\\nper os, part"');
  });
});
