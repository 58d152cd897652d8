// Shows what an ignored file of the user's does to a merge through the built program: nothing of either is lost or half done.
import { existsSync, readFileSync, renameSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { eventsOf, say } from '../commands/project.ts';
import { agentProject } from '../commands/tree-project.ts';
import { built } from '../support/built.ts';
import { of } from '../support/event-check.ts';
import type { Project } from '../support/repository.ts';

beforeAll(built);

const step = (script: string, more = 'isolated'): string =>
  `steps:\n  - { id: one, run: ${JSON.stringify(script)}, workspace: ${more} }\n`;

const RULES = { 'a.txt': 'a\n', '.gitignore': 'out\ntarget\n' };

function at(project: Project, name: string): string {
  return path.join(project.root, name);
}

function standsAsItWas(project: Project, name: string): void {
  expect(readFileSync(at(project, name), 'utf8')).toBe('secret\n');
  expect(project.git('status', '--short')).toBe('');
}

describe('an ignored file of the user where a merge would put one', () => {
  it.each([
    ['target', 'rm .gitignore; echo x > a2.txt; echo x > target'],
    ['out/f', 'mkdir out; echo x > out/f; echo x > a2.txt; git add -f out/f'],
    // A directory where a file is to be, and a file where a directory is to be.
    ['out/f', 'echo x > a2.txt; echo x > out; git add -f out; rm .gitignore'],
    ['target', 'rm .gitignore; mkdir target; echo x > target/g'],
  ])('(%s, by `%s`) is a conflict of the step that names it', async (name, script) => {
    const project = agentProject('', RULES, step(script));
    project.write(name, 'secret\n');
    const { code, events } = await eventsOf(project, 'run w');
    expect(code).toBe(1);
    const [failed] = of(events, 'step-failed');
    expect(failed?.failure).toMatchObject({
      reason: 'merge-conflict',
      message: expect.stringContaining(`an ignored file of yours, ${name}, is in the way`),
      help: expect.stringMatching(/move it away.*codemachine apply \S+ one/i),
    });
    expect(of(events, 'merge-started')).toEqual([]);
    standsAsItWas(project, name);
    const applied = await say(project, 'apply @last one');
    expect(applied.code).not.toBe(0);
    expect(applied.stderr).toContain(`an ignored file of yours, ${name}, is in the way`);
    expect(applied.stderr).not.toContain('edited');
    standsAsItWas(project, name);
    const would = await say(project, 'apply @last one --dry-run');
    expect(would).toMatchObject({ ...applied, stdout: '' });
    standsAsItWas(project, name);
    renameSync(at(project, name.split('/')[0] ?? ''), path.join(project.base, 'aside'));
    expect(await say(project, 'apply @last one')).toMatchObject({ code: 0 });
    expect(project.git('status', '--short')).not.toBe('');
  });

  it('is nothing to talk of where it holds what the merge would put there', async () => {
    const project = agentProject('', RULES, step('mkdir out; echo x > out/f; git add -f out/f'));
    project.write('out/f', 'x\n');
    expect(await say(project, 'run w')).toMatchObject({ code: 0 });
    expect(project.read('out/f')).toBe('x\n');
  });
});

it('an ignored file in the way is said before an agent is asked to resolve what else collides', async () => {
  const more = '{ mode: isolated, on-conflict: { agent: merger } }';
  const project = agentProject(
    'case $CODEMACHINE_STEP in *.on-conflict) echo $CODEMACHINE_STEP >> $HOME/asked;; esac',
    RULES,
    `agents: { merger: { engine: claude-code, access: write } }
steps:
  - { id: one, run: 'echo one > a.txt', workspace: isolated }
  - { id: two, needs: [], run: 'echo two > a.txt; rm .gitignore; echo x > target', workspace: ${more} }
`,
  );
  project.write('target', 'secret\n');
  const { code, events } = await eventsOf(project, 'run w');
  expect(code).toBe(1);
  expect(of(events, 'step-failed')[0]?.failure.message).toContain('an ignored file of yours, target,');
  expect(existsSync(path.join(project.home, 'asked'))).toBe(false);
  expect(project.read('target')).toBe('secret\n');
});

describe('an isolated step', () => {
  it('that is never merged ends with the command that merges it', async () => {
    const project = agentProject('', {}, step('echo x > made.txt', '{ mode: isolated, merge: never }'));
    for (const line of ['run w', 'status @last']) {
      const { code, stdout } = await say(project, line);
      expect(code).toBe(0);
      expect(stdout).toMatch(/not merged into the tree, .*: what one changed/);
      expect(stdout).toMatch(/next:\n(.*\n)* {2}codemachine apply \S+ one\n/);
    }
    const [, id = ''] = /codemachine apply (\S+) one/.exec((await say(project, 'status @last')).stdout) ?? [];
    expect(await say(project, `apply ${id} one`)).toMatchObject({ code: 0 });
    expect(project.read('made.txt')).toBe('x\n');
  });

  it('that is never merged and made nothing leaves nothing to do', async () => {
    const project = agentProject('', {}, step('true', '{ mode: isolated, merge: never }'));
    expect((await say(project, 'run w')).stdout).not.toContain('codemachine apply');
  });

  it('that removes its own worktree fails, says only that, and leaves nothing behind', async () => {
    const project = agentProject('', {}, step('rm -rf "$CODEMACHINE_WORKSPACE"'));
    const { code, events } = await eventsOf(project, 'run w');
    expect(code).toBe(1);
    const message = of(events, 'step-failed')[0]?.failure.message ?? '';
    expect(message).toContain('is gone');
    expect(message).not.toContain('still in');
    expect(project.git('worktree', 'list', '--porcelain').match(/^worktree /gm)).toHaveLength(1);
    expect(existsSync(path.join(project.root, '.git/worktrees'))).toBe(false);
  });
});
