// Deals with the changes of isolated steps through the built program: those that were merged, that collided, that are not to be merged.
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { asRunId } from '../../src/model/ids.ts';
import { built } from '../support/built.ts';
import { startCli } from '../support/cli.ts';
import { type Project, withState } from '../support/repository.ts';
import { say } from './project.ts';
import { agentDoes, agentProject, isolatedProject, usersSide } from './tree-project.ts';

beforeAll(built);

async function paths(project: Project, line: string): Promise<readonly string[]> {
  const { stdout, stderr } = await say(project, `diff ${line} --json`);
  if (stdout === '') throw new Error(stderr);
  return (JSON.parse(stdout) as { files: { path: string }[] }).files.map((file) => file.path);
}

function worktrees(project: Project): readonly string[] {
  return project
    .git('worktree', 'list', '--porcelain')
    .split('\n')
    .filter((line) => line.startsWith('worktree '))
    .slice(1);
}

it('shows what collided, and brings any change in by hand', async () => {
  const project = isolatedProject();
  const before = project.picture();
  const side = usersSide(project);
  const ended = await say(project, 'run w');
  expect(ended.code).toBe(1);
  expect(ended.stdout).toContain('changed 2 files, +2 -1: a.txt, left.txt\n');
  expect(ended.stdout).not.toContain('still in the tree');
  expect(project.read('a.txt')).toBe('left\n');
  // The change of each, and of the run what was merged.
  expect(await paths(project, '@last left')).toEqual(['a.txt', 'left.txt']);
  expect(await paths(project, '@last right')).toEqual(['a.txt', 'right.txt']);
  expect(await paths(project, '@last never')).toEqual(['never.txt']);
  expect(await paths(project, '@last')).toEqual(['a.txt', 'left.txt']);
  const plain = await say(project, 'diff @last right');
  expect(plain.stdout).toContain('+right\n');
  expect(plain.stderr).toContain('collides with the shared tree in a.txt\n');
  expect(plain.stderr).toMatch(/codemachine diff \S+ right --conflict/);
  const conflict = await say(project, 'diff @last right --conflict');
  expect(conflict.code).toBe(0);
  expect(conflict.stderr).toMatch(
    /a\.txt: both sides changed the same lines .*\n {2}both sides stand between markers/,
  );
  expect(conflict.stdout).toMatch(/\+<{7} .*\n left\n\+={7}\n\+right\n\+>{7} /);
  expect(JSON.parse((await say(project, 'diff @last right --json')).stdout)).toMatchObject({
    conflicts: ['a.txt'],
  });
  expect((await say(project, 'diff @last left --conflict')).stderr).toContain('no merge of `left`');

  const collided = await say(project, 'apply @last right');
  expect(collided).toMatchObject({ code: 1, stdout: '' });
  expect(collided.stderr).toContain('collides with the tree in a.txt');
  expect(await say(project, 'apply @last never')).toMatchObject({ code: 0 });
  expect(project.read('never.txt')).toBe('never\n');
  expect(await say(project, 'apply @last right --markers')).toMatchObject({ code: 1 });
  expect(project.read('a.txt')).toMatch(/<{7} .*\nleft\n={7}\nright\n>{7} /);
  expect(project.read('right.txt')).toBe('x\n');

  const never = await say(project, 'restore @last never --after');
  expect(never).toMatchObject({ code: 2, stdout: '' });
  expect(never.stderr).toMatch(/was not merged[\s\S]*codemachine apply \S+ never/);
  await say(project, 'restore @last left --after');
  expect(project.picture()).toEqual({ ...before, 'a.txt': '644 left\n', 'left.txt': '644 x\n' });
  await say(project, 'restore @last left --before');
  expect(project.picture()).toEqual(before);
  // Merged by the run, taken back by hand, and brought in again.
  expect(await say(project, 'apply @last left')).toMatchObject({ code: 0 });
  expect(project.read('left.txt')).toBe('x\n');
  expect(usersSide(project)).toEqual(side);
});

it('looks into the worktree of an attempt that was killed, keeps it while the run may go on, and clears it up after', async () => {
  const project = agentProject(
    '',
    {},
    'steps:\n  - { id: slow, engine: claude-code, access: write, prompt: Wait., workspace: isolated, retry: { attempts: 1 } }\n',
  );
  const runner = path.join(project.base, 'runner');
  agentDoes(
    project,
    `echo half > half.txt; while [ ! -s ${runner} ]; do sleep 0.02; done; kill -9 $(cat ${runner}); sleep 60`,
  );
  const cli = startCli(project, ['run', 'w', '--json']);
  writeFileSync(runner, `${cli.pid}\n`);
  expect(await cli.ended).toMatchObject({ signal: 'SIGKILL' });
  expect(worktrees(project)).toHaveLength(1);
  expect(await paths(project, '@last slow')).toEqual(['half.txt']);
  expect(existsSync(path.join(project.root, 'half.txt'))).toBe(false);
  await say(project, 'gc --keep 0');
  expect(worktrees(project)).toHaveLength(1);
  const run =
    project.git('for-each-ref', '--format=%(refname)').split('refs/codemachine/')[1]?.split('/')[0] ?? '';
  // As a kill after the rows leaves it.
  await withState(project, (state) => state.removals.begin(asRunId(run)));
  const did = await say(project, 'gc');
  expect(did).toMatchObject({ code: 0, stderr: '' });
  expect(did.stdout).toContain('removed 1 worktree, ');
  expect(worktrees(project)).toEqual([]);
  expect(project.git('for-each-ref', 'refs/codemachine')).toBe('');
  expect(existsSync(path.join(project.root, '.git/worktrees'))).toBe(false);
  const cache = readdirSync(path.join(project.home, '.cache/codemachine'), { recursive: true });
  expect(cache.filter((name) => String(name).includes(run))).toEqual([]);
  agentDoes(project, 'echo whole > whole.txt');
  expect(await say(project, 'run w')).toMatchObject({ code: 0 });
  expect(project.read('whole.txt')).toBe('whole\n');
});
