// Runs the built program where it writes into the tree itself, as people type it into a shell.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { projectWith, say } from '../commands/project.ts';
import { built } from '../support/built.ts';
import { PROGRAM } from '../support/cli.ts';
import { of, strictEvents } from '../support/event-check.ts';
import { onlyRun, type Project } from '../support/repository.ts';
import { scriptAgent } from './scripted-agent.ts';

beforeAll(built);

const AGENT = `
steps:
  - id: edit
    engine: claude-code
    access: write
    prompt: go
    retry: { attempts: 2, delay: 1ms, on: [any] }
  - { id: look, run: cat a.txt }
`;

/** Lets `sh` do it, with `codemachine` on its PATH. */
function shell(
  project: Project,
  script: string,
  cwd = project.root,
): { status: number | null; stdout: string; stderr: string } {
  project.write('../bin/codemachine', `#!/bin/sh\nexec '${process.execPath}' '${PROGRAM}' "$@"\n`, 0o755);
  const PATH = `${path.join(project.base, 'bin')}:${project.environ['PATH'] ?? ''}`;
  return spawnSync('sh', ['-c', script], {
    cwd,
    env: { ...project.environ, PATH },
    encoding: 'utf8',
  });
}

describe('a redirected stream', () => {
  it.each(['events.jsonl', 'logs/with blank é.jsonl'])('into %s is whole after an undo', (name) => {
    const project = projectWith({ w: AGENT }, { 'logs/kept': '' });
    scriptAgent(
      project,
      `if test -e '${project.home}/second'; then exit 0; fi; touch '${project.home}/second'; echo half > a.txt; exit 1`,
    );
    const { status } = shell(project, `codemachine run w --json > '${name}' 2> err.log`);
    expect(project.read('err.log')).toBe('');
    const events = strictEvents(project.read(name));
    expect(status).toBe(0);
    expect(of(events, 'tree-restored')).toMatchObject([{ step: 'edit', files: ['a.txt'] }]);
    expect(of(events, 'snapshot-taken').flatMap(({ files }) => files)).toEqual(['a.txt']);
    expect(events.at(-1)?.type).toBe('run-finished');
  });

  it('that an earlier run recorded as a file like any other is left out too', () => {
    const project = projectWith({ w: AGENT });
    scriptAgent(project, 'echo x >> a.txt');
    project.write('run.log', 'old\n');
    expect(shell(project, 'codemachine run w').status).toBe(0);
    scriptAgent(project, 'echo half > a.txt; exit 1');
    expect(shell(project, 'codemachine run w > run.log 2>&1').status).toBe(1);
    expect(project.read('run.log')).toContain('codemachine resume');
    expect(project.read('run.log')).toContain('changed 1 file: a.txt');
  });

  it('of a run that was killed is not taken away by the resume', async () => {
    const project = projectWith({ w: AGENT });
    scriptAgent(project, 'echo half > a.txt; kill -9 $(cat runner)');
    const killed = shell(project, 'echo $$ > runner; exec codemachine run w --json > first.jsonl');
    expect(killed.status).toBe(null);
    scriptAgent(project, 'cp a.txt seen.txt');
    const resumed = shell(project, `codemachine resume ${await onlyRun(project)} --json > second.jsonl`);
    expect(resumed.status).toBe(0);
    expect(project.read('seen.txt')).toBe('a\n');
    expect(of(strictEvents(project.read('second.jsonl')), 'tree-restored')).toMatchObject([
      { files: ['a.txt'] },
    ]);
    expect(project.read('first.jsonl')).toContain('"run-started"');
  });
});

describe('a recording of agents', () => {
  it('may lie in the repository', () => {
    const project = projectWith({ w: AGENT.replace('cat a.txt', 'cat a.txt b.txt') });
    scriptAgent(
      project,
      `if test -e '${project.home}/second'; then echo whole > b.txt; exit 0; fi; touch '${project.home}/second'; echo half > a.txt; exit 1`,
    );
    const recorded = shell(project, 'codemachine run w --json --record recordings/demo');
    expect(recorded.status).toBe(0);
    const events = strictEvents(recorded.stdout);
    expect(of(events, 'snapshot-taken').map(({ files }) => files)).toEqual([[], ['a.txt'], [], ['b.txt']]);
    project.git('clean', '-fdq', '--', '*.txt');
    const replayed = shell(project, 'codemachine run w --json --replay recordings/demo');
    expect(replayed.stderr).toBe('');
    expect(replayed.status).toBe(0);
    expect(of(strictEvents(replayed.stdout), 'output').map(({ text }) => text)).toContain('a\nwhole\n');
    expect(shell(project, 'ls recordings/demo').stdout).not.toBe('');
  });
});

