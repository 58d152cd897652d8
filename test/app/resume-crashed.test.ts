// Resumes runs whose runner was killed, in checkouts where somebody has worked since.
import { existsSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { projectWith, say } from '../commands/project.ts';
import { built } from '../support/built.ts';
import { startCli } from '../support/cli.ts';
import { type Project, withState } from '../support/repository.ts';
import { scriptAgent } from './scripted-agent.ts';
import { atTerminal } from './terminal.ts';

beforeAll(built);

const AGENT = `
steps:
  - id: edit
    engine: claude-code
    access: write
    prompt: go
    retry: { attempts: 1 }
`;

/** A project whose run `w` was killed while its agent had left this; the next attempt looks at what it starts with. */
async function killed(script = 'echo half > a.txt', workflow = AGENT): Promise<Project> {
  const project = projectWith({ w: workflow, other: AGENT, plain: 'steps:\n  - run: echo x > plain.txt\n' });
  scriptAgent(project, `${script}; kill -9 "$(cat '${project.base}/pid')"; sleep 60`);
  const cli = startCli(project, ['run', 'w', '--json']);
  project.write('../pid', String(cli.pid));
  expect((await cli.ended).signal).toBe('SIGKILL');
  scriptAgent(project, 'cat a.txt > ../seen; test ! -e mine.txt || cat mine.txt >> ../seen');
  return project;
}

function commit(project: Project): string {
  project.write('mine.txt', 'mine\n');
  project.git('add', 'mine.txt');
  project.git('commit', '-q', '-m', 'my own work');
  return at(project);
}

function at(project: Project, ref = 'HEAD'): string {
  return project.git('rev-parse', ref).trim();
}

async function runOf(project: Project, name: string): Promise<string> {
  const runs = await withState(project, (state) => state.listRuns());
  return runs.find((one) => one.name === name)?.id ?? '';
}

function branch(project: Project): string {
  return project.git('symbolic-ref', '--short', 'HEAD').trim();
}

describe('a commit made since the runner died', () => {
  it('stops a resume that nobody watches, which names it', async () => {
    const project = await killed();
    const mine = commit(project);
    for (const yes of ['', ' --yes']) {
      const refused = await say(project, `resume @last${yes}`);
      expect(refused.code).toBe(2);
      expect(refused.stderr).toContain(mine.slice(0, 12));
      expect(refused.stderr).toContain('my own work');
      expect(refused.stderr).toContain(branch(project));
      expect(refused.stderr).toContain('--restore');
      expect(refused.stderr).toContain('--keep-tree');
    }
    expect(at(project)).toBe(mine);
    expect(project.read('mine.txt')).toBe('mine\n');
    expect((await say(project, 'resume @last --keep-tree')).code).toBe(0);
    expect(at(project)).toBe(mine);
    expect(project.read('../seen')).toBe('half\nmine\n');
  });

  it('goes with --restore, which says how to come back to it', async () => {
    const project = await killed();
    const before = at(project);
    const mine = commit(project);
    const restored = await say(project, 'resume @last --restore');
    expect(restored.code).toBe(0);
    expect(at(project)).toBe(before);
    const [, command = ''] = /`(git branch kept \w+)`/.exec(restored.stderr) ?? [];
    project.git(...command.split(' ').slice(1));
    expect(at(project, 'kept')).toBe(mine);
  });

  it('goes with `restore --head`, which names it, closes the attempt and keeps a way back', async () => {
    const project = await killed();
    const before = at(project);
    const mine = commit(project);
    project.git('switch', '-q', '-c', 'elsewhere', before);
    const back = await say(project, 'restore @last edit --before --head');
    expect(back.code).toBe(0);
    expect(back.stderr).toContain('my own work');
    expect(at(project, 'main')).toBe(before);
    expect(branch(project)).toBe('main');
    project.git('reflog', 'expire', '--expire=all', '--all');
    project.git('gc', '-q', '--prune=now');
    const [, forth = ''] = /`codemachine (restore \S+ edit\.1 --after --head)`/.exec(back.stderr) ?? [];
    expect((await say(project, forth)).code).toBe(0);
    expect(at(project, 'main')).toBe(mine);
    expect(branch(project)).toBe('elsewhere');
    expect((await say(project, 'resume @last')).code).toBe(0);
    expect(at(project, 'main')).toBe(mine);
  });

  it('stops a resume where no file differs, too', async () => {
    const project = await killed('true');
    project.git('commit', '-q', '--allow-empty', '-m', 'my own work');
    const mine = at(project);
    const refused = await say(project, 'resume @last');
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain('my own work');
    expect(at(project)).toBe(mine);
  });

  it('is shown at a terminal, and stays where somebody keeps it', async () => {
    const project = await killed();
    const mine = commit(project);
    const { code, screen } = await atTerminal(project, 'resume @last', 'or [s]top?', (press) => press('k\r'));
    expect(screen).toContain('my own work');
    expect(screen).toContain(mine.slice(0, 12));
    expect(code).toBe(0);
    expect(at(project)).toBe(mine);
  });

  it('is found on a branch of its own, which --restore leaves and names', async () => {
    const project = await killed();
    const first = branch(project);
    project.git('switch', '-q', '-c', 'feature');
    const mine = commit(project);
    const refused = await say(project, 'resume @last');
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain('feature');
    expect(branch(project)).toBe('feature');
    const restored = await say(project, 'resume @last --restore');
    expect(branch(project)).toBe(first);
    expect(restored.stderr).toContain('`git switch feature`');
    expect(at(project, 'feature')).toBe(mine);
  });

  it('is found where HEAD has left the branch that has it', async () => {
    const project = await killed();
    const first = branch(project);
    const before = at(project);
    const mine = commit(project);
    project.git('switch', '-q', '--detach', before);
    const refused = await say(project, 'resume @last');
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain('my own work');
    expect(at(project, first)).toBe(mine);
  });
});

it.each(['resume @last --updated', 'retry @last'])(
  '%s leaves a commit made since alone too',
  async (line) => {
    const project = await killed();
    const mine = commit(project);
    const changed = AGENT.replace('prompt: go', 'prompt: anew');
    project.write('.codemachine/workflows/w.yml', `name: w\n${changed}`);
    const refused = await say(project, line);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain('my own work');
    expect(at(project)).toBe(mine);
  },
);

describe('another run in the checkout since the runner died', () => {
  it.each(['other', 'plain'])('stops a resume that nobody watches, which names it: %s', async (name) => {
    const project = await killed();
    scriptAgent(project, 'echo result > b.txt');
    const [dead, ran] = [await runOf(project, 'w'), await say(project, `run ${name}`)];
    expect(ran.code).toBe(0);
    expect(ran.stderr).toContain(dead);
    expect(ran.stderr).toContain('`edit`');
    const file = name === 'other' ? 'b.txt' : 'plain.txt';
    const refused = await say(project, `resume ${dead}`);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain(await runOf(project, name));
    expect(existsSync(path.join(project.root, file))).toBe(true);
    scriptAgent(project, `test ! -e ${file}`);
    expect((await say(project, `resume ${dead} --restore`)).code).toBe(0);
  });

  it('is named at a terminal', async () => {
    const project = await killed();
    const dead = await runOf(project, 'w');
    await say(project, 'run plain');
    const { code, screen } = await atTerminal(project, `resume ${dead}`, 'or [s]top?', (press) =>
      press('s\r'),
    );
    expect(screen).toContain(await runOf(project, 'plain'));
    expect(code).toBe(2);
  });
});

it('undoes what the attempt left where nobody has worked since', async () => {
  const project = await killed();
  const resumed = await say(project, 'resume @last');
  expect(resumed.code).toBe(0);
  expect(resumed.stderr).not.toContain('HEAD');
  expect(project.read('../seen')).toBe('a\n');
  // The attempt has an end by now.
  expect((await say(project, 'run plain')).stderr).toBe('');
});

it('says of an isolated step that its worktree has what it changed', async () => {
  const isolated = AGENT.replace('prompt: go', 'prompt: go\n    workspace: isolated');
  const project = await killed('echo half > a.txt; pwd > "$HOME/../where"', isolated);
  const { stdout } = await say(project, 'status @last');
  expect(stdout).toContain(project.read('../where').trim());
  expect(stdout).not.toContain('still in the tree');
});

describe('restore --before of the attempt that was cut off', () => {
  it('settles it: nobody is warned of it or asked about it any more', async () => {
    const project = await killed();
    const dead = await runOf(project, 'w');
    expect((await say(project, 'status @last')).stdout).toContain('still in the tree');
    const some = await say(project, 'restore @last edit --before --yes -- a.txt');
    expect(some.stderr).not.toContain('is undone');
    const restored = await say(project, 'restore @last edit --before --yes');
    expect(restored.code).toBe(0);
    expect(restored.stderr).toMatch(/with that `edit` is undone: `codemachine resume \S+` makes it again/);
    expect((await say(project, 'status @last')).stdout).not.toContain('still in the tree');
    expect((await say(project, 'run plain')).stderr).toBe('');
    const resumed = await say(project, `resume ${dead}`);
    expect(resumed.code).toBe(0);
    expect(project.read('../seen')).toBe('a\n');
    expect(project.read('plain.txt')).toBe('x\n');
    expect(await say(project, 'doctor')).toMatchObject({ code: 0 });
  });

  it('leaves it open where HEAD has moved, and says so', async () => {
    const project = await killed();
    commit(project);
    const restored = await say(project, 'restore @last edit --before --yes');
    expect(restored.stderr).toContain('Files alone were put back');
    expect(restored.stderr).toContain('my own work');
    expect((await say(project, 'resume @last')).code).toBe(2);
  });

  it('of one that failed takes it out of what is still in the tree', async () => {
    const project = projectWith({ w: AGENT });
    scriptAgent(project, 'echo half > a.txt; exit 1');
    expect((await say(project, 'run w')).stdout).toContain('still in the tree');
    await say(project, 'restore @last edit --before --yes');
    expect((await say(project, 'status @last')).stdout).not.toContain('still in the tree');
    project.write('a.txt', 'by hand\n');
    scriptAgent(project, 'cat a.txt > ../seen');
    expect(await say(project, 'resume @last')).toMatchObject({ code: 0 });
    expect(project.read('../seen')).toBe('by hand\n');
  });
});
