// What the commands that look show, from wherever they are called.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { built } from '../support/built.ts';
import { cli } from '../support/cli.ts';
import { of, strictEvents } from '../support/event-check.ts';
import { FAILING, FINE, projectWith, say } from './project.ts';

beforeAll(built);

it('says how a run went, on standard output, and with --json only the events', async () => {
  const project = projectWith({ w: FAILING });
  const people = await say(project, 'run w');
  expect(people).toMatchObject({ code: 1, stderr: '' });
  expect(people.stdout).toContain('two failed: exit code 3: bad');
  expect(people.stdout).toMatch(/codemachine resume \d{8}-\d{6}-/);
  const programs = await say(project, 'run w --json');
  expect(programs).toMatchObject({ code: 1, stderr: '' });
  const events = strictEvents(programs.stdout);
  expect(events.at(0)).toMatchObject({
    type: 'run-started',
    workflow: 'w',
    path: '.codemachine/workflows/w.yml',
  });
  expect(events.at(-1)).toMatchObject({ type: 'run-finished', status: 'failed' });
  const seqs = events.flatMap((event) => ('seq' in event ? [event.seq] : []));
  expect(seqs).toEqual(seqs.map((_, index) => index + 1));
});

it('shows a run that is over: list, summary, logs', async () => {
  const project = projectWith({ w: FAILING, fine: FINE });
  await say(project, 'run w');
  await say(project, 'run fine');
  const list = JSON.parse((await say(project, 'runs --json')).stdout) as readonly Record<string, unknown>[];
  expect(list).toMatchObject([
    { workflow: 'fine', status: 'succeeded' },
    { workflow: 'w', status: 'failed' },
  ]);
  expect((await say(project, 'runs --limit 1')).stdout).not.toContain('failed');
  const failed = await say(project, 'status @failed --json');
  expect(failed).toMatchObject({ code: 0, stderr: '' });
  expect(JSON.parse(failed.stdout)).toMatchObject({
    run: list[1]?.['run'],
    status: 'failed',
    steps: [
      { step: 'one', status: 'succeeded' },
      { step: 'two', status: 'failed', failure: { reason: 'exit-code', 'exit-code': 3 } },
    ],
  });
  expect(await say(project, 'status')).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('fine succeeded'),
  });
  expect(await say(project, 'logs @last one')).toEqual({
    code: 0,
    signal: null,
    stdout: 'fine\n',
    stderr: '',
  });
  const all = await say(project, 'logs @failed');
  expect(all.stdout).toMatch(
    /one · attempt 1 · stdout.log\nfine\n(?:.*\n)*.*two · attempt 1 · stderr.log\nbad\n/,
  );
  expect(await say(project, 'logs @failed two --file stderr.log')).toMatchObject({ stdout: 'bad\n' });
  const unknown = await say(project, 'logs @failed three');
  expect(unknown).toMatchObject({ code: 2, stdout: '' });
  expect(unknown.stderr).toContain('one, two');
  const late = await say(project, 'logs @failed two --attempt 7');
  expect(late).toMatchObject({ code: 2, stdout: '' });
  const nothing = await say(project, 'diff @last');
  expect(nothing).toMatchObject({ code: 2, stdout: '' });
  expect(nothing.stderr).toContain('access: write');
  const again = strictEvents((await say(project, 'status @failed --watch --json')).stdout);
  expect(again.at(-1)).toMatchObject({ type: 'run-finished', status: 'failed' });
});

