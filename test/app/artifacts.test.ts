// Shows promised files through the built program: kept under their digest, missed, out of reach, shared by runs, cleared up.
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { ends, eventsOf, projectWith, say } from '../commands/project.ts';
import { agentProject } from '../commands/tree-project.ts';
import { built } from '../support/built.ts';
import { startCli } from '../support/cli.ts';
import { of } from '../support/event-check.ts';
import type { Project } from '../support/repository.ts';

beforeAll(built);

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

const artifact = (name: string, text: string) => ({ path: name, sha256: sha256(text) });

function kept(project: Project): Readonly<Record<string, string>> {
  const directory = path.join(project.stateDir, 'artifacts');
  const names = existsSync(directory) ? readdirSync(directory) : [];
  return Object.fromEntries(names.map((name) => [name, readFileSync(path.join(directory, name), 'utf8')]));
}

const step = (id: string, run: string, artifacts: string, more = ''): string =>
  `  - id: ${id}\n    run: ${run}\n    artifacts: ${artifacts}\n${more}`;

describe('artifacts', () => {
  it('of a shell step are kept under their digest, sorted, and read by the steps after it', async () => {
    const steps = [
      step(
        'make',
        'mkdir -p out/b && echo 1 > out/z.txt && echo 2 > out/b/a.txt && echo 1 > out/skip.tmp',
        '[out/**, "!**/*.tmp"]',
      ),
      step(
        'look',
        'echo "$LIST"',
        "\"out/${{ steps.make.artifacts[1].path == 'out/z.txt' && 'z' || 'none' }}.txt\"",
        '    env: { LIST: "${{ steps.make.artifacts }}" }\n',
      ),
    ];
    const project = projectWith({ w: `steps:\n${steps.join('')}` });
    const { code, events } = await eventsOf(project, 'run w');
    expect(code).toBe(0);
    const [make, look] = of(events, 'step-succeeded');
    const files = [artifact('out/b/a.txt', '2\n'), artifact('out/z.txt', '1\n')];
    expect(make?.artifacts).toEqual(files);
    expect(JSON.parse(look?.stdout ?? '')).toEqual(files);
    expect(look?.artifacts).toEqual([artifact('out/z.txt', '1\n')]);
    expect(kept(project)).toEqual({ [sha256('1\n')]: '1\n', [sha256('2\n')]: '2\n' });
    const directory = path.join(project.stateDir, 'artifacts');
    expect(statSync(directory).mode & 0o777).toBe(0o700);
    expect(statSync(path.join(directory, sha256('1\n'))).mode & 0o777).toBe(0o600);
    const status = await say(project, 'status @last --json');
    expect(JSON.parse(status.stdout)).toMatchObject({ steps: [{ artifacts: files }, {}] });
    const { stdout } = await say(project, 'status @last');
    expect(stdout).toMatch(/make .*2 artifacts/);
    expect(stdout).toContain('kept 3 artifacts: out/b/a.txt, out/z.txt of make, out/z.txt of look');
  });

  it('that were not made fail the step, by name, and what it said stays', async () => {
    const project = projectWith({
      w: `steps:\n${step('make', 'echo said; mkdir -p out; touch a.xml', '[a.xml, b.xml, out, "c/*.xml"]')}`,
    });
    const { code, events } = await eventsOf(project, 'run w');
    expect(code).toBe(1);
    expect(of(events, 'step-failed')).toMatchObject([
      {
        final: true,
        stdout: 'said',
        failure: {
          reason: 'artifacts',
          message:
            'artifacts: no file fits `b.xml`, `out` (a directory: write `out/**` for the files in it), `c/*.xml`',
        },
      },
    ]);
    expect(kept(project)).toEqual({});
  });

  it('are made again where `retry` names the reason', async () => {
    const project = projectWith({
      w: `steps:\n${step('make', 'test ! -e first || echo x > made.txt; touch first', 'made.txt', '    retry: { attempts: 2, delay: 1ms, on: [artifacts] }\n')}`,
    });
    const { code, events } = await eventsOf(project, 'run w');
    expect(code).toBe(0);
    expect(of(events, 'step-succeeded')).toMatchObject([
      { attempt: 2, artifacts: [artifact('made.txt', 'x\n')] },
    ]);
  });

  it('never come through a link out of the tree, from git, or from the state directory', async () => {
    const promised = ['secret.txt', 'outside/*', 'outside/in.txt', 'inner/config', '"**/codemachine.db"'];
    const project = projectWith({
      w: `steps:\n${promised.map((glob, i) => step(`s${i}`, 'echo x', glob, '    needs: []\n')).join('')}${step('fine', 'echo x', 'near.txt', '    needs: []\n')}`,
    });
    const outside = path.join(project.base, 'outside');
    mkdirSync(outside);
    writeFileSync(path.join(outside, 'in.txt'), 'secret\n');
    symlinkSync(path.join(outside, 'in.txt'), path.join(project.root, 'secret.txt'));
    symlinkSync(outside, path.join(project.root, 'outside'));
    symlinkSync('.git', path.join(project.root, 'inner'));
    symlinkSync('a.txt', path.join(project.root, 'near.txt'));
    const { events } = await eventsOf(project, 'run w');
    expect(ends(events)).toEqual({
      ...Object.fromEntries(promised.map((_, i) => [`s${i}`, 'failed'])),
      fine: 'succeeded',
    });
    const reasons = of(events, 'step-failed').map(({ failure }) => failure.reason);
    expect(new Set(reasons)).toEqual(new Set(['artifacts']));
    const linked = of(events, 'step-failed').find((one) => one.step === 's0');
    expect(linked?.failure.message).toContain('(secret.txt is a link to no file in the tree)');
    expect(kept(project)).toEqual({ [sha256('a\n')]: 'a\n' });
  });

  it('are judged when they are filled in', async () => {
    const project = projectWith({
      w: `inputs: { where: { type: string } }\nsteps:\n${step('make', 'echo x', '"${{ inputs.where }}/x.txt"')}`,
    });
    const { code, events } = await eventsOf(project, 'run w --input where=..');
    expect(code).toBe(1);
    expect(of(events, 'step-failed')).toMatchObject([
      { failure: { reason: 'config', message: 'artifacts: "../x.txt": it leads out of the workspace' } },
    ]);
  });

  it('of an isolated step come from its own tree, also those that are not merged', async () => {
    const project = projectWith(
      {
        w: `steps:\n${step('make', 'echo own > made.log; echo own > a.txt', '[made.log, a.txt]', '    workspace: { mode: isolated, merge: never }\n')}`,
      },
      { '.gitignore': '*.log\n' },
    );
    const { code, events } = await eventsOf(project, 'run w');
    expect(code).toBe(0);
    expect(of(events, 'step-succeeded')).toMatchObject([
      { artifacts: [artifact('a.txt', 'own\n'), artifact('made.log', 'own\n')] },
    ]);
    expect(project.read('a.txt')).toBe('a\n');
    expect(existsSync(path.join(project.root, 'made.log'))).toBe(false);
  });

  it('of a step that is merged are there when it is, once for each instance and iteration', async () => {
    const project = projectWith({
      w: `steps:
  - id: fan
    needs: []
    matrix: { os: [linux, mac] }
    env: { OS: "\${{ matrix.os }}" }
    run: echo "$OS" > "$OS.tgz"
    artifacts: "\${{ matrix.os }}.tgz"
    workspace: isolated
  - id: round
    loop:
      max: 2
      until: loop.index == 2
      steps: [{ id: body, run: echo x >> body.txt, artifacts: body.txt }]
`,
    });
    const { code, events } = await eventsOf(project, 'run w');
    expect(code).toBe(0);
    const made = of(events, 'step-succeeded').flatMap(({ step: key, artifacts = [] }) =>
      artifacts.map((one) => [key, one]),
    );
    expect(Object.fromEntries(made)).toEqual({
      'fan[linux]': artifact('linux.tgz', 'linux\n'),
      'fan[mac]': artifact('mac.tgz', 'mac\n'),
      'round[1].body': artifact('body.txt', 'x\n'),
      'round[2].body': artifact('body.txt', 'x\nx\n'),
    });
    expect(project.read('linux.tgz')).toBe('linux\n');
  });

  it('of a run whose results a retry takes over are those of both', async () => {
    const project = projectWith({
      w: `steps:\n${step('make', 'echo x > made.txt', 'made.txt')}  - { id: then, run: "test -e go" }\n`,
    });
    expect((await eventsOf(project, 'run w')).code).toBe(1);
    project.write('go', '');
    const { code, events } = await eventsOf(project, 'retry @last');
    expect(code).toBe(0);
    expect(of(events, 'step-succeeded')[0]).toMatchObject({
      ...{ step: 'make', reused: 'retry' },
      artifacts: [artifact('made.txt', 'x\n')],
    });
  });

  it('that git ignores are in the recording of an agent, and put back by a replay', async () => {
    const workflow =
      'steps:\n  - { id: fix, engine: claude-code, access: write, prompt: Mend it., artifacts: [made.txt, "out/**"] }\n  - run: cat out/deep/built.bin\n';
    const script = "echo made > made.txt; mkdir -p out/deep; printf '\\377\\000bytes' > out/deep/built.bin";
    const project = agentProject(script, { '.gitignore': 'out/\n' }, workflow);
    const first = await eventsOf(project, 'run w --record rec');
    expect(first.code).toBe(0);
    const isolated = workflow.replace('out/**"]', 'out/**"], workspace: isolated');
    for (const again of [workflow, isolated]) {
      rmSync(path.join(project.root, 'out'), { recursive: true, force: true });
      rmSync(path.join(project.root, 'made.txt'), { force: true });
      project.write('.codemachine/workflows/w.yml', `name: w\n${again.replace(/ {2}- run.*\n/, '')}`);
      const { code, events } = await eventsOf(project, 'run w --replay rec');
      expect(code).toBe(0);
      expect(of(events, 'step-succeeded').map(({ artifacts }) => artifacts)).toEqual([
        of(first.events, 'step-succeeded')[0]?.artifacts,
      ]);
    }
  });

  it('of an agent are kept, and of one whose answer is replayed', async () => {
    const agent = (glob: string): string =>
      `steps:\n  - { id: fix, engine: claude-code, access: write, prompt: Mend it., artifacts: ${glob} }\n`;
    const project = agentProject('echo made > made.txt', {}, agent('made.txt'));
    const expected = { artifacts: [artifact('made.txt', 'made\n')] };
    expect(of((await eventsOf(project, 'run w --record rec')).events, 'step-succeeded')).toMatchObject([
      expected,
    ]);
    project.git('clean', '-fq', 'made.txt');
    const { code, events } = await eventsOf(project, 'run w --replay rec');
    expect(code).toBe(0);
    expect(of(events, 'step-succeeded')).toMatchObject([{ ...expected, reused: 'replay' }]);
    expect(Object.keys(kept(project))).toEqual([sha256('made\n')]);
  });

  it('that an agent promised and did not make take its edits back before the next attempt', async () => {
    const project = agentProject(
      'echo agent >> a.txt; test ! -e "$HOME/first" || echo b > b.txt; touch "$HOME/first"',
      {},
      'steps:\n  - { id: fix, engine: claude-code, access: write, prompt: Mend it., artifacts: b.txt, retry: { attempts: 2, delay: 1ms, on: [artifacts] } }\n',
    );
    const { code, events } = await eventsOf(project, 'run w');
    expect(code).toBe(0);
    expect(of(events, 'step-failed')).toMatchObject([{ failure: { reason: 'artifacts' } }]);
    expect(project.read('a.txt')).toBe('a\nagent\n');
  });

  it('are still known after the runner was killed, and not made again', async () => {
    const project = projectWith({
      w: `steps:\n${step('make', 'echo x >> made.txt', 'made.txt')}  - { id: wait, run: "test -e go || sleep 60; echo \\"$A\\"", env: { A: "\${{ steps.make.artifacts[0].sha256 }}" } }\n`,
    });
    const run = startCli(project, ['run', 'w', '--json'], {
      onLine: (line) => {
        if (line.includes('"type":"step-started"') && line.includes('"wait"')) run.child.kill('SIGKILL');
      },
    });
    await run.ended;
    project.write('go', '');
    const { code, events } = await eventsOf(project, 'resume @last');
    expect(code).toBe(0);
    expect(of(events, 'step-succeeded')).toMatchObject([{ step: 'wait', stdout: sha256('x\n') }]);
    expect(project.read('made.txt')).toBe('x\n');
  });

  it('are one file for all runs, and go with the last that names it when it is a day old', async () => {
    const project = projectWith({ w: `steps:\n${step('make', 'echo x > made.txt', 'made.txt')}` });
    await say(project, 'run w');
    await say(project, 'run w');
    const file = path.join(project.stateDir, 'artifacts', sha256('x\n'));
    const stray = path.join(project.stateDir, 'artifacts', `${'0'.repeat(24)}.tmp`);
    writeFileSync(stray, 'torn');
    for (const one of [file, stray]) utimesSync(one, 1000, 1000);
    await say(project, 'gc --keep 1');
    expect([file, stray].map((one) => existsSync(one))).toEqual([true, false]);
    await say(project, 'gc --keep 0');
    expect(existsSync(file)).toBe(false);
  });
});
