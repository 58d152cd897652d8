// Shows results taken from earlier runs through the built program: outputs and files come back, nothing is worked for.
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Event } from '../../src/model/event.ts';
import { eventsOf, projectWith, say } from '../commands/project.ts';
import { agentDoes, agentProject } from '../commands/tree-project.ts';
import { built } from '../support/built.ts';
import { of } from '../support/event-check.ts';
import type { Project } from '../support/repository.ts';

beforeAll(built);

/** Counts how often it is run, outside of the tree. */
const BUILD = `steps:
  - id: build
    run: |
      echo x >> ../made; echo "built from $(cat a.txt)" > out.txt; echo said
      echo v=7 >> "$CODEMACHINE_OUTPUT"
    outputs: { v: number }
    cache: { inputs: [a.txt], env: [FLAVOUR] }
  - id: use
    run: cat out.txt; echo "$V"
    env: { V: "\${{ steps.build.outputs.v }}" }
`;

function times(project: Project): number {
  const file = path.join(project.root, '../made');
  return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n').length : 0;
}

function ended(events: readonly Event[], step: string) {
  return of(events, 'step-succeeded').find((one) => one.step === step);
}

async function ran(project: Project, more = ''): Promise<readonly Event[]> {
  const { code, events } = await eventsOf(project, `run w${more}`);
  expect(code).toBe(0);
  return events;
}

async function buildAgain(change: (project: Project) => void, more = '') {
  const project = projectWith({ w: BUILD });
  await ran(project);
  change(project);
  return { project, events: await ran(project, more) };
}

const gone = (project: Project): void => rmSync(path.join(project.root, 'out.txt'));

describe('a step with `cache`', () => {
  it('is not made again where nothing differs: its outputs, its words and its files come back', async () => {
    const { project, events } = await buildAgain(gone);
    expect(times(project)).toBe(1);
    const [first] = JSON.parse((await say(project, 'runs --json')).stdout).slice(-1);
    const build = ended(events, 'build');
    expect(build).toMatchObject({ reused: 'cache', outputs: { v: 7 }, stdout: 'said', 'exit-code': 0 });
    expect(build?.fingerprint?.['taken-from']).toBe(first.run ?? first.id);
    expect(ended(events, 'use')?.stdout).toBe('built from a\n7');
    const { stdout } = await say(project, 'status @last');
    expect(stdout).toContain(`reused (cache, run ${first.run ?? first.id})`);
    expect((await say(project, 'doctor')).stdout).not.toContain('damaged');
  });

  it.each<[string, (project: Project) => void]>([
    ['what an input holds differs', (project) => project.write('a.txt', 'b\n')],
    ['an input is executable', (project) => project.write('a.txt', 'a\n', 0o755)],
  ])('is made again where %s', async (_, change) => {
    const { project, events } = await buildAgain(change);
    expect(times(project)).toBe(2);
    expect(ended(events, 'build')?.reused).toBeUndefined();
  });

  it('is made again where a variable that counts differs, and not for another', async () => {
    const project = projectWith({ w: BUILD });
    await ran(project);
    await say(project, 'run w', { env: { OTHER: '1' } });
    expect(times(project)).toBe(1);
    await say(project, 'run w', { env: { FLAVOUR: 'sweet' } });
    expect(times(project)).toBe(2);
  });

  it('is made with --no-cache and CODEMACHINE_NO_CACHE, and kept for later all the same', async () => {
    const project = projectWith({ w: BUILD });
    await ran(project, ' --no-cache');
    await ran(project, ' --no-cache');
    await say(project, 'run w', { env: { CODEMACHINE_NO_CACHE: '1' } });
    expect(times(project)).toBe(3);
    await ran(project);
    expect(times(project)).toBe(3);
  });

  it('that failed is made again', async () => {
    const project = projectWith({
      w: 'steps:\n  - { id: a, run: echo x >> ../made; test -e ../ready, cache: {} }\n',
    });
    await say(project, 'run w');
    await say(project, 'run w');
    expect(times(project)).toBe(2);
  });

  it('is never taken back to an output that nobody made for these inputs', async () => {
    const project = projectWith({ w: BUILD });
    const holds = (): string => project.read('out.txt').trim();
    for (const text of ['a', 'a', 'b', 'a', 'b', 'b', 'a']) {
      project.write('a.txt', `${text}\n`);
      await ran(project, times(project) === 1 ? ' --no-cache' : '');
      expect(holds()).toBe(`built from ${text}`);
    }
    // Made once when its output was there already: nothing it changed says so.
    gone(project);
    await ran(project);
    expect(holds()).toBe('built from a');
  });

  it('is made where its change does not fit, which is told, and overwrites nothing', async () => {
    const project = projectWith({
      w: BUILD.replace('> out.txt', '>> out.txt'),
    });
    await ran(project);
    project.write('out.txt', 'mine\n');
    const events = await ran(project);
    const [missed] = of(events, 'cache-missed');
    expect(missed).toMatchObject({ step: 'build', because: expect.stringContaining('out.txt') });
    expect(times(project)).toBe(2);
    expect(project.read('out.txt')).toBe('mine\nbuilt from a\n');
    expect(ended(events, 'build')).toMatchObject({ attempt: 2 });
  });

  it('is made where an ignored file is in the way', async () => {
    const project = projectWith({ w: BUILD });
    await ran(project);
    project.write('.gitignore', 'out.txt\n');
    project.write('out.txt', 'mine\n');
    const events = await ran(project);
    expect(of(events, 'cache-missed')[0]?.because).toContain(
      'an ignored file of yours, out.txt, is in the way',
    );
    expect(times(project)).toBe(2);
  });
});

