// Shows kept files at gates through the built program: whose they are, what is in them, whether the tree still holds them.
import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { ends, eventsOf, projectWith, say } from '../commands/project.ts';
import { built } from '../support/built.ts';
import { startCli } from '../support/cli.ts';
import { of, strictEvents } from '../support/event-check.ts';
import type { Project } from '../support/repository.ts';
import { atTerminal } from './terminal.ts';

beforeAll(built);

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

const file = (step: string, name: string, text: string, tree = 'same') => ({
  ...{ step, path: name, sha256: sha256(text), bytes: text.length, text, tree },
});

const gate = (glob: string, more = ''): string =>
  `  - { id: ask, ${more}gate: { message: Ship it?, show: ["artifact:${glob}"] } }\n`;

const MAKE = `steps:
  - id: make
    run: mkdir -p out && echo one > out/a.txt && echo two > out/b.log
    artifacts: out/**
`;

async function shown(project: Project, line = 'run w') {
  const { code, events } = await eventsOf(project, line);
  const [opened] = of(events, 'gate-opened');
  expect(code).toBe(3);
  return opened?.shown?.flatMap(({ artifacts = [] }) => artifacts);
}

describe('kept files at a gate', () => {
  it('are those that fit, with what is in them, and can be read in every place where the gate can', async () => {
    const project = projectWith({ w: `${MAKE}${gate('out/*.txt')}  - run: echo shipped\n` });
    expect(await shown(project)).toEqual([file('make', 'out/a.txt', 'one\n')]);
    const { stdout } = await say(project, 'status');
    expect(stdout).toContain('artifact:out/*.txt: 1 file');
    expect(stdout).toContain('out/a.txt (4 B, of make)');
    expect(stdout).toContain(`sha256 ${sha256('one\n')}`);
    expect(stdout).toContain('| one');
    const json = JSON.parse((await say(project, 'status --json')).stdout) as {
      readonly steps: readonly { readonly step: string; readonly gate?: { readonly question: object } }[];
    };
    expect(json.steps.find(({ step }) => step === 'ask')?.gate?.question).toMatchObject({
      shown: [{ show: 'artifact:out/*.txt', artifacts: [file('make', 'out/a.txt', 'one\n')] }],
    });
    const { code, events } = await eventsOf(project, 'approve @last --resume');
    expect(code).toBe(0);
    expect(ends(events)).toMatchObject({ ask: 'succeeded' });
  });

  it('are of steps that have ended before it alone: the last iteration, each instance, a used workflow', async () => {
    const project = projectWith({
      part: 'steps:\n  - { id: build, run: echo part > part.txt, artifacts: part.txt }\n',
      w: `steps:
  - id: round
    loop:
      max: 2
      until: loop.index == 2
      steps: [{ id: body, run: echo x >> body.txt, artifacts: body.txt }]
  - id: fan
    matrix: { os: [linux, mac.1] }
    env: { OS: "\${{ matrix.os }}" }
    run: echo "$OS" > "$OS.txt"
    artifacts: "\${{ matrix.os }}.txt"
  - { id: used, uses: ./part.yml }
  - { id: beside, needs: [], run: echo no > no.txt, artifacts: no.txt }
${gate('*.txt', 'needs: used, ')}`,
    });
    expect(await shown(project)).toEqual([
      file('round[2].body', 'body.txt', 'x\nx\n'),
      file('fan[linux]', 'linux.txt', 'linux\n'),
      file('fan[mac.1]', 'mac.1.txt', 'mac.1\n'),
      file('used.build', 'part.txt', 'part\n'),
    ]);
  });

  it('in a loop are those of the iteration, and of what ended before the loop', async () => {
    const project = projectWith({
      w: `steps:
  - { id: first, run: echo f > f.txt, artifacts: f.txt }
  - id: round
    loop:
      max: 2
      until: loop.index == 2
      steps:
        - { id: body, run: echo x >> body.txt, artifacts: body.txt }
        - { id: ask, gate: { message: Go on?, show: ["artifact:*.txt"] } }
`,
    });
    const once = [file('first', 'f.txt', 'f\n'), file('round[1].body', 'body.txt', 'x\n')];
    expect(await shown(project)).toEqual(once);
    expect(await shown(project, 'approve @last --resume')).toEqual([
      once[0],
      file('round[2].body', 'body.txt', 'x\nx\n'),
    ]);
  });

  it('that are long or no text are shown without what is in them, and those of another tree as not there', async () => {
    const project = projectWith({
      w: `steps:
  - id: make
    run: head -c 5000 /dev/zero | tr '\\0' x > long.out; printf '\\377\\000' > bytes.out; echo own > own.out
    artifacts: "*.out"
    workspace: { mode: isolated, merge: never }
${gate('*.out')}`,
    });
    expect(await shown(project)).toMatchObject([
      { path: 'bytes.out', bytes: 2, tree: 'missing' },
      { path: 'long.out', bytes: 5000, tree: 'missing' },
      { path: 'own.out', text: 'own\n', tree: 'missing' },
    ]);
    const { stdout } = await say(project, 'status');
    expect(stdout).toContain('long.out (4.9 KiB, of make; not in the tree)');
    expect(stdout).not.toContain('xxxx');
  });

  it('do not show secrets', async () => {
    const project = projectWith({
      w: `secrets: [TOKEN]\n${MAKE.replace('echo one', 'echo "$T"').replace('    artifacts', '    env: { T: "${{ secrets.TOKEN }}" }\n    artifacts')}${gate('out/*.txt')}`,
    });
    const secret = { env: { TOKEN: 'hunter2-hunter2' } };
    const { stdout, code } = await say(project, 'run w --json', secret);
    expect(code).toBe(3);
    const [opened] = of(strictEvents(stdout), 'gate-opened');
    expect(opened?.shown?.[0]?.artifacts).toMatchObject([{ path: 'out/a.txt', text: '***\n', tree: 'same' }]);
    expect((await say(project, 'approve @last --resume', secret)).code).toBe(0);
  });

  it('may be none when the gate is reached', async () => {
    const project = projectWith({ w: `${MAKE.replace('run:', 'if: false\n    run:')}${gate('out/**')}` });
    expect(await shown(project)).toEqual([]);
    expect((await say(project, 'status')).stdout).toContain('artifact:out/**: no step kept such a file');
  });

  it('are chosen by a glob that may be filled in, which is judged then', async () => {
    const project = projectWith({
      w: `inputs: { what: { type: string } }\n${MAKE}${gate('out/${{ inputs.what }}')}`,
    });
    expect(await shown(project, 'run w --input what=*.log')).toEqual([file('make', 'out/b.log', 'two\n')]);
    await say(project, 'cancel @last');
    const { code, events } = await eventsOf(project, 'run w --input what=../../x');
    expect(code).toBe(1);
    expect(of(events, 'step-failed')).toMatchObject([
      { step: 'ask', failure: { reason: 'config', message: expect.stringContaining('leads out') } },
    ]);
  });
});

