// Looks, through the built program, at what an isolated step has made while it is at work, and after it was interrupted.
import { existsSync, watch } from 'node:fs';
import path from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { built } from '../support/built.ts';
import { type Cli, startCli } from '../support/cli.ts';
import type { Project } from '../support/repository.ts';
import { say } from './project.ts';
import { agentDoes, agentProject, words } from './tree-project.ts';

beforeAll(built);

/** Starts a run whose isolated agent has made a file, and waits. */
async function atWork(): Promise<{ readonly project: Project; readonly cli: Cli }> {
  const project = agentProject(
    '',
    {},
    'steps:\n  - { id: slow, engine: claude-code, access: write, prompt: Wait., workspace: isolated, retry: { attempts: 1 } }\n',
  );
  agentDoes(project, `echo half > half.txt; echo made > '${project.base}/made'; sleep 60`);
  const watcher = watch(project.base);
  const made = new Promise<void>((resolve) => {
    watcher.on('change', (_, name) => {
      if (name === 'made') resolve();
    });
  });
  const cli = startCli(project, ['run', 'w', '--json']);
  await made;
  watcher.close();
  return { project, cli };
}

it('names the worktree while it is at work, and shows what is recorded after an interruption', async () => {
  const { project, cli } = await atWork();
  const [, worktree = ''] = project
    .git('worktree', 'list', '--porcelain')
    .split('\n')
    .filter((line) => line.startsWith('worktree '));
  const place = worktree.slice('worktree '.length);
  expect(existsSync(path.join(place, 'half.txt'))).toBe(true);
  const diff = await words(project, ['diff', '@last', 'slow']);
  expect(diff).toMatchObject({ code: 2, stdout: '' });
  expect(diff.stderr).toContain(`what it has edited so far is in its own worktree, ${place}`);
  expect(diff.stderr).not.toContain('git diff');
  expect((await say(project, 'status @last')).stdout).toContain(`slow works in its own worktree: ${place}\n`);
  const { steps } = JSON.parse((await say(project, 'status @last --json')).stdout) as {
    steps: { worktree?: string }[];
  };
  expect(steps.map((step) => step.worktree)).toEqual([place]);
  process.kill(cli.pid, 'SIGINT');
  expect((await cli.ended).code).toBe(130);
  const { stdout } = await say(project, 'status @last');
  expect(stdout).not.toContain('works in');
  const [, command = ''] = /^ {2}codemachine (diff \S+ slow)$/m.exec(stdout) ?? [];
  expect((await say(project, command)).stdout).toContain('+half');
});
