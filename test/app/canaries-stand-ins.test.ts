// What the canaries show of the real engines, shown of Aider, goose and a declared engine on programs that behave like them.
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { stringify } from 'yaml';
import { runPattern } from '../../src/engines/mark.ts';
import { findMarked } from '../../src/engines/process.ts';
import { built } from '../support/built.ts';
import { cli, startCli } from '../support/cli.ts';
import { of, strictEvents } from '../support/event-check.ts';
import { makeProject, onlyRun, type Project } from '../support/repository.ts';
import { barePath, below, canary, found, ownCanaries, planted, treeOf } from './canary.ts';

beforeAll(built);

const ENGINES = ['aider', 'goose', 'mine'] as const;
const standIn = (name: string) => [
  'sh',
  path.resolve(import.meta.dirname, `../contract/stand-ins/${name}.sh`),
];

/** Prints its environment, or starts a tool that does not end, as the other two do. */
const MINE = `
case $(cat) in
*hang*) echo '{"id":"s-1"}'; : >ready; sleep 600 & setsid sleep 600 & wait ;;
*) env >seen.txt; echo made >made.txt; printf '{"result":"%s"}\\n' "$GIVEN" ;;
esac`;

/** As the user's own configuration says it: the tree has nothing of it. */
const config = (command: readonly string[]) => ({
  engines: {
    aider: { command: standIn('aider') },
    goose: { command: standIn('goose') },
    mine: {
      command,
      output: 'jsonl',
      map: { text: 'result', session: 'id' },
      access: { read: [], full: [] },
    },
  },
});

// One after the other where they write; all at once where they do not end.
const ask = (engine: string, scenario: string) => `
  - id: ${engine}
    engine: ${engine}
    ${scenario === 'hang' ? 'access: read\n    needs: []' : 'access: full'}
    working-directory: ${engine}
    env: { GIVEN: "\${{ secrets.GIVEN }}" }
    prompt: 'SCENARIO:${scenario}'`;

const flow = (scenario: string) =>
  `name: flow\nmax-parallel: 3\nsecrets: [GIVEN]\nsteps:${ENGINES.map((engine) => ask(engine, scenario)).join('')}\n`;

function projectOf(scenario: string, engines?: unknown): Project {
  const places = ENGINES.map((engine) => [`${engine}/notes.txt`, 'notes\n'] as const);
  const project = makeProject({
    'flow.yml': flow(scenario),
    '.gitignore': 'seen.txt\nready\n',
    ...Object.fromEntries(places),
  });
  onTestFinished(() => project.remove());
  const directory = path.join(project.home, '.config/codemachine');
  mkdirSync(directory, { recursive: true });
  if (engines !== undefined) writeFileSync(path.join(directory, 'config.yml'), stringify(engines));
  return project;
}

describe('canaries around engines that stand for others', () => {
  it('stay out of engines, state and streams; the recording replays without any engine, to the same tree', async () => {
    const project = projectOf('environment', config(['sh', '-c', MINE]));
    const cassette = path.join(project.base, 'cassette');
    const env = { ...planted(), GIVEN: canary('given') };
    const end = await cli(project, ['run', 'flow.yml', '--json', '--record', cassette], { env });
    expect({ code: end.code, stderr: end.stderr }).toEqual({ code: 0, stderr: '' });

    for (const engine of ENGINES) {
      const shell = readFileSync(path.join(project.root, engine, 'seen.txt'), 'utf8');
      expect(shell).toContain(`CODEMACHINE_STEP=${engine}`);
      expect(shell).toContain(canary('given'));
      expect(found([[engine, shell]], [canary('given'), ...ownCanaries(engine)])).toEqual([]);
    }
    const streams = [['stdout', end.stdout] as const, ['stderr', end.stderr] as const];
    expect(found([...streams, ...[project.stateDir, cassette].flatMap(below)])).toEqual([]);
    expect(of(strictEvents(end.stdout), 'step-succeeded').map(({ text }) => text)).toContain('***');

    // Declared, for it is to be known; there is no such program.
    const bare = projectOf('environment', { engines: { mine: config(['no-such-engine']).engines.mine } });
    cpSync(cassette, path.join(bare.base, 'cassette'), { recursive: true });
    rmSync(cassette, { recursive: true });
    const PATH = barePath(path.join(bare.base, 'bin'));
    const replay = ['run', 'flow.yml', '--json', '--replay', path.join(bare.base, 'cassette')];
    const again = await cli(bare, replay, { env: { PATH, GIVEN: 'another one' } });
    expect({ code: again.code, stderr: again.stderr }).toEqual({ code: 0, stderr: '' });
    const answers = (stdout: string) =>
      of(strictEvents(stdout), 'step-succeeded')
        .map(({ step, engine, text, usage }) => [step, engine, text, usage])
        .sort();
    expect(answers(again.stdout)).toEqual(answers(end.stdout));
    expect(bare.read('mine/made.txt')).toBe('made\n');
    expect(treeOf(bare)).toBe(treeOf(project));
  });

  it('leave nobody and nothing when their runner is killed', async () => {
    const project = projectOf('hang', config(['sh', '-c', MINE]));
    const runner = startCli(project, ['run', 'flow.yml'], { env: { GIVEN: canary('given') } });
    onTestFinished(() => void runner.child.kill());
    const ready = () => ENGINES.every((engine) => existsSync(path.join(project.root, engine, 'ready')));
    await expect.poll(ready).toBe(true);
    const pattern = runPattern(await onlyRun(project));
    // Of each: the shell, two sleepers.
    expect((await findMarked(pattern)).length).toBeGreaterThanOrEqual(9);
    runner.child.kill('SIGKILL');
    await runner.ended;
    await expect.poll(() => findMarked(pattern)).toEqual([]);
    const scratch = () =>
      readdirSync(path.join(project.base, 'tmp')).filter((name) => name.startsWith('agent-'));
    await expect.poll(scratch).toEqual([]);
    expect(found([project.stateDir].flatMap(below))).toEqual([]);
  });
});
