// Retries runs whose tree is not a plain one: commits, crashes, trees of their own, somebody who is asked.
import { beforeAll, describe, expect, it } from 'vitest';
import type { Event } from '../../src/model/event.ts';
import { projectWith, say } from '../commands/project.ts';
import { built } from '../support/built.ts';
import { type CliEnd, startCli } from '../support/cli.ts';
import { of, strictEvents } from '../support/event-check.ts';
import type { Project } from '../support/repository.ts';
import { scriptAgent } from './scripted-agent.ts';
import { atTerminal } from './terminal.ts';

beforeAll(built);

function started(events: readonly Event[]): readonly string[] {
  return of(events, 'step-started').map(({ step }) => step);
}

async function run(project: Project, line: string): Promise<CliEnd & { readonly events: readonly Event[] }> {
  const end = await say(project, `${line} --json`);
  return { ...end, events: end.stdout === '' ? [] : strictEvents(end.stdout) };
}

const ONE = `
steps:
  - { id: code, engine: claude-code, access: write, prompt: go }
  - { id: test, run: test -e ../ready }
`;

const COMMITS =
  'echo code > code.txt; git add code.txt; git -c user.name=a -c user.email=a@b commit -q -m work';

describe('the commits of a run that is retried', () => {
  it('stay, while the files that they are of go', async () => {
    const project = projectWith({ w: ONE });
    scriptAgent(project, COMMITS);
    await run(project, 'run w');
    const after = project.git('rev-parse', 'HEAD');
    project.write('../ready', '');
    scriptAgent(project, 'git rev-parse HEAD > ../seen; test ! -e code.txt');
    expect((await run(project, 'retry @last --from code')).code).toBe(0);
    expect(project.read('../seen')).toBe(after);
  });

  it('stay where somebody has committed since', async () => {
    const project = projectWith({ w: ONE });
    scriptAgent(project, COMMITS);
    await run(project, 'run w');
    project.write('mine.txt', 'mine\n');
    project.git('add', 'mine.txt');
    project.git('commit', '-q', '-m', 'mine');
    const head = project.git('rev-parse', 'HEAD');
    project.write('../ready', '');
    scriptAgent(project, 'cat mine.txt > ../seen; test ! -e code.txt');
    expect((await run(project, 'retry @last --from code')).code).toBe(0);
    expect(project.git('rev-parse', 'HEAD')).toBe(head);
    expect(project.read('../seen')).toBe('mine\n');
  });
});

describe('a run whose recordings are gone', () => {
  it('is not retried on a tree of which nobody knows what its steps did, unless that is taken as it is', async () => {
    const project = projectWith({ w: ONE });
    scriptAgent(project, 'echo code > code.txt');
    await run(project, 'run w');
    for (const ref of project
      .git('for-each-ref', '--format=%(refname)', 'refs/codemachine')
      .trim()
      .split('\n'))
      project.git('update-ref', '-d', ref);
    const refused = await say(project, 'retry @last --from code');
    expect(refused.code).toBe(2);
    expect(refused.stderr).toMatch(/recordings of run .* are gone from the repository[\s\S]*--keep-tree/);
    expect(project.read('code.txt')).toBe('code\n');
    project.write('../ready', '');
    expect((await run(project, 'retry @last --from code --keep-tree')).code).toBe(0);
  });
});

describe('a run that was killed', () => {
  it('is retried from the tree that the attempt which was cut off began with', async () => {
    const project = projectWith({ w: ONE });
    scriptAgent(project, 'echo half > a.txt; echo new > b.txt; kill -9 "$(cat ../pid)"; sleep 60');
    const cli = startCli(project, ['run', 'w', '--json']);
    project.write('../pid', String(cli.pid));
    expect((await cli.ended).signal).toBe('SIGKILL');
    project.write('../ready', '');
    scriptAgent(project, 'cat a.txt > ../seen; test ! -e b.txt');
    const { code, events, stderr } = await run(project, 'retry @last');
    expect(code).toBe(0);
    expect(started(events)).toEqual(['code', 'test']);
    expect(project.read('../seen')).toBe('a\n');
    expect(stderr).toContain('put 2 files back to before `code` began: a.txt, b.txt');
  });

  it('or interrupted, and whose tree somebody edited since, is not retried over that', async () => {
    const project = projectWith({ w: ONE });
    scriptAgent(project, 'echo half > a.txt; echo new > b.txt; kill -INT "$(cat ../pid)"; sleep 60');
    const cli = startCli(project, ['run', 'w', '--json']);
    project.write('../pid', String(cli.pid));
    expect((await cli.ended).code).toBe(130);
    project.write('a.txt', 'by hand\n');
    project.write('../ready', '');
    const refused = await run(project, 'retry @last');
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain('were edited after it stopped: a.txt');
    scriptAgent(project, 'cat a.txt > ../seen');
    expect((await run(project, 'retry @last --keep-tree')).code).toBe(0);
    expect(project.read('../seen')).toBe('by hand\n');
  });

  it('is not retried while it is being run', async () => {
    const project = projectWith({
      w: 'steps: [{ id: a, run: "echo up; until test -e go; do sleep 0.05; done" }]\n',
    });
    const asked: Promise<CliEnd>[] = [];
    const cli = startCli(project, ['run', 'w', '--json'], {
      onLine: (line) => {
        if (line.includes('up\\n'))
          asked.push(say(project, 'retry @last').finally(() => project.write('go', '')));
      },
    });
    expect((await cli.ended).code).toBe(0);
    const [refused] = await Promise.all(asked);
    expect(refused?.code).toBe(2);
    expect(refused?.stderr).toMatch(/run \S+ works in .* wait for it/s);
    expect(JSON.parse((await say(project, 'runs --json')).stdout)).toHaveLength(1);
  });
});

