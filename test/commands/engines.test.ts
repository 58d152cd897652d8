// Shows engines, and looks at those that are here, through the built program.
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { beforeAll, describe, expect, it } from 'vitest';
import { DIALECTS } from '../../src/engines/dialects/dialects.ts';
import { scriptAgent } from '../app/scripted-agent.ts';
import { built } from '../support/built.ts';
import type { Project } from '../support/repository.ts';
import { eventsOf, FINE, projectWith, say } from './project.ts';

beforeAll(built);

const MEASURED = { claude: '2.1.328 (Claude Code)', codex: 'codex-cli 0.169.0' };
const ASKS = 'steps:\n  - prompt: hello\n    engine: codex\n    access: read\n';

/** Puts programs of these names, shell scripts, before everything else in PATH. */
function install(project: Project, scripts: Readonly<Record<string, string>>): Record<string, string> {
  const bin = path.join(project.base, 'bin');
  mkdirSync(bin, { recursive: true });
  for (const [name, script] of Object.entries(scripts)) {
    writeFileSync(path.join(bin, name), `#!/bin/sh\n${script}\n`);
    chmodSync(path.join(bin, name), 0o755);
  }
  return { PATH: `${bin}:/usr/bin:/bin` };
}

/** A stand-in that says its version, and does what it is asked otherwise. */
const saying = (version: string, otherwise = 'exit 1'): string =>
  `[ "$1" = --version ] && echo '${version}' && exit 0\n${otherwise}`;

/** Puts a file into the home directory. */
function home(project: Project, name: string, text: string): void {
  mkdirSync(path.dirname(path.join(project.home, name)), { recursive: true });
  writeFileSync(path.join(project.home, name), text);
}

interface Finding {
  readonly what: string;
  readonly state: string;
  readonly found: string;
  readonly help?: string;
}

async function doctor(project: Project, env: Record<string, string>): Promise<Map<string, Finding>> {
  const { stdout } = await say(project, 'doctor --json', { env });
  return new Map((JSON.parse(stdout) as readonly Finding[]).map((one) => [one.what, one]));
}