it('shows logs byte for byte, except in GitHub Actions, which would obey them', async () => {
  const project = projectWith({
    w: "steps:\n  - id: a\n    run: printf '::error::x\\n##[group]y\\n\\033[2J'\n",
  });
  await say(project, 'run w');
  expect((await say(project, 'logs @last a')).stdout).toBe('::error::x\n##[group]y\n\u001b[2J');
  const { stdout } = await say(project, 'logs @last a', { env: { GITHUB_ACTIONS: 'true' } });
  expect(stdout).not.toMatch(/^::|##\[/m);
  expect(stdout.replaceAll('\u200b', '')).toContain('::error::x\n##[group]y\n');
});

it('finds the workflows and the runs from a folder and from a linked worktree', async () => {
  const project = projectWith({ w: FINE });
  project.write('deep/er/b.txt', '');
  const deep = path.join(project.root, 'deep/er');
  const tree = path.join(project.base, 'linked');
  project.git('worktree', 'add', '-q', tree);
  expect(await cli(project, ['run', 'w'], { cwd: deep })).toMatchObject({ code: 0 });
  expect(await cli(project, ['run', 'w'], { cwd: tree })).toMatchObject({ code: 0 });
  for (const cwd of [project.root, deep, tree]) {
    const { stdout } = await cli(project, ['runs', '--json'], { cwd });
    expect(JSON.parse(stdout)).toHaveLength(2);
    expect((await cli(project, ['logs', '@last', 'one'], { cwd })).stdout).toBe('fine\n');
    expect((await cli(project, ['validate'], { cwd })).stdout).toContain('w.yml: valid');
  }
  expect(existsSync(path.join(tree, '.codemachine/state'))).toBe(false);
});

it('keeps runs where --state-dir or CODEMACHINE_STATE_DIR says, the flag before the variable', async () => {
  const project = projectWith({ w: FAILING });
  const env = { CODEMACHINE_STATE_DIR: path.join(project.base, 'by-variable') };
  expect((await say(project, 'run w', { env })).code).toBe(1);
  expect((await say(project, 'run w --state-dir by-flag', { env })).code).toBe(1);
  expect((await say(project, 'resume @failed --state-dir by-flag')).code).toBe(1);
  for (const command of ['runs', 'status', 'logs @last', 'doctor']) {
    expect(await say(project, `${command} --state-dir by-flag`)).toMatchObject({ code: 0, stderr: '' });
    expect(await say(project, command, { env })).toMatchObject({ code: 0, stderr: '' });
  }
  for (const command of ['diff', 'cancel']) {
    const { stderr } = await say(project, `${command} @last --state-dir by-flag`);
    expect(stderr).not.toContain('no runs yet');
  }
  expect((await say(project, 'status')).stderr).toContain('no runs yet');
});

it('runs without git where no agent writes', async () => {
  const project = projectWith({});
  const bare = path.join(project.base, 'bare');
  mkdirSync(bare);
  writeFileSync(path.join(bare, 'w.yml'), `name: bare\n${FINE}outputs: { sha: git.sha, dirty: git.dirty }\n`);
  const { code, stdout } = await cli(project, ['run', 'w.yml', '--json'], { cwd: bare });
  expect(code).toBe(0);
  expect(of(strictEvents(stdout), 'run-finished')).toMatchObject([{ outputs: { sha: null, dirty: null } }]);
  expect((await cli(project, ['status'], { cwd: bare })).code).toBe(0);
});

it('runs on a detached HEAD and in a dirty tree, and says so to the workflow', async () => {
  const project = projectWith({
    w: `${FINE}outputs: { sha: git.sha, branch: git.branch, dirty: git.dirty }\n`,
  });
  const sha = project.git('rev-parse', 'HEAD').trim();
  project.git('checkout', '-q', '--detach');
  project.write('a.txt', 'changed\n');
  const { stdout } = await say(project, 'run w --json');
  expect(of(strictEvents(stdout), 'run-finished')).toMatchObject([
    { outputs: { sha, branch: '', dirty: true } },
  ]);
});

it('plans with the inputs that a run would be given: which conditions they decide, and what would be reused', async () => {
  const project = projectWith({
    w: `inputs: { target: { type: choice, options: [live, staging], required: true } }
steps:
  - id: make
    env: { T: "\${{ inputs.target }}" }
    run: echo "$T"
    cache: {}
  - { id: smoke, if: "inputs.target == 'staging'", run: "true" }
  - { id: ship, if: "inputs.target == 'live' && steps.make.exit-code == 0", run: "true" }
finally:
  - { id: tell, if: "inputs.target == 'live'", run: "true" }
`,
  });
  expect((await say(project, 'run w --input target=staging')).code).toBe(0);
  const plain = await say(project, 'plan w');
  expect(plain.stdout).not.toContain('conditions');
  const staging = await say(project, 'plan w --input target=staging');
  expect(staging).toMatchObject({ code: 0, stderr: '' });
  expect(staging.stdout).toMatch(/smoke +holds: inputs\.target == 'staging'/);
  expect(staging.stdout).toMatch(/ship +does not hold, so it is skipped: /);
  expect(staging.stdout).toMatch(/make +would be reused/);
  project.write('live.json', '{"target":"live"}');
  const live = await say(project, 'run w --plan --inputs live.json');
  expect(live.stdout).toMatch(/smoke +does not hold/);
  expect(live.stdout).toMatch(/tell +holds/);
  // Only the run can tell.
  expect(live.stdout).not.toMatch(/ship +(holds|does)/);
  expect(live.stdout).toMatch(/make +is made: /);
  const json = JSON.parse((await say(project, 'plan w --graph json -i target=live')).stdout) as object;
  expect(json).toMatchObject({ conditions: { smoke: false, tell: true } });
  const wrong = await say(project, 'plan w --input target=mars');
  expect(wrong).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('target') });
});

