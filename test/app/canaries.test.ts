// Plants what must stay where it is around the real engines, then looks for it wherever a run leaves something.
import { cpSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DIALECTS } from '../../src/engines/dialects/dialects.ts';
import { built } from '../support/built.ts';
import { cli } from '../support/cli.ts';
import { of, strictEvents } from '../support/event-check.ts';
import { type ModelServer, startModelServer } from '../support/model-server/model-server.ts';
import { makeProject, type Project } from '../support/repository.ts';
import { agentProject, missingEngines } from './engines.ts';

let server: ModelServer;
/** Where everything that is not for the model goes, and ends. */
const proxy = createServer((socket) => {
  socket.on('error', () => undefined);
  socket.once('data', (bytes) => {
    knocks.push(bytes.toString('latin1').split('\r\n')[0] ?? '');
    socket.destroy();
  });
});
const knocks: string[] = [];
const projects: Project[] = [];

beforeAll(async () => {
  built();
  server = await startModelServer();
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
});
afterAll(async () => {
  await server.close();
  proxy.close();
  for (const project of projects) project.remove();
});

/** What opens something else than a model, as it stands in the environments of people and of CI. */
const STRANGERS = [
  ...['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN', 'AZURE_CLIENT_SECRET'],
  ...['CI_JOB_TOKEN', 'DATABASE_URL', 'DOCKER_AUTH_CONFIG', 'GH_TOKEN', 'GIT_ASKPASS', 'GIT_CONFIG_VALUE_0'],
  ...['GITHUB_TOKEN', 'GITLAB_TOKEN', 'GOOGLE_APPLICATION_CREDENTIALS', 'NODE_AUTH_TOKEN', 'NPM_TOKEN'],
  ...['PGPASSWORD', 'SSH_AUTH_SOCK', 'VAULT_TOKEN', 'SOMETHING_UNHEARD_OF'],
];

const canary = (name: string): string => `canary-${name.toLowerCase().replaceAll('_', '-')}-4711`;

/** The variables by which some engine signs in. Two at once are one too many for Claude Code. */
const KEYS = [...new Set(DIALECTS.flatMap(({ variables }) => variables({})))].filter(
  (name) => /(KEY|TOKEN|PASSPHRASE)$/.test(name) && !/CLIENT_KEY$|_AUTH_TOKEN$/.test(name),
);

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
    mcp: { mine: { command: /bin/sh, args: [-c, "env > $HOME/mcp-${engine}.txt"] } }
    prompt: 'SCENARIO:shell ${look(engine)}'`;

const FLOW = `
name: canaries
secrets: [GIVEN, KEPT]
steps:${ask('claude-code', 'full')}${ask('codex', 'write')}
  - id: copy
    run: cp -R .codemachine/state "$HOME/live"; echo "with $MINE"; echo "::notice::$MINE"
    env: { MINE: "\${{ secrets.KEPT }}" }
`;

/** Every file below a directory, with its bytes. */
function below(directory: string): readonly (readonly [string, string])[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .map((file) => [file, readFileSync(file, 'latin1')] as const);
}

/** The canaries in some texts, as `where: canary`. */
function found(texts: readonly (readonly [string, string])[], but: readonly string[] = []): string[] {
  return texts.flatMap(([where, text]) =>
    [...new Set(text.match(/canary-[a-z0-9-]*4711/g))]
      .filter((one) => !but.includes(one))
      .map((one) => `${path.basename(where)}: ${one}`),
  );
}

describe.skipIf(missingEngines.length > 0)(`canaries ${missingEngines.join('; ')}`, () => {
  it('stay out of engines, their tools and servers, requests, state and streams; the recording replays without them', async () => {
    const project = agentProject(server, { 'flow.yml': FLOW, '.gitignore': '.env\nseen-*\n' });
    projects.push(project);
    project.write('.env', `DOTENV=${canary('dotenv')}\n`);
    project.git('config', 'http.extraheader', `AUTHORIZATION: basic ${canary('git')}`);
    const env: Record<string, string> = {
      GITHUB_ACTIONS: 'true',
      GIVEN: canary('given'),
      KEPT: canary('kept'),
    };
    for (const name of [...STRANGERS, ...KEYS]) env[name] = canary(name);
    for (const name of ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'http_proxy', 'https_proxy', 'all_proxy'])
      env[name] = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    env['NO_PROXY'] = '127.0.0.1';
    env['no_proxy'] = '127.0.0.1';
    const cassette = path.join(project.base, 'cassette');
    const run = ['run', 'flow.yml', '--record', cassette];
    const end = await cli(project, [...run, '--json'], { env });
    expect({ code: end.code, stderr: end.stderr }).toEqual({ code: 0, stderr: '' });

    const seen = (file: string) => [[file, readFileSync(file, 'utf8')]] as const;
    const own = (engine: string): readonly string[] => {
      const names = DIALECTS.find(({ name }) => name === engine)?.variables({}) ?? [];
      return [canary('given'), ...names.map(canary)];
    };
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
    expect([...server.others, ...knocks]).toEqual([]);

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
    for (const engine of Object.keys(tools)) expect(bare.read(`made-${engine}.txt`)).toBe('made\n');
  });
});
