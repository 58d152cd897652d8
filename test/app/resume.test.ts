// Goes on with runs through the built program: what is kept, what is undone, what is refused.
import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { Event } from '../../src/model/event.ts';
import { projectWith, say } from '../commands/project.ts';
import { built } from '../support/built.ts';
import { type CliEnd, startCli } from '../support/cli.ts';
import { of, strictEvents } from '../support/event-check.ts';
import type { Project } from '../support/repository.ts';
import { scriptAgent } from './scripted-agent.ts';

beforeAll(built);

function started(events: readonly Event[]): readonly string[] {
  return of(events, 'step-started').map(({ step, attempt }) => `${step}.${attempt}`);
}

async function run(project: Project, line: string): Promise<CliEnd & { readonly events: readonly Event[] }> {
  const end = await say(project, `${line} --json`);
  return { ...end, events: end.stdout === '' ? [] : strictEvents(end.stdout) };
}

/** Stops a run by a signal once a step has made the file `up`; that step waits for `go`. */
async function interrupted(project: Project, signal: NodeJS.Signals): Promise<CliEnd> {
  onTestFinished(() => writeFileSync(path.join(project.root, 'go'), ''));
  const cli = startCli(project, ['run', 'w', '--json'], {
    onLine: (line) => {
      const event = JSON.parse(line) as Event;
      if (event.type === 'output' && event.text.includes('up')) process.kill(cli.pid, signal);
    },
  });
  return cli.ended;
}

const THREE = `
steps:
  - { id: first, run: echo x >> first.txt }
  - { id: second, run: test -e ready }
  - { id: third, run: echo x >> third.txt }
finally:
  - { id: last, run: echo x >> last.txt }
outputs: { first: steps.first.status }
`;

describe('resume', () => {
  it('runs what failed and what comes after, and nothing that succeeded', async () => {
    const project = projectWith({ w: THREE });
    expect((await run(project, 'run w')).code).toBe(1);
    project.write('ready', '');
    const { code, events, stderr } = await run(project, 'resume @last');
    expect(code).toBe(0);
    expect(stderr).toBe('');
    expect(events[0]).toMatchObject({ type: 'run-resumed', attempt: 2 });
    expect(started(events)).toEqual(['second.2', 'third.1', 'last.2']);
    expect(project.read('first.txt')).toBe('x\n');
    expect(project.read('last.txt')).toBe('x\nx\n');
    const nothing = await run(project, 'resume @last');
    expect(nothing.code).toBe(0);
    expect(started(nothing.events)).toEqual([]);
    expect(nothing.stderr).toContain('has succeeded already; there is nothing left to do');
  });

  it('takes the file as it was when the run started, and says that it has changed', async () => {
    const project = projectWith({ w: THREE });
    await run(project, 'run w');
    project.write('ready', '');
    project.write('.codemachine/workflows/w.yml', 'name: w\nsteps: [{ run: echo other > other.txt }]\n');
    const { code, stderr } = await run(project, 'resume @last');
    expect(code).toBe(0);
    expect(stderr).toContain('.codemachine/workflows/w.yml has changed since');
    expect(project.read('third.txt')).toBe('x\n');
    expect(existsSync(path.join(project.root, 'other.txt'))).toBe(false);
  });

  it('goes on with a canceled run', async () => {
    const project = projectWith({
      w: 'steps:\n  - { id: a, run: "test -e go || { echo up; sleep 60; }" }\n  - { id: b, run: "true" }\n',
    });
    const asked: Promise<CliEnd>[] = [];
    const cli = startCli(project, ['run', 'w', '--json'], {
      onLine: (line) => {
        if (line.includes('up\\n')) asked.push(say(project, 'cancel @last'));
      },
    });
    expect((await cli.ended).code).toBe(4);
    await Promise.all(asked);
    project.write('go', '');
    const { code, events } = await run(project, 'resume @last');
    expect(code).toBe(0);
    expect(started(events)).toEqual(['a.2', 'b.1']);
  });

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('goes on after %s, which undoes nothing and runs no finally', async (signal, exit) => {
    const project = projectWith({
      w: 'steps:\n  - { id: a, run: "test -e go || { echo up; sleep 60; }" }\nfinally:\n  - run: echo x >> last.txt\n',
    });
    const end = await interrupted(project, signal);
    expect(end.code).toBe(exit);
    expect(strictEvents(end.stdout).at(-1)).toMatchObject({ type: 'run-interrupted' });
    expect(end.stderr).toMatch(/codemachine resume \d{8}-/);
    expect(existsSync(path.join(project.root, 'last.txt'))).toBe(false);
    expect((await say(project, 'status')).stdout).toContain('interrupted');
    project.write('go', '');
    expect((await run(project, 'resume @last')).code).toBe(0);
    expect(project.read('last.txt')).toBe('x\n');
  });
});

const AGENT = `
steps:
  - id: edit
    engine: claude-code
    access: write
    prompt: go
    retry: { attempts: 1 }
  - { id: look, run: cat a.txt }
`;

