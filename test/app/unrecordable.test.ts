// Says of a file that is too large to be recorded what can be done about it, which is another thing in each place.
import { beforeAll, describe, expect, it } from 'vitest';
import { projectWith, say } from '../commands/project.ts';
import { built } from '../support/built.ts';
import type { Project } from '../support/repository.ts';
import { scriptAgent } from './scripted-agent.ts';

beforeAll(built);

const BIG = 'truncate -s 101M big.bin';
const AGENT = '{ id: code, engine: claude-code, access: write, prompt: go }';
const APART = '{ id: apart, workspace: isolated, run: echo fine }';

function project(...steps: readonly string[]): Project {
  const made = projectWith({ w: `steps:\n${steps.map((one) => `  - ${one}\n`).join('')}` });
  scriptAgent(made, 'echo code > code.txt');
  return made;
}

async function refused(one: Project, line: string): Promise<string> {
  const { code, stdout, stderr } = await say(one, line);
  expect([line, code === 0]).toEqual([line, false]);
  const all = stdout + stderr;
  expect(all).toContain('big.bin has 101 MiB');
  expect(all).toContain('.gitignore');
  return all;
}

describe('before a run', () => {
  it('steps can be spared the recording, and nothing is resumed', async () => {
    const one = project(AGENT);
    one.write('big.bin', Buffer.alloc(101 * 1024 * 1024));
    const words = await refused(one, 'run w');
    expect(words).toContain('`undo: never` on the steps that may write');
    expect(words).not.toContain('resume');
  });

  it('isolated steps cannot', async () => {
    const one = project(AGENT, APART);
    one.write('big.bin', Buffer.alloc(101 * 1024 * 1024));
    const words = await refused(one, 'run w');
    expect(words).not.toMatch(/undo|resume/);
  });
});

describe('in a run', () => {
  it('a step can be spared it by an update', async () => {
    const one = project(`{ id: make, run: ${BIG} }`, AGENT);
    const words = await refused(one, 'run w');
    expect(words).toMatch(/`undo: never` on the step.*--updated/);
    const file = '.codemachine/workflows/w.yml';
    one.write(file, one.read(file).replace('prompt: go', 'undo: never, prompt: go'));
    const { code, stderr } = await say(one, 'resume @last --updated --yes');
    expect([code, stderr]).toEqual([0, expect.any(String)]);
    expect(one.read('code.txt')).toBe('code\n');
  });

  it('the same where the agent made the file', async () => {
    const one = project(AGENT);
    scriptAgent(one, BIG);
    expect(await refused(one, 'run w')).toMatch(/`undo: never` on the step.*--updated/);
  });

  it('an isolated step cannot be', async () => {
    const one = project(`{ id: make, run: ${BIG} }`, APART);
    expect(await refused(one, 'run w')).not.toContain('undo');
  });

  it('an isolated step is told of a file in its own worktree what it can do there', async () => {
    const one = project(`{ id: apart, workspace: isolated, run: ${BIG} }`);
    const words = await refused(one, 'run w');
    expect(words).toContain('let the step remove it');
    expect(words).not.toMatch(/undo: never|move it away/);
    const setup = project(`{ id: apart, workspace: { mode: isolated, setup: ${BIG} }, run: echo fine }`);
    expect(await refused(setup, 'run w')).toContain('let `setup` remove it');
  });
});

it('after a run, where something is put back', async () => {
  const one = project(AGENT);
  expect((await say(one, 'run w')).code).toBe(0);
  one.write('big.bin', Buffer.alloc(101 * 1024 * 1024));
  expect(await refused(one, 'restore @last --before')).not.toMatch(/undo|resume/);
  expect(await refused(one, 'retry @last --from code')).toMatch(/`undo: never`.*`--updated`/);
});
