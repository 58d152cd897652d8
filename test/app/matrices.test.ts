// Shows through the built program that a matrix runs its step once per combination, and is seen.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { ends, eventsOf, projectWith, say } from '../commands/project.ts';
import { built } from '../support/built.ts';

beforeAll(built);

const PARTS = `
steps:
  - id: list
    run: echo 'parts=["a","b c"]' >> "$CODEMACHINE_OUTPUT"
    outputs: { parts: json }
  - id: test
    matrix:
      part: \${{ steps.list.outputs.parts }}
      n: [1, 2]
      exclude: [{ n: 2, part: a }]
    run: test ! -e "broken-$PART" && echo "$PART \${{ matrix.n }}"
    env: { PART: "\${{ matrix.part }}" }
  - id: after
    run: echo "$ALL"
    env: { ALL: "\${{ join(steps.test.instances.*.stdout, '|') }}" }
outputs:
  all: steps.after.stdout
`;

describe('a matrix', () => {
  it('runs its step once per combination', async () => {
    const { code, events } = await eventsOf(projectWith({ w: PARTS }), 'run w');
    expect(code).toBe(0);
    expect(ends(events)).toEqual({
      list: 'succeeded',
      test: 'succeeded',
      'test[a,1]': 'succeeded',
      'test[b-c,1]': 'succeeded',
      'test[b-c,2]': 'succeeded',
      after: 'succeeded',
    });
    expect(events.at(-1)).toMatchObject({ outputs: { all: 'a 1|b c 1|b c 2' } });
  });

  it('is shown by plan, status and logs, and resumed where it failed', async () => {
    const project = projectWith({ w: PARTS });
    writeFileSync(path.join(project.root, 'broken-a'), '');
    expect((await say(project, 'run w')).code).toBe(1);
    expect((await say(project, 'plan w')).stdout).toContain('matrix (part: steps.list.outputs.parts, n: 2)');
    expect((await say(project, 'status @last')).stdout).toMatch(/test [^\n]*\n[^\n]*test\[a,1\]/);
    expect((await say(project, 'logs @last test[b-c,2]')).stdout).toBe('b c 2\n');
    writeFileSync(path.join(project.root, '.gitkeep'), '');
    project.git('clean', '-fq', 'broken-a');
    const { code, events } = await eventsOf(project, 'resume @last');
    expect(code).toBe(0);
    expect(events.flatMap((e) => (e.type === 'step-started' ? [e.step] : []))).toEqual([
      'test',
      'test[a,1]',
      'after',
    ]);
    expect(events.at(-1)).toMatchObject({ outputs: { all: 'a 1|b c 1|b c 2' } });
  });
});
