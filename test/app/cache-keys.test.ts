// Shows that results are told apart by the whole key of their execution, and that a result which is not taken says why.
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Event } from '../../src/model/event.ts';
import { eventsOf, projectWith, say } from '../commands/project.ts';
import { built } from '../support/built.ts';
import { of } from '../support/event-check.ts';
import type { Project } from '../support/repository.ts';

beforeAll(built);

async function ran(project: Project): Promise<readonly Event[]> {
  const { code, events } = await eventsOf(project, 'run w');
  expect(code).toBe(0);
  return events;
}

function times(project: Project): number {
  const file = path.join(project.root, '../made');
  return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n').length : 0;
}

const MAKE = `echo x >> "$HOME/../made"; mkdir -p d; echo "$N $(cat a.txt)" > "d/$N.txt"`;
const step = (n: string, more = ''): string =>
  `id: make\n    run: ${MAKE}\n    env: { N: "\${{ ${n} }}" }\n    cache: { inputs: [a.txt] }\n${more}`;
const nested = (n: string): string => step(n).replaceAll('\n    ', '\n          ');
const part = (name: string): string => `name: ${name}\nsteps:\n  - ${step(`workflow.name`)}`;

const SHAPES: readonly [string, Record<string, string>, number][] = [
  [
    'instances of a matrix',
    { w: `steps:\n  - ${step('matrix.n', '    matrix: { n: [a, b], max-parallel: 1 }\n')}` },
    2,
  ],
  [
    'isolated instances of a matrix',
    { w: `steps:\n  - ${step('matrix.n', '    matrix: { n: [a, b] }\n    workspace: isolated\n')}` },
    2,
  ],
  [
    'iterations of a loop',
    {
      w: `steps:\n  - id: l\n    loop:\n      max: 3\n      until: loop.index == 3\n      steps:\n        - ${nested('loop.index')}`,
    },
    3,
  ],
  [
    'steps of two used workflows',
    {
      w: 'steps:\n  - { id: p, uses: ./one.yml }\n  - { id: q, uses: ./two.yml }\n',
      one: part('one'),
      two: part('two'),
    },
    2,
  ],
];

describe('a result of the cache', () => {
  it.each(SHAPES)('is taken where only what others wrote differs: %s', async (_, files, each) => {
    const project = projectWith(files);
    await ran(project);
    expect(times(project)).toBe(each);
    expect(of(await ran(project), 'cache-missed')).toEqual([]);
    project.write('a.txt', 'b\n');
    await ran(project);
    expect(times(project)).toBe(2 * each);
    const again = await ran(project);
    expect(of(again, 'cache-missed')).toEqual([]);
    expect(times(project)).toBe(2 * each);
    const [last] = readdirSync(path.join(project.root, 'd')).sort().reverse();
    rmSync(path.join(project.root, 'd', last ?? ''));
    await ran(project);
    // What is told of that file is that it was mended: only the execution that writes it is made.
    expect(times(project)).toBe(2 * each + 1);
    expect(readdirSync(path.join(project.root, 'd'))).toHaveLength(each);
  });

  it('is not taken for an iteration that found its file as it was to be and another one changed', async () => {
    const project = projectWith(
      {
        w: `steps:
  - id: l
    loop:
      max: 2
      until: loop.index == 2
      steps:
        - { id: make, run: 'echo x >> "$HOME/../made"; echo "$N" > n.txt', env: { N: "\${{ loop.index }}" }, cache: {} }
        - { id: use, run: cat n.txt }
`,
      },
      { 'n.txt': '1\n' },
    );
    await ran(project);
    const events = await ran(project);
    const said = of(events, 'step-succeeded').flatMap(({ step, stdout }) =>
      step.endsWith('.use') ? [stdout] : [],
    );
    expect(said).toEqual(['1', '2']);
    expect(of(events, 'cache-missed')[0]?.because).toMatch(
      /^n.txt, which it writes, is not as it was when run \d\S+ made the result$/,
    );
  });

  it.each<[string, (project: Project) => void, RegExp]>([
    [
      'a file is gone that was there',
      (project) => rmSync(path.join(project.root, 'a.txt')),
      /^a.txt is gone, which was there when run \d\S+ made the result$/,
    ],
    [
      'an artifact is gone',
      ({ stateDir }) => rmSync(path.join(stateDir, 'artifacts'), { recursive: true }),
      /^the artifact one.txt of run \d\S+ is gone$/,
    ],
  ])('that is not taken says why, and nothing is damaged by it: %s', async (_, change, why) => {
    const project = projectWith({
      w: 'steps:\n  - { id: make, run: echo x >> ../made; echo 1 > one.txt, artifacts: one.txt, cache: {} }\n',
    });
    await ran(project);
    change(project);
    const events = await ran(project);
    expect(of(events, 'cache-missed')).toMatchObject([
      { step: 'make', attempt: 1, because: expect.stringMatching(why) },
    ]);
    expect(of(events, 'step-succeeded')[0]).toMatchObject({ attempt: 1 });
    expect(times(project)).toBe(2);
    expect((await say(project, 'doctor')).stdout).not.toContain('damaged');
    expect((await say(project, 'status @last')).code).toBe(0);
  });
});
