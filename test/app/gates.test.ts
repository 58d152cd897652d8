// Decides at gates through the built program: parked and alive, by one process and by several, in time and too late.
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { due } from '../../src/app/gates/due.ts';
import { foldAll } from '../../src/model/fold.ts';
import { asStepKey } from '../../src/model/ids.ts';
import { untouched } from '../../src/model/progress.ts';
import { ends, eventsOf, projectWith, say } from '../commands/project.ts';
import { built } from '../support/built.ts';
import { type Cli, type CliEnd, cli, startCli } from '../support/cli.ts';
import { of, strictEvents } from '../support/event-check.ts';
import { onlyRun, type Project, withState } from '../support/repository.ts';
import { compiled } from '../support/ts.ts';

beforeAll(built);

const ASK = `
steps:
  - { id: build, run: echo new > a.txt }
  - id: ask
    gate: { message: "Ship \${{ steps.build.status }}?", show: [diff, steps.build.exit-code] }
  - { id: ship, run: echo shipped > shipped.txt }
finally:
  - { id: clean, run: echo x >> clean.txt }
`;

/** A gate, and a step beside it that runs until the file \`go\` is there. */
const BESIDE = `
steps:
  - id: ask
    gate: { message: Ship it?, options: [ship, hold, reject], fields: { why: { type: string, required: true } } }
  - id: ship
    if: steps.ask.decision == 'ship'
    env: { WHY: "\${{ steps.ask.output.why }}" }
    run: echo "$WHY" > why.txt
  - id: long
    needs: []
    run: echo up; until test -e go; do sleep 0.05; done
`;

/** Starts a run whose long step is up. */
async function alive(project: Project): Promise<Cli> {
  onTestFinished(() => writeFileSync(path.join(project.root, 'go'), ''));
  let up: () => void = () => undefined;
  const isUp = new Promise<void>((resolve) => {
    up = resolve;
  });
  const run = startCli(project, ['run', 'w', '--json'], {
    onLine: (line) => {
      if (line.includes('"output"')) up();
    },
  });
  await isUp;
  return run;
}