const agent = (more: string): string =>
  `steps:\n  - { id: fix, engine: claude-code, access: write, prompt: Mend it., ${more}, cache: { inputs: [a.txt] } }\n`;

describe('an agent with `cache`', () => {
  it.each(
    ['undo: always', 'undo: never', 'workspace: isolated'].map((more) =>
      more.replace('undo: always', 'timeout: 1h'),
    ),
  )('is not asked again: %s', async (more) => {
    const project = agentProject('echo x >> ../made; mkdir -p d; echo new > d/new.txt', {}, agent(more));
    await ran(project);
    rmSync(path.join(project.root, 'd'), { recursive: true });
    agentDoes(project, 'exit 1');
    const events = await ran(project);
    expect(ended(events, 'fix')).toMatchObject({ reused: 'cache', text: 'done', engine: 'claude-code' });
    expect(ended(events, 'fix')?.usage).toBeUndefined();
    expect(of(events, 'run-finished')[0]?.usage).toMatchObject({ 'input-tokens': 0, usd: 0 });
    expect(project.read('d/new.txt')).toBe('new\n');
    expect(of(events, 'change-merged')[0]).toMatchObject({ files: ['d/new.txt'] });
    const { stdout } = await say(project, 'diff @last fix');
    expect(stdout).toContain('+new');
  });

  it('that is not merged by itself keeps its change where it is recorded', async () => {
    const project = agentProject(
      'echo new > new.txt',
      {},
      agent('workspace: { mode: isolated, merge: never }'),
    );
    await ran(project);
    agentDoes(project, 'exit 1');
    expect(ended(await ran(project), 'fix')).toMatchObject({ reused: 'cache' });
    expect((await say(project, 'apply @last fix')).code).toBe(0);
    expect(project.read('new.txt')).toBe('new\n');
  });

  it('in a matrix and in a loop is known by what each instance and iteration is told', async () => {
    const steps = `steps:
  - id: round
    loop:
      max: 2
      until: loop.index == 2
      steps:
        - id: fan
          matrix: { n: [1, 2] }
          run: echo x >> "$HOME/../made"; echo "$N" > "f-$N.txt"
          env: { N: "\${{ matrix.n }}-\${{ loop.index }}" }
          workspace: isolated
          cache: {}
`;
    const project = projectWith({ w: steps });
    await ran(project);
    expect(times(project)).toBe(4);
    for (const n of ['1-1', '2-1', '1-2', '2-2']) rmSync(path.join(project.root, `f-${n}.txt`));
    const events = await ran(project);
    expect(times(project)).toBe(4);
    expect(of(events, 'step-succeeded').filter(({ reused }) => reused === 'cache')).toHaveLength(4);
    expect(project.read('f-2-2.txt')).toBe('2-2\n');
  });

  it('does not let a replay into the cache, nor the cache into a recording', async () => {
    const project = agentProject('echo x >> ../made; echo new > new.txt', {}, agent('timeout: 1h'));
    await ran(project, ' --record rec');
    rmSync(path.join(project.root, 'new.txt'));
    await ran(project, ' --record rec2');
    expect(times(project)).toBe(2);
    expect(readdirSync(path.join(project.root, 'rec2'))).not.toEqual([]);
    rmSync(path.join(project.root, 'new.txt'));
    const replayed = await ran(project, ' --replay rec');
    expect(ended(replayed, 'fix')).toMatchObject({ reused: 'replay' });
    expect(ended(replayed, 'fix')?.fingerprint).toBeUndefined();
  });
});

