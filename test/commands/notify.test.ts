// Commands of the configuration hear of a run: when, of what, with what; and nothing that they do fails it.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Milestone } from '../../src/model/event.ts';
import { built } from '../support/built.ts';
import { PROGRAM, startCli } from '../support/cli.ts';
import { onlyRun, type Project, withState } from '../support/repository.ts';
import { eventsOf, projectWith, say } from './project.ts';

beforeAll(built);

/** Keeps what it was told, each time in a file of its own. */
const KEEP = 'd=$(mktemp -d "$HOME/told-XXXXXX"); cat > "$d/event"; env -0 > "$d/env"; pwd > "$d/cwd"';

interface Told {
  readonly event: Milestone;
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
}

/** What was told, in the order of the journal. */
function told(project: Project): readonly Told[] {
  const { home } = project;
  const read = (directory: string, name: string): string =>
    readFileSync(path.join(home, directory, name), 'utf8');
  return directoriesIn(home)
    .map((directory) => ({
      event: JSON.parse(read(directory, 'event')) as Milestone,
      env: Object.fromEntries(
        read(directory, 'env')
          .split('\0')
          .map((pair) => pair.split(/=(.*)/s).slice(0, 2)),
      ) as Record<string, string>,
      cwd: read(directory, 'cwd').trim(),
    }))
    .sort((a, b) => a.event.seq - b.event.seq);
}

function directoriesIn(home: string): readonly string[] {
  return readdirSync(home).filter((name) => name.startsWith('told-'));
}

function ofUser(project: Project, notify: readonly object[]): string {
  const directory = path.join(project.home, '.config', 'codemachine');
  mkdirSync(directory, { recursive: true });
  writeFileSync(path.join(directory, 'config.yml'), JSON.stringify({ notify }));
  return directory;
}

const MESSAGE = 'ship it? $(touch pwned) `touch pwned`"\\n::error::forged';
const GATED = `secrets: [TOKEN]\nsteps:\n  - { id: ask, gate: { message: "${MESSAGE.replaceAll('"', '\\"')}" } }\n  - { id: ship, run: "true" }\n`;
const config = (notify: readonly object[]) => ({ '.codemachine/config.yml': JSON.stringify({ notify }) });

