// Shows `changed()` through the built program: what the run has changed, wherever a step asks for it.
import { beforeAll, describe, expect, it } from 'vitest';
import { ends, eventsOf, projectWith, say } from '../commands/project.ts';
import { built } from '../support/built.ts';
import { of } from '../support/event-check.ts';
import type { Project } from '../support/repository.ts';

beforeAll(built);

async function ran(project: Project, line = 'run w') {
  const { code, events } = await eventsOf(project, line);
  expect(code).toBe(0);
  return events;
}

describe('changed()', () => {
  it('is about what the run has changed, and not what was changed before it', async () => {
    const project = projectWith(
      {
        w: `steps:
  - { id: before, run: echo, if: changed('**') }
  - { id: make, run: mkdir -p src; echo new > src/new.ts; rm c.txt; echo x > x.log }
  - { id: made, run: echo, if: "changed('src/**') && changed('c.txt') && !changed('b.txt', 'a.txt')" }
  - { id: but, run: echo, if: "changed('src/**', '!**/*.ts')" }
  - { id: ignored, run: echo, if: "changed('x.log')" }
  - { id: told, run: echo "$T", env: { T: "\${{ changed('src/**') && 'yes' || 'no' }}" } }
  - { id: apart, run: echo "$T", env: { T: "\${{ changed('src/**') }}" }, workspace: isolated }
  - { id: back, run: rm -r src; echo c > c.txt }
  - { id: after, run: echo, if: changed('**') }
finally:
  - { id: last, run: echo, if: changed('**') }
`,
      },
      { 'b.txt': 'b\n', 'c.txt': 'c\n', '.gitignore': '*.log\n' },
    );
    project.write('b.txt', 'edited by the user\n');
    project.write('untracked.txt', 'of the user\n');
    const events = await ran(project);
    expect(ends(events)).toEqual({
      ...{ before: 'skipped', make: 'succeeded', made: 'succeeded', but: 'skipped', ignored: 'skipped' },
      ...{ told: 'succeeded', apart: 'succeeded', back: 'succeeded', after: 'skipped', last: 'skipped' },
    });
    const said = of(events, 'step-succeeded').filter(({ step }) => step === 'told' || step === 'apart');
    expect(said.map(({ stdout }) => stdout)).toEqual(['yes', 'true']);
  });

  it('ends loops and passes gates, with what there is when it is asked', async () => {
    const project = projectWith({
      w: `steps:
  - loop:
      max: 5
      while: "!changed('three')"
      until: changed('two')
      steps: [{ id: next, run: "if test -e one; then touch two; else touch one; fi" }]
  - { id: pass, gate: { message: Go on?, approve-if: "changed('two')", require: "!changed('three')" } }
`,
    });
    const events = await ran(project);
    expect(of(events, 'loop-decided')).toHaveLength(2);
    expect(of(events, 'gate-decided')).toMatchObject([{ decision: 'approve', unasked: 'approve-if' }]);
  });

  it('is asked again by a resume, against the tree in which the run was begun', async () => {
    const project = projectWith({
      w: `steps:
  - { id: make, run: touch made }
  - { id: stop, run: test -e ../ready }
  - { id: made, run: echo, if: changed('made') }
`,
    });
    expect((await say(project, 'run w')).code).toBe(1);
    project.write('../ready', '');
    expect(ends(await ran(project, 'resume @last'))).toMatchObject({ made: 'succeeded' });
  });
});