describe('what is kept for later', () => {
  it('holds no value of a variable, and a secret counts by its name alone', async () => {
    const steps = `secrets: [TOKEN]
env-file: .env
steps:
  - { id: a, run: echo x >> ../made, env: { T: "\${{ secrets.TOKEN }}" }, cache: {} }
`;
    const project = projectWith({ w: steps }, { '.env': 'PIN=4711471147\n', '.gitignore': '.env\n' });
    expect((await say(project, 'run w', { env: { TOKEN: 'first-secret' } })).code).toBe(0);
    expect((await say(project, 'run w', { env: { TOKEN: 'second-secret' } })).code).toBe(0);
    expect(times(project)).toBe(1);
    const files = readdirSync(project.stateDir, { recursive: true, withFileTypes: true });
    for (const file of files.filter((one) => one.isFile())) {
      const bytes = readFileSync(path.join(file.parentPath, file.name), 'latin1');
      for (const value of ['first-secret', 'second-secret', '4711471147']) expect(bytes).not.toContain(value);
    }
  });

  it('lives as long as a run that has it, and no result without its artifacts is taken', async () => {
    const project = projectWith({
      w: 'steps:\n  - { id: a, run: echo x >> ../made; echo 1 > one.txt, artifacts: one.txt, cache: {} }\n',
    });
    const [first] = of(await ran(project), 'run-started');
    rmSync(path.join(project.root, 'one.txt'));
    await ran(project);
    expect((await say(project, `gc ${first?.run}`)).code).toBe(0);
    project.git('gc', '--prune=now', '--quiet');
    rmSync(path.join(project.root, 'one.txt'));
    await ran(project);
    expect(project.read('one.txt')).toBe('1\n');
    expect(times(project)).toBe(1);
    const artifacts = path.join(project.stateDir, 'artifacts');
    for (const name of readdirSync(artifacts)) rmSync(path.join(artifacts, name));
    await ran(project);
    expect(times(project)).toBe(2);
    expect((await say(project, 'gc --keep 0')).code).toBe(0);
    await ran(project);
    expect(times(project)).toBe(3);
  });

  it('is not what an attempt made of what another one had left', async () => {
    const project = projectWith({
      w: 'steps:\n  - id: a\n    run: echo x >> ../made; echo x >> lines.txt; test -e ../ready\n    retry: { attempts: 2, delay: 1ms }\n    cache: {}\n',
    });
    expect((await say(project, 'run w')).code).toBe(1);
    project.write('../ready', '');
    expect((await say(project, 'resume @last')).code).toBe(0);
    rmSync(path.join(project.root, 'lines.txt'));
    await ran(project);
    expect(times(project)).toBe(4);
  });
});
