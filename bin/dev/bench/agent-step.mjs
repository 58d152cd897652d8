// Sets up what a step of an agent costs beside the bare CLI: same prompt, same arguments, same variables, same scripted model.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { buildSync } from 'esbuild';

const root = path.resolve(import.meta.dirname, '../../..');
const PROMPT = 'Write it down. SCENARIO:edit {"path":"notes.txt","content":"new\\n","say":"Done."}';
const MORE = 4;

/**
 * @typedef {'claude-code' | 'codex'} Engine
 * @typedef {import('./measure.mjs').Contender} Contender
 * @typedef {Record<string, string>} Environment
 * @typedef {{ name: string, command(job: object, place: object): { args: string[], env: Environment, stdin: string } }} Dialect
 * @typedef {{ url: string }} Server
 * @typedef {object} Parts what is bundled of the product and of its tests
 * @property {Dialect[]} DIALECTS
 * @property {(server: Server, home: string) => Environment} claudeEnv
 * @property {(server: Server, home: string) => Environment} codexHome
 */

/**
 * Two figures in milliseconds: a whole run of one writing step against the engine alone, and each further step of the run.
 * @param {Engine} engine
 */
export function agentSteps(engine) {
  return [
    {
      name: `run-${engine}`,
      what: `a run of one ${engine} step that edits a file, less ${engine} alone`,
      ...{ target: 150, rounds: 9 },
      terms: async (/** @type {{ work: string, env: Environment }} */ place) => {
        const { runs, bare, close } = await setUp(engine, place);
        return { terms: [term(1, runs(1)), term(-1, bare)], close };
      },
    },
    {
      name: `step-${engine}`,
      what: `each further ${engine} step of a run, less ${engine} alone`,
      ...{ target: 150, rounds: 9 },
      terms: async (/** @type {{ work: string, env: Environment }} */ place) => {
        const { runs, bare, close } = await setUp(engine, place);
        return { terms: [term(1 / MORE, runs(1 + MORE)), term(-1 / MORE, runs(1)), term(-1, bare)], close };
      },
    },
  ];
}

function term(/** @type {number} */ weight, /** @type {Contender} */ contender) {
  return { weight, contender };
}

async function setUp(
  /** @type {Engine} */ engine,
  /** @type {{ work: string, env: Environment }} */ { work, env },
) {
  const beside = path.dirname(work);
  const binary = binaryOf(engine);
  const file = bundle(beside);
  const parts = /** @type {Parts} */ (await import(pathToFileURL(file).href));
  const server = await startServer(file);
  const home = env.HOME ?? '';
  const own = engine === 'codex' ? parts.codexHome(server, home) : parts.claudeEnv(server, home);
  const { LOCAL_API_KEY, PATH: _, HOME: __, ...variables } = own;
  const all = { ...env, ...variables };
  /** @type {Environment} */
  const keys = LOCAL_API_KEY === undefined ? {} : { LOCAL_API_KEY };
  const model = engine === 'codex' ? { model: 'gpt-6.1-sol' } : {};
  writeProject(work, env, { engines: { [engine]: { command: [binary], env: keys } } });
  const before = () => writeFileSync(path.join(work, 'notes.txt'), 'old\n');
  const dialect = parts.DIALECTS.find(({ name }) => name === engine);
  if (dialect === undefined) throw new Error(`${engine} has no dialect`);
  const scratch = path.join(beside, 'scratch');
  mkdirSync(path.join(scratch, 'tmp'), { recursive: true });
  const place = { cwd: work, root: work, scratch, superuser: process.geteuid?.() === 0 };
  const { args, env: its, stdin } = dialect.command({ prompt: PROMPT, access: 'write', ...model }, place);
  /** @type {Contender} */
  const bare = {
    command: [binary, ...args],
    ...{ cwd: work, env: { ...all, ...its, ...keys }, before, input: stdin },
  };
  const runs = (/** @type {number} */ count) => {
    const name = `flow-${count}.yml`;
    const step = (/** @type {number} */ i) => ({
      id: `work-${i}`,
      ...{ engine, ...model, access: 'write', prompt: PROMPT },
    });
    const steps = Array.from({ length: count }, (_, i) => step(i));
    writeFileSync(path.join(beside, name), JSON.stringify({ name: 'flow', 'max-parallel': 1, steps }));
    const command = [process.execPath, path.join(root, 'bin/codemachine.js'), 'run', path.join(beside, name)];
    return { command, cwd: work, env: all, before };
  };
  return { runs, bare, close: server.close };
}

function binaryOf(/** @type {Engine} */ engine) {
  const pins = JSON.parse(readFileSync(path.join(root, 'test/support/engine-pins.json'), 'utf8'));
  const cache = process.env.XDG_CACHE_HOME || path.join(homedir(), '.cache');
  const engines = process.env.CODEMACHINE_ENGINES_DIR || path.join(cache, 'codemachine-dev', 'engines');
  const { command, version } = pins[engine];
  const file = path.join(engines, `${engine}-${version}`, 'node_modules/.bin', command);
  if (!existsSync(file))
    throw new Error(`${engine} is not installed: run \`node bin/dev/install-engines.mjs\``);
  return file;
}

function bundle(/** @type {string} */ directory) {
  const outfile = path.join(directory, 'agent-step.mjs');
  const contents = `
    export { DIALECTS } from './src/engines/dialects/dialects.ts';
    export { claudeEnv, codexHome } from './test/support/model-server/environments.ts';
    import { startModelServer } from './test/support/model-server/model-server.ts';
    if (process.argv[2] === 'serve') console.log((await startModelServer()).url);
  `;
  buildSync({
    stdin: { contents, resolveDir: root, loader: 'ts' },
    ...{ bundle: true, platform: 'node', format: 'esm', outfile, logLevel: 'error' },
  });
  return outfile;
}

/**
 * In a process of its own: while a contender is waited for, nobody here answers.
 * @returns {Promise<Server & { close(): void }>}
 */
function startServer(/** @type {string} */ file) {
  const child = spawn(process.execPath, [file, 'serve'], { stdio: ['ignore', 'pipe', 'inherit'] });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`the scripted model ended with ${code}`)));
    createInterface({ input: child.stdout }).once('line', (url) =>
      resolve({ url, close: () => void child.kill() }),
    );
  });
}

function writeProject(
  /** @type {string} */ work,
  /** @type {Environment} */ env,
  /** @type {object} */ config,
) {
  mkdirSync(path.join(work, '.codemachine'), { recursive: true });
  writeFileSync(path.join(work, '.codemachine/.gitignore'), 'state/\n');
  writeFileSync(path.join(work, '.codemachine/config.yml'), JSON.stringify(config));
  writeFileSync(path.join(work, 'notes.txt'), 'old\n');
  const git = (/** @type {string[]} */ ...rest) => execFileSync('git', rest, { cwd: work, env });
  git('add', '-A');
  git('-c', 'user.name=bench', '-c', 'user.email=bench@localhost', 'commit', '-q', '-m', 'project');
}