describe('a command of the configuration', () => {
  it('hears what it waits for, of a run that parks and goes on', async () => {
    const on = ['gate-opened', 'run-parked', 'run-resumed', 'run-succeeded', 'run-failed'];
    const project = projectWith({ w: GATED }, config([{ on, run: KEEP }]));
    const env = { TOKEN: 's3cret-value', CODEMACHINE_BUNDLE_KEY: 'key', SEEN: 'yes' };
    expect((await say(project, 'plan w', { env })).code).toBe(0);
    const parked = await eventsOf(project, 'run w', { env });
    expect(parked.code).toBe(3);
    const run = await onlyRun(project);
    expect((await say(project, `approve ${run} ask`)).code).toBe(0);
    expect((await say(project, 'status')).code).toBe(0);
    expect((await say(project, `resume ${run}`, { env })).code).toBe(0);
    const heard = told(project);
    expect(
      heard.map(({ env: { CODEMACHINE_EVENT, CODEMACHINE_STATUS } }) => [
        CODEMACHINE_EVENT,
        CODEMACHINE_STATUS,
      ]),
    ).toEqual([
      ['gate-opened', 'running'],
      ['run-parked', 'parked'],
      ['run-resumed', 'running'],
      ['run-finished', 'succeeded'],
    ]);
    const [opened, atRest, , finished] = heard;
    expect(parked.events).toContainEqual(opened?.event);
    expect(opened?.env).toMatchObject({
      CODEMACHINE_RUN: run,
      CODEMACHINE_WORKFLOW: 'w',
      CODEMACHINE_STEP: 'ask',
      CODEMACHINE_NEXT: `codemachine approve ${run} ask`,
      CODEMACHINE_WORKSPACE: project.root,
      SEEN: 'yes',
    });
    expect(opened?.env['CODEMACHINE_MESSAGE']).toMatch(
      /^w: ask: asks: ship it\? \$\(touch pwned\) `touch pwned`" ::error/,
    );
    expect(atRest?.env['CODEMACHINE_NEXT']).toBe(`codemachine resume ${run}`);
    expect(finished?.env['CODEMACHINE_MESSAGE']).toMatch(/^w succeeded after /);
    expect(heard.map(({ cwd }) => cwd)).toEqual(heard.map(() => project.root));
    for (const { env: seen } of heard)
      expect(Object.keys(seen)).not.toEqual(expect.arrayContaining(['TOKEN']));
    for (const { env: seen } of heard) expect(seen['CODEMACHINE_BUNDLE_KEY']).toBeUndefined();
    expect(existsSync(path.join(project.root, 'pwned'))).toBe(false);
  });

  it('fails no run: not by its end, not by staying', async () => {
    const project = projectWith(
      { w: 'steps: [{ run: "true" }]\n' },
      config([
        { on: ['run-started'], run: 'echo first; echo "no such chat" >&2; exit 4' },
        { on: ['run-started'], run: 'sleep 600 & sleep 600', timeout: '200ms' },
        { on: ['run-finished'], run: KEEP },
      ]),
    );
    const { code, stdout, stderr } = await say(project, 'run w --json');
    expect(code).toBe(0);
    expect(stdout).not.toContain('first');
    expect(stderr).toContain(
      'the command of `notify` in .codemachine/config.yml for run-started failed: exit code 4: no such chat',
    );
    expect(stderr).toContain('for run-started was ended after 0.2s');
    expect(told(project)).toHaveLength(1);
  });

  it('keeps nobody who presses Ctrl-C', async () => {
    const project = projectWith(
      { w: 'steps: [{ run: "true" }]\n' },
      config([{ on: ['run-started'], run: 'sleep 600', timeout: '10m' }]),
    );
    const cli = startCli(project, ['run', 'w', '--json'], {
      onLine: (line) => {
        if (line.includes('"run-finished"')) cli.child.kill('SIGINT');
      },
    });
    expect((await cli.ended).code).toBe(0);
  });

  it('decides at no gate', async () => {
    const run = `'${process.execPath}' '${PROGRAM}' approve "$CODEMACHINE_RUN" ask`;
    const project = projectWith({ w: GATED }, config([{ on: ['run-parked', 'gate-opened'], run }]));
    const { code, stderr } = await say(project, 'run w', { env: { TOKEN: 's3cret-value' } });
    expect(code).toBe(3);
    expect(stderr).toMatch(/for gate-opened failed: exit code 2: .*/);
  });
});

describe("a command of the user's own configuration", () => {
  it('is started beside that file, and stays on their machine', async () => {
    const project = projectWith(
      { w: 'steps: [{ run: exit 3 }]\n' },
      config([{ on: ['run-parked'], run: 'true' }]),
    );
    const directory = ofUser(project, [
      { on: ['run-failed'], run: './mine.sh' },
      { on: ['run-failed'], run: KEEP },
    ]);
    // What a repository has under that name is another program.
    project.write('mine.sh', '#!/bin/sh\ntouch "$HOME/planted"\n', 0o755);
    writeFileSync(path.join(directory, 'mine.sh'), '#!/bin/sh\ntouch "$HOME/mine"\n', { mode: 0o755 });
    expect((await say(project, 'run w')).code).toBe(1);
    const [one] = told(project);
    expect(one?.cwd).toBe(directory);
    expect(one?.env['CODEMACHINE_MESSAGE']).toMatch(/^w failed after .*: step-1: exit code 3/);
    expect([
      existsSync(path.join(project.home, 'mine')),
      existsSync(path.join(project.home, 'planted')),
    ]).toEqual([true, false]);
    const run = await onlyRun(project);
    const record = await withState(project, (state) => state.runRecord(run));
    expect(record?.config).toMatchObject({ notify: [{ on: ['run-parked'], ofRepository: true }] });
    expect(JSON.stringify(record?.config)).not.toContain('mine.sh');
    // Another life of the run asks the user's configuration of today.
    ofUser(project, [{ on: ['run-resumed'], run: KEEP }]);
    expect((await say(project, `resume ${run}`)).code).toBe(1);
    expect(told(project).map(({ event }) => event.type)).toEqual(['run-finished', 'run-resumed']);
  });
});