describe('a kept file that the tree does not hold any more', () => {
  it('undoes the question: nothing is decided, and the gate asks anew', async () => {
    const project = projectWith({ w: `${MAKE}${gate('out/*.txt')}` });
    await say(project, 'run w');
    project.write('out/a.txt', 'sneaked in\n');
    const { code, stderr } = await say(project, 'approve @last ask');
    expect(code).toBe(2);
    expect(stderr).toContain('has changed since it was asked (out/a.txt), so nothing was decided');
    expect((await say(project, 'status')).stdout).toContain(
      'out/a.txt (4 B, of make; the tree holds something else by now)',
    );
    rmSync(path.join(project.root, 'out'), { recursive: true });
    expect((await say(project, 'approve @last ask')).code).toBe(2);
    expect((await say(project, 'approve @last ask --resume')).code).toBe(0);
  });

  it('does so between the decision and the resume too, and others do not matter', async () => {
    const project = projectWith({ w: `${MAKE}${gate('out/*.txt')}` });
    await say(project, 'run w');
    project.write('out/b.log', 'not shown\n');
    expect((await say(project, 'approve @last ask')).code).toBe(0);
    project.write('out/a.txt', 'sneaked in\n');
    expect(await shown(project, 'resume @last')).toEqual([file('make', 'out/a.txt', 'one\n', 'differs')]);
    expect((await say(project, 'approve @last ask --resume')).code).toBe(0);
  });

  it('does so while the run is alive', async () => {
    const project = projectWith({
      w: `${MAKE}${gate('out/*.txt')}  - { id: long, needs: [], run: echo up; until test -e go; do sleep 0.05; done }\n`,
    });
    let asked: () => void = () => undefined;
    const isAsked = new Promise<void>((resolve) => {
      asked = resolve;
    });
    const run = startCli(project, ['run', 'w', '--json'], {
      onLine: (line) => {
        if (line.includes('"gate-opened"')) asked();
      },
    });
    await isAsked;
    project.write('out/a.txt', 'sneaked in\n');
    const { code, stderr } = await say(project, 'approve @last ask');
    expect(code).toBe(2);
    expect(stderr).toContain('(out/a.txt)');
    expect((await say(project, 'approve @last ask')).code).toBe(0);
    project.write('go', '');
    const end = await run.ended;
    expect(end.code).toBe(0);
    expect(of(strictEvents(end.stdout), 'gate-opened')).toHaveLength(2);
  });
});

it('a run that is killed at the gate shows the same when it goes on, and asks no second time', async () => {
  const project = projectWith({
    w: `${MAKE}${gate('out/*.txt')}  - { id: long, needs: [], run: "test -e go || sleep 60" }\n`,
  });
  const run = startCli(project, ['run', 'w', '--json'], {
    onLine: (line) => {
      if (line.includes('"gate-opened"')) run.child.kill('SIGKILL');
    },
  });
  await run.ended;
  project.write('go', '');
  const { code, events } = await eventsOf(project, 'resume @last');
  expect(code).toBe(3);
  expect(of(events, 'gate-opened')).toEqual([]);
  expect((await say(project, 'approve @last --resume')).code).toBe(0);
});

it('a recorded decision is taken again where the same files are shown', async () => {
  const project = projectWith({ w: `${MAKE}${gate('out/*.txt')}` });
  await say(project, 'run w --record rec');
  expect((await say(project, 'approve @last --resume')).code).toBe(0);
  rmSync(path.join(project.root, 'out'), { recursive: true });
  expect((await say(project, 'run w --replay rec')).code).toBe(0);
  project.write('.codemachine/workflows/w.yml', `name: w\n${MAKE}${gate('out/*')}`);
  expect((await say(project, 'run w --replay rec')).code).toBe(3);
});

it('kept files are shown at a terminal', async () => {
  const project = projectWith({ w: `${MAKE}${gate('out/*.txt')}` });
  const { code, screen } = await atTerminal(project, 'run w', 'approve, reject?', (press) =>
    press('approve\n\n'),
  );
  expect(code).toBe(0);
  expect(screen).toContain('out/a.txt (4 B, of make)');
  expect(screen).toContain('| one');
});