const APART = `
steps:
  - { id: top, engine: claude-code, access: write, workspace: isolated, prompt: go, needs: [] }
  - { id: end, engine: claude-code, access: write, workspace: isolated, prompt: go, needs: [] }
  - { id: test, run: test -e ../ready, needs: [top, end] }
`;

const LINES = `${['one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight'].join('\n')}\n`;

describe('isolated steps of a run that is retried', () => {
  it('keep their merged change beside one that goes, even in the same file', async () => {
    const project = projectWith({ w: APART }, { 'lines.txt': LINES });
    const work = (by: string): string =>
      `case $CODEMACHINE_STEP in top) sed -i 's/^one$/one ${by}/' lines.txt;; end) sed -i 's/^eight$/eight ${by}/' lines.txt;; esac`;
    scriptAgent(project, work('first'));
    const first = await run(project, 'run w');
    expect(first.code).toBe(1);
    expect(project.read('lines.txt')).toBe(LINES.replace('one', 'one first').replace('eight', 'eight first'));
    project.write('../ready', '');
    project.write('mine.txt', 'mine\n');
    scriptAgent(project, `cp lines.txt '${project.base}/seen'; ${work('again')}`);
    const { code, events, stderr } = await run(project, 'retry @last --from top');
    expect(stderr).toContain('put a file back to before `top` began: lines.txt');
    expect(code).toBe(0);
    expect(started(events)).toEqual(['top', 'test']);
    expect(project.read('../seen')).toBe(LINES.replace('eight', 'eight first'));
    expect(project.read('lines.txt')).toBe(LINES.replace('one', 'one again').replace('eight', 'eight first'));
    expect(project.read('mine.txt')).toBe('mine\n');
  });

  it('that failed to merge run again, and the others keep what they merged', async () => {
    const project = projectWith({ w: APART }, { 'lines.txt': LINES });
    scriptAgent(project, `sed -i "s/^one$/one $CODEMACHINE_STEP/" lines.txt`);
    const first = await run(project, 'run w');
    expect(of(first.events, 'step-failed')[0]?.failure.reason).toBe('merge-conflict');
    project.write('../ready', '');
    const { code, events } = await run(project, 'retry @last');
    expect(code).toBe(0);
    expect(started(events)).toEqual(['end', 'test']);
    expect(project.read('lines.txt')).toBe(LINES.replace('one', 'one top'));
  });
});

describe('at a terminal', () => {
  const EITHER = 'or [s]top?';

  async function failed(): Promise<Project> {
    const project = projectWith({ w: ONE });
    scriptAgent(project, 'echo code > code.txt');
    expect((await say(project, 'run w')).code).toBe(1);
    project.write('../ready', '');
    scriptAgent(project, 'test -e code.txt && echo there > ../seen || echo away > ../seen');
    return project;
  }

  it.each([
    ['b', 'away\n'],
    ['k', 'there\n'],
  ])('the tree goes back, or stays, as the answer %s says', async (key, seen) => {
    const project = await failed();
    const { code, screen } = await atTerminal(project, 'retry @last --from code', EITHER, (press) =>
      press(`${key}\r`),
    );
    expect(screen).toContain('code.txt');
    expect(code).toBe(0);
    expect(project.read('../seen')).toBe(seen);
  });

  it('who stops leaves no run and no recording behind', async () => {
    const project = await failed();
    const refs = project.git('for-each-ref', 'refs/codemachine/');
    const { code } = await atTerminal(project, 'retry @last --from code', EITHER, (press) => press('s\r'));
    expect(code).toBe(2);
    expect(project.git('for-each-ref', 'refs/codemachine/')).toBe(refs);
    expect(JSON.parse((await say(project, 'runs --json')).stdout)).toHaveLength(1);
    expect(project.read('code.txt')).toBe('code\n');
  });

  it('with --yes nothing is asked', async () => {
    const project = await failed();
    const asked = { times: 0 };
    const { code } = await atTerminal(project, 'retry @last --from code --yes', EITHER, () => asked.times++);
    expect(code).toBe(0);
    expect(asked.times).toBe(0);
    expect(project.read('../seen')).toBe('away\n');
  });

  it('an update is shown, and goes no further without a yes', async () => {
    const project = await failed();
    const before = (await say(project, 'status --json')).stdout;
    const file = '.codemachine/workflows/w.yml';
    project.write(file, project.read(file).replace('prompt: go', 'prompt: go well'));
    const { code, screen } = await atTerminal(project, 'resume @last --updated', '[n]o', (press) =>
      press('n\r'),
    );
    expect(screen).toContain('changed: prompt');
    expect(code).toBe(2);
    expect((await say(project, 'status --json')).stdout).toBe(before);
  });
});