it('plans without starting anything, with what the workflow takes', async () => {
  const project = projectWith({
    w: `inputs: { who: { type: string, required: true, description: Whom to greet } }\n${FAILING}`,
  });
  const plan = await say(project, 'plan w');
  expect(plan).toMatchObject({ code: 0, stderr: '' });
  expect(plan.stdout).toContain('who  string · required · Whom to greet');
  expect((await say(project, 'run w --plan')).stdout).toBe(plan.stdout);
  expect((await say(project, 'run w --plan --only one')).stdout).toContain('left out');
  const json = JSON.parse((await say(project, 'plan w --graph json')).stdout) as unknown;
  expect(json).toMatchObject({ workflow: 'w', batches: [['one'], ['two']], 'critical-path': ['one', 'two'] });
  for (const form of ['mermaid', 'dot']) expect((await say(project, `plan w --graph ${form}`)).code).toBe(0);
  expect(existsSync(project.stateDir)).toBe(false);
});

it('prints the schemas that are shipped', async () => {
  const project = projectWith({});
  for (const name of ['workflow', 'event', 'config', 'diagnostics', 'engines']) {
    const file = path.resolve(import.meta.dirname, `../../schemas/${name}.schema.json`);
    expect(await say(project, `schema ${name}`)).toMatchObject({
      code: 0,
      stdout: readFileSync(file, 'utf8'),
    });
  }
});

it('gives every problem of every file to programs', async () => {
  const project = projectWith({ a: 'steps:\n  - runn: x\n', b: 'steps: []\n', c: FINE });
  const { code, stdout, stderr } = await say(project, 'validate --format json');
  expect({ code, stderr }).toEqual({ code: 2, stderr: '' });
  const { diagnostics } = JSON.parse(stdout) as { readonly diagnostics: readonly Record<string, unknown>[] };
  expect(new Set(diagnostics.map((one) => one['path']))).toEqual(
    new Set(['.codemachine/workflows/a.yml', '.codemachine/workflows/b.yml']),
  );
  expect(diagnostics[0]).toMatchObject({ severity: 'error', range: { start: { line: 3, column: 5 } } });
  expect(JSON.parse((await say(project, 'validate c --format json')).stdout)).toEqual({ diagnostics: [] });
});

it('says what is there and what is missing', async () => {
  const project = projectWith({ w: FINE });
  const { code, stdout } = await say(project, 'doctor', { env: { PATH: '/usr/bin:/bin' } });
  expect(code).toBe(0);
  for (const word of ['Node', 'git', 'SQLite', 'no runs yet', 'codemachine engines'])
    expect(stdout).toContain(word);
  await say(project, 'run w');
  const after = JSON.parse((await say(project, 'doctor --json')).stdout) as readonly Record<
    string,
    unknown
  >[];
  expect(after).toContainEqual(expect.objectContaining({ what: 'SQLite', state: 'ok' }));
  expect(after).toContainEqual(
    expect.objectContaining({ found: expect.stringContaining('every journal whole') }),
  );
});

it('says of a configuration what is wrong with it, and starts nothing that a repository names', async () => {
  const project = projectWith({ w: FINE });
  const config = path.join(project.root, '.codemachine/config.yml');
  writeFileSync(config, 'engines:\n  codex:\n    command: [./planted, x]\n');
  writeFileSync(path.join(project.root, 'planted'), '#!/bin/sh\n: > started\n', { mode: 0o755 });
  const fine = await say(project, 'doctor');
  expect(fine.code).toBe(0);
  expect(fine.stdout).toContain('set in .codemachine/config.yml to `./planted x`, not started by doctor');
  expect(existsSync(path.join(project.root, 'started'))).toBe(false);

  writeFileSync(config, 'engines:\n  codex:\n    comand: x\n');
  const broken = await say(project, 'doctor');
  expect(broken.code).toBe(1);
  expect(broken.stdout).toMatch(/✖ +config +\.codemachine\/config\.yml:3:5: `comand` is not a key/);
  expect(broken.stdout).toContain('did you mean `command`?');
});

it('takes warnings as errors where it is told to', async () => {
  const project = projectWith({ w: 'steps:\n  - prompt: hello\n    engine: codex\n' });
  const mild = await say(project, 'validate w');
  expect(mild).toMatchObject({ code: 0, stdout: expect.stringContaining('warning[access-unsaid]') });
  const strict = await say(project, 'validate w --strict');
  expect(strict).toMatchObject({ code: 2, stdout: expect.stringContaining('error[access-unsaid]') });
  expect(strict.stdout).toContain('1 error');
});
