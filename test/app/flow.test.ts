// Shows through the built program what happens to which step, and what a run gives out.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { ends, eventsOf, projectWith, say } from '../commands/project.ts';
import { built } from '../support/built.ts';
import { PROGRAM, startCli } from '../support/cli.ts';
import { of, strictEvents } from '../support/event-check.ts';

beforeAll(built);

const EVERY_STATUS = `
steps:
  - { id: good, needs: [], run: echo good }
  - { id: bad, needs: [], run: exit 3 }
  - { id: forgiven, needs: [], run: exit 4, continue-on-error: true }
  - { id: after-good, needs: good, run: 'true' }
  - { id: after-bad, needs: bad, run: 'true' }
  - { id: after-blocked, needs: after-bad, run: 'true' }
  - { id: after-forgiven, needs: forgiven, run: 'true' }
  - { id: false-if, needs: good, if: inputs.never, run: 'true' }
  - { id: after-skipped, needs: false-if, run: 'true' }
  - { id: always, needs: bad, if: always(), run: 'true' }
  - { id: on-failure, needs: bad, if: failure(), run: 'true' }
  - { id: on-failure-of-good, needs: good, if: failure(), run: 'true' }
  - { id: failure-forgiven, needs: forgiven, if: failure(), run: 'true' }
  - { id: failure-far, needs: after-blocked, if: failure(), run: 'true' }
  - { id: looked, needs: bad, if: "always() && steps.bad.exit-code == 3", run: 'true' }
inputs: { never: { type: boolean, default: false } }
finally:
  - id: last
    run: echo "$S $R"
    env: { S: "\${{ run.status }}", R: "\${{ steps.bad.failure.reason }}" }
  - { id: only-bad, if: "run.status == 'failed'", run: 'true' }
  - { id: only-good, if: "run.status == 'succeeded'", run: 'true' }
outputs:
  good: steps.good.stdout
  code: steps.bad.exit-code
  blocked: steps.after-bad.status
  nothing: steps.after-bad.exit-code
  forgiven: steps.forgiven.failure.reason
`;

describe('the truth table', () => {
  it('holds in the large', async () => {
    const { code, events } = await eventsOf(projectWith({ w: EVERY_STATUS }), 'run w');
    expect(code).toBe(1);
    expect(ends(events)).toEqual({
      good: 'succeeded',
      bad: 'failed',
      forgiven: 'failed',
      'after-good': 'succeeded',
      'after-bad': 'blocked',
      'after-blocked': 'blocked',
      'after-forgiven': 'succeeded',
      'false-if': 'skipped',
      'after-skipped': 'succeeded',
      always: 'succeeded',
      'on-failure': 'succeeded',
      'on-failure-of-good': 'skipped',
      'failure-forgiven': 'skipped',
      'failure-far': 'succeeded',
      looked: 'succeeded',
      last: 'succeeded',
      'only-bad': 'succeeded',
      'only-good': 'skipped',
    });
    expect(of(events, 'output').find(({ step }) => step === 'last')?.text).toBe('failed exit-code\n');
    expect(of(events, 'run-finished')).toMatchObject([
      {
        status: 'failed',
        outputs: { good: 'good', code: 3, blocked: 'blocked', nothing: null, forgiven: 'exit-code' },
      },
    ]);
  });

  it('a failure that is forgiven leaves the run green; a failing finally does not', async () => {
    const forgiven = 'steps:\n  - run: exit 1\n    continue-on-error: true\n';
    expect(await eventsOf(projectWith({ w: forgiven }), 'run w')).toMatchObject({ code: 0 });
    const after = 'steps:\n  - run: exit 0\nfinally:\n  - run: exit 1\n  - id: next\n    run: echo\n';
    const { code, events } = await eventsOf(projectWith({ w: after }), 'run w');
    expect(code).toBe(1);
    expect(ends(events)).toMatchObject({ next: 'succeeded' });
  });

  it('a canceled run runs its finally, and ends with 4', async () => {
    const project = projectWith({
      w: `
steps:
  - { id: long, run: 'touch up; until test -e go; do sleep 0.02; done' }
  - { id: later, run: 'true' }
finally:
  - id: last
    run: echo "$S" > status.txt
    env: { S: "\${{ run.status }}" }
`,
    });
    onTestFinished(() => writeFileSync(path.join(project.root, 'go'), ''));
    const asked: Promise<unknown>[] = [];
    const started = startCli(project, ['run', 'w', '--json'], {
      onLine: (line) => {
        if (line.includes('"step-started"') && line.includes('"long"'))
          asked.push(say(project, 'cancel @last'));
      },
    });
    const { code, stdout } = await started.ended;
    expect(await Promise.all(asked)).toMatchObject([{ code: 0, stdout: '' }]);
    const events = strictEvents(stdout);
    expect(ends(events)).toEqual({ long: 'canceled', later: 'canceled', last: 'succeeded' });
    expect(events.at(-1)).toMatchObject({ type: 'run-finished', status: 'canceled' });
    expect(code).toBe(4);
    expect(project.read('status.txt')).toBe('canceled\n');
    const again = await say(project, 'cancel @last');
    expect(again.code).toBe(2);
    expect(again.stderr).toMatch(/has ended already.*canceled/);
  });
});

