// Merges changes of isolated steps around gates through the built program.
import { beforeAll, expect, it } from 'vitest';
import { eventsOf, projectWith, say } from '../commands/project.ts';
import { built } from '../support/built.ts';
import { of } from '../support/event-check.ts';

beforeAll(built);

const isolated = (id: string, needs: string): string =>
  `  - { id: ${id}, needs: [${needs}], run: "ls > seen-by-${id}.txt", workspace: isolated }\n`;
const gate = (id: string): string => `  - { id: ${id}, needs: [], gate: { message: Go on? } }\n`;

it('a merge waits for no gate but for that of a mate, and says so', async () => {
  const steps = [gate('first'), gate('second'), isolated('a', ''), isolated('b', 'first')];
  const project = projectWith({ w: `steps:\n${steps.join('')}${isolated('c', 'second')}` });
  const begun = await eventsOf(project, 'run w');
  expect(begun.code).toBe(3);
  expect(of(begun.events, 'change-merged').map(({ step }) => step)).toEqual(['a']);
  expect(project.read('seen-by-a.txt')).not.toContain('seen-by-b');

  expect(await say(project, 'approve @last first')).toMatchObject({ code: 0 });
  expect((await say(project, 'resume @last')).code).toBe(3);
  const { stdout } = await say(project, 'status @last');
  expect(stdout).toMatch(/ b +done, merged when these are done: c, behind second\b/);

  expect(await say(project, 'approve @last second')).toMatchObject({ code: 0 });
  const ended = await eventsOf(project, 'resume @last');
  expect(ended.code).toBe(0);
  expect(of(ended.events, 'change-merged').map(({ step }) => step)).toEqual(['b', 'c']);
  expect(of(ended.events, 'step-started').map(({ step }) => step)).toEqual(['c']);
  for (const id of ['b', 'c']) {
    expect(project.read(`seen-by-${id}.txt`)).toContain('seen-by-a.txt');
    expect(project.read(`seen-by-${id}.txt`)).not.toMatch(/seen-by-(b|c).txt\n.*seen-by-(b|c)/);
  }
});
