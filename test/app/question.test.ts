// Leaves the question about somebody's edits without an answer.
import { beforeAll, expect, it } from 'vitest';
import { projectWith, say } from '../commands/project.ts';
import { built } from '../support/built.ts';
import { type Project, withState } from '../support/repository.ts';
import { scriptAgent } from './scripted-agent.ts';
import { type Answered, atTerminal } from './terminal.ts';

beforeAll(built);

/** Resumes at a terminal, and presses these keys when it is asked what to do; without any, it is told to end. */
function answered(project: Project, keys: string | undefined): Promise<Answered> {
  return atTerminal(project, 'resume @last', 'or [s]top?', (press) => {
    if (keys !== undefined) press(keys);
    else void withState(project, (state) => process.kill(state.listRuns()[0]?.owner?.pid ?? 0, 'SIGTERM'));
  });
}

it.each([
  ['Ctrl-C', '\x03'],
  ['the end of input', '\x04'],
  ['s', 's\r'],
  ['SIGTERM', undefined],
])('%s stops, and changes nothing', async (_name, keys) => {
  const project = projectWith({
    w: 'steps:\n  - { id: edit, engine: claude-code, access: write, prompt: go, retry: { attempts: 1 } }\n',
  });
  scriptAgent(project, 'echo half > a.txt; exit 1');
  await say(project, 'run w');
  project.write('a.txt', 'by hand\n');
  const { code, screen } = await answered(project, keys);
  expect(screen).not.toContain('defect');
  expect(code).toBe(2);
  expect(project.read('a.txt')).toBe('by hand\n');
});
