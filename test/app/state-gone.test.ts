// Takes the state away under a run that uses it.
import { existsSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { projectWith, say } from '../commands/project.ts';
import { built } from '../support/built.ts';

beforeAll(built);

it.each([
  ['in the middle', '  - { id: later, run: touch later }\n'],
  ['in its last step', ''],
])('a run whose state a step removes %s stops and says so', async (_, more) => {
  const project = projectWith({
    w: `steps:\n  - { id: one, run: "true" }\n  - { id: clean, run: git clean -fdxq }\n${more}`,
  });
  const { code, stdout, stderr } = await say(project, 'run w');
  expect(stderr).toContain('.codemachine/state was removed or replaced');
  expect(stderr).toContain('git clean -fdx -e .codemachine/state');
  expect(stderr).not.toContain('owns');
  expect(stderr).not.toContain('defect');
  expect(stdout).not.toContain('codemachine resume');
  expect(stdout).not.toContain('succeeded after');
  expect(code).toBe(2);
  expect(existsSync(path.join(project.root, 'later'))).toBe(false);
});

it('a run whose state is gone is stopped while its step goes on', async () => {
  const project = projectWith({
    w: 'steps:\n  - { id: clean, run: git clean -fdxq; until test -e never; do sleep 0.02; done }\n',
  });
  const { code, stderr } = await say(project, 'run w');
  expect(stderr).toContain('was removed or replaced');
  expect(code).toBe(2);
});

it('a step that cleans as it is told leaves the run alone', async () => {
  const project = projectWith({
    w: 'steps:\n  - { id: clean, run: git clean -fdxq -e .codemachine/state }\n  - { id: later, run: touch later }\n',
  });
  project.write('waste.txt', '');
  expect(await say(project, 'run w')).toMatchObject({ code: 0, stderr: '' });
  expect(existsSync(path.join(project.root, 'waste.txt'))).toBe(false);
});
