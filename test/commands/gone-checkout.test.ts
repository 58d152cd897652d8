// Looks at a run whose checkout is not there any more, or is being worked in, through the built program.
import { rmSync, watch } from 'node:fs';
import path from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { built } from '../support/built.ts';
import { cli, startCli } from '../support/cli.ts';
import { say } from './project.ts';
import { agentProject } from './tree-project.ts';

beforeAll(built);

it('tells how the linked worktree comes back in which the run worked', async () => {
  const project = agentProject('echo agent > a.txt; echo new > b.txt');
  const root = path.join(project.base, 'linked');
  project.git('worktree', 'add', '-q', '-b', 'other', root);
  expect((await cli({ ...project, root }, ['run', 'w'])).code).toBe(0);
  rmSync(root, { recursive: true });
  const said = new Set<string>();
  for (const line of ['diff @last', 'diff @last fix', 'apply @last fix', 'restore @last --before']) {
    const end = await say(project, line);
    expect(end).toMatchObject({ code: 2, stdout: '' });
    said.add(end.stderr);
  }
  expect(said.size).toBe(1);
  const [text = ''] = said;
  expect(text).toContain(
    `worked is no longer at ${root}\n  move it back there; or, if it was a worktree that was removed`,
  );
  const commands = [...text.matchAll(/^ {4}(git .*)$/gm)].map(([, command = '']) =>
    command.split(' ').slice(1),
  );
  expect(commands).toHaveLength(2);
  for (const command of commands) project.git(...command);
  expect((await say(project, 'diff @last fix --stat')).stdout).toContain('b.txt');
});

it('says who is at work where a difference has no end yet', async () => {
  const project = agentProject('echo half > b.txt; sleep 60');
  const running = startCli(project, ['run', 'w']);
  await new Promise<void>((resolve) => {
    const watcher = watch(project.root, (_, name) => {
      if (name !== 'b.txt') return;
      watcher.close();
      resolve();
    });
  });
  const whole = await say(project, 'diff @last');
  const step = await say(project, 'diff @last fix');
  await say(project, 'cancel @last');
  expect((await running.ended).code).toBe(4);
  expect(whole.stderr).toContain(
    'goes on: an attempt that may write is at work, and its end is not recorded',
  );
  expect(step.stderr).toContain('goes on: `fix` is at work');
});
