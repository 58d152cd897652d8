// Shows through the built program what a plan says of earlier runs.
import { beforeAll, expect, it } from 'vitest';
import { projectWith, say } from '../commands/project.ts';
import { built } from '../support/built.ts';

beforeAll(built);

const STEPS = `steps:
  - { id: make, run: echo x, cache: { inputs: [a.txt] } }
  - { id: fix, engine: claude-code, access: read, prompt: Look., if: "false" }
`;

it('a plan tells what its steps took before, and names what is unknown', async () => {
  const project = projectWith({ w: STEPS });
  const before = (await say(project, 'plan w')).stdout;
  expect(before).toContain('run · cached by a.txt');
  expect(before).toContain('time and cost: unknown, there is no earlier run to tell');
  expect((await say(project, 'run w')).code).toBe(0);
  // What was reused took nothing, and says nothing of what the step takes.
  expect((await say(project, 'run w')).code).toBe(0);
  const { stdout } = await say(project, 'plan w');
  expect(stdout).toMatch(/make +\S+ · 1 execution\n/);
  expect(stdout).toMatch(/in all at least \S+ .*; time unknown of fix; cost unknown of fix\n/);
  const json = JSON.parse((await say(project, 'plan w --graph json')).stdout);
  expect(json.estimate.steps).toMatchObject({
    make: { usd: 0, of: 1, 'duration-ms': expect.any(Number) },
    fix: { usd: null, of: 0, 'duration-ms': null },
  });
  expect(json.estimate.unknown).toEqual({ time: ['fix'], cost: ['fix'] });
});
