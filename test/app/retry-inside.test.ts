// Retries runs that failed inside a matrix, a loop, a used workflow: what is finished there is not made again.
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Event } from '../../src/model/event.ts';
import { ends, eventsOf, projectWith, say } from '../commands/project.ts';
import { built } from '../support/built.ts';
import { startCli } from '../support/cli.ts';
import { of } from '../support/event-check.ts';
import type { Project } from '../support/repository.ts';
import { AGENT, asked, BEST_OF, judgeProject } from './judge-project.ts';
import { killingGit } from './killing-git.ts';
import { scriptAgent } from './scripted-agent.ts';

beforeAll(built);

const started = (events: readonly Event[]): readonly string[] =>
  of(events, 'step-started').map(({ step }) => step);

const usage = (events: readonly Event[]): unknown => of(events, 'run-finished')[0]?.usage['output-tokens'];

const files = (project: Project): readonly string[] =>
  Object.keys(project.picture()).filter((name) => /^(fix|build|code).*\.txt$/.test(name));

const FAN = `
steps:
  - id: fix
    matrix: { who: [a, b, c] }
    engine: claude-code
    access: write
    workspace: isolated
    prompt: go
  - { id: after, run: ls fix-*.txt }
outputs: { all: "toJSON(steps.fix.instances.*.status)", files: steps.after.stdout }
`;
const EACH = 'who="${CODEMACHINE_STEP//[^a-z]/}"; echo "$who" >> "fix-$who.txt"';

describe('a matrix of which one failed', () => {
  async function failed(workflow: string): Promise<Project> {
    const project = projectWith({ w: workflow });
    scriptAgent(project, `${EACH}; test "$CODEMACHINE_STEP" != 'fix[b]'`);
    expect((await say(project, 'run w')).code).toBe(1);
    scriptAgent(project, EACH);
    return project;
  }

  it('makes that one again, and keeps what the others changed, through a retry of the retry', async () => {
    const project = await failed(FAN);
    const { code, events } = await eventsOf(project, 'retry @last');
    expect(code).toBe(0);
    expect(started(events)).toEqual(['fix', 'fix[b]', 'after']);
    expect(usage(events)).toBe(2);
    expect(of(events, 'run-finished')[0]?.outputs).toEqual({
      all: JSON.stringify(['succeeded', 'succeeded', 'succeeded'], null, 2),
      files: 'fix-fixa.txt\nfix-fixb.txt\nfix-fixc.txt',
    });
    expect(project.read('fix-fixa.txt')).toBe('fixa\n');
    const again = await eventsOf(project, 'retry @last --from after');
    expect(started(again.events)).toEqual(['after']);
    // Of both runs before, each where it was made.
    const all = await eventsOf(project, 'retry @last --from fix');
    expect(all.code).toBe(0);
    expect(started(all.events)).toEqual(['fix', 'fix[a]', 'fix[b]', 'fix[c]', 'after']);
    expect(project.read('fix-fixa.txt')).toBe('fixa\n');
    expect(project.read('fix-fixb.txt')).toBe('fixb\n');
  });

  it('in the shared tree takes back what that one left, and nothing of the others', async () => {
    const project = await failed(
      FAN.replace(/ +workspace: isolated\n/, '').replace('c] }', 'c], max-parallel: 1 }'),
    );
    expect(files(project)).toEqual(['fix-fixa.txt', 'fix-fixb.txt', 'fix-fixc.txt']);
    scriptAgent(project, `test ! -e fix-fixb.txt; test -e fix-fixa.txt; test -e fix-fixc.txt; ${EACH}`);
    const { code, events } = await eventsOf(project, 'retry @last');
    expect(code).toBe(0);
    expect(started(events)).toEqual(['fix', 'fix[b]', 'after']);
  });

  it('is not begun with one instance by name', async () => {
    const project = await failed(FAN);
    const refused = await say(project, 'retry @last --from fix[b]');
    expect(refused).toMatchObject({ code: 2 });
    expect(refused.stderr).toContain('`--from fix` runs all of it again');
  });

  it('begins from nothing where something differs that it is told', async () => {
    const project = await failed(FAN);
    const file = '.codemachine/workflows/w.yml';
    project.write(file, project.read(file).replace('prompt: go', 'prompt: go well'));
    const { code, events } = await eventsOf(project, 'retry @last --updated');
    expect(code).toBe(0);
    expect(started(events)).toEqual(['fix', 'fix[a]', 'fix[b]', 'fix[c]', 'after']);
  });
});

