// Goes on, through the built program, with changes that a person merged by hand.
import { beforeAll, describe, expect, it } from 'vitest';
import { built } from '../support/built.ts';
import { of } from '../support/event-check.ts';
import type { Project } from '../support/repository.ts';
import { ends, eventsOf, say } from './project.ts';
import { agentProject, usersSide, words } from './tree-project.ts';

beforeAll(built);

const agent = (id: string, more = ''): string =>
  `  - { id: ${id}, needs: [], engine: claude-code, access: write, prompt: Do ${id}., workspace: isolated${more} }\n`;

const WORKFLOW = `steps:
${agent('left')}${agent('right')}  - { id: after, needs: [right], run: "cat a.txt; cat right.txt" }
  - { id: quiet, needs: [right], if: "always() && steps.right.status == 'succeeded'", run: echo quiet }
`;

const SCRIPT =
  'echo $CODEMACHINE_STEP >> $HOME/asked; echo $CODEMACHINE_STEP > a.txt; echo x > $CODEMACHINE_STEP.txt';

/** `left` is merged, `right` collides with it in `a.txt`. */
async function collided(files: Readonly<Record<string, string>> = {}): Promise<Project> {
  const project = agentProject(SCRIPT, files, WORKFLOW);
  expect(await say(project, 'run w')).toMatchObject({ code: 1 });
  return project;
}

function asked(project: Project): string {
  return project.read('../home/asked');
}

async function next(project: Project): Promise<readonly string[]> {
  const { stdout } = await say(project, 'status');
  const [, block = ''] = /next:\n((?: {2}.*\n)*)/.exec(stdout) ?? [];
  return block
    .trim()
    .split('\n')
    .map((line) => line.trim().replace(/ \d{8}-\S+/, ''));
}

describe('resume --resolved', () => {
  it('takes what stands in the checkout as the merge, and makes nothing again', async () => {
    const project = await collided();
    expect(await next(project)).toEqual([
      'codemachine diff right --conflict',
      'codemachine apply right --markers',
      'codemachine resume --resolved right',
      'codemachine resume',
      'codemachine diff left',
    ]);
    const side = usersSide(project);
    expect(await say(project, 'apply @last right --markers')).toMatchObject({ code: 1 });
    const refused = await say(project, 'resume @last --resolved right');
    expect(refused).toMatchObject({ code: 2, stdout: '' });
    expect(refused.stderr).toContain('a.txt:1, a.txt:5');
    expect(refused.stderr).toMatch(/decide there, then `codemachine resume \S+ --resolved right` again/);
    project.write('a.txt', 'left and right\n');
    project.write('mine.txt', 'mine\n');
    const { code, events } = await eventsOf(project, 'resume @last --resolved right');
    expect(ends(events)).toEqual({ right: 'succeeded', after: 'succeeded', quiet: 'succeeded' });
    expect(code).toBe(0);
    expect(of(events, 'step-started').map(({ step }) => step)).toEqual(['after', 'quiet']);
    expect(of(events, 'change-merged')).toMatchObject([
      { step: 'right', attempt: 1, files: ['a.txt', 'right.txt'] },
    ]);
    expect(of(events, 'step-succeeded').find(({ step }) => step === 'after')?.stdout).toBe(
      'left and right\nx',
    );
    expect(asked(project).split('\n').sort().join(' ').trim()).toBe('left right');
    expect(usersSide(project)).toEqual(side);
    // What the step's merge was is known like any other: taken back, and put there again.
    expect(await say(project, 'restore @last right --before')).toMatchObject({ code: 0 });
    expect(project.read('a.txt')).toBe('left\n');
    expect(project.read('mine.txt')).toBe('mine\n');
    expect(await say(project, 'restore @last right --after')).toMatchObject({ code: 0 });
    expect(project.read('a.txt')).toBe('left and right\n');
  });

  it('has the result that the work had, spent once', async () => {
    const reads =
      '  - { id: after, needs: [right], env: { TEXT: "${{ steps.right.text }}" }, run: echo "$TEXT" }';
    const project = agentProject(SCRIPT, {}, `steps:\n${agent('left')}${agent('right')}${reads}\n`);
    const ran = await say(project, 'run w');
    expect(ran).toMatchObject({ code: 1, stderr: '' });
    project.write('a.txt', 'both\n');
    const before = JSON.parse((await say(project, 'status --json')).stdout) as { usage: unknown };
    const { events } = await eventsOf(project, 'resume @last --resolved right');
    expect(of(events, 'step-succeeded').find(({ step }) => step === 'after')?.stdout).toBe('done');
    const after = JSON.parse((await say(project, 'status --json')).stdout) as { usage: unknown };
    expect(before.usage).toMatchObject({ 'input-tokens': 20 });
    expect(after.usage).toEqual(before.usage);
  });

  it('takes a change of which nothing was wanted', async () => {
    const project = await collided();
    const { code, events } = await eventsOf(project, 'resume @last --resolved right');
    expect(of(events, 'change-merged')).toEqual([]);
    expect(ends(events)).toMatchObject({ right: 'succeeded', after: 'failed' });
    expect(code).toBe(1);
    expect(project.read('a.txt')).toBe('left\n');
  });

  it.each([
    [
      'an instance',
      `  - { id: fix, matrix: { n: [x, y] }, run: "echo $N > a.txt", env: { N: "\${{ matrix.n }}" }, workspace: isolated }`,
      'fix[y]',
    ],
    [
      'an iteration',
      `  - id: again
    loop:
      max: 2
      until: "true"
      steps:
        - { id: one, run: echo one > a.txt, workspace: isolated }
        - { id: two, needs: [], run: echo two > a.txt, workspace: isolated }`,
      'again[1].two',
    ],
  ])('is said of %s too', async (_, steps, key) => {
    const project = agentProject('', {}, `steps:\n${steps}\n  - run: cat a.txt\n`);
    const ran = await say(project, 'run w');
    expect(ran.code).toBe(1);
    expect(ran.stdout).toContain(`--resolved '${key}'`);
    await words(project, ['apply', '@last', key, '--markers']);
    expect((await say(project, 'resume @last')).code).toBe(2);
    project.write('a.txt', 'both\n');
    const { code, events } = await eventsOf(project, `resume @last --resolved ${key}`);
    expect(code).toBe(0);
    expect(of(events, 'step-started').filter(({ kind }) => kind === 'run')).toHaveLength(1);
    expect(of(events, 'step-succeeded').at(-1)?.stdout).toBe('both');
    expect(await say(project, 'status')).toMatchObject({ code: 0 });
  });

  it('is refused for what has no conflict, and for a run that has succeeded', async () => {
    const project = await collided();
    const none = await say(project, 'resume @last --resolved left');
    expect(none).toMatchObject({ code: 2, stdout: '' });
    expect(none.stderr).toMatch(/step left of run \S+ has no merge conflict: it is succeeded/);
    expect(none.stderr).toContain('those that have: right');
    const unknown = await say(project, 'resume @last --resolved rihgt');
    expect(unknown).toMatchObject({ code: 2 });
    expect(unknown.stderr).toContain('did you mean `right`?');
    expect(await say(project, 'resume @last --resolved right --updated')).toMatchObject({ code: 2 });
    project.write('a.txt', 'both\n');
    project.write('right.txt', 'x\n');
    expect(await say(project, 'resume @last --resolved right')).toMatchObject({ code: 0 });
    const again = await say(project, 'resume @last --resolved right');
    expect(again).toMatchObject({ code: 2 });
    expect(again.stderr).toContain('has succeeded');
  });
});