/** A process that decides each time it is told to, and gives the exit code. */
async function decider(project: Project): Promise<(gate: string, option: string) => Promise<number>> {
  const script = await compiled(path.join(import.meta.dirname, 'decider.ts'));
  const child = spawn(process.execPath, [script], {
    cwd: project.root,
    env: project.environ,
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  onTestFinished(() => void child.kill());
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return async (gateKey, option) => {
    child.stdin.write(`${JSON.stringify({ gate: gateKey, option })}\n`);
    return Number((await lines.next()).value);
  };
}

async function gate(project: Project, key = 'ask') {
  const run = await onlyRun(project);
  return withState(project, (state) => foldAll(state.history(run)).steps.get(asStepKey(key)));
}

describe('a run that comes to a gate', () => {
  it('parks with exit code 3, runs no `finally`, and leaves the checkout to others', async () => {
    const project = projectWith({ w: ASK, other: 'steps:\n  - { id: one, run: echo fine }\n' });
    const { code, events } = await eventsOf(project, 'run w');
    expect(code).toBe(3);
    expect(ends(events)).toEqual({ build: 'succeeded' });
    expect(of(events, 'gate-opened')).toMatchObject([
      {
        message: 'Ship succeeded?',
        options: ['approve', 'reject'],
        shown: [
          { show: 'diff', diff: { files: ['a.txt'] } },
          { show: 'steps.build.exit-code', value: 0 },
        ],
      },
    ]);
    const { run } = events[0] ?? { run: '' };
    expect(events.at(-1)).toMatchObject({
      type: 'run-parked',
      reason: 'gate',
      resume: `codemachine resume ${run}`,
    });
    expect((await say(project, 'run other')).code).toBe(0);
  });

  it('goes on from what was decided', async () => {
    const project = projectWith({ w: ASK });
    const parked = await say(project, 'run w');
    const run = await onlyRun(project);
    expect(parked.stdout).toContain(`codemachine approve ${run} ask`);
    expect((await say(project, 'runs')).stdout).toContain(`codemachine approve ${run} ask`);
    expect((await say(project, 'status')).stdout).toContain(`codemachine reject ${run} ask`);
    const approved = await say(project, 'approve @last ask --comment fine');
    expect(approved).toMatchObject({ code: 0, stdout: '' });
    expect(approved.stderr).toContain(`codemachine resume ${run}`);
    const status = JSON.parse((await say(project, 'status --json')).stdout) as {
      readonly status: string;
      readonly steps: readonly { readonly step: string; readonly gate?: { readonly decided?: object } }[];
    };
    expect(status.status).toBe('parked');
    expect(status.steps.find(({ step }) => step === 'ask')?.gate?.decided).toMatchObject({
      decision: 'approve',
      comment: 'fine',
    });
    const { code, events } = await eventsOf(project, 'resume @last');
    expect(code).toBe(0);
    expect(ends(events)).toEqual({ ask: 'succeeded', ship: 'succeeded', clean: 'succeeded' });
  });

  it('goes on at once with `--resume`, and fails when it was rejected', async () => {
    const project = projectWith({ w: ASK });
    await say(project, 'run w');
    const { code, events } = await eventsOf(project, 'reject @last --comment no --resume');
    expect(code).toBe(1);
    expect(of(events, 'step-failed')).toMatchObject([
      { step: 'ask', decision: 'reject', failure: { reason: 'rejected' } },
    ]);
    expect(ends(events)).toEqual({ ask: 'failed', ship: 'blocked', clean: 'succeeded' });
    // Decided gates stay decided.
    const again = await eventsOf(project, 'resume @last');
    expect(again.code).toBe(1);
    expect(of(again.events, 'gate-opened')).toEqual([]);
  });

  it('can be canceled while it is parked', async () => {
    const project = projectWith({ w: ASK });
    await say(project, 'run w');
    expect((await say(project, 'cancel @last')).code).toBe(0);
    expect((await gate(project))?.status).toBe('canceled');
    expect(project.read('clean.txt')).toBe('x\n');
    const late = await say(project, 'approve @last ask');
    expect(late.code).toBe(2);
    expect(late.stderr).toContain('it is canceled');
  });

  it('is retried with the decision it had', async () => {
    const project = projectWith({ w: ASK.replace('echo shipped > shipped.txt', 'test -e ready') });
    await say(project, 'run w');
    expect((await say(project, 'approve @last --resume')).code).toBe(1);
    project.write('ready', '');
    const { code, events } = await eventsOf(project, 'retry @failed');
    expect(code).toBe(0);
    expect(of(events, 'step-succeeded').find(({ step }) => step === 'ask')).toMatchObject({
      reused: 'retry',
      decision: 'approve',
    });
  });
});

describe('a run that parks behind a failure', () => {
  const ROLLBACK = `
steps:
  - { id: deploy, run: "echo deploy >> did.txt; test -f up" }
  - { id: ask, if: failure(), gate: { message: Roll back? } }
  - id: rollback
    if: failure() && steps.ask.decision == 'approve'
    run: echo rollback >> did.txt
`;

  it('rolls back when somebody approves that, and does not deploy again', async () => {
    const project = await projectWith({ w: ROLLBACK });
    expect((await say(project, 'run w')).code).toBe(3);
    writeFileSync(path.join(project.root, 'up'), '');
    expect((await say(project, 'approve @last ask --resume')).code).toBe(1);
    expect(readFileSync(path.join(project.root, 'did.txt'), 'utf8')).toBe('deploy\nrollback\n');
    // It has ended now: the failed step gets another chance, and what is only for a failure is skipped.
    expect((await say(project, 'resume @last')).code).toBe(0);
    expect(readFileSync(path.join(project.root, 'did.txt'), 'utf8')).toBe('deploy\nrollback\ndeploy\n');
  });
});

describe('a decision while the run is alive', () => {
  it('takes effect beside what runs', async () => {
    const project = projectWith({ w: BESIDE });
    const run = await alive(project);
    const answered = await cli(project, [
      'answer',
      '@last',
      'ask',
      '--option',
      'ship',
      '--field',
      'why=because so',
    ]);
    expect(answered.code).toBe(0);
    expect((await gate(project))?.status).toBe('succeeded');
    await expect.poll(() => project.read('why.txt')).toBe('because so\n');
    project.write('go', '');
    const end = await run.ended;
    expect(end.code).toBe(0);
    expect(ends(strictEvents(end.stdout))).toEqual({
      ask: 'succeeded',
      ship: 'succeeded',
      long: 'succeeded',
    });
  });

  it('is refused where it does not fit, with what would', async () => {
    const project = projectWith({ w: BESIDE });
    const run = await alive(project);
    const wrong = async (line: string) => {
      const { code, stderr } = await say(project, line);
      expect(code).toBe(2);
      return stderr;
    };
    expect(await wrong('approve @last ask')).toContain('its options are ship, hold, reject');
    expect(await wrong('answer @last ask --option shp --field why=x')).toContain('--option ship');
    expect(await wrong('answer @last ask')).toContain('at ask there are ship, hold, reject');
    expect(await wrong('answer @last ask --option ship')).toContain('`--field why=…`');
    expect(await wrong('answer @last ask --option ship --field who=x')).toContain('there is no field `who`');
    expect(await wrong('answer @last ask --option ship --field why')).toContain('name=value');
    expect(await wrong('approve @last asks')).toContain('did you mean `ask`?');
    expect(await wrong('approve @last long')).toContain('long is no gate');
    expect(await wrong('approve @last ship')).toContain('has been reached');
    expect((await gate(project))?.gate?.decided).toBeUndefined();
    project.write('go', '');
    expect((await run.ended).code).toBe(3);
  });

  it('is refused from a step of a run', async () => {
    const project = projectWith({ w: BESIDE });
    const run = await alive(project);
    for (const line of [
      'approve @last ask',
      'reject @last ask',
      'answer @last --option ship',
      'pause @last',
    ]) {
      const { code, stderr } = await say(project, line, { env: { CODEMACHINE_MARK: ';x;' } });
      expect(code).toBe(2);
      expect(stderr).toContain('a step may not');
    }
    project.write('go', '');
    expect((await run.ended).code).toBe(3);
  });
});

describe('two decisions', () => {
  const ROUNDS = 50;

  it('at the same moment, by two processes, come to one', async () => {
    const keys = Array.from({ length: ROUNDS }, (_, i) => `g${i}`);
    const steps = keys.map((id) => `  - { id: ${id}, needs: [], gate: { message: go? } }`);
    const project = projectWith({ w: `steps:\n${steps.join('\n')}\n` });
    expect((await say(project, 'run w')).code).toBe(3);
    const people = await Promise.all([decider(project), decider(project)]);
    for (const [round, key] of keys.entries()) {
      // Every third pair agrees.
      const words = round % 3 === 0 ? ['approve', 'approve'] : ['approve', 'reject'];
      const codes = await Promise.all(people.map((decide, i) => decide(key, words[i] ?? '')));
      const decided = (await gate(project, key))?.gate?.decided?.decision;
      expect(words).toContain(decided);
      expect(codes).toEqual(words.map((word) => (word === decided ? 0 : 2)));
    }
    const run = await onlyRun(project);
    await withState(project, (state) => {
      expect(state.verify(run)).toMatchObject({ ok: true });
      const decisions = state.history(run).filter(({ type }) => type === 'gate-decided');
      expect(decisions).toHaveLength(ROUNDS);
    });
  });

  it('that differ, of a run that is alive: the first stands, the second is told so', async () => {
    const project = projectWith({ w: BESIDE });
    const run = await alive(project);
    const both = await Promise.all(
      ['ship', 'hold'].map((option) => say(project, `answer @last ask --option ${option} --field why=x`)),
    );
    expect(both.map(({ code }) => code).sort()).toEqual([0, 2]);
    const same = (await gate(project))?.gate?.decided?.decision ?? '';
    expect((await say(project, `answer @last ask --option ${same} --field why=x`)).code).toBe(0);
    expect((await say(project, `answer @last ask --option ${same} --field why=y`)).code).toBe(2);
    project.write('go', '');
    const end = await run.ended;
    expect(of(strictEvents(end.stdout), 'gate-decided')).toHaveLength(1);
  });
});

describe('a gate that was just decided', () => {
  it('is named with what was decided, by whom, and how the run goes on', async () => {
    const project = projectWith({ w: 'steps:\n  - { id: ship, gate: { message: go? } }\n' });
    expect((await say(project, 'run w')).code).toBe(3);
    expect((await say(project, 'approve @last')).code).toBe(0);
    const again = await say(project, 'reject @last');
    expect(again.code).toBe(2);
    expect(again.stderr).toMatch(/is open: ship is decided already: approve by \S+, at [\d:]+ UTC/);
    expect(again.stderr).toContain('go on with `codemachine resume 2');
    expect((await say(project, 'answer @last ship')).stderr).toContain('ship is decided already: approve');
  });
});

describe('what was shown', () => {
  it('has changed since: nothing is decided, and the gate asks anew', async () => {
    const project = projectWith({ w: ASK });
    await say(project, 'run w');
    project.write('a.txt', 'sneaked in\n');
    const { code, stderr } = await say(project, 'approve @last ask');
    expect(code).toBe(2);
    expect(stderr).toContain('has changed since it was asked');
    const step = await gate(project);
    expect(step?.gate?.decided).toBeUndefined();
    expect(step?.gate?.question?.shown?.[0]?.diff?.files).toEqual(['a.txt']);
    expect((await say(project, 'approve @last ask --resume')).code).toBe(0);
  });

  it('changes between the decision and the resume: it asks anew', async () => {
    const project = projectWith({ w: ASK });
    await say(project, 'run w');
    expect((await say(project, 'approve @last ask')).code).toBe(0);
    project.write('a.txt', 'sneaked in\n');
    const { code, events } = await eventsOf(project, 'resume @last');
    expect(code).toBe(3);
    expect(of(events, 'gate-opened')).toHaveLength(1);
    expect(of(events, 'step-started')).toEqual([]);
  });

  it('is the same while other files change', async () => {
    const project = projectWith({ w: ASK });
    await say(project, 'run w');
    project.write('other.txt', 'mine\n');
    expect((await say(project, 'approve @last ask')).code).toBe(0);
    project.write('other.txt', 'mine again\n');
    expect((await say(project, 'resume @last')).code).toBe(0);
  });
});

describe('time', () => {
  const timed = (more: string) => `
steps:
  - id: ask
    gate: { message: Ship it?, ${more} }
  - { id: ship, run: echo shipped }
`;

  /** Waits until the time of the gate is over. */
  const over = async (project: Project) => {
    const expires = (await gate(project))?.gate?.question?.['expires-at'] ?? '';
    await expect.poll(() => new Date().toISOString() > expires).toBe(true);
  };

  it('that is over while no process lives is applied at the next look', async () => {
    const project = projectWith({ w: timed('timeout: 2s, on-timeout: approve') });
    expect((await say(project, 'run w')).code).toBe(3);
    await over(project);
    const { stdout } = await say(project, 'status');
    expect(stdout).toContain('approve by the end of its time');
    expect((await gate(project))?.gate?.decided).toMatchObject({ decision: 'approve', unasked: 'timeout' });
    const late = await say(project, 'reject @last ask');
    expect(late.code).toBe(2);
    expect((await say(project, 'resume @last')).code).toBe(0);
  });

  it('reminds once at the next look, however long nobody looked', () => {
    const at = '2026-11-20T14:15:03.000Z';
    const question = { message: 'm', options: ['approve'], digest: 'd', 'remind-ms': 1000, at };
    const step = { ...untouched(asStepKey('ask')), status: 'asking', gate: { question } } as const;
    const progress = { ...foldAll([]), steps: new Map([[step.key, step]]) };
    const start = Date.parse(at);
    expect(due(progress, start + 999)).toEqual([]);
    const reminded = [{ type: 'gate-reminded', step: 'ask', message: 'm' }];
    expect(due(progress, start + 1000)).toEqual(reminded);
    expect(due(progress, start + 1e9)).toEqual(reminded);
    const later = { ...step, gate: { question, remindedAt: new Date(start + 1000).toISOString() } };
    expect(due({ ...progress, steps: new Map([[step.key, later]]) }, start + 1500)).toEqual([]);
  });
});

describe('an owner that dies', () => {
  it('leaves an open gate open: it is decided without it, and the run goes on', async () => {
    const project = projectWith({ w: BESIDE });
    const run = await alive(project);
    process.kill(run.pid, 'SIGKILL');
    await run.ended;
    project.write('go', '');
    expect((await say(project, 'answer @last ask --option ship --field why=x')).code).toBe(0);
    const { code, events } = await eventsOf(project, 'resume @last');
    expect(code).toBe(0);
    expect(ends(events)).toEqual({ ask: 'succeeded', ship: 'succeeded', long: 'succeeded' });
    expect(of(events, 'gate-opened')).toEqual([]);
  });
});

describe('pause', () => {
  it('lets what runs come to its end, then parks with exit code 3', async () => {
    const project = projectWith({
      w: 'steps:\n  - id: long\n    run: echo up; until test -e go; do sleep 0.05; done\n  - { id: next, run: echo x >> next.txt }\n',
    });
    const run = await alive(project);
    expect((await say(project, 'pause @last')).code).toBe(0);
    const id = await onlyRun(project);
    const taken = () => withState(project, (state) => state.pending(id).length);
    expect(await taken()).toBe(1);
    const before = Date.now();
    await expect.poll(() => Date.now() - before).toBeGreaterThan(600);
    project.write('go', '');
    const end: CliEnd = await run.ended;
    expect(end.code).toBe(3);
    const events = strictEvents(end.stdout);
    expect(events.at(-1)).toMatchObject({ type: 'run-parked', reason: 'pause' });
    expect(ends(events)).toEqual({ long: 'succeeded' });
    const nothing = await say(project, 'pause @last');
    expect(nothing.code).toBe(2);
    expect(nothing.stderr).toContain('it is parked');
    expect((await say(project, 'resume @last')).code).toBe(0);
    expect(project.read('next.txt')).toBe('x\n');
  });
});

it('a run in the background waits for nobody at a terminal', async () => {
  const project = projectWith({ w: ASK });
  expect((await say(project, 'run w --detach')).code).toBe(0);
  await expect.poll(async () => (await gate(project))?.status).toBe('asking');
  await expect.poll(async () => withState(project, (state) => state.listRuns()[0]?.owner)).toBeUndefined();
  const { code, events } = await eventsOf(project, 'approve @last --resume');
  expect(code).toBe(0);
  expect(ends(events)).toMatchObject({ ask: 'succeeded', ship: 'succeeded' });
});