describe('cancel', () => {
  it('ends a run whose owner was killed, its finally included', async () => {
    const project = projectWith({
      w: 'steps:\n  - { id: a, run: "echo up; sleep 60" }\nfinally:\n  - run: echo last > last.txt\n',
    });
    const killed = startCli(project, ['run', 'w', '--json'], {
      onLine: (line) => {
        if (line.includes('up\\n')) process.kill(killed.pid, 'SIGKILL');
      },
    });
    expect((await killed.ended).signal).toBe('SIGKILL');
    expect((await say(project, 'runs')).stdout).toContain('interrupted');
    expect(await say(project, 'cancel @last')).toMatchObject({ code: 0 });
    expect(project.read('last.txt')).toBe('last\n');
    expect((await say(project, 'runs')).stdout).toContain('canceled');
  });

  it('is refused from within a step', async () => {
    const project = projectWith({ w: 'steps:\n  - id: a\n    run: node "$PROGRAM" cancel @last\n' });
    const { code, stdout } = await say(project, 'run w --json', { env: { PROGRAM } });
    expect(code).toBe(1);
    expect(of(strictEvents(stdout), 'step-failed')).toMatchObject([
      { failure: { 'exit-code': 2, message: expect.stringContaining('a step may not cancel runs') } },
    ]);
  });
});

describe('values', () => {
  it('keep their types on the way from step to step, and into the run’s outputs', async () => {
    const { code, events } = await eventsOf(
      projectWith({
        w: `
inputs:
  n: { type: number, default: 2 }
  list: { type: json, default: [1, 2] }
steps:
  - id: make
    run: |
      { echo num=1.10; echo yes=true; echo 'obj={"a":[1,{"b":null}]}'; echo 'text=1.10'; } >> "$CODEMACHINE_OUTPUT"
      printf 'long<<X\\nline 1\\nline 2\\nX\\n' >> "$CODEMACHINE_OUTPUT"
    outputs: { num: number, yes: boolean, obj: json, text: string, long: string }
  - id: same
    if: steps.make.outputs.num == 1.1 && steps.make.outputs.text == '1.10' && steps.make.outputs.yes
    run: echo "$N|$O|$L"
    env:
      N: "\${{ inputs.n }}"
      O: "\${{ toJSON(steps.make.outputs.obj) }}"
      L: "\${{ steps.make.outputs.long }}"
outputs:
  num: steps.make.outputs.num
  text: steps.make.outputs.text
  obj: steps.make.outputs.obj
  list: inputs.list
  bigger: inputs.n > 1
  mixed: format('n is {0}', inputs.n)
`,
      }),
      'run w -i n=3',
    );
    expect(code).toBe(0);
    expect(ends(events)).toEqual({ make: 'succeeded', same: 'succeeded' });
    expect(of(events, 'run-finished')[0]?.outputs).toEqual({
      num: 1.1,
      text: '1.10',
      obj: { a: [1, { b: null }] },
      list: [1, 2],
      bigger: true,
      mixed: 'n is 3',
    });
  });

  it('come from flags, files and defaults, the nearest first', async () => {
    const project = projectWith(
      {
        w: `
inputs:
  a: { type: string, required: true }
  b: { type: string, required: true }
  c: { type: number, default: 1 }
  d: { type: choice, options: [x, y], default: y }
steps: [{ run: 'true' }]
outputs: { a: inputs.a, b: inputs.b, c: inputs.c, d: inputs.d }
`,
      },
      { 'given.json': '{"a":"file","b":"file","c":5}', 'b.txt': 'two\nlines\n' },
    );
    const { events } = await eventsOf(project, 'run -i b=@b.txt -i a=flag=1 w --inputs given.json');
    expect(of(events, 'run-finished')[0]?.outputs).toEqual({ a: 'flag=1', b: 'two\nlines\n', c: 5, d: 'y' });
  });

  it('of env: the step before the workflow before the env-file; the caller’s own pass to run steps', async () => {
    const project = projectWith(
      {
        w: `
env-file: [one.env, none.env?]
env: { A: workflow, B: workflow }
steps:
  - id: show
    run: echo "$A $B $C $D"
    env: { A: step }
  - id: read
    run: echo "$X"
    env: { X: "\${{ env.B }}-\${{ env.C }}" }
`,
      },
      { 'one.env': 'A=from-file\nB=from-file\nC="of-the-file"\n' },
    );
    const { stdout } = await say(project, 'run w --json', { env: { A: 'caller', C: 'caller', D: 'caller' } });
    const shown = Object.fromEntries(
      of(strictEvents(stdout), 'output').map(({ step, text }) => [step, text]),
    );
    // What an env-file holds is masked like a secret.
    expect(shown).toEqual({ show: 'step workflow *** caller\n', read: 'workflow-***\n' });
  });
});