describe('the tree', () => {
  it('of a failed agent stays, with how to undo and how to keep it', async () => {
    const project = projectWith({ w: AGENT });
    scriptAgent(project, 'echo half > a.txt; echo new > b.txt; exit 1');
    const { code, stdout } = await say(project, 'run w');
    expect(code).toBe(1);
    expect(project.read('a.txt')).toBe('half\n');
    expect(stdout).toMatch(/`codemachine resume \S+ --keep-tree` keeps it/);
    expect(stdout).toMatch(/`codemachine resume \S+` undoes it/);
    expect(stdout).toMatch(/`codemachine restore \S+ edit --before` puts the tree back/);
    scriptAgent(project, 'cat a.txt; test ! -e b.txt; echo whole > a.txt');
    const resumed = await run(project, 'resume @last');
    expect(resumed.code).toBe(0);
    expect(of(resumed.events, 'tree-restored')).toMatchObject([{ step: 'edit', attempt: 1 }]);
    expect(project.read('a.txt')).toBe('whole\n');
  });

  it('of a failed agent can be taken back as its summary says', async () => {
    const project = projectWith({ w: AGENT });
    scriptAgent(project, 'echo half > a.txt; echo new > b.txt; exit 1');
    await say(project, 'run w');
    project.write('by-hand.txt', 'mine\n');
    project.write('../change.patch', (await say(project, 'diff @last edit')).stdout);
    project.git('apply', '-R', '../change.patch');
    expect(project.git('status', '--short', '--', '*.txt')).toBe('?? by-hand.txt\n');
  });

  it('is undone where the run goes on past the failure', async () => {
    const project = projectWith({
      w: AGENT.replace('prompt: go', 'prompt: go\n    continue-on-error: true'),
    });
    scriptAgent(project, 'echo half > a.txt; echo new > b.txt; exit 1');
    const { code, events } = await run(project, 'run w');
    expect(code).toBe(0);
    expect(of(events, 'tree-restored')).toMatchObject([{ step: 'edit' }]);
    expect(of(events, 'output').map(({ step, text }) => [step, text])).toContainEqual(['look', 'a\n']);
    expect(existsSync(path.join(project.root, 'b.txt'))).toBe(false);
  });

  it('is left alone with undo: never', async () => {
    const project = projectWith({
      w: AGENT.replace('prompt: go', 'prompt: go\n    continue-on-error: true\n    undo: never'),
    });
    scriptAgent(project, 'echo half > a.txt; exit 1');
    const { events } = await run(project, 'run w');
    expect(of(events, 'tree-restored')).toEqual([]);
    expect(project.read('a.txt')).toBe('half\n');
  });

  it('that somebody edited after an interruption is kept until it is said what to do', async () => {
    const project = projectWith({ w: AGENT });
    scriptAgent(project, 'echo half > a.txt; echo new > b.txt; echo up; sleep 60');
    const agent = `test -e '${project.root}/b.txt' && cp a.txt '${project.base}/seen' || echo none > '${project.base}/seen'`;
    expect((await interruptedAgent(project)).code).toBe(130);
    project.write('a.txt', 'by hand\n');
    scriptAgent(project, agent);
    const refused = await run(project, 'resume @last');
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain('a.txt');
    expect(refused.stderr).toContain('--keep-tree');
    expect(refused.stderr).toContain('--restore');
    expect(project.read('a.txt')).toBe('by hand\n');
    const kept = await run(project, 'resume @last --keep-tree');
    expect(kept.code).toBe(0);
    expect(project.read('../seen')).toBe('by hand\n');
    expect(project.read('a.txt')).toBe('by hand\n');
  });

  it('that somebody edited after an interruption is put back with --restore', async () => {
    const project = projectWith({ w: AGENT });
    scriptAgent(project, 'echo half > a.txt; echo new > b.txt; echo up; sleep 60');
    expect((await interruptedAgent(project)).code).toBe(130);
    project.write('a.txt', 'by hand\n');
    scriptAgent(project, `cp a.txt '${project.base}/seen'; test ! -e b.txt`);
    const restored = await run(project, 'resume @last --restore');
    expect(restored.code).toBe(0);
    expect(of(restored.events, 'tree-restored')).toMatchObject([{ step: 'edit', attempt: 1 }]);
    expect(project.read('../seen')).toBe('a\n');
    // What goes is told, with where it is: the person's edit, not the agent's.
    const [, found = ''] = /git restore --source=(\w+) -- :\/a\.txt/.exec(restored.stderr) ?? [];
    expect(project.git('show', `${found}:a.txt`)).toBe('by hand\n');
    const [, all = ''] =
      /`codemachine (restore \S+ --to \d+)` brings all of it back/.exec(restored.stderr) ?? [];
    expect((await say(project, all)).code).toBe(0);
    expect(project.read('a.txt')).toBe('by hand\n');
    expect(project.read('b.txt')).toBe('new\n');
  });
});

/** Interrupts a run whose agent has made `b.txt`. */
async function interruptedAgent(project: Project): Promise<CliEnd> {
  const cli = startCli(project, ['run', 'w', '--json']);
  const { watch } = await import('node:fs');
  const watcher = watch(project.root, (_, name) => {
    if (name !== 'b.txt') return;
    // One change is told several times, and a second signal would mean: at once, without a recording of the end.
    watcher.close();
    process.kill(cli.pid, 'SIGINT');
  });
  const end = await cli.ended;
  watcher.close();
  return end;
}