describe('what a resume after a kill undoes', () => {
  it.each([
    ['from the root', '.'],
    ['from a directory', 'dir'],
  ])('is named with a command that brings it back, %s', async (_, where) => {
    const project = projectWith({ w: AGENT }, { 'dir/c.txt': 'c\n' });
    scriptAgent(
      project,
      "rm a.txt; echo mine > \"dir/it's [1]*.txt\"; echo half > dir/c.txt; kill -9 $(cat '../runner')",
    );
    expect(shell(project, 'echo $$ > ../runner; exec codemachine run w --json').status).toBe(null);
    scriptAgent(project, 'exit 0');
    const { status, stdout, stderr } = shell(project, `codemachine resume ${await onlyRun(project)} --json`);
    expect(status).toBe(0);
    strictEvents(stdout);
    expect(stderr).toContain("undid what `edit` (attempt 1) had left: a.txt, dir/c.txt, dir/it's [1]*.txt.");
    const [, source = ''] = /git restore --source=(\w+) --/.exec(stderr) ?? [];
    const [, command = ''] = /`(git restore .*)` brings one file back/.exec(stderr) ?? [];
    expect(project.read('dir/c.txt')).toBe('c\n');
    const cwd = path.join(project.root, where);
    expect(shell(project, command, cwd)).toMatchObject({ status: 0, stderr: '' });
    expect(project.read('dir/c.txt')).toBe('half\n');
    const odd = `git restore --source=${source} -- ':(top,literal)dir/it'\\''s [1]*.txt'`;
    expect(shell(project, odd, cwd)).toMatchObject({ status: 0, stderr: '' });
    expect(project.read("dir/it's [1]*.txt")).toBe('mine\n');
  });
});

describe('the command that only undoes', () => {
  it('works with binary files and from a directory', () => {
    const project = projectWith({ w: AGENT.replace('attempts: 2', 'attempts: 1') }, { 'dir/c.txt': 'c\n' });
    project.write('bin.dat', Uint8Array.of(0, 1, 2, 255));
    project.write('latin', Uint8Array.of(0xe9, 10));
    project.git('add', '-A');
    project.git('commit', '-qm', 'more');
    scriptAgent(
      project,
      "printf '\\0\\7\\377' > bin.dat; printf '\\350\\n' > latin; printf '\\0' > new.dat; exit 1",
    );
    const before = project.picture();
    const { stdout } = shell(project, 'codemachine run w');
    const [, command = ''] = /`(codemachine restore .* --before)` puts the tree back/.exec(stdout) ?? [];
    expect(existsSync(path.join(project.root, 'new.dat'))).toBe(true);
    expect(shell(project, command, path.join(project.root, 'dir'))).toMatchObject({ status: 0 });
    expect(project.picture()).toEqual(before);
  });
});

describe('a repository that an agent removed', () => {
  it('is named, at once and at resume', async () => {
    const project = projectWith({ w: AGENT });
    scriptAgent(project, 'rm -rf .git');
    const { code, stdout } = await say(project, 'run w');
    expect(code).toBe(1);
    expect(stdout).toContain(`${path.join(project.root, '.git')} is gone`);
    expect(stdout).toContain('edits cannot be undone');
    const resumed = await say(project, 'resume @last');
    expect(resumed.code).toBe(2);
    expect(resumed.stderr).toContain(`the .git of ${project.root}`);
    expect(resumed.stderr).toContain('edits of an agent cannot be undone');
  });
});

describe('starts at the same moment', () => {
  it('in fresh worktrees do not collide', async () => {
    const project = projectWith({ w: 'steps:\n  - run: cat a.txt\n' });
    const trees = ['one', 'two', 'three', 'four'].map((name) => path.join(project.base, name));
    for (const tree of trees) project.git('worktree', 'add', '-q', '--detach', tree);
    for (let round = 0; round < 3; round++) {
      const ends = await Promise.all(trees.map((cwd) => say(project, 'run w', { cwd })));
      expect(ends.map(({ code, stderr }) => [code, stderr])).toEqual(trees.map(() => [0, '']));
      project.git('clean', '-fdxq', '.codemachine/state');
    }
  });
});
