// Plants what must stay where it is around the real engines, then looks for it wherever a run leaves something.
import { cpSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { built } from '../support/built.ts';
import { cli } from '../support/cli.ts';
import { of, strictEvents } from '../support/event-check.ts';
import { mcpServer } from '../support/mcp-server.ts';
import { type ModelServer, startModelServer } from '../support/model-server/model-server.ts';
import { makeProject, type Project } from '../support/repository.ts';
import { below, canary, type DeadEnd, deadEnd, found, ownCanaries, planted, treeOf } from './canary.ts';
import { agentProject, missingEngines } from './engines.ts';

let server: ModelServer;
let outside: DeadEnd;
const projects: Project[] = [];

beforeAll(async () => {
  built();
  server = await startModelServer();
  outside = await deadEnd();
});
afterAll(async () => {
  await server.close();
  outside.close();
  for (const project of projects) project.remove();
});

const look = (engine: string): string =>
  JSON.stringify({
    command: `env > seen-${engine}.txt; echo made > made-${engine}.txt; env; echo $GIVEN`,
    say: '$output',
  });

const ask = (engine: string, access: string): string => `
  - id: ${engine}
    engine: ${engine}${engine === 'codex' ? '\n    model: gpt-6.1-sol' : ''}
    access: ${access}
    env: { GIVEN: "\${{ secrets.GIVEN }}" }
    mcp: { mine: { command: /bin/sh, args: ${JSON.stringify(mcpServer(`env > $HOME/mcp-${engine}.txt`))} } }
    prompt: 'SCENARIO:shell ${look(engine)}'`;

const FLOW = `
name: canaries
secrets: [GIVEN, KEPT]
steps:${ask('claude-code', 'full')}${ask('codex', 'write')}
  - id: copy
    run: cp -R .codemachine/state "$HOME/live"; echo "with $MINE"; echo "::notice::$MINE"
    env: { MINE: "\${{ secrets.KEPT }}" }
`;

describe.skipIf(missingEngines.length > 0)(`canaries ${missingEngines.join('; ')}`, () => {
  it('stay out of engines, their tools and servers, requests, state and streams; the recording replays without them', async () => {
    const project = agentProject(server, { 'flow.yml': FLOW, '.gitignore': '.env\nseen-*\n' });
    projects.push(project);
    project.write('.env', `DOTENV=${canary('dotenv')}\n`);
    project.git('config', 'http.extraheader', `AUTHORIZATION: basic ${canary('git')}`);
    const secrets = { GIVEN: canary('given'), KEPT: canary('kept') };
    const env = { GITHUB_ACTIONS: 'true', ...secrets, ...planted(), ...outside.variables() };
    const cassette = path.join(project.base, 'cassette');
    const run = ['run', 'flow.yml', '--record', cassette];
    const end = await cli(project, [...run, '--json'], { env });
    expect({ code: end.code, stderr: end.stderr }).toEqual({ code: 0, stderr: '' });

    const seen = (file: string) => [[file, readFileSync(file, 'utf8')]] as const;
    const own = (engine: string): readonly string[] => [canary('given'), ...ownCanaries(engine)];
    // Claude Code keeps nothing of its environment from what it starts; Codex keeps its keys.
    const tools = { 'claude-code': own('claude-code'), codex: [canary('given')] };
    for (const [engine, may] of Object.entries(tools)) {
      const shell = seen(path.join(project.root, `seen-${engine}.txt`));
      expect(shell[0][1]).toContain(`CODEMACHINE_STEP=${engine}`);
      expect(found(shell, may)).toEqual([]);
      expect(found(seen(path.join(project.home, `mcp-${engine}.txt`)), may)).toEqual([]);
    }
    for (const { path: asked, auth, body } of server.requests) {
      const engine = asked === '/v1/messages' ? 'claude-code' : 'codex';
      expect(found([['request', `${auth} ${JSON.stringify(body)}`]], own(engine))).toEqual([]);
    }
    // Neither telemetry nor a look for updates, on either way.
    expect([...server.others, ...outside.knocks]).toEqual([]);

    const streams = [
      ['stdout', end.stdout],
      ['stderr', end.stderr],
    ] as const;
    const kept = [project.stateDir, path.join(project.home, 'live'), cassette].flatMap(below);
    expect(kept.map(([file]) => path.basename(file))).toContain('codemachine.db-wal');
    expect(found([...streams, ...kept])).toEqual([]);
    expect(end.stdout).toContain('with ***');

    // Another machine: no engine, no key, no secret but those that the workflow asks for.
    const bare = makeProject({
      'notes.txt': 'old notes\n',
      'flow.yml': FLOW,
      '.gitignore': '.env\nseen-*\n',
    });
    projects.push(bare);
    cpSync(cassette, path.join(bare.base, 'cassette'), { recursive: true });
    rmSync(cassette, { recursive: true });
    const again = await cli(
      bare,
      ['run', 'flow.yml', '--json', '--replay', path.join(bare.base, 'cassette')],
      {
        env: { GIVEN: 'another one', KEPT: 'another, too' },
      },
    );
    const answers = (stdout: string) =>
      of(strictEvents(stdout), 'step-succeeded').map(({ step, engine, model, usage }) => [
        step,
        engine,
        model,
        usage,
      ]);
    expect({ code: again.code, stderr: again.stderr }).toEqual({ code: 0, stderr: '' });
    expect(answers(again.stdout)).toEqual(answers(end.stdout));
    expect(treeOf(bare)).toBe(treeOf(project));
    expect(bare.read('made-codex.txt')).toBe('made\n');
  });
});
