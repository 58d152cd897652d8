// Clears up through the built program: what goes, what stays, and that nothing of a run is left.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { asRunId } from '../../src/model/ids.ts';
import { built } from '../support/built.ts';
import { startCli } from '../support/cli.ts';
import { type Project, withState } from '../support/repository.ts';
import { FAILING, FINE, projectWith, say } from './project.ts';
import { agentProject, usersSide, words } from './tree-project.ts';

beforeAll(built);

interface Listed {
  readonly run: string;
  readonly status: string;
}

/** Newest first. */
async function runs(project: Project): Promise<readonly Listed[]> {
  return JSON.parse((await say(project, 'runs --json')).stdout) as readonly Listed[];
}

function refs(project: Project, run = ''): string {
  return project.git('for-each-ref', '--format=%(refname)', `refs/codemachine/${run}`);
}

const EDIT = 'echo agent >> a.txt; echo n > new.txt';

describe('gc', () => {
  it('takes everything of a run away, and nothing of the others', async () => {
    const project = agentProject(EDIT);
    await say(project, 'run w');
    await say(project, 'run w');
    const [second, first] = (await runs(project)) as [Listed, Listed];
    const side = usersSide(project);
    const picture = project.picture();
    const would = await say(project, 'gc --keep 1 --dry-run');
    expect(would).toMatchObject({ code: 0, stderr: '' });
    expect(would.stdout).toMatch(
      /^would remove 1 run:\n {2}\S+ {2}succeeded {2}just now {2}[\d.]+ KiB {2}w\n/,
    );
    expect(await runs(project)).toHaveLength(2);
    const did = await say(project, 'gc --keep 1');
    expect(did).toMatchObject({ code: 0, stderr: '' });
    expect(did.stdout).toMatch(/^removed 1 run, \d+ recordings:\n/);
    expect(did.stdout).toContain(first.run);
    expect(did.stdout).toMatch(/freed [\d.]+ KiB/);
    expect(await runs(project)).toMatchObject([{ run: second.run }]);
    expect(refs(project, first.run)).toBe('');
    expect(refs(project, second.run)).not.toBe('');
    expect(readdirSync(path.join(project.stateDir, 'runs'))).toEqual([second.run]);
    expect(await say(project, `diff ${second.run}`)).toMatchObject({ code: 0 });
    expect(await say(project, `status ${first.run}`)).toMatchObject({ code: 2 });
    expect(usersSide(project)).toEqual(side);
    expect(project.picture()).toEqual(picture);
    expect((await say(project, 'gc')).stdout).toContain('nothing to clear up: 1 run');
    expect(JSON.parse((await say(project, 'gc --keep 0 --json')).stdout)).toMatchObject({
      'dry-run': false,
      runs: [{ run: second.run, workflow: 'w', status: 'succeeded' }],
      left: 0,
      troubles: [],
    });
    expect(refs(project)).toBe('');
  });

  it('keeps what the configuration says, and the flags before it', async () => {
    const project = projectWith({ w: FINE });
    for (let i = 0; i < 2; i++) await say(project, 'run w');
    expect((await say(project, 'gc')).stdout).toContain(
      '2 runs; runs are kept for 30 days, at most the newest 200',
    );
    project.write('.codemachine/config.yml', 'retention: { runs: 1 }\n');
    expect((await say(project, 'gc --older-than 1h')).stdout).toContain('nothing to clear up: 2 runs');
    expect((await say(project, 'gc --older-than 0s --dry-run')).stdout).toContain('would remove 2 runs:');
    expect((await say(project, 'gc')).stdout).toContain('removed 1 run:');
    expect(await say(project, 'gc --older-than soon')).toMatchObject({ code: 2, stdout: '' });
  });

  it('leaves what can go on, but for the one that is named with --force, and never one that runs', async () => {
    const project = projectWith({
      w: 'steps:\n  - { id: a, run: "echo up; while [ ! -e go ]; do sleep 0.05; done" }\n',
      failing: FAILING,
    });
    onTestFinished(() => project.write('go', ''));
    const seen: string[] = [];
    const cli = startCli(project, ['run', 'w', '--json'], {
      onLine: (line) => {
        if (line.includes('"up\\n"')) seen.push((JSON.parse(line) as { run: string }).run);
        if (line.includes('"up\\n"')) void during();
      },
    });
    const tried: unknown[] = [];
    const during = async (): Promise<void> => {
      const [run = ''] = seen;
      tried.push(await say(project, 'gc --keep 0'), await say(project, `gc ${run} --force`));
      process.kill(cli.pid, 'SIGINT');
    };
    expect((await cli.ended).code).toBe(130);
    const [run = ''] = seen;
    expect(tried).toMatchObject([
      { code: 0, stdout: expect.stringContaining('nothing to clear up: 1 run') },
      { code: 2, stdout: '', stderr: expect.stringContaining('is being run (pid') },
    ]);
    expect((await say(project, 'gc --keep 0')).stdout).toContain('nothing to clear up');
    const refused = await say(project, `gc ${run}`);
    expect(refused).toMatchObject({ code: 2, stdout: '' });
    expect(refused.stderr).toContain(`run ${run} is interrupted, and can go on`);
    expect(refused.stderr).toContain(`codemachine resume ${run}`);
    await say(project, 'run failing');
    const forced = await say(project, `gc ${run} @failed --force`);
    expect(forced).toMatchObject({ code: 0 });
    expect(forced.stdout).toContain('removed 2 runs:');
  });

  it('finishes what a killed one had begun, whatever was done by then', async () => {
    const project = agentProject(EDIT);
    await say(project, 'run w');
    await say(project, 'run w');
    const [second, first] = (await runs(project)) as [Listed, Listed];
    // As a kill after the rows leaves it, and as one after the recordings does.
    await withState(project, (state) => state.removals.begin(asRunId(first.run)));
    await withState(project, (state) => state.removals.begin(asRunId(second.run)));
    for (const ref of refs(project, second.run).trim().split('\n')) project.git('update-ref', '-d', ref);
    const lock = path.join(project.root, '.git/refs/codemachine', first.run, '1.lock');
    writeFileSync(lock, '');
    expect((await say(project, 'doctor')).stdout).toContain('2 runs half removed');
    const did = await say(project, 'gc');
    expect(did).toMatchObject({ code: 0, stderr: '' });
    expect(did.stdout).toMatch(/removed \d+ recordings/);
    expect(refs(project)).toBe('');
    expect(readdirSync(path.join(project.stateDir, 'runs'))).toEqual([]);
    expect((await say(project, 'gc')).stdout).toContain('nothing to clear up: 0 runs');
  });

  it('leaves nothing that the next one does not take, after whichever call of git it is killed', async () => {
    const project = agentProject(EDIT);
    await say(project, 'run w');
    const all = refs(project);
    const [run = ''] = readdirSync(path.join(project.stateDir, 'runs'));
    const kept = path.join(project.base, 'kept');
    cpSync(project.root, kept, { recursive: true, preserveTimestamps: true });
    const real = spawnSync('sh', ['-c', 'command -v git'], { encoding: 'utf8' }).stdout.trim();
    const bin = path.join(project.base, 'bin');
    const calls = path.join(project.base, 'calls');
    mkdirSync(bin);
    let killed = 0;
    for (let last = 1; killed === last - 1; last++) {
      rmSync(project.root, { recursive: true });
      cpSync(kept, project.root, { recursive: true, preserveTimestamps: true });
      writeFileSync(calls, '');
      const wrapper = `#!/bin/sh\n'${real}' "$@"\ncode=$?\necho x >> '${calls}'\n[ "$(wc -l < '${calls}')" -eq ${last} ] && kill -9 $PPID\nexit $code\n`;
      writeFileSync(path.join(bin, 'git'), wrapper, { mode: 0o755 });
      const end = await say(project, 'gc --keep 0', {
        env: { PATH: `${bin}:${project.environ['PATH'] ?? ''}` },
      });
      if (end.signal === 'SIGKILL') killed += 1;
      const listed = await withState(project, (state) => state.listRuns().length);
      // A run that is listed has its recordings.
      if (listed === 1) expect(refs(project)).toBe(all);
      if (end.signal === 'SIGKILL')
        expect(await say(project, 'gc --keep 0')).toMatchObject({ code: 0, stderr: '' });
      expect(refs(project)).toBe('');
      expect(existsSync(path.join(project.stateDir, 'runs', run))).toBe(false);
      expect(await withState(project, (state) => state.removals.begun())).toEqual([]);
    }
    expect(killed).toBeGreaterThan(5);
  });

  it('leaves refs of others alone: of another state directory, and what is no run', async () => {
    const project = agentProject(EDIT);
    await words(project, ['run', 'w', '--state-dir', path.join(project.base, 'other')]);
    await say(project, 'run w');
    project.git('update-ref', 'refs/codemachine/notes/1', 'HEAD');
    const mine = (await runs(project))[0]?.run ?? '';
    const others = refs(project)
      .split('\n')
      .filter((ref) => ref !== '' && !ref.includes(mine));
    const did = await say(project, 'gc --keep 0');
    expect(refs(project).trim().split('\n')).toEqual(others);
    const [, other = ''] = /refs\/codemachine\/(\d{8}-[^/]*)/.exec(others.join('\n')) ?? [];
    expect(did.stdout).toContain(`does not know has recordings or worktrees here:\n  ${other}\n`);
    expect(did.stdout).toContain(`codemachine gc ${other} --force`);
    expect(await say(project, `gc ${other}`)).toMatchObject({ code: 2 });
    expect(await say(project, `gc ${other} --force`)).toMatchObject({ code: 0 });
    expect(refs(project)).toBe('refs/codemachine/notes/1\n');
  });

  it('takes the recordings of a checkout that is gone, and its index', async () => {
    const project = agentProject(EDIT);
    const tree = path.join(project.base, 'linked');
    project.git('worktree', 'add', '-q', tree);
    await say(project, 'run w', { cwd: tree });
    const indexes = (): readonly string[] =>
      readdirSync(path.join(project.stateDir, 'git')).filter((name) => name.startsWith('index-'));
    expect(indexes()).toHaveLength(1);
    project.git('worktree', 'remove', '--force', tree);
    const old = path.join(project.stateDir, 'git', indexes()[0] ?? '');
    utimesSync(old, 1000, 1000);
    mkdirSync(path.join(project.stateDir, 'artifacts'));
    expect(await say(project, 'gc --keep 0')).toMatchObject({ code: 0, stderr: '' });
    expect(refs(project)).toBe('');
    expect(existsSync(old)).toBe(false);
  });

  it('keeps a run as long as one that took over its results', async () => {
    const project = projectWith({ w: FAILING });
    await say(project, 'run w');
    await say(project, 'retry @last');
    const [second, first] = (await runs(project)) as [Listed, Listed];
    expect((await say(project, 'gc --keep 1')).stdout).toContain(
      `${first.run} stays: ${second.run} took over its results`,
    );
    const diff = await say(project, 'diff @last one');
    expect(diff.stderr).toContain(`codemachine diff ${first.run} one`);
    const refused = await say(project, `gc ${first.run}`);
    expect(refused).toMatchObject({ code: 2, stdout: '' });
    expect(refused.stderr).toContain(`codemachine gc ${first.run} ${second.run}`);
    expect((await say(project, `gc ${first.run} ${second.run}`)).stdout).toContain('removed 2 runs:');
  });

  it('does nothing where there are no runs, and makes nothing', async () => {
    const project = projectWith({ w: FINE });
    expect((await say(project, 'gc')).stdout).toContain('nothing to clear up: 0 runs');
    expect(existsSync(project.stateDir)).toBe(false);
  });
});
