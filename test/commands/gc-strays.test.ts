// Finds what runs have left in a repository whose state directory is gone, or another one.
import { existsSync, rmSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { built } from '../support/built.ts';
import { startCli } from '../support/cli.ts';
import type { Project } from '../support/repository.ts';
import { projectWith, say } from './project.ts';

beforeAll(built);

/** A run that is killed while an isolated step is at work. */
async function killed(...more: string[]): Promise<{ project: Project; run: string; tree: string }> {
  const step = '{ id: apart, workspace: isolated, run: "echo up; until test -e never; do sleep 0.05; done" }';
  const project = projectWith({ w: `steps:\n  - ${step}\n` });
  const cli = startCli(project, ['run', 'w', '--json', ...more], {
    onLine: (line) => {
      if (line.includes('up\\n')) process.kill(cli.pid, 'SIGKILL');
    },
  });
  expect((await cli.ended).signal).toBe('SIGKILL');
  const listed = project.git('worktree', 'list', '--porcelain');
  const [, tree = ''] = /worktree (.*\/codemachine\/.*)/.exec(listed) ?? [];
  return { project, run: path.basename(path.dirname(tree)), tree };
}

const refs = (project: Project): string => project.git('for-each-ref', 'refs/codemachine');

it('names recordings and worktrees where the state is gone, and removes them by name', async () => {
  const { project, run, tree } = await killed();
  rmSync(project.stateDir, { recursive: true });
  const kept = refs(project);
  for (const line of ['gc', 'gc --dry-run', 'doctor']) {
    const { stdout } = await say(project, line);
    for (const one of [run, tree, `codemachine gc ${run} --force`, '--state-dir'])
      expect([line, stdout]).toEqual([line, expect.stringContaining(one)]);
  }
  expect(JSON.parse((await say(project, 'gc --json')).stdout)).toMatchObject({
    unknown: [run],
    recordings: 0,
  });
  const unsure = await say(project, `gc ${run}`);
  expect([unsure.code, unsure.stderr]).toEqual([2, expect.stringContaining('--force')]);
  // Looking makes nothing and takes nothing.
  expect(existsSync(project.stateDir)).toBe(false);
  expect(existsSync(tree)).toBe(true);
  expect(refs(project)).toBe(kept);
  expect((await say(project, `gc ${run} --force --dry-run`)).stdout).toContain(tree);
  expect(refs(project)).toBe(kept);
  const done = await say(project, `gc ${run} --force`);
  expect([done.code, done.stdout]).toEqual([0, expect.stringContaining('1 worktree')]);
  expect(existsSync(tree)).toBe(false);
  expect(refs(project)).toBe('');
  expect(project.git('worktree', 'list', '--porcelain')).not.toContain(tree);
  expect((await say(project, 'gc')).stdout).not.toContain('does not know');
  expect((await say(project, 'doctor')).stdout).not.toContain('left over');
});

it('leaves what another state directory knows, whatever else it clears', async () => {
  const { project, run, tree } = await killed('--state-dir', '.other');
  expect((await say(project, 'gc --keep 0')).stdout).toContain(tree);
  expect(existsSync(tree)).toBe(true);
  expect(refs(project)).toContain(run);
  expect((await say(project, 'gc --state-dir .other')).stdout).not.toContain('does not know');
});