describe('resume without it', () => {
  it('is refused while markers stand where a change collided, with both moves', async () => {
    const project = await collided();
    const before = project.picture();
    await say(project, 'apply @last right --markers');
    const refused = await say(project, 'resume @last');
    expect(refused).toMatchObject({ code: 2, stdout: '' });
    expect(refused.stderr).toContain('a.txt:1, a.txt:5');
    expect(refused.stderr).toMatch(/`codemachine resume \S+ --resolved right` goes on with that/);
    expect(refused.stderr).toMatch(/`codemachine resume \S+` makes the step again/);
    expect(JSON.parse((await say(project, 'status --json')).stdout)).toMatchObject({ attempt: 1 });
    const [, back = ''] = /`codemachine (restore [^`]*)`/.exec(refused.stderr) ?? [];
    expect(await say(project, `${back} --yes`)).toMatchObject({ code: 0 });
    expect(project.picture()).toEqual(before);
    expect(await say(project, 'resume @last')).toMatchObject({ code: 0 });
    expect(project.read('a.txt')).toBe('right\n');
    expect(asked(project).match(/right/g)).toHaveLength(2);
  });

  it('does not mind lines of the file itself that look like markers', async () => {
    const project = agentProject(
      'printf "%s\\n" "<<<<<<< a text" $CODEMACHINE_STEP ">>>>>>> a text" > a.txt',
      {},
      WORKFLOW.replace(/cat right.txt/, 'true'),
    );
    await say(project, 'run w');
    project.write('a.txt', '<<<<<<< a text\nboth\n>>>>>>> a text\n');
    expect(await say(project, 'resume @last --resolved right')).toMatchObject({ code: 0 });
  });
});

describe('status and diff', () => {
  it('say that a change was applied by hand, not that it is not merged', async () => {
    const never = `  - { id: never, needs: [], run: echo n > n.txt, workspace: { mode: isolated, merge: never } }\n`;
    const project = agentProject(SCRIPT, {}, `steps:\n${agent('left')}${agent('right')}${never}`);
    await say(project, 'run w');
    const ended = JSON.parse((await say(project, 'status --json')).stdout) as Record<string, unknown>;
    expect((await say(project, 'status')).stdout).toContain('not merged into the tree');
    await say(project, 'apply @last never');
    await say(project, 'apply @last right --markers');
    const { stdout } = await say(project, 'status');
    expect(stdout).not.toContain('not merged into the tree');
    expect(stdout).toMatch(/what never changed was applied by hand at \d\d:\d\d:\d\d UTC\n/);
    expect(stdout).toMatch(/what right changed was applied by hand at \S+ UTC, with markers/);
    expect(stdout.split('next:')[1]).not.toContain('codemachine apply');
    expect(stdout).toMatch(/next:\n {2}codemachine resume \S+ --resolved right\n/);
    expect((await say(project, 'diff @last never')).stderr).toMatch(
      /the change of `never` was applied by hand/,
    );
    const now = JSON.parse((await say(project, 'status --json')).stdout) as {
      steps: { step: string; applied?: unknown }[];
    };
    expect(now).toMatchObject({ 'changed-at': ended['changed-at'], status: 'failed' });
    expect(now.steps.find(({ step }) => step === 'right')?.applied).toMatchObject({ conflicts: true });
    expect(await say(project, 'doctor')).toMatchObject({ code: 0 });
  });
});
