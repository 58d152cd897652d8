// Retries runs in whose checkout a person has worked meanwhile: what no step made is never taken back.
import { beforeAll, expect, it } from 'vitest';
import { projectWith, say } from '../commands/project.ts';
import { built } from '../support/built.ts';
import type { Project } from '../support/repository.ts';
import { scriptAgent } from './scripted-agent.ts';

beforeAll(built);

const TWO = `
steps:
  - { id: alpha, engine: claude-code, access: write, prompt: go }
  - { id: test, run: test -e ../ready }
`;

/** A run that failed behind `alpha`, then was made to succeed by a person at work between the two. */
async function resumed(work: (project: Project) => void): Promise<Project> {
  const project = projectWith({ w: TWO }, { 'b.txt': 'b\n' });
  scriptAgent(project, 'echo alpha > alpha.txt; echo more >> a.txt');
  expect((await say(project, 'run w')).code).toBe(1);
  work(project);
  project.write('../ready', '');
  expect((await say(project, 'resume @last')).code).toBe(0);
  scriptAgent(project, 'cat a.txt > ../seen; test ! -e alpha.txt; echo again > alpha.txt');
  return project;
}

it('leaves a commit, its files, the index and what is not committed', async () => {
  const project = await resumed((one) => {
    one.write('fix.txt', 'fix\n');
    one.git('add', 'fix.txt');
    one.git('commit', '-q', '-m', 'user fixes');
    one.write('staged.txt', 'staged\n');
    one.git('add', 'staged.txt');
    one.write('mynotes.md', 'notes\n');
    one.write('b.txt', 'b\nby hand\n');
  });
  const head = project.git('rev-parse', 'HEAD');
  const branch = project.git('symbolic-ref', 'HEAD');
  const staged = project.git('diff', '--cached', '--name-only');
  const { code, stderr } = await say(project, 'retry @last --from alpha');
  expect(stderr).toContain('a.txt, alpha.txt');
  expect(code).toBe(0);
  expect(project.read('../seen')).toBe('a\n');
  expect(project.git('rev-parse', 'HEAD')).toBe(head);
  expect(project.git('symbolic-ref', 'HEAD')).toBe(branch);
  expect(project.git('diff', '--cached', '--name-only')).toBe(staged);
  expect(project.read('fix.txt')).toBe('fix\n');
  expect(project.read('mynotes.md')).toBe('notes\n');
  expect(project.read('b.txt')).toBe('b\nby hand\n');
});

it('refuses where a person wrote, before the resume, in what a step wrote', async () => {
  const project = await resumed((one) => one.write('a.txt', 'a\nmore\nby hand\n'));
  const refused = await say(project, 'retry @last --from alpha');
  expect(refused.code).toBe(2);
  expect(refused.stderr).toContain('a.txt');
  expect(refused.stderr).not.toContain('alpha.txt');
  expect(project.read('a.txt')).toBe('a\nmore\nby hand\n');
  expect(project.read('alpha.txt')).toBe('alpha\n');
  const restored = await say(project, 'retry @last --from alpha --restore');
  expect(restored.code).toBe(0);
  expect(project.read('../seen')).toBe('a\n');
  const [, found = ''] = /git restore --source=(\w+)/.exec(restored.stderr) ?? [];
  expect(project.git('show', `${found}:a.txt`)).toBe('a\nmore\nby hand\n');
});

it('takes back what the run before the last did, and does it once', async () => {
  const project = projectWith({ w: TWO });
  scriptAgent(project, 'echo x >> a.txt');
  expect((await say(project, 'run w')).code).toBe(1);
  project.write('../ready', '');
  expect((await say(project, 'retry @last')).code).toBe(0);
  for (const _ of [1, 2, 3]) {
    expect((await say(project, 'retry @last --from alpha')).code).toBe(0);
    expect(project.read('a.txt')).toBe('a\nx\n');
    expect((await say(project, 'retry @last --from test')).code).toBe(0);
  }
  project.write('a.txt', 'a\nx\nby hand\n');
  expect((await say(project, 'retry @last --from test')).code).toBe(0);
  expect((await say(project, 'retry @last --from alpha')).code).toBe(2);
  expect(project.read('a.txt')).toBe('a\nx\nby hand\n');
});

it('takes back what a retry left with --keep-tree', async () => {
  const project = projectWith({ w: TWO });
  scriptAgent(project, 'echo x >> a.txt');
  await say(project, 'run w');
  project.write('../ready', '');
  expect((await say(project, 'retry @last --from alpha --keep-tree')).code).toBe(0);
  expect(project.read('a.txt')).toBe('a\nx\nx\n');
  expect((await say(project, 'retry @last --from alpha')).code).toBe(0);
  expect(project.read('a.txt')).toBe('a\nx\n');
});

it("leaves the run's own workflow, prompt files and configuration", async () => {
  const text = TWO.replace('prompt: go', 'prompt-file: ../../ask.md');
  const project = projectWith({ w: text }, { 'ask.md': 'ask\n' });
  const file = '.codemachine/workflows/w.yml';
  scriptAgent(project, `echo alpha > alpha.txt; echo better > ask.md; echo '# seen' >> ${file}`);
  await say(project, 'run w');
  const now = project.read(file);
  project.write('../ready', '');
  scriptAgent(project, 'test ! -e alpha.txt');
  expect((await say(project, 'retry @last --from alpha')).code).toBe(0);
  expect(project.read(file)).toBe(now);
  expect(project.read('ask.md')).toBe('better\n');
});

it('leaves what a person wrote where an earlier retry took a step back that writes other files by now', async () => {
  const project = projectWith({ w: TWO });
  scriptAgent(project, 'echo alpha > alpha.txt');
  expect((await say(project, 'run w')).code).toBe(1);
  scriptAgent(project, 'echo other > other.txt');
  expect((await say(project, 'retry @last --from alpha')).code).toBe(1);
  project.write('alpha.txt', 'mine\n');
  project.write('../ready', '');
  scriptAgent(project, 'cat alpha.txt > ../seen; test ! -e other.txt; echo last > other.txt');
  const { code, stderr } = await say(project, 'retry @last --from alpha');
  expect([code, stderr]).toEqual([0, expect.any(String)]);
  expect(project.read('../seen')).toBe('mine\n');
  expect(project.read('alpha.txt')).toBe('mine\n');
});
