// Shows what a run does when somebody wants it to stop, or wants its place.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Milestone } from '../../src/model/event.ts';
import { type Cli, cli, eventsOf, startCli } from '../support/cli.ts';
import { makeProject, onlyRun, type Project, withState } from '../support/repository.ts';
import { openRig, type Rig, type RigChild } from '../support/rig.ts';
import { until } from './processes.ts';
import { openTerminal } from './terminal.ts';

let project: Project;
let rig: Rig;

beforeEach(async () => {
  rig = await openRig();
  project = makeProject({ 'a.txt': 'a\n', 'work.yml': workflow(rig) });
});

afterEach(async () => {
  await rig.close();
  project.remove();
});

function workflow(of: Rig): string {
  return `name: work
steps:
  - id: before
    run: echo before
  - id: work
    run: ${of.script('work')}
finally:
  - id: tidy
    run: echo tidied > tidy.txt
`;
}

/** What the only run's journal says. */
async function history(): Promise<readonly Milestone[]> {
  const run = await onlyRun(project);
  return withState(project, (state) => state.history(run));
}

async function resumeToTheEnd(): Promise<void> {
  const resumed = startCli(project, ['resume', '@last', '--json']);
  await (await rig.child('work')).exit(0);
  const end = await resumed.ended;
  expect(end.stderr).toBe('');
  expect(end.code).toBe(0);
  const started = (await history()).filter((one) => one.type === 'step-started').map((one) => one.step);
  expect(started).toEqual(['before', 'work', 'work', 'tidy']);
}

/** Whether the child hears another signal before it is gone. */
function nextSignal(child: RigChild): Promise<string | undefined> {
  return Promise.race([child.signal(), child.gone.then(() => undefined)]);
}

// `script` of other systems has other flags.
describe.skipIf(process.platform !== 'linux')('a run in a terminal', () => {
  test('ends softly at the first Ctrl-C, which its child hears once', async () => {
    const terminal = openTerminal(project, ['run', 'work.yml']);
    const child = await rig.child('work');
    await child.catch('SIGINT', 'SIGTERM');
    terminal.type('\x03');
    expect(await child.signal()).toBe('SIGINT');
    // The child answers, so it lives on; a second delivery of the same key press would be here by now, or come before its end.
    await child.env();
    const next = nextSignal(child);
    await child.exit(130);
    expect(await next).toBeUndefined();
    const { code, screen } = await terminal.ended;
    expect(code).toBe(130);
    expect(screen).toContain(`codemachine resume ${await onlyRun(project)}`);
    expect((await history()).at(-1)).toMatchObject({ type: 'run-interrupted', by: 'SIGINT' });
    await resumeToTheEnd();
  });

  test('ends at once at the second Ctrl-C, also a child that heeds no signal', async () => {
    const terminal = openTerminal(project, ['run', 'work.yml']);
    const child = await rig.child('work');
    await child.catch('SIGINT', 'SIGTERM');
    terminal.type('\x03');
    expect(await child.signal()).toBe('SIGINT');
    const next = nextSignal(child);
    terminal.type('\x03');
    // Not SIGTERM, which the ladder would have sent after its pause.
    expect(await next).toBeUndefined();
    const { code, screen } = await terminal.ended;
    expect(code).toBe(130);
    expect(screen).toContain(`codemachine resume ${await onlyRun(project)}`);
    await resumeToTheEnd();
  });

  test('is interrupted when the terminal is closed, and can be resumed', async () => {
    const terminal = openTerminal(project, ['run', 'work.yml']);
    const child = await rig.child('work');
    await child.catch('SIGINT', 'SIGHUP');
    terminal.closeWindow();
    expect(await child.signal()).toBe('SIGINT');
    await child.exit(0);
    await terminal.ended;
    await ownerless();
    expect((await history()).at(-1)).toMatchObject({ type: 'run-interrupted', by: 'SIGHUP' });
    await resumeToTheEnd();
  });
});

function ownerless(): Promise<void> {
  return until(
    () => withState(project, (state) => state.listRuns().every((one) => one.owner === undefined)),
    () => 'the run still has an owner',
  );
}

/** Starts the run; resolves when its child is there. */
async function running(): Promise<{ runner: Cli; child: RigChild }> {
  const runner = startCli(project, ['run', 'work.yml', '--json']);
  return { runner, child: await rig.child('work') };
}

test('SIGTERM interrupts with exit code 143 and runs no `finally`', async () => {
  const { runner, child } = await running();
  await child.catch('SIGINT');
  runner.child.kill('SIGTERM');
  expect(await child.signal()).toBe('SIGINT');
  await child.exit(1);
  const { code, stderr, stdout } = await runner.ended;
  expect(code).toBe(143);
  expect(stderr).toContain(`codemachine resume ${await onlyRun(project)}`);
  expect(eventsOf(stdout).at(-1)).toMatchObject({ type: 'run-interrupted', by: 'SIGTERM' });
  expect(project.picture()).not.toHaveProperty('tidy.txt');
  await resumeToTheEnd();
});

test('`cancel` from another process ends the run with exit code 4, after `finally`', async () => {
  const { runner, child } = await running();
  await child.catch('SIGINT');
  const asked = await cli(project, ['cancel', '@last']);
  expect(asked.code).toBe(0);
  expect(await child.signal()).toBe('SIGINT');
  await child.exit(0);
  const { code, stdout } = await runner.ended;
  expect(code).toBe(4);
  expect(eventsOf(stdout).at(-1)).toMatchObject({ type: 'run-finished', status: 'canceled' });
  expect(project.read('tidy.txt')).toBe('tidied\n');
});

test('`cancel` of a run whose runner was killed ends it there and then', async () => {
  const { runner, child } = await running();
  runner.child.kill('SIGKILL');
  await child.gone;
  await runner.ended;
  const canceled = await cli(project, ['cancel', '@last']);
  expect(canceled.code).toBe(0);
  expect((await history()).at(-1)).toMatchObject({ type: 'run-finished', status: 'canceled' });
  expect(project.read('tidy.txt')).toBe('tidied\n');
});

test('a live run cannot be resumed: its owner is named', async () => {
  const { runner, child } = await running();
  const run = await onlyRun(project);
  const second = await cli(project, ['resume', '@last']);
  expect(second.code).toBe(2);
  expect(second.stderr).toContain(`run ${run} is being run (pid ${runner.pid}`);
  await child.exit(0);
  expect((await runner.ended).code).toBe(0);
});

test('a live resume cannot be resumed either', async () => {
  const { runner, child } = await running();
  runner.child.kill('SIGKILL');
  await child.gone;
  await runner.ended;
  const resumed = startCli(project, ['resume', '@last']);
  const again = await rig.child('work');
  const second = await cli(project, ['resume', '@last']);
  expect(second.code).toBe(2);
  expect(second.stderr).toContain(`pid ${resumed.pid}, by \`codemachine resume\``);
  await again.exit(0);
  expect((await resumed.ended).code).toBe(0);
});

test('a second run in the same checkout is refused with the id of the first', async () => {
  const { runner, child } = await running();
  const run = await onlyRun(project);
  const second = await cli(project, ['run', 'work.yml']);
  expect(second.code).toBe(2);
  expect(second.stderr).toContain(run);
  expect(second.stderr).toContain(`codemachine cancel ${run}`);
  await child.exit(0);
  expect((await runner.ended).code).toBe(0);
});