const ROUNDS = `
steps:
  - id: build
    loop:
      max: 3
      until: loop.index == 3
      steps:
        - { id: code, engine: claude-code, access: write, session: continue, prompt: go }
        - { id: mind, run: "false", continue-on-error: true }
        - { id: test, run: 'test "$I" != 2 || test -e ../ready', env: { I: "\${{ loop.index }}" } }
  - { id: after, run: 'echo "$ALL"', env: { ALL: "\${{ join(steps.mind.executions.*.status) }} \${{ steps.build.count }}" } }
outputs: { all: steps.after.stdout }
`;

describe('a loop that failed in an iteration', () => {
  it('goes on in that one, with what the ones before came to', async () => {
    const project = projectWith({ w: ROUNDS });
    const work = 'echo "$CODEMACHINE_STEP" >> code.txt; echo "$*" >> ../sessions';
    scriptAgent(project, work);
    expect((await say(project, 'run w')).code).toBe(1);
    project.write('../ready', '');
    const { code, events } = await eventsOf(project, 'retry @last');
    expect(code).toBe(0);
    // What failed and let the rest go on is no result: it is made again with what is behind it.
    expect(started(events)).toEqual([
      'build',
      'build[2].mind',
      'build[2].test',
      'build[3].code',
      'build[3].mind',
      'build[3].test',
      'after',
    ]);
    expect(usage(events)).toBe(2);
    expect(of(events, 'run-finished')[0]?.outputs).toEqual({ all: 'failed,failed,failed 3' });
    expect(project.read('code.txt')).toBe('build[1].code\nbuild[2].code\nbuild[3].code\n');
    // The runs before know what each of them did.
    const all = await eventsOf(project, 'retry @last --from build');
    expect(all.code).toBe(0);
    expect(project.read('code.txt')).toBe('build[1].code\nbuild[2].code\nbuild[3].code\n');
    expect(of(all.events, 'step-started').filter(({ kind }) => kind === 'prompt')).toHaveLength(3);
  });

  it('and was killed in the retry goes on in the iteration that it had come to', async () => {
    const project = projectWith({ w: ROUNDS });
    const work = 'echo "$CODEMACHINE_STEP" >> a.txt';
    scriptAgent(project, work);
    expect((await say(project, 'run w')).code).toBe(1);
    project.write('../ready', '');
    scriptAgent(project, `${work}; kill -9 "$(cat ../pid)"; sleep 60`);
    const cli = startCli(project, ['retry', '@last', '--json']);
    project.write('../pid', String(cli.pid));
    expect((await cli.ended).signal).toBe('SIGKILL');
    scriptAgent(project, work);
    const { code, events } = await eventsOf(project, 'retry @last');
    expect(code).toBe(0);
    expect(started(events)).toEqual(['build', 'build[3].code', 'build[3].mind', 'build[3].test', 'after']);
    expect(project.read('a.txt')).toBe('a\nbuild[1].code\nbuild[2].code\nbuild[3].code\n');
    expect(of(events, 'run-finished')[0]?.outputs).toEqual({ all: 'failed,failed,failed 3' });
  });

  it('begins anew where it had all its iterations in vain', async () => {
    const project = projectWith({ w: ROUNDS.replace('loop.index == 3', 'loop.index == 9') });
    scriptAgent(project, 'echo "$CODEMACHINE_STEP" >> code.txt');
    project.write('../ready', '');
    expect((await say(project, 'run w')).code).toBe(1);
    const { events } = await eventsOf(project, 'retry @last');
    expect(ends(events)).toMatchObject({ build: 'failed' });
    expect(started(events).slice(0, 2)).toEqual(['build', 'build[1].code']);
    expect(project.read('code.txt')).toBe('build[1].code\nbuild[2].code\nbuild[3].code\n');
  });

  it('does not count as at work what somebody edits between its steps', async () => {
    const both = `steps: [{ id: code, engine: claude-code, access: write, prompt: go }, { id: look, engine: claude-code, prompt: look }]`;
    const project = projectWith({
      w: `steps: [{ id: build, loop: { max: 2, until: loop.index == 9, ${both} } }]\n`,
    });
    scriptAgent(
      project,
      'case $CODEMACHINE_STEP in *look) echo by hand >> code.txt;; *) echo "$CODEMACHINE_STEP" >> code.txt;; esac',
    );
    await say(project, 'run w');
    const refused = await say(project, 'retry @last --from build');
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain('code.txt');
    expect(project.read('code.txt')).toContain('by hand');
  });
});

const PART = `name: part
inputs: { v: { type: string, required: true } }
steps:
  - { id: code, engine: claude-code, access: write, prompt: "go \${{ inputs.v }}" }
  - id: each
    matrix: { n: [1, 2] }
    loop:
      max: 2
      until: loop.index == 2
      steps:
        - { id: work, engine: claude-code, access: write, workspace: isolated, prompt: go }
        - { id: test, run: 'test "$N" = 1 || test "$I" = 1 || test -e ../ready', env: { N: "\${{ matrix.n }}", I: "\${{ loop.index }}" } }
finally:
  - { id: clean, run: 'echo "$S" >> ../cleaned', env: { S: "\${{ run.status }}" } }
`;

