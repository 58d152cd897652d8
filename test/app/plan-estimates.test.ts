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
  expect(stdout).toMatch(/make +\S+ · 1 run\n/);
  expect(stdout).toMatch(/in all at least \S+ .*; time unknown of fix; cost unknown of fix\n/);
  const json = JSON.parse((await say(project, 'plan w --graph json')).stdout);
  expect(json.estimate.steps).toMatchObject({
    make: { usd: 0, of: 1, 'duration-ms': expect.any(Number) },
    fix: { usd: null, of: 0, 'duration-ms': null },
  });
  expect(json.estimate.unknown).toEqual({ time: ['fix'], cost: ['fix'] });
});

it('a plan tells what would be reused, and what differs where nothing would', async () => {
  const project = projectWith({
    w: `steps:
  - { id: first, run: echo said }
  - { id: make, run: echo "$SAID", env: { SAID: "\${{ steps.first.stdout }}" }, cache: { inputs: ["in/**"], env: [FLAVOUR] } }
  - { id: own, run: echo "$RUN", env: { RUN: "\${{ run.id }}" }, cache: {} }
`,
  });
  project.write('in/a.txt', 'a\n');
  expect((await say(project, 'plan w')).stdout).not.toContain('would be reused');
  expect((await say(project, 'run w')).code).toBe(0);
  const outlook = async (env = {}) => {
    const { stdout } = await say(project, 'plan w', { env });
    return Object.fromEntries(
      [...stdout.matchAll(/^ {2}(make|own) +(would.*|is made.*)$/gm)].map(([, id, says]) => [id, says]),
    );
  };
  const same = await outlook();
  expect(same['make']).toMatch(/^would be reused \(cache, run \d/);
  // It is told which run it is in, so it never comes from the same.
  expect(same['own']).toBe('is made: env: RUN changed');
  expect((await outlook({ FLAVOUR: 'sweet' }))['make']).toBe('is made: env: FLAVOUR changed');
  project.write('in/a.txt', 'b\n');
  project.write('in/b.txt', 'b\n');
  expect((await outlook())['make']).toBe('is made: inputs: in/a.txt changed, in/b.txt is new');
  const json = JSON.parse((await say(project, 'plan w --graph json')).stdout);
  expect(json.cache.make).toEqual({
    'taken-from': null,
    because: ['inputs: in/a.txt changed, in/b.txt is new'],
  });
});

it('a plan looks up each instance of a matrix, and does not say of what is in loops and used workflows that it is made', async () => {
  const cached = 'cache: { inputs: [a.txt] }';
  const project = projectWith({
    w: `steps:
  - { id: fan, matrix: { n: [x, "y"] }, run: 'echo "$N"', env: { N: "\${{ matrix.n }}" }, workspace: isolated, ${cached} }
  - { id: p, uses: ./part.yml }
  - { id: l, loop: { max: 1, until: "true", steps: [{ id: in, run: echo l, ${cached} }] } }
`,
    part: `steps:\n  - { id: one, run: echo 1, ${cached} }\n`,
  });
  const outlook = async () => {
    const { stdout } = await say(project, 'plan w');
    const [, text = ''] = stdout.split('cache, if');
    return Object.fromEntries(
      [...text.matchAll(/^ {2}(\S+) +(would be reused|is made.*|not known.*)/gm)].map((m) => [m[1], m[2]]),
    );
  };
  const inside = {
    'p.one': 'not known yet: known when it runs',
    'l.in': 'not known yet: known when it runs',
  };
  expect((await say(project, 'run w')).code).toBe(0);
  expect(await outlook()).toEqual({ 'fan[x]': 'would be reused', 'fan[y]': 'would be reused', ...inside });
  const json = JSON.parse((await say(project, 'plan w --graph json')).stdout);
  expect(json.cache['l.in']).toEqual({ 'taken-from': null, known: false, because: ['known when it runs'] });
});
