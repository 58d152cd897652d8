// Shows through the built program that a workflow uses another: what is run, shown, stored, gone on with.
import { symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { ends, eventsOf, projectWith, say } from '../commands/project.ts';
import { built } from '../support/built.ts';
import { startCli } from '../support/cli.ts';
import { of } from '../support/event-check.ts';
import { type Project, withState } from '../support/repository.ts';
import { scriptAgent } from './scripted-agent.ts';

beforeAll(built);

const PART = '.codemachine/workflows/parts/release.yml';

const USER = `
inputs: { who: { type: string, default: world } }
steps:
  - id: first
    run: echo first
  - id: release
    uses: ./parts/release.yml
    env: { GREETING: "\${{ steps.first.stdout }}" }
    with: { version: "v-\${{ inputs.who }}" }
  - id: after
    run: echo "$SAID"; test ! -e bad
    env: { SAID: "\${{ steps.release.outputs.said }}" }
outputs: { said: steps.after.stdout }
`;

const RELEASE = `name: release
inputs: { version: { type: string, required: true } }
env: { GREETING: hello }
steps:
  - id: build
    run: echo "$GREETING $VERSION" | tee -a built
    env: { VERSION: "\${{ inputs.version }}" }
  - id: test
    run: test -e go || test ! -e wait || sleep 60; echo tested
finally:
  - id: clean
    run: echo "$STATUS" >> cleaned
    env: { STATUS: "\${{ run.status }}" }
outputs: { said: steps.build.stdout }
`;

const started = (events: Awaited<ReturnType<typeof eventsOf>>['events']): readonly string[] =>
  of(events, 'step-started').map(({ step, attempt }) => `${step}.${attempt}`);

const project = (user = USER, part = RELEASE, files: Readonly<Record<string, string>> = {}): Project =>
  projectWith({ w: user }, { [PART]: part, ...files });

const rewrite = (of: Project, file: string, from: string, to: string): void =>
  of.write(file, of.read(file).replace(from, to));

/** Killed while `release.test` runs. */
async function killed(user = USER): Promise<Project> {
  const made = project(user, RELEASE, { wait: '' });
  const cli = startCli(made, ['run', 'w', '--json'], {
    onLine: (line) => {
      if (line.includes('"step-started"') && line.includes('release.test')) process.kill(cli.pid, 'SIGKILL');
    },
  });
  expect((await cli.ended).signal).toBe('SIGKILL');
  writeFileSync(path.join(made.root, 'go'), '');
  return made;
}

describe('a used workflow', () => {
  it('runs as a step, under keys of its own', async () => {
    const { code, events } = await eventsOf(project(), 'run w --input who=you');
    expect(code).toBe(0);
    expect(ends(events)).toEqual({
      first: 'succeeded',
      'release.build': 'succeeded',
      'release.test': 'succeeded',
      'release.clean': 'succeeded',
      release: 'succeeded',
      after: 'succeeded',
    });
    const [begun] = of(events, 'step-started').filter(({ step }) => step === 'release');
    expect(begun).toMatchObject({ kind: 'uses', inputs: { version: 'v-you' } });
    expect(events.at(-1)).toMatchObject({ outputs: { said: 'first v-you' } });
  });

  it('is shown by plan, status and logs', async () => {
    const made = project();
    await say(made, 'run w');
    expect((await say(made, 'plan w')).stdout).toMatch(
      /release +uses [^\n]*parts\/release\.yml · with version\n +build +run\n +test +run\n +clean +finally · run/,
    );
    const json = JSON.parse((await say(made, 'plan w --graph json')).stdout) as {
      steps: Record<string, { steps: Record<string, object>; finally: string[] }>;
    };
    expect(json.steps['release']).toMatchObject({
      ...{ kind: 'uses', uses: './parts/release.yml', with: { version: 'v-${{ inputs.who }}' } },
      ...{ batches: [['build'], ['test']], finally: ['clean'] },
    });
    expect((await say(made, 'plan w --graph mermaid')).stdout).toContain(
      'subgraph s1_body["part of release"]',
    );
    expect((await say(made, 'plan w --graph dot')).stdout).toContain('s1_f0 [label="clean"');
    const { stdout } = await say(made, 'status @last');
    expect(stdout).toMatch(/release[^\n]*\n[^\n]*release\.build[^\n]*\n[^\n]*release\.test/);
    expect((await say(made, 'logs @last release.build')).stdout).toContain('first v-world');
  });

  it('goes on where its runner was killed, with the file as it was', async () => {
    const made = await killed();
    rewrite(made, PART, 'echo tested', 'exit 9');
    const { code, stderr, stdout } = await say(made, 'resume @last --json');
    expect(code).toBe(0);
    expect(stderr).toContain('parts/release.yml has changed since');
    expect(stdout).not.toContain('release.build.2');
    expect(made.read('built')).toBe('first v-world\n');
    expect(made.read('cleaned')).toBe('succeeded\n');
  });

  it('runs its `finally` when it is canceled, though nobody runs it', async () => {
    const made = await killed();
    expect((await say(made, 'cancel @last')).code).toBe(0);
    expect(made.read('cleaned')).toBe('canceled\n');
  });

  it('fails with the first of its steps that did', async () => {
    const made = project(USER, RELEASE.replace('echo tested', 'exit 3'));
    const { code, events } = await eventsOf(made, 'run w');
    expect(code).toBe(1);
    const failed = of(events, 'step-failed').find(({ step }) => step === 'release');
    expect(failed?.failure).toMatchObject({ reason: 'body' });
    expect(failed?.failure.message).toContain('`release.test` of ./parts/release.yml failed');
    expect(made.read('cleaned')).toBe('failed\n');
    rewrite(made, PART, 'exit 3', 'echo tested');
    const again = await eventsOf(made, 'resume @last --updated');
    expect(again.code).toBe(0);
    expect(started(again.events)).toEqual([
      'release.2',
      'release.build.2',
      'release.test.2',
      'release.clean.2',
      'after.1',
    ]);
  });

  it('keeps what it came to where only a remark differs, and runs again where a step of it does', async () => {
    const made = project(USER, RELEASE, { bad: '' });
    expect((await say(made, 'run w')).code).toBe(1);
    rewrite(made, PART, 'steps:', '# a remark\nsteps:');
    made.write('bad', '');
    const same = await say(made, 'resume @last --updated');
    expect(same.stderr).toMatch(/release +kept/);
    rewrite(made, PART, 'echo tested', 'echo tried');
    const other = await say(made, 'resume @last --updated');
    expect(other.stderr).toMatch(/release +runs: changed: \.\/parts\/release\.yml/);
  });

  it('is kept by a retry of what is behind it, and not begun in the middle', async () => {
    const made = project(USER, RELEASE, { bad: '' });
    expect((await say(made, 'run w')).code).toBe(1);
    const refused = await say(made, 'retry @last --from release.test');
    expect(refused).toMatchObject({ code: 2 });
    expect(refused.stderr).toContain('`--from release`');
    made.git('rm', '-q', '-f', 'bad');
    const { code, events } = await eventsOf(made, 'retry @last --yes');
    expect(code).toBe(0);
    expect(started(events)).toEqual(['after.1']);
    expect(events.at(-1)).toMatchObject({ outputs: { said: 'first v-world' } });
  });

  it('asks at its gate, which is answered by its key', async () => {
    const part = RELEASE.replace(
      '  - id: test\n',
      '  - id: approve\n    gate: { message: Ship it? }\n  - id: test\n',
    );
    const made = project(USER, part);
    const parked = await say(made, 'run w');
    expect(parked.code).toBe(3);
    expect(parked.stdout).toContain('release.approve');
    const approved = await say(made, 'approve @last release.approve --resume');
    expect(approved.code).toBe(0);
    expect(made.read('cleaned')).toBe('succeeded\n');
  });

  it('needs its secrets and env files before anything runs, and has them masked', async () => {
    const part = RELEASE.replace('steps:', 'secrets: [PART_TOKEN]\nenv-file: part.env\nsteps:').replace(
      'echo tested',
      'echo "$TOKEN $OF_FILE"\n    env: { TOKEN: "${{ secrets.PART_TOKEN }}" }',
    );
    const made = project(USER, part, { 'part.env': 'OF_FILE=file-value-1\n' });
    const refused = await say(made, 'run w');
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain('PART_TOKEN is not set');
    const { code, stdout } = await say(made, 'run w --json', { env: { PART_TOKEN: 'part-secret-1' } });
    expect(code).toBe(0);
    expect(stdout).toContain('"text":"*** ***');
    expect(stdout).not.toMatch(/part-secret-1|file-value-1/);
  });

  it('has edits of a killed agent undone', async () => {
    const part = 'name: p\nsteps:\n  - { id: edit, engine: claude-code, access: write, prompt: go }\n';
    const made = project('steps:\n  - id: release\n    uses: ./parts/release.yml\n', part);
    scriptAgent(made, `echo half > a.txt; kill -9 "$(cat '${made.base}/pid')"; sleep 60`);
    const cli = startCli(made, ['run', 'w', '--json']);
    made.write('../pid', String(cli.pid));
    expect((await cli.ended).signal).toBe('SIGKILL');
    scriptAgent(made, 'cat a.txt > seen; echo whole > a.txt');
    expect((await say(made, 'resume @last')).code).toBe(0);
    expect(made.read('seen')).toBe('a\n');
    expect((await say(made, 'diff @last release.edit')).stdout).toContain('+whole');
  });

  it('is stored with all that its files name', async () => {
    const part = 'name: p\nsteps:\n  - uses: ../inner/i.yml\n';
    const inner =
      'name: i\nsteps:\n  - { engine: claude-code, access: read, prompt-file: ../prompts/p.md }\n';
    const made = project('steps:\n  - uses: ./parts/release.yml\n', part, {
      '.codemachine/workflows/inner/i.yml': inner,
      '.codemachine/workflows/prompts/p.md': 'Look.\n',
    });
    scriptAgent(made, 'true');
    expect((await say(made, 'run w')).code).toBe(0);
    const files = await withState(made, (state) => {
      const [run] = state.listRuns();
      return run === undefined ? {} : state.runRecord(run.id)?.files;
    });
    expect(Object.keys(files ?? {}).sort()).toEqual([
      './inner/i.yml',
      './parts/release.yml',
      './prompts/p.md',
      '.codemachine/workflows/w.yml',
    ]);
  });

  it('may not lie outside of the repository, not by a link either', async () => {
    const made = project('steps:\n  - uses: ../../../outside.yml\n  - uses: ./link.yml\n');
    made.write('../outside.yml', 'name: o\nsteps: [{ run: echo }]\n');
    symlinkSync(path.join(made.base, 'outside.yml'), path.join(made.root, '.codemachine/workflows/link.yml'));
    const { code, stdout } = await say(made, 'validate w');
    expect(code).toBe(2);
    expect(stdout.match(/leads out of the repository/g)).toHaveLength(2);
  });

  it('is complained about once, with the files that use it', async () => {
    const bad = RELEASE.replace('inputs.version', 'inputs.vrsion');
    const made = projectWith({ w: USER, again: USER }, { [PART]: bad });
    const { code, stdout } = await say(
      made,
      `validate --format json .codemachine/workflows/w.yml .codemachine/workflows/again.yml ${PART}`,
    );
    expect(code).toBe(2);
    const { diagnostics } = JSON.parse(stdout) as {
      diagnostics: { path: string; related?: { path: string }[] }[];
    };
    expect(diagnostics.map((d) => d.path)).toEqual([PART]);
  });
});

describe('`finally`', () => {
  it('has a matrix and a used workflow', async () => {
    const user = `${USER}finally:
  - id: each
    matrix: { n: [1, "\${{ inputs.who }}"] }
    run: echo "$N" >> each
    env: { N: "\${{ matrix.n }}" }
  - id: last
    uses: ./parts/release.yml
    with: { version: "\${{ run.status }}" }
`;
    const made = project(user);
    const { code, events } = await eventsOf(made, 'run w');
    expect(code).toBe(0);
    expect(made.read('each')).toBe('1\nworld\n');
    expect(started(events).slice(-6)).toEqual([
      ...['each[1].1', 'each[world].1', 'last.1', 'last.build.1', 'last.test.1', 'last.clean.1'],
    ]);
    expect(made.read('built')).toBe('first v-world\nhello succeeded\n');
  });
});