describe('a used workflow that failed', () => {
  it('goes on in its loops in its matrix, and runs its finally again', async () => {
    const use = 'steps: [{ id: release, uses: ./part.yml, with: { v: one } }, { id: after, run: ls }]\n';
    const project = projectWith({ w: use }, { '.codemachine/workflows/part.yml': PART });
    scriptAgent(project, 'name="${CODEMACHINE_STEP//[^a-z0-9]/}"; echo x >> "code-$name.txt"');
    expect((await say(project, 'run w')).code).toBe(1);
    const before = files(project);
    expect(before).toHaveLength(5);
    project.write('../ready', '');
    const { code, events } = await eventsOf(project, 'retry @last');
    expect(code).toBe(0);
    expect(started(events)).toEqual([
      ...['release', 'release.each', 'release.each[2]', 'release.each[2][2].test', 'release.clean', 'after'],
    ]);
    expect(usage(events)).toBe(0);
    expect(files(project)).toEqual(before);
    expect(project.read('../cleaned')).toBe('failed\nsucceeded\n');
  });
});

describe('candidates', () => {
  it('come along with their trees, which live as long as the retry', async () => {
    const project = judgeProject(BEST_OF, AGENT.replace('return judge(prompt);', 'return "none";'));
    expect((await say(project, 'run w')).code).toBe(1);
    const old = JSON.parse((await say(project, 'runs --json')).stdout)[0].run as string;
    project.write(path.relative(project.root, path.join(project.home, 'agent.mjs')), AGENT);
    const before = asked(project).length;
    const { code, events } = await eventsOf(project, 'retry @last');
    expect(code).toBe(0);
    expect(asked(project).slice(before)).toEqual(['pick:judge']);
    expect(of(events, 'step-succeeded').findLast(({ step }) => step === 'pick')?.output).toMatchObject({
      winner: 'fix[delta]',
    });
    expect(project.read('made.txt')).toBe('the best work\n');
    for (const ref of project
      .git('for-each-ref', '--format=%(refname)', `refs/codemachine/${old}`)
      .trim()
      .split('\n'))
      project.git('update-ref', '-d', ref);
    project.git('reflog', 'expire', '--expire=now', '--all');
    project.git('gc', '-q', '--prune=now');
    expect((await say(project, 'diff @last fix[brown]')).stdout).toContain('+fine work');
  });

  it('whose recordings are gone are made again, and nothing was begun', async () => {
    const project = judgeProject(BEST_OF, AGENT.replace('return judge(prompt);', 'return "none";'));
    expect((await say(project, 'run w')).code).toBe(1);
    for (const ref of project
      .git('for-each-ref', '--format=%(refname)', 'refs/codemachine')
      .trim()
      .split('\n'))
      project.git('update-ref', '-d', ref);
    project.git('gc', '-q', '--prune=now');
    const refused = await say(project, 'retry @last --keep-tree');
    expect(refused.code).toBe(2);
    expect(refused.stderr).toMatch(/`pick` chooses among changes that `fix` made in run/);
    expect(refused.stderr).toMatch(/codemachine retry \S+ --from fix/);
    expect(JSON.parse((await say(project, 'runs --json')).stdout)).toHaveLength(1);
  });
});

describe.each(['before', 'after'] as const)('killed %s the tree is put back', (when) => {
  it('a retry takes over once, changes beside the tree included', async () => {
    const text = FAN.replace('workspace: isolated', 'workspace: { mode: isolated, merge: never }')
      .replace('id: after, run: ls fix-*.txt', 'id: code, engine: claude-code, access: write, prompt: go')
      .replace(/outputs:.*\n/, '  - { id: test, run: test -e ../ready }\n');
    const project = projectWith({ w: text });
    scriptAgent(project, `${EACH}; test "$CODEMACHINE_STEP" != code || echo code >> a.txt`);
    expect((await say(project, 'run w')).code).toBe(1);
    project.write('../ready', '');
    const env = killingGit(project, when);
    expect((await say(project, 'retry @last --from code', { env })).signal).toBe('SIGKILL');
    const { code, events } = await eventsOf(project, 'resume @last');
    expect(code).toBe(0);
    expect(of(events, 'step-succeeded').filter(({ reused }) => reused === 'retry')).toHaveLength(4);
    expect(usage(events)).toBe(2);
    expect(project.read('a.txt')).toBe('a\ncode\n');
    expect((await say(project, 'diff @last fix[b]')).stdout).toContain('+fixb');
    expect((await say(project, 'apply @last fix[b]')).code).toBe(0);
    expect(project.read('fix-fixb.txt')).toBe('fixb\n');
  });
});
