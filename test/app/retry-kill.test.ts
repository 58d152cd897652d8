// Kills the program while it puts the tree back for a retry or an update: the next resume finishes it.
import { beforeAll, describe, expect, it } from 'vitest';
import type { Event } from '../../src/model/event.ts';
import { projectWith, say } from '../commands/project.ts';
import { built } from '../support/built.ts';
import { of, strictEvents } from '../support/event-check.ts';
import type { Project } from '../support/repository.ts';
import { killingGit } from './killing-git.ts';
import { scriptAgent } from './scripted-agent.ts';

beforeAll(built);

const AGENTS = `
steps:
  - { id: plan, engine: claude-code, access: write, prompt-file: plan.md }
  - { id: code, engine: claude-code, access: write, prompt-file: code.md }
  - { id: test, run: test -e ../ready }
`;
const PROMPTS = {
  '.codemachine/workflows/plan.md': 'plan it\n',
  '.codemachine/workflows/code.md': 'code it\n',
};
const WORK =
  'if test -e plan.txt; then echo code > code.txt; echo more >> a.txt; rm b.txt; else echo plan > plan.txt; fi';

async function resumed(project: Project): Promise<readonly Event[]> {
  const { code, stdout, stderr } = await say(project, 'resume @last --json');
  if (code !== 0) throw new Error(stderr);
  return strictEvents(stdout);
}

async function failed(): Promise<Project> {
  const project = projectWith({ w: AGENTS }, { ...PROMPTS, 'b.txt': 'b\n' });
  scriptAgent(project, WORK);
  expect((await say(project, 'run w')).code).toBe(1);
  project.write('../ready', '');
  scriptAgent(project, 'cat a.txt b.txt plan.txt > ../seen; test ! -e code.txt; echo again > code.txt');
  return project;
}

describe.each(['before', 'after'] as const)('killed %s files are written', (when) => {
  it('a retry that never began is begun by resume', async () => {
    const project = await failed();
    const env = killingGit(project, when);
    const { signal } = await say(project, 'retry @last --from code', { env });
    expect(signal).toBe('SIGKILL');
    expect(JSON.parse((await say(project, 'runs --json')).stdout)).toMatchObject([
      { status: 'interrupted' },
      { status: 'failed' },
    ]);
    expect((await say(project, 'resume @last --updated')).stderr).toContain('has not begun');
    const events = await resumed(project);
    expect(events[0]).toMatchObject({ type: 'run-started', attempt: 1, 'retry-of': expect.any(String) });
    expect(of(events, 'step-started').map(({ step }) => step)).toEqual(['code', 'test']);
    expect(project.read('../seen')).toBe('a\nb\nplan\n');
    expect(project.read('code.txt')).toBe('again\n');
  });

  it('an update goes on by resume, with the files that it was updated to', async () => {
    const project = await failed();
    project.write('.codemachine/workflows/code.md', 'code it well\n');
    const env = killingGit(project, when);
    const { signal } = await say(project, 'resume @last --updated', { env });
    expect(signal).toBe('SIGKILL');
    project.write('.codemachine/workflows/code.md', 'once more another\n');
    const events = await resumed(project);
    expect(of(events, 'step-started').map(({ step, attempt }) => `${step}.${attempt}`)).toEqual([
      'code.2',
      'test.2',
    ]);
    expect(project.read('../seen')).toBe('a\nb\nplan\n');
    expect((await say(project, 'logs @last code --file prompt.md')).stdout).toContain('code it well');
  });
});
