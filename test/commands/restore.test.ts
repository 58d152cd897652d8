// Puts trees back through the built program.
import { spawn } from 'node:child_process';
import { existsSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { built } from '../support/built.ts';
import { PROGRAM, startCli } from '../support/cli.ts';
import type { Project } from '../support/repository.ts';
import { say } from './project.ts';
import { agentDoes, agentProject, usersSide, words } from './tree-project.ts';

beforeAll(built);

const FILES = {
  ...{ 'src/a.ts': 'one\n', 'src/b.ts': 'two\n', 'gone.txt': 'here\n', '.gitignore': 'kept.log\n' },
  ...{ 'dir/in.txt': 'in\n', tool: 'tool\n', deep: 'flat\n' },
};
/** A link becomes a file, a directory a file, a file a directory, beside what is ordinary. */
const EDIT = [
  'echo agent > src/a.ts; echo agent > src/b.ts; rm gone.txt; mkdir -p new; echo n > new/file.txt; chmod +x src/b.ts tool',
  'rm -f link; echo file > link; rm -r dir; echo x > dir; rm deep; mkdir deep; echo y > deep/y',
].join('; ');

/** The number behind `--to` that a restore told. */
function wayBack(stderr: string): string[] {
  const [, line = ''] = /`codemachine (restore [^`]*)`/.exec(stderr) ?? [];
  return line.split(' ');
}

describe('restore', () => {
  it('puts the tree back to before and after an attempt, and says how to get back', async () => {
    const project = agentProject(EDIT, FILES);
    symlinkSync('a.txt', path.join(project.root, 'link'));
    const before = project.picture();
    expect(await say(project, 'run w')).toMatchObject({ code: 0 });
    const after = project.picture();
    const side = usersSide(project);
    project.write('src/a.ts', 'a person\n');
    project.write('mine.txt', 'mine\n');
    project.write('kept.log', 'ignored\n');
    const edited = project.picture();
    const restored = await say(project, 'restore @last fix --before');
    expect(restored).toMatchObject({ code: 0 });
    expect(restored.stdout).toContain('put back to how it was before `fix`');
    expect(restored.stdout).toContain('A gone.txt');
    expect(project.picture()).toEqual({ ...before, 'kept.log': '644 ignored\n' });
    const back = await words(project, wayBack(restored.stderr));
    expect(back).toMatchObject({ code: 0 });
    expect(back.stdout).toMatch(/^put back to recording \d+ \(restore\.found\):\n/);
    expect(project.picture()).toEqual(edited);
    expect(await say(project, 'restore @last fix.1 --after')).toMatchObject({ code: 0 });
    expect(project.picture()).toEqual({ ...after, 'kept.log': '644 ignored\n' });
    expect(usersSide(project)).toEqual(side);
    const again = await say(project, 'restore @last fix --after');
    expect(again).toMatchObject({ code: 0, stdout: '' });
    expect(again.stderr).toContain('nothing to do');
  });

  it('puts the whole run back without a step', async () => {
    const project = agentProject('echo $(($(cat n.txt) + 1)) > n.txt', { 'n.txt': '0\n' }, TWICE);
    await say(project, 'run w');
    expect(project.read('n.txt')).toBe('2\n');
    await say(project, 'restore @last --before');
    expect(project.read('n.txt')).toBe('0\n');
    await say(project, 'restore @last one --after');
    expect(project.read('n.txt')).toBe('1\n');
    await say(project, 'restore @last --after');
    expect(project.read('n.txt')).toBe('2\n');
  });

  it('touches the paths alone that are named, literally and from where people are', async () => {
    const odd = ['a[1].txt', ':(top)x', '*', 'new\nline', '-dash', 'ü"q'];
    const names = Object.fromEntries([...odd, 'a1.txt'].map((name) => [name, 'old\n']));
    const project = agentProject(`for f in *; do if [ -f "$f" ]; then echo new > "./$f"; fi; done; ${EDIT}`, {
      ...FILES,
      ...names,
    });
    await say(project, 'run w');
    const after = project.picture();
    const would = await words(project, ['restore', '@last', '--before', '--dry-run', '--', 'src', 'new']);
    expect(would).toMatchObject({ code: 0, stderr: '' });
    expect(would.stdout).toBe(
      'would put back to how it was before the run:\n  D new/file.txt  +0 -1\n  M src/a.ts  +1 -1\n  M src/b.ts  +1 -1, 100755 → 100644\n',
    );
    expect(project.picture()).toEqual(after);
    const some = ['restore', '@last', 'fix', '--before', '--', 'a.ts', '../gone.txt', '../dir/in.txt'];
    expect(await words(project, some, 'src')).toMatchObject({ code: 0 });
    expect(project.read('src/a.ts')).toBe('one\n');
    expect(project.read('gone.txt')).toBe('here\n');
    expect(project.read('dir/in.txt')).toBe('in\n');
    expect(project.read('src/b.ts')).toBe('agent\n');
    expect(existsSync(path.join(project.root, 'new/file.txt'))).toBe(true);
    expect(await words(project, ['restore', '@last', '--before', '--', ...odd, 'new'])).toMatchObject({
      code: 0,
    });
    for (const name of odd) expect(project.read(name)).toBe('old\n');
    expect(project.read('a1.txt')).toBe('new\n');
    expect(project.read('a.txt')).toBe('new\n');
    expect(existsSync(path.join(project.root, 'new'))).toBe(false);
  });

  it('puts back what an undone attempt had left', async () => {
    const project = agentProject('echo half > src/a.ts; exit 1', FILES, RETRIED);
    const end = await say(project, 'run w');
    expect(end).toMatchObject({ code: 1 });
    agentDoes(project, 'echo well > src/b.ts');
    await say(project, 'resume @last');
    expect(project.read('src/a.ts')).toBe('one\n');
    expect(await say(project, 'restore @last fix.1 --after')).toMatchObject({ code: 0 });
    expect(project.read('src/a.ts')).toBe('half\n');
    expect(project.read('src/b.ts')).toBe('two\n');
  });

  it('refuses what is not there, naming what is', async () => {
    const project = agentProject(EDIT, FILES);
    await say(project, 'run w');
    const after = project.picture();
    for (const [line, said] of [
      ['restore @last', 'fix.1.before\n'],
      ['restore @last fxi --before', 'did you mean `fix`?'],
      ['restore @last fix.2 --before', 'step fix of run'],
      ['restore @last --to 99', 'has no recording 99'],
      ['restore @last fix --to 2', 'is one of the whole tree'],
      ['restore @last fix.1 --to 2 --dry-run', 'codemachine restore '],
      ['restore @last --before -- ../out', 'lies outside of'],
      ['restore @last --before -- src no-such', 'no-such is in none of the recordings'],
    ] as const) {
      const end = await words(project, line.split(' '));
      expect(end, line).toMatchObject({ code: 2, stdout: '' });
      expect(end.stderr).toContain(said);
    }
    expect(project.picture()).toEqual(after);
  });

  it('asks where a person sits, and changes nothing without a yes', async () => {
    const project = agentProject(EDIT, FILES);
    const before = project.picture();
    await say(project, 'run w');
    const after = project.picture();
    const no = await atTerminal(project, '\r');
    expect(no.screen).toContain('D new/file.txt');
    expect(no.screen).toContain('nothing was changed');
    expect(no.code).toBe(2);
    expect(project.picture()).toEqual(after);
    expect(await atTerminal(project, 'y\r')).toMatchObject({ code: 0 });
    expect(project.picture()).toEqual(before);
  });

  it('refuses while a run works in the checkout, its own or another one', async () => {
    const project = agentProject(EDIT, {
      ...FILES,
      '.codemachine/workflows/long.yml':
        'name: long\nsteps:\n  - { id: wait, run: "echo up; while [ ! -e go ]; do sleep 0.05; done" }\n',
    });
    await say(project, 'run w');
    const after = project.picture();
    const [first] = JSON.parse((await say(project, 'runs --json')).stdout) as [{ run: string }];
    const tried: Promise<void>[] = [];
    const long = startCli(project, ['run', 'long', '--json'], {
      onLine: (line) => {
        if (!line.includes('"up\\n"')) return;
        const attempt = async (): Promise<void> => {
          const end = await say(project, `restore ${first.run} --before`);
          project.write('go', '');
          expect(end).toMatchObject({ code: 2, stdout: '' });
          expect(end.stderr).toMatch(/run \d{8}-\d{6}-\w+ works in .*codemachine run/);
        };
        tried.push(attempt());
      },
    });
    await long.ended;
    await Promise.all(tried);
    expect(tried).toHaveLength(1);
    expect(project.picture()).toEqual({ ...after, go: '644 ' });
    expect(await say(project, `restore ${first.run} --before`)).toMatchObject({ code: 0 });
  });
});

/** Restores at a terminal, and presses the keys when it is asked. */
function atTerminal(project: Project, keys: string): Promise<{ code: number | null; screen: string }> {
  const line = [process.execPath, PROGRAM, 'restore', '@last', '--before']
    .map((word) => `'${word}'`)
    .join(' ');
  const child = spawn('script', ['-q', '-e', '-f', '-c', `exec ${line}`, '/dev/null'], {
    cwd: project.root,
    env: { ...project.environ, TERM: 'xterm', SHELL: '/bin/sh' },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let screen = '';
  let asked = false;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    screen += text;
    if (asked || !screen.includes('[y/N]')) return;
    asked = true;
    child.stdin.write(keys);
  });
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, screen })));
}

const TWICE = ['one', 'two']
  .map((id) => `  - { id: ${id}, engine: claude-code, access: write, prompt: Count. }\n`)
  .join('')
  .replace(/^/, 'steps:\n');

const RETRIED =
  'steps:\n  - { id: fix, engine: claude-code, access: write, prompt: Mend it., retry: { attempts: 1 } }\n';
