// What the flags of `run` change.
import { beforeAll, describe, expect, it } from 'vitest';
import { built } from '../support/built.ts';
import { strictEvents } from '../support/event-check.ts';
import { ends, eventsOf, projectWith, say } from './project.ts';

beforeAll(built);

describe('flags', () => {
  const ORDER = `
steps:
  - { id: a, needs: [], run: 'true' }
  - { id: b, needs: [], run: exit 1 }
  - { id: c, needs: a, run: 'true' }
`;

  it('--only and --skip leave out, and count as skipped', async () => {
    const project = projectWith({ w: ORDER });
    const only = await eventsOf(project, 'run w --only c');
    expect(only.code).toBe(0);
    expect(ends(only.events)).toEqual({ a: 'skipped', b: 'skipped', c: 'succeeded' });
    expect(ends((await eventsOf(project, 'run w --skip [bc]')).events)).toEqual({
      a: 'succeeded',
      b: 'skipped',
      c: 'skipped',
    });
  });

  it('--fail-fast starts nothing after a failure', async () => {
    const steps = 'steps:\n  - { id: b, run: exit 1 }\n  - { id: d, needs: [], run: "true" }\n';
    const project = projectWith({ w: steps });
    const slow = await eventsOf(project, 'run w --max-parallel 1');
    expect(ends(slow.events)).toEqual({ b: 'failed', d: 'succeeded' });
    const fast = await eventsOf(project, 'run w --max-parallel 1 --fail-fast');
    expect(ends(fast.events)['d']).not.toBe('succeeded');
    expect(fast.code).toBe(1);
  });

  it('--max-parallel holds how many run at once', async () => {
    const steps = Array.from({ length: 6 }, () => '  - needs: []\n    run: sleep 0.01\n').join('');
    const project = projectWith({ w: `max-parallel: 6\nsteps:\n${steps}` });
    const { events } = await eventsOf(project, 'run w --max-parallel 2');
    let [now, most] = [0, 0];
    for (const { type } of events) {
      if (type === 'step-started') most = Math.max(most, ++now);
      if (type === 'step-succeeded') now--;
    }
    expect(most).toBe(2);
  });

  it('--detach goes on alone and says where to look', async () => {
    const project = projectWith({
      w: 'steps:\n  - id: wait\n    run: until test -e go; do sleep 0.02; done\n',
    });
    const { code, stdout, stderr } = await say(project, 'run w --detach');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^\d{8}-\d{6}-\w+\n$/);
    expect(stderr).toContain(`codemachine status ${stdout.trim()} --watch`);
    project.write('go', '');
    const watched = await say(project, 'status @last --watch --json');
    expect(strictEvents(watched.stdout).at(-1)).toMatchObject({ type: 'run-finished', status: 'succeeded' });
  });

  it('--detach shows what is refused, with its exit code', async () => {
    const project = projectWith({ w: 'steps: []\n' });
    const { code, stdout, stderr } = await say(project, 'run w --detach');
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('w.yml');
  });
});

it('chooses a loop and a matrix as a whole, and says so of a part', async () => {
  const project = projectWith({
    w: `steps:
  - id: build
    loop:
      max: 2
      until: steps.test.exit-code == 0
      steps:
        - { id: test, run: "true" }
        - id: inner
          loop: { max: 2, until: steps.deep.exit-code == 0, steps: [{ id: deep, run: "true" }] }
  - { id: lint, run: "true", matrix: { os: [a, b] } }
finally:
  - { id: clean, run: "true" }
`,
  });
  const loop = '`build`, which is chosen as a whole: write `build`';
  for (const [glob, words] of [
    ['test', `it stands in the loop ${loop}`],
    ['deep', `it stands in the loop ${loop}`],
    ['build[*].test', '`build` is a loop, which is chosen as a whole: write `build`'],
    ['!build[2].test', '`build` is a loop, which is chosen as a whole: write `build`'],
    ['lint[a]', '`lint` is a matrix, which is chosen as a whole: write `lint`'],
    ['clean', '`clean` stands under `finally`, where every step always has its turn'],
    ['cl*', '`clean` stands under `finally`, where every step always has its turn'],
    ['tset', 'no step has such an id; the steps are build, lint'],
  ] as const)
    for (const flag of ['--only', '--skip'])
      for (const command of ['run', 'plan'])
        expect(await say(project, `${command} w ${flag} ${glob}`)).toMatchObject({
          ...{ code: 2, stdout: '' },
          stderr: expect.stringContaining(`${flag} ${glob}: ${words}`),
        });
  expect((await say(project, 'run w --only build')).code).toBe(0);
});
