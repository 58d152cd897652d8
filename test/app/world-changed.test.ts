// Goes on with runs whose checkout is no longer what it was.
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { projectWith, say } from '../commands/project.ts';
import { built } from '../support/built.ts';
import { cli } from '../support/cli.ts';
import type { Project } from '../support/repository.ts';
import { scriptAgent } from './scripted-agent.ts';

beforeAll(built);

const WAITS = 'steps:\n  - { id: a, run: "echo x >> a-ran.txt; test -e ready" }\n';

const AGENT = `
steps:
  - id: edit
    engine: claude-code
    access: write
    prompt: go
    retry: { attempts: 1 }
`;

/** A link that leads nowhere takes its name too. */
function taken(file: string): boolean {
  return lstatSync(file, { throwIfNoEntry: false }) !== undefined;
}

/** A PATH with everything but git. */
function withoutGit(project: Project): string {
  const bin = path.join(project.base, 'bin');
  mkdirSync(bin);
  for (const directory of (project.environ.PATH ?? '').split(':'))
    for (const name of existsSync(directory) ? readdirSync(directory) : [])
      if (name !== 'git' && !taken(path.join(bin, name)))
        symlinkSync(path.join(directory, name), path.join(bin, name));
  return bin;
}

describe('a run with an agent that may write', () => {
  it('is refused in a repository without git, unless nothing is to be undone', async () => {
    const project = projectWith({
      w: AGENT,
      free: AGENT.replace('prompt: go', 'prompt: go\n    undo: never'),
    });
    scriptAgent(project, 'echo whole > a.txt');
    const env = { PATH: withoutGit(project) };
    const refused = await cli(project, ['run', 'w'], { env });
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain('git');
    expect(project.read('a.txt')).toBe('a\n');
    await cli(project, ['run', 'free'], { env });
    expect(project.read('a.txt')).toBe('whole\n');
  });
});

describe('resume where the checkout is gone', () => {
  it('does not go on in the checkout around it', async () => {
    const project = projectWith({ w: WAITS });
    const tree = path.join(project.root, 'trees', 'one');
    project.git('worktree', 'add', '-q', tree);
    expect((await cli(project, ['run', 'w'], { cwd: tree })).code).toBe(1);
    project.git('worktree', 'remove', '--force', tree);
    const refused = await say(project, 'resume @last');
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain(tree);
    expect(existsSync(path.join(project.root, 'a-ran.txt'))).toBe(false);
  });

  it.each([
    ['on a branch', ['-q', '-b', 'other']],
    ['without a branch', ['-q', '--detach']],
  ])('says how a worktree %s is made again, with what was in it', async (_, add) => {
    const project = projectWith({ w: AGENT });
    const tree = path.join(project.base, 'a tree');
    project.git('worktree', 'add', ...add, tree);
    writeFileSync(path.join(tree, 'mine.txt'), 'mine\n');
    scriptAgent(project, 'echo half > a.txt; echo new > b.txt; exit 1');
    const config = project.read('.codemachine/config.yml');
    mkdirSync(path.join(tree, '.codemachine'), { recursive: true });
    writeFileSync(path.join(tree, '.codemachine/config.yml'), config);
    expect((await cli(project, ['run', 'w'], { cwd: tree })).code).toBe(1);
    const head = (): string => project.git('-C', tree, 'rev-parse', '--abbrev-ref', 'HEAD');
    const before = head();
    rmSync(tree, { recursive: true });
    const refused = await say(project, 'resume @last');
    expect(refused.code).toBe(2);
    const commands = refused.stderr.split('\n').filter((line) => line.startsWith('    git '));
    expect(commands).toHaveLength(2);
    for (const command of commands)
      execFileSync('bash', ['-c', command], { env: project.environ, stdio: 'pipe' });
    scriptAgent(project, 'test ! -e b.txt; cat a.txt mine.txt > ../seen');
    const resumed = await say(project, 'resume @last');
    expect(resumed.stderr).not.toContain('edited');
    expect(resumed.code).toBe(0);
    expect(project.read('../seen')).toBe('a\nmine\n');
    expect(head()).toBe(before);
  });

  it('says where it was when the repository was moved', async () => {
    const project = projectWith({ w: WAITS });
    await say(project, 'run w');
    const moved = `${project.root}-moved`;
    renameSync(project.root, moved);
    const refused = await cli(project, ['resume', '@last'], { cwd: moved });
    renameSync(moved, project.root);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain(project.root);
  });

  it('needs git where the run had it: without it nothing is undone', async () => {
    const project = projectWith({ w: AGENT });
    scriptAgent(project, 'echo half > a.txt; exit 1');
    expect((await say(project, 'run w')).code).toBe(1);
    scriptAgent(project, 'echo whole > a.txt');
    const refused = await cli(project, ['resume', '@last'], { env: { PATH: withoutGit(project) } });
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain('git');
    expect(project.read('a.txt')).toBe('half\n');
  });
});

describe('resume after an orderly end', () => {
  it('leaves a commit alone that somebody made since', async () => {
    const project = projectWith({ w: AGENT });
    scriptAgent(project, 'echo half > a.txt; exit 1');
    expect((await say(project, 'run w')).code).toBe(1);
    project.git('commit', '-q', '-am', 'kept by hand');
    const mine = project.git('rev-parse', 'HEAD');
    scriptAgent(project, 'echo whole > a.txt');
    expect((await say(project, 'resume @last')).stdout).toContain('put back 1 file: a.txt');
    expect(project.git('rev-parse', 'HEAD')).toBe(mine);
  });
});

describe('resume where the files of the workflow have changed', () => {
  it('says so of each, and goes on with those that were recorded', async () => {
    const prompts = AGENT.replace('prompt: go', 'prompt-file: go.md');
    const project = projectWith({ w: prompts }, { '.codemachine/workflows/go.md': 'first\n' });
    scriptAgent(project, 'exit 1');
    await say(project, 'run w');
    project.write('.codemachine/workflows/go.md', 'second\n');
    const { stderr } = await say(project, 'resume @last');
    expect(stderr).toContain('go.md has changed since; the run goes on with the file as it was');
    expect((await say(project, 'resume @last --keep-tree')).stderr).not.toContain('w.yml');
  });
});
