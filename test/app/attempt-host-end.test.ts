// Shows how attempts that hosts make come to their end, and that no host outlives its run.
import { readdirSync } from 'node:fs';
import { beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import type { Milestone } from '../../src/model/event.ts';
import { holding, until } from '../kill/processes.ts';
import { openTerminal } from '../kill/terminal.ts';
import { built } from '../support/built.ts';
import { type Cli, cli, startCli } from '../support/cli.ts';
import { of, strictEvents } from '../support/event-check.ts';
import { onlyRun, type Project, withState } from '../support/repository.ts';
import { openRig, type Rig, type RigChild } from '../support/rig.ts';
import { hostedProject, logOf, parentOf } from './attempt-host-rig.ts';

beforeAll(built);

let rig: Rig;
beforeEach(async () => {
  rig = await openRig();
  const opened = rig;
  onTestFinished(() => opened.close());
});

const FINALLY = 'finally:\n  - { id: tidy, run: echo tidied > tidy.txt }\n';
const WHO = `tr '\\0' ' ' < /proc/$PPID/cmdline`;

/** A step that turns into a child under the test's control. */
function held(id: string, more = ''): string {
  return `  - { id: ${id}, needs: [hosted], shell: sh, ${more}run: ${JSON.stringify(rig.script(id))} }\n`;
}

async function history(project: Project): Promise<readonly Milestone[]> {
  const run = await onlyRun(project);
  return withState(project, (state) => state.history(run));
}

/** The children of a run, its hosts among them. */
async function left(project: Project): Promise<readonly string[]> {
  return holding(`;${await onlyRun(project)}.`);
}

/** The host that started this child; throws where it was somebody else. */
async function hostOf(project: Project, child: RigChild): Promise<number> {
  const host = parentOf(child.pid);
  const hosts = (await left(project)).filter((line) => line.includes('attempt-host.cjs'));
  if (!hosts.some((line) => line.startsWith(`${host} `))) throw new Error(`${host} is none of ${hosts}`);
  return host;
}

/** Starts the run; resolves when the child of the step is there. */
async function running(
  project: Project,
  step: string,
): Promise<{ runner: Cli; child: RigChild; host: number }> {
  const runner = startCli(project, ['run', 'work', '--json']);
  const child = await rig.child(step);
  return { runner, child, host: await hostOf(project, child) };
}

// Hosts are the same elsewhere; finding them is not.
describe.skipIf(process.platform !== 'linux')('a run with hosts', () => {
  it('ends softly at the first Ctrl-C, which the child hears once', async () => {
    const project = hostedProject(held('work'), FINALLY);
    const terminal = openTerminal(project, ['run', 'work']);
    const child = await rig.child('work');
    await hostOf(project, child);
    await child.catch('SIGINT', 'SIGTERM');
    terminal.type('\x03');
    expect(await child.signal()).toBe('SIGINT');
    await child.env();
    const next = Promise.race([child.signal(), child.gone.then(() => undefined)]);
    await child.exit(130);
    expect(await next).toBeUndefined();
    expect((await terminal.ended).code).toBe(130);
    expect((await history(project)).at(-1)).toMatchObject({ type: 'run-interrupted', by: 'SIGINT' });
    expect(await left(project)).toEqual([]);
  });

  it('ends at once at the second Ctrl-C, also a child that heeds no signal', async () => {
    const project = hostedProject(held('work'));
    const terminal = openTerminal(project, ['run', 'work']);
    const child = await rig.child('work');
    await hostOf(project, child);
    await child.catch('SIGINT', 'SIGTERM');
    terminal.type('\x03');
    expect(await child.signal()).toBe('SIGINT');
    const next = Promise.race([child.signal(), child.gone.then(() => undefined)]);
    terminal.type('\x03');
    // Not SIGTERM, which the ladder would have sent after its pause.
    expect(await next).toBeUndefined();
    expect((await terminal.ended).code).toBe(130);
    expect(await left(project)).toEqual([]);
  });

  it('is canceled from another process, and runs `finally`', async () => {
    const project = hostedProject(held('work'), FINALLY);
    const { runner, child } = await running(project, 'work');
    await child.catch('SIGINT');
    expect((await cli(project, ['cancel', '@last'])).code).toBe(0);
    expect(await child.signal()).toBe('SIGINT');
    await child.exit(0);
    expect((await runner.ended).code).toBe(4);
    expect(project.read('tidy.txt')).toBe('tidied\n');
    expect(await left(project)).toEqual([]);
  });

  it('leaves neither a child nor a host when the runner is killed, and goes on', async () => {
    const project = hostedProject(held('work'));
    const { runner, child } = await running(project, 'work');
    runner.child.kill('SIGKILL');
    await runner.ended;
    await child.gone;
    const run = await onlyRun(project);
    await until(
      () => holding(`;${run}.`).length === 0,
      () => holding(`;${run}.`).join('\n'),
    );
    const resumed = startCli(project, ['resume', run, '--json']);
    await (await rig.child('work')).exit(0);
    expect((await resumed.ended).code).toBe(0);
  });

  it('has a host that sleeps while its runner is killed ended by the next owner, before it starts anything', async () => {
    const project = hostedProject(held('work'));
    const { runner, child, host } = await running(project, 'work');
    process.kill(host, 'SIGSTOP');
    runner.child.kill('SIGKILL');
    await runner.ended;
    const resumed = startCli(project, ['resume', '@last', '--json']);
    const again = await rig.child('work');
    // Awake, it would have started what it had been told to.
    const run = await onlyRun(project);
    expect(holding(`;${run}.1.`)).toEqual([]);
    await child.gone;
    await again.exit(0);
    expect((await resumed.ended).code).toBe(0);
  });
});

describe.skipIf(process.platform !== 'linux')('a host that is killed', () => {
  it('fails the attempts that it was making, ends what they started, and the step is tried again', async () => {
    const project = hostedProject(held('work', 'retry: { attempts: 2, delay: 1ms }, '));
    const { runner, child, host } = await running(project, 'work');
    await child.fork({ name: 'daemon', detached: true });
    const daemon = await rig.child('daemon');
    process.kill(host, 'SIGKILL');
    await Promise.all([child.gone, daemon.gone]);
    const again = await rig.child('work');
    await again.exit(0);
    const { code, stdout } = await runner.ended;
    expect(code).toBe(0);
    const [failed] = of(strictEvents(stdout), 'step-failed').filter(({ step }) => step === 'work');
    expect(failed).toMatchObject({
      attempt: 1,
      final: false,
      failure: { reason: 'signal', signal: 'SIGKILL' },
    });
    expect(failed?.failure.message).toContain('the process of codemachine that made this attempt');
    expect(failed?.failure.help).toContain('max-parallel');
  });

  it('leaves the rest to the runner, when all are gone, and no output unread', async () => {
    const project = hostedProject(
      `  - { id: one, needs: [hosted], continue-on-error: true, shell: sh, run: ${JSON.stringify(`echo a=secret > "$CODEMACHINE_OUTPUT"; ${rig.script('one')}`)} }
${held('two', 'continue-on-error: true, ')}  - { id: who, needs: [one, two], shell: sh, run: ${JSON.stringify(WHO)} }
`,
    );
    const { runner, child, host } = await running(project, 'one');
    const other = await hostOf(project, await rig.child('two'));
    for (const pid of new Set([host, other])) process.kill(pid, 'SIGKILL');
    await child.gone;
    expect((await runner.ended).code).toBe(0);
    expect((await logOf(project, 'who', 'stdout')).toString()).toContain('codemachine.js run work');
    const files = readdirSync(`${project.stateDir}/runs`, { recursive: true, encoding: 'utf8' });
    expect(files.filter((file) => file.endsWith('.output'))).toEqual([]);
  });
});

describe.skipIf(process.platform !== 'linux')('what a succeeded step leaves running', () => {
  it('goes on writing to its log, ends with the run, and is heard to its last word', async () => {
    const daemon = `(trap 'echo last words; exit 0' TERM; echo up; : > up; while :; do sleep 600 & wait; done) &
until [ -e up ]; do :; done`;
    const project = hostedProject(
      `  - { id: starts, needs: [hosted], shell: sh, run: ${JSON.stringify(daemon)} }
  - { id: held, needs: [starts], shell: sh, run: ${JSON.stringify(rig.script('held'))} }
`,
    );
    const { runner, child } = await running(project, 'held');
    expect((await logOf(project, 'starts', 'stdout')).toString()).toBe('up\n');
    await child.exit(0);
    expect((await runner.ended).code).toBe(0);
    expect((await logOf(project, 'starts', 'stdout')).toString()).toBe('up\nlast words\n');
    expect(await left(project)).toEqual([]);
  });
});
