// Shows isolated steps through the built program: real worktrees, real merges, a runner that is killed.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { ends, eventsOf, say } from '../commands/project.ts';
import { agentDoes, agentProject, usersSide } from '../commands/tree-project.ts';
import { built } from '../support/built.ts';
import { startCli } from '../support/cli.ts';
import { of } from '../support/event-check.ts';
import type { Project } from '../support/repository.ts';

beforeAll(built);

function worktrees(project: Project): readonly string[] {
  const listed = project.git('worktree', 'list', '--porcelain').split('\n');
  return listed.filter((line) => line.startsWith('worktree ')).slice(1);
}

const agent = (id: string, more = 'isolated'): string =>
  `  - { id: ${id}, needs: [], engine: claude-code, access: write, prompt: Do ${id}., workspace: ${more} }\n`;

describe('isolated steps', () => {
  it('work side by side, are merged in order, and what needs them sees all of it', async () => {
    const steps = `${['one', 'two', 'three'].map((id) => agent(id)).join('')}  - { id: look, needs: one, run: ls }\n`;
    // The first in the file ends last.
    const script = `test $CODEMACHINE_STEP != one || sleep 0.3
      ls > seen-by-$CODEMACHINE_STEP.txt; echo $CODEMACHINE_STEP >> list-$CODEMACHINE_STEP.txt; git status --short > /dev/null`;
    const project = agentProject(script, {}, `steps:\n${steps}`);
    const side = usersSide(project);
    const { code, events } = await eventsOf(project, 'run w');
    expect(code).toBe(0);
    expect(of(events, 'change-merged').map(({ step }) => step)).toEqual(['one', 'two', 'three']);
    for (const id of ['one', 'two', 'three'])
      expect(project.read(`seen-by-${id}.txt`)).not.toContain('list-');
    const looked = of(events, 'step-succeeded').find(({ step }) => step === 'look')?.stdout;
    for (const id of ['one', 'two', 'three']) expect(looked).toContain(`list-${id}.txt`);
    expect(worktrees(project)).toEqual([]);
    expect(usersSide(project)).toEqual(side);
  });

  it('of a shell are set up, run in their worktree, and leave what setup made behind', async () => {
    const step = `  - id: build
    run: cat installed.txt && pwd && echo "$CODEMACHINE_WORKSPACE" && echo new > made.txt
    workspace: { mode: isolated, setup: echo ready > installed.txt }
`;
    const project = agentProject('', {}, `steps:\n${step}`);
    const { code, events } = await eventsOf(project, 'run w');
    expect(code).toBe(0);
    const [ready, here, workspace] = (of(events, 'step-succeeded')[0]?.stdout ?? '').split('\n').slice(-3);
    expect(ready).toBe('ready');
    expect(here).toBe(workspace);
    expect(here).not.toBe(project.root);
    expect(Object.keys(project.picture())).toEqual(expect.arrayContaining(['a.txt', 'made.txt']));
    expect(Object.keys(project.picture())).not.toContain('installed.txt');
  });

  const KILLS = (runner: string) =>
    `echo half >> half.txt; while [ ! -s ${runner} ]; do sleep 0.02; done; kill -9 $(cat ${runner}); sleep 60`;

  /** The runner is killed by the agent, whose edit is in its worktree alone. */
  async function killed(workspace: string, files: Readonly<Record<string, string>> = {}): Promise<Project> {
    const project = agentProject('', files, `steps:\n${agent('slow', workspace)}`);
    const runner = path.join(project.base, 'runner');
    agentDoes(project, KILLS(runner));
    const cli = startCli(project, ['run', 'w', '--json']);
    writeFileSync(runner, `${cli.pid}\n`);
    expect(await cli.ended).toMatchObject({ signal: 'SIGKILL' });
    expect(worktrees(project)).toHaveLength(1);
    return project;
  }

  it('that were killed are recorded and made again, and the shared tree never saw the half', async () => {
    const project = await killed('isolated');
    agentDoes(project, 'echo whole > whole.txt');
    const { code, events } = await eventsOf(project, 'resume @last');
    expect(code).toBe(0);
    expect(of(events, 'snapshot-taken')[0]).toMatchObject({ attempt: 1, files: ['half.txt'] });
    expect(Object.keys(project.picture())).toContain('whole.txt');
    expect(Object.keys(project.picture())).not.toContain('half.txt');
    expect(worktrees(project)).toEqual([]);
  });

  it('that were killed go on from there with --keep-tree, links and all', async () => {
    const project = await killed('{ mode: isolated, link: [dir], setup: touch set-up.txt }', {
      'a.txt': 'a\n',
      '.gitignore': 'dir/\n',
      'dir/in': 'linked\n',
    });
    agentDoes(project, 'echo whole >> half.txt; cat dir/in >> half.txt');
    const { code, events } = await eventsOf(project, 'resume @last --keep-tree');
    expect(ends(events)).toEqual({ slow: 'succeeded' });
    expect(code).toBe(0);
    expect(project.read('half.txt')).toBe('half\nwhole\nlinked\n');
    expect(Object.keys(project.picture())).not.toContain('set-up.txt');
    expect(readFileSync(path.join(project.root, 'dir/in'), 'utf8')).toBe('linked\n');
  });

  it.each(['change-ready', 'merge-started', 'change-merged'])(
    'whose runner is killed when `%s` is heard are merged by the resume, and not made again',
    async (type) => {
      const script = `echo $CODEMACHINE_STEP >> ../asked; rm a.txt
      for i in $(seq 200); do echo $i > $CODEMACHINE_STEP-$i.txt; done`;
      const files = { 'a.txt': 'a\n', 'b.txt': 'b\n' };
      const project = agentProject(
        script.replace('../asked', '$HOME/asked'),
        files,
        `steps:\n${agent('one')}`,
      );
      project.write('b.txt', 'mine\n');
      const side = usersSide(project);
      const cli = startCli(project, ['run', 'w', '--json'], {
        onLine: (line) => {
          if (line.includes(`"type":"${type}"`)) cli.child.kill('SIGKILL');
        },
      });
      await cli.ended;
      const { code } = await eventsOf(project, 'resume @last');
      expect(code).toBe(0);
      expect(readFileSync(path.join(project.home, 'asked'), 'utf8')).toBe('one\n');
      const all = Array.from({ length: 200 }, (_, i) => [`one-${i + 1}.txt`, `644 ${i + 1}\n`]);
      expect(project.picture()).toEqual({ ...Object.fromEntries(all), 'b.txt': '644 mine\n' });
      expect(usersSide(project)).toEqual(side);
      expect(worktrees(project)).toEqual([]);
    },
  );

  it('that collide are merged by the agent that is named for it, whose checks must pass', async () => {
    const more = '{ mode: isolated, on-conflict: { agent: merger, checks: ["grep -q both a.txt"] } }';
    const workflow = `agents: { merger: { engine: claude-code, access: write } }
steps:
${agent('one')}${agent('two', more)}`;
    const script = `case $CODEMACHINE_STEP in
      *.on-conflict) grep -q '^<<<<<<<' a.txt; echo both > a.txt;;
      *) echo $CODEMACHINE_STEP > a.txt;; esac`;
    const project = agentProject(script, {}, workflow);
    const { code, events } = await eventsOf(project, 'run w');
    expect(ends(events)).toMatchObject({
      one: 'succeeded',
      two: 'succeeded',
      'two.on-conflict': 'succeeded',
    });
    expect(code).toBe(0);
    expect(project.read('a.txt')).toBe('both\n');
    const said = await say(project, 'status @last');
    expect(said.code).toBe(0);
    expect(worktrees(project)).toEqual([]);
  });

  it('that collide in what is no text: the agent has the side that is not there, and leaves no trace of it', async () => {
    const workflow = `agents: { merger: { engine: claude-code, access: write } }
steps:
${agent('one')}${agent('two', '{ mode: isolated, on-conflict: { agent: merger, checks: ["! ls *~step*"] } }')}`;
    const script = `case $CODEMACHINE_STEP in
      *.on-conflict) cat new.bin~step-* new.bin > both; mv both new.bin; echo x > more~; rm f;;
      one) printf '\\0one' > new.bin; echo one > f;;
      two) printf '\\0two' > new.bin; rm f;; esac`;
    const project = agentProject(script, { f: 'f\n' }, workflow);
    expect(await say(project, 'run w')).toMatchObject({ code: 0 });
    expect(project.picture()).toMatchObject({ 'new.bin': '644 \0two\0one', 'more~': '644 x\n' });
    expect(Object.keys(project.picture()).filter((name) => /~step|^f$/.test(name))).toEqual([]);
    const prompt = (await say(project, 'logs @last two.on-conflict --file prompt.md')).stdout;
    expect(prompt).toMatch(/new\.bin: both sides changed it, and it is no text/);
    expect(prompt).toMatch(/the step's version of new\.bin is in new\.bin~step-[0-9a-f]{12} for you/);
    expect(prompt).toMatch(
      /- f: the step deleted it, and the shared tree changed it .*\n {2}- the shared tree's version is there/,
    );
  });

  it.each([
    ['one side deleted', 'rm f', 'echo one > f', 'f'],
    ['is no text', 'printf "\\000two" > new.bin', 'printf "\\000one" > new.bin', 'new.bin'],
  ])('that collide in what %s are merged when the agent has decided', async (_, two, one, file) => {
    const more = '{ mode: isolated, on-conflict: { agent: merger } }';
    const workflow = `agents: { merger: { engine: claude-code, access: write } }
steps:
${agent('one')}${agent('two', more)}`;
    const script = (merger: string): string =>
      `case $CODEMACHINE_STEP in one) ${one};; two) ${two};; *) ${merger};; esac`;
    const project = agentProject(script('true'), { f: 'f\n' }, workflow);
    const left = await say(project, 'run w');
    expect(left.code).toBe(1);
    expect(left.stdout).toContain(`it was not resolved: ${file} is as the merge left it`);
    project.git('checkout', '-q', '.');
    project.git('clean', '-fdq');
    agentDoes(project, script(`echo decided > ${file}`));
    expect(await say(project, 'run w')).toMatchObject({ code: 0 });
    expect(project.read(file)).toBe('decided\n');
  });
});
