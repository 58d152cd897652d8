// Shows names that could be taken for others as what they are, and takes them as they are, through the built program.
import { beforeAll, expect, it } from 'vitest';
import { built } from '../support/built.ts';
import { say } from './project.ts';
import { agentProject, words } from './tree-project.ts';

beforeAll(built);

const ODD = 'line\nbreak';
const QUOTED = '"line\\nbreak"';

/** Two names that were shown alike: one has a line break where the other has a blank. */
const SCRIPT = `printf x > "$(printf 'line\\nbreak')"; printf x > 'line break'; printf x > 'quo"te'; printf y > "$(printf 'e\\033[31m')"`;

it('quotes the names of files in all that is said of them', async () => {
  const project = agentProject(SCRIPT);
  const names = `"e\\033[31m", ${QUOTED}, line break, "quo\\"te"`;
  const ran = await say(project, 'run w');
  expect(ran).toMatchObject({ code: 0 });
  expect(ran.stdout).toContain(`changed 4 files: ${names}\n`);
  expect((await say(project, 'status @last')).stdout).toContain(names);
  for (const line of ['diff @last', 'diff @last --stat'])
    expect((await say(project, line)).stdout).toContain('line\\nbreak"');
  const listed = await say(project, 'restore @last --before --dry-run');
  expect(listed.stdout.split('\n').filter((line) => line.startsWith('  '))).toEqual([
    '  D "e\\033[31m"  +0 -1',
    `  D ${QUOTED}  +0 -1`,
    '  D line break  +0 -1',
    '  D "quo\\"te"  +0 -1',
  ]);
  const json = JSON.parse((await say(project, 'diff @last --json')).stdout) as { files: { path: string }[] };
  expect(json.files.map(({ path }) => path).sort()).toEqual(['e\u001b[31m', ODD, 'line break', 'quo"te']);
});

it('takes a name as it is behind `--`', async () => {
  const project = agentProject(SCRIPT);
  expect((await say(project, 'run w')).code).toBe(0);
  const shown = await words(project, ['diff', '@last', 'fix', '--stat', '--', ODD]);
  expect(shown.stdout).toContain('line\\nbreak');
  expect(shown.stdout).toContain('1 file changed');
  expect(await words(project, ['restore', '@last', '--before', '--', ODD])).toMatchObject({ code: 0 });
  expect(Object.keys(project.picture())).toContain('line break');
  expect(Object.keys(project.picture())).not.toContain(ODD);
  const unknown = await words(project, ['restore', '@last', '--before', '--', 'no\nsuch']);
  expect(unknown.stderr).toContain('"no\\nsuch" is in none of the recordings');
  const back = await words(project, ['restore', '@last', 'fix', '--after', '--', ODD]);
  expect(back.stdout).toContain(`  A ${QUOTED}  +1 -0\n`);
  expect(project.read(ODD)).toBe('x');
});

it('quotes them where an attempt is undone, and where a merge collides', async () => {
  const project = agentProject(
    `${SCRIPT}; exit 1`,
    {},
    'steps:\n  - { id: fix, engine: claude-code, access: write, prompt: Mend it., retry: { attempts: 1 }, continue-on-error: true }\n  - run: "true"\n',
  );
  const ran = await say(project, 'run w');
  expect(ran.stderr + ran.stdout).toContain(QUOTED);
  const two = `workspace: isolated, needs: [] }`;
  const collides = agentProject(
    `printf "$CODEMACHINE_STEP" > "$(printf 'line\\nbreak')"`,
    {},
    `steps:\n  - { id: one, engine: claude-code, access: write, prompt: One., ${two}\n  - { id: two, engine: claude-code, access: write, prompt: Two., ${two}\n`,
  );
  const collided = await say(collides, 'run w');
  expect(collided.code).toBe(1);
  expect(collided.stdout).toContain(`collides with what is in the tree by now: ${QUOTED}`);
  expect((await say(collides, 'apply @last two')).stderr).toContain(`collides with the tree in ${QUOTED}\n`);
});