describe('engines', () => {
  it('shows all there are, and which are here', async () => {
    const project = projectWith({});
    const env = install(project, {
      claude: saying(MEASURED.claude),
      codex: saying('codex-cli 0.170.2'),
    });
    const people = await say(project, 'engines', { env });
    expect(people).toMatchObject({ code: 0, stderr: '' });
    for (const line of people.stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
    expect(people.stdout).toContain('codex: 0.170.2 is newer than what was measured (0.169.0)');
    expect(people.stdout).toMatch(/^max-turns +yes +no/m);

    const { stdout } = await say(project, 'engines --json', { env });
    const list = JSON.parse(stdout) as readonly Record<string, unknown>[];
    const schema = JSON.parse((await say(project, 'schema engines')).stdout) as object;
    const fits = new Ajv2020({ strict: false, allErrors: true }).compile(schema);
    expect(fits(list), JSON.stringify(fits.errors)).toBe(true);
    expect(list.map(({ engine }) => engine)).toEqual(DIALECTS.map(({ name }) => name));
    expect(list.find(({ engine }) => engine === 'claude-code')).toMatchObject({
      ...{ state: 'installed', version: '2.1.328', tested: true },
      capabilities: { schema: 'native', 'max-turns': true, usage: 'live', cost: true },
    });
    expect(list.find(({ engine }) => engine === 'codex')).toMatchObject({
      version: '0.170.2',
      tested: false,
    });
  });

  it('shows one at length, and says how it is installed', async () => {
    const project = projectWith({});
    const env = install(project, {});
    const { code, stdout } = await say(project, 'engines codex', { env });
    expect(code).toBe(0);
    expect(stdout).toMatch(/access read +reads and runs commands in a sandbox/);
    expect(stdout).toContain('npm install -g @openai/codex');
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
    expect(await say(project, 'engines codx', { env })).toMatchObject({
      ...{ code: 2, stdout: '' },
      stderr: expect.stringContaining('did you mean `codex`?'),
    });
  });

  it('starts nothing that the repository names', async () => {
    const planted = '#!/bin/sh\n: > started\n';
    const project = projectWith(
      { w: ASKS },
      { '.codemachine/config.yml': 'engines:\n  codex: { command: [./planted] }\n', planted },
    );
    chmodSync(path.join(project.root, 'planted'), 0o755);
    const env = install(project, {});
    const { stdout } = await say(project, 'engines codex', { env });
    expect(stdout).toContain('set in .codemachine/config.yml to `./planted`, which only a run starts');
    expect((await doctor(project, env)).get('codex')?.found).toContain('not started by doctor');
    expect(existsSync(path.join(project.root, 'started'))).toBe(false);
  });
});

describe('doctor', () => {
  it('names what is neither here nor asked for in one line', async () => {
    const project = projectWith({ w: ASKS });
    const found = await doctor(project, install(project, {}));
    expect(found.get('codex')).toMatchObject({ state: 'missing', found: 'there is no `codex` in PATH' });
    expect(found.get('other engines')?.found).toMatch(/^claude-code\b.*: not installed, and no workflow/);
    expect(found.has('claude-code')).toBe(false);
    const broken = await doctor(project, install(project, { claude: 'echo what >&2; exit 3' }));
    expect(broken.get('claude-code')?.found).toMatch(/claude --version` failed: what/);
  });

  it('says what signs an engine in, and shows nothing of it', async () => {
    const project = projectWith({ w: FINE });
    const env = install(project, { claude: saying(MEASURED.claude), codex: saying(MEASURED.codex) });
    const signIn = async (engine: string, more: Record<string, string> = {}) =>
      (await doctor(project, { ...env, ...more })).get(`${engine} sign-in`);
    expect(await signIn('claude-code')).toMatchObject({
      state: 'missing',
      help: expect.stringContaining('claude /login'),
    });
    expect(await signIn('codex')).toMatchObject({ state: 'missing' });

    expect(await signIn('codex', { CODEX_API_KEY: 'canary' })).toMatchObject({
      ...{ state: 'ok', found: 'by CODEX_API_KEY, which is not tried' },
    });
    expect(await signIn('codex', { CODEX_API_KEY: '', OPENAI_API_KEY: 'canary' })).toMatchObject({
      state: 'missing',
    });
    home(project, '.codex/auth.json', '{"tokens":null,"OPENAI_API_KEY":"","other":"canary"}');
    expect(await signIn('codex')).toMatchObject({ state: 'missing' });

    home(project, '.codex/auth.json', '{"OPENAI_API_KEY":null,"tokens":{"access_token":"canary"}}');
    home(project, '.claude/.credentials.json', '{"claudeAiOauth":{"accessToken":"canary"}}');
    const all = await say(project, 'doctor', { env });
    expect(all.stdout).toContain(`by ${path.join(project.home, '.codex/auth.json')}`);
    expect(all.stdout).toContain(`by ${path.join(project.home, '.claude/.credentials.json')}`);
    expect(`${all.stdout}${all.stderr}`).not.toContain('canary');
  });

  it('waits for no pipe that has the name of a credential', async () => {
    const project = projectWith({ w: FINE });
    const env = install(project, { codex: saying(MEASURED.codex) });
    mkdirSync(path.join(project.home, '.codex'));
    expect(spawnSync('mkfifo', [path.join(project.home, '.codex/auth.json')]).status).toBe(0);
    expect((await doctor(project, env)).get('codex sign-in')).toMatchObject({ state: 'missing' });
  });

  it('takes no empty credentials for a sign-in, and a key of a configuration for one', async () => {
    const project = projectWith({ w: FINE });
    const env = install(project, {
      codex: saying(MEASURED.codex, 'echo Logged in using ChatGPT'),
      opencode: saying('1.18.33'),
    });
    expect((await doctor(project, env)).get('codex sign-in')).toMatchObject({ state: 'ok' });
    home(project, '.codex/auth.json', '{}');
    home(project, '.config/opencode/opencode.json', '{"provider":{"x":{"options":{"apiKey":"{env:X}"}}}}');
    const none = await doctor(project, env);
    expect(none.get('codex sign-in')).toMatchObject({ state: 'missing' });
    expect(none.get('opencode sign-in')).toMatchObject({ state: 'missing' });
    home(project, '.config/opencode/opencode.json', '{"provider":{"x":{"options":{"apiKey":"canary"}}}}');
    const { found = '' } = (await doctor(project, env)).get('opencode sign-in') ?? {};
    expect(found).toContain('opencode.json');
    expect(found).not.toContain('canary');
  });

  it('says what is wrong with the configuration of an engine, and not that its sandbox is', async () => {
    const project = projectWith({ w: FINE });
    const broken = [
      'echo WARNING: proceeding >&2',
      `echo "Error: $HOME/.codex/config.toml:2:5: unclosed table, got \\"canary\\"" >&2`,
      'echo "  |" >&2; exit 1',
    ];
    const env = install(project, { codex: saying(MEASURED.codex, broken.join('\n')) });
    const { found, help, state } = (await doctor(project, env)).get('codex sandbox') ?? {};
    expect(state).toBe('missing');
    expect(found).toContain(`Error: ${project.home}/.codex/config.toml:2:5: unclosed table`);
    expect(found).not.toContain('canary');
    expect(help).toContain(`${project.home}/.codex/config.toml`);
    expect(help).not.toContain('access: full');
  });

  it('says each mistake of a configuration, which hides no engine', async () => {
    const project = projectWith(
      { w: FINE },
      { '.codemachine/config.yml': 'engines:\n  codx: {}\n  My_Agent: { command: [x] }\n' },
    );
    const env = install(project, {});
    const { stdout } = await say(project, 'doctor --json', { env });
    const config = (JSON.parse(stdout) as readonly Finding[]).filter(({ what }) => what === 'config');
    expect(config).toMatchObject([
      { found: expect.stringContaining('config.yml:2:3: '), help: expect.stringContaining('`codex`') },
      { found: expect.stringContaining('config.yml:3:3: '), help: expect.stringContaining('`my-agent`') },
    ]);
    const engines = await say(project, 'engines --json', { env });
    expect(engines.stderr).toContain('codx');
    expect((JSON.parse(engines.stdout) as readonly object[]).length).toBe(DIALECTS.length);
    expect((await say(project, 'engines claude', { env })).stderr).toContain('did you mean `claude-code`?');
  });

  it('judges what the user adds to an engine of the repository with what is declared there', async () => {
    const declared =
      'engines:\n  own: { output: jsonl, map: { text: t, session: s }, access: { read: [] } }\n';
    const project = projectWith({ w: FINE }, { '.codemachine/config.yml': declared });
    const env = install(project, { elsewhere: ': > "$HOME/started"' });
    const added = 'engines:\n  own: { command: elsewhere, session: { continue: [--in, "{session}"] } }\n';
    home(project, '.config/codemachine/config.yml', added);
    const found = await doctor(project, env);
    expect(found.get('config')).toBeUndefined();
    expect(found.get('own')).toMatchObject({
      state: 'ok',
      found: `declared in the configuration, at ${path.join(project.base, 'bin/elsewhere')}`,
    });
    expect((await say(project, 'engines own', { env })).stdout).toContain('own');
    expect(existsSync(path.join(project.home, 'started'))).toBe(false);
  });

  it('says whether the sandbox works', async () => {
    const project = projectWith({ w: FINE });
    const works = install(project, { codex: saying(MEASURED.codex, '[ "$1" = sandbox ]') });
    expect((await doctor(project, works)).get('codex sandbox')).toMatchObject({
      state: 'ok',
      found: 'works',
    });
    const broken = 'echo "bwrap: Creating new namespace failed" >&2; exit 1';
    const env = install(project, { codex: saying(MEASURED.codex, broken) });
    expect((await doctor(project, env)).get('codex sandbox')).toMatchObject({
      state: 'missing',
      found: '`codex sandbox -- true` failed: bwrap: Creating new namespace failed',
      help: expect.stringContaining('access: full'),
    });
  });

  it('ends no engine because another one has answered', async () => {
    const project = projectWith({ w: FINE });
    const gone =
      'until [ -e "$HOME/first" ]; do sleep 0.01; done; while kill -0 "$(cat "$HOME/first")"; do sleep 0.01; done';
    const env = install(project, {
      claude: `echo $$ > "$HOME/starting"; mv "$HOME/starting" "$HOME/first"; ${saying(MEASURED.claude)}`,
      codex: `${gone} 2>/dev/null; sleep 0.3\n${saying(MEASURED.codex)}`,
    });
    const found = await doctor(project, env);
    expect(found.get('codex')).toMatchObject({ state: 'ok' });
    expect(found.get('claude-code')).toMatchObject({ state: 'ok' });
    expect(readFileSync(path.join(project.home, 'first'), 'utf8')).not.toBe('');
  });
});

describe('a run', () => {
  it('says once that an engine is none of the measured versions, and goes on', async () => {
    const steps = ['one', 'two'].map(
      (id) => `  - { id: ${id}, prompt: x, engine: claude-code, access: read }\n`,
    );
    const project = projectWith({ w: `steps:\n${steps.join('')}` });
    scriptAgent(project, 'true', '9.0.0');
    const { code, events } = await eventsOf(project, 'run w');
    expect(code).toBe(0);
    const opened = events.flatMap((event) => (event.type === 'session-opened' ? [event] : []));
    expect(opened.map(({ version }) => version)).toEqual(['9.0.0', '9.0.0']);
    const untested = opened.flatMap((event) => event.untested ?? []);
    expect(untested).toEqual(['is newer than what was measured (2.1.328)']);
    scriptAgent(project, 'true', '2.1.328');
    expect((await say(project, 'run w')).stdout).not.toContain('measured');
    scriptAgent(project, 'true', '2.0.1');
    const people = await say(project, 'run w');
    expect(people.code).toBe(0);
    expect(people.stdout.match(/claude-code 2\.0\.1 is older than what was measured/g)).toHaveLength(1);
  });

  it('asks an engine that does not name its version, once, while it works', async () => {
    const steps = ['one', 'two'].map((id) => `  - { id: ${id}, prompt: x, engine: codex, access: read }\n`);
    const project = projectWith({ w: `steps:\n${steps.join('')}` });
    const events = [
      { type: 'thread.started', thread_id: 't-1' },
      { type: 'item.completed', item: { type: 'agent_message', text: 'done' } },
      { type: 'turn.completed', usage: { input_tokens: 5, cached_input_tokens: 1, output_tokens: 2 } },
    ].map((event) => `echo '${JSON.stringify(event)}'`);
    const kept = path.join(project.home, '.cache/codemachine/engine-versions.json');
    const works = `cat > /dev/null\n${events[0]}\nuntil [ -e '${kept}' ]; do sleep 0.01; done\n${events[1]}\n${events[2]}`;
    const asked = path.join(project.base, 'asked');
    const env = install(project, {
      codex: `[ "$1" = --version ] && echo >> '${asked}'\n${saying('codex-cli 9.0.0', works)}`,
    });
    const { code, events: said } = await eventsOf(project, 'run w', { env });
    expect(code).toBe(0);
    expect(said.filter(({ type }) => type === 'engine-untested')).toMatchObject([
      { engine: 'codex', version: '9.0.0', untested: 'is newer than what was measured (0.169.0)' },
    ]);
    const people = await say(project, 'run w', { env });
    expect(people.stdout.match(/codex 9\.0\.0 is newer than what was measured/g)).toHaveLength(1);
    expect(readFileSync(asked, 'utf8')).toBe('\n');
  });

  it('names the model that was meant where the engine knows none of this name', async () => {
    const step =
      '{ id: a, prompt: x, engine: codex, model: fast-mdel, access: read, retry: { attempts: 1 } }';
    const project = projectWith({ w: `steps:\n  - ${step}\n` });
    const error = { message: 'The model `fast-mdel` does not exist or you do not have access to it.' };
    const line = JSON.stringify({ type: 'turn.failed', error });
    project.write('../codex.sh', `cat > /dev/null\necho '${line}'\nexit 1\n`);
    const engine = `engines:\n  codex: { command: [sh, ${path.join(project.base, 'codex.sh')}] }\n`;
    project.write('.codemachine/config.yml', `${engine}prices: { fast-model: { input: 1, output: 1 } }\n`);
    const { code, stdout } = await say(project, 'run w');
    expect(code).toBe(1);
    expect(stdout).toContain('did you mean `fast-model`, which `prices` in the configuration names?');
  });
});
