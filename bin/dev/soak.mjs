// Tries what is drawn far more often than a change can wait for, printing the seeds it was drawn from.
import { spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { buildAll } from './build.mjs';

const root = path.resolve(import.meta.dirname, '../..');

// A variable that is set already chooses: the seed that was printed to repeat a failure, other numbers of tries.
const soaks = {
  long: {
    files: () => JSON.parse(readFileSync(path.join(root, '.config/soak-tests.json'), 'utf8')),
    variables: {},
  },
  properties: {
    files: propertyTests,
    variables: { CODEMACHINE_TEST_SEED: randomInt(1, 2 ** 31), CODEMACHINE_TEST_RUNS: 20 },
  },
  // 10,000 streams of each engine.
  streams: {
    files: () => ['test/engines/dialects/fuzz.test.ts'],
    variables: { CODEMACHINE_TEST_SEED: randomInt(1, 2 ** 31), CODEMACHINE_TEST_RUNS: 40 },
  },
  // The real CLIs of which CI sees a part. Some take seconds to start and up to two GiB, so there are two of them at once.
  engines: {
    files: () => [
      ...['test/contract', 'test/model-server/streams.test.ts', 'test/app/canaries'],
      'test/app/survivors.test.ts',
    ],
    variables: {},
    args: ['--maxConcurrency=2', '--no-file-parallelism'],
    before: tellEngines,
  },
  // CODEMACHINE_KILL_PARALLEL says in how many repositories at once.
  kills: {
    files: () => ['test/kill/kill.test.ts'],
    variables: { CODEMACHINE_KILL_SEED: randomInt(1, 1_000_000) * 1_000, CODEMACHINE_KILLS: 2_000 },
  },
  // Each point of a merge, of an undo, of a worktree that is made, of a result that is taken from the cache, and of a choice among
  // candidates; `npm run ci` dies at some of them.
  merges: {
    files: () => [
      'test/kill/merge.test.ts',
      'test/workspace/kill.test.ts',
      'test/workspace/isolate-crash.test.ts',
      'test/app/cache-kill.test.ts',
      'test/app/reduce.test.ts',
    ],
    variables: { CODEMACHINE_KILL_EVERY: 1 },
  },
  // There `npm run ci` gives what costs a process for each text a part of them.
  injections: {
    files: () => ['test/app/injection'],
    variables: { CODEMACHINE_TEST_RUNS: 2 },
  },
};

function propertyTests() {
  return readdirSync(path.join(root, 'test'), { recursive: true, encoding: 'utf8' })
    .map((file) => path.join('test', file))
    .filter(
      (file) =>
        file.endsWith('.test.ts') && / from 'fast-check'/.test(readFileSync(path.join(root, file), 'utf8')),
    );
}

/** Says which engines are passed over, why, how many. */
function tellEngines() {
  const pins = JSON.parse(readFileSync(path.join(root, 'test/support/engine-pins.json'), 'utf8'));
  const cache = process.env.XDG_CACHE_HOME || path.join(homedir(), '.cache');
  const place = process.env.CODEMACHINE_ENGINES_DIR || path.join(cache, 'codemachine-dev', 'engines');
  const isThere = ([engine, { version, command }]) =>
    existsSync(path.join(place, `${engine}-${version}`, 'node_modules/.bin', command));
  const missing = Object.entries(pins).filter((pin) => !isThere(pin));
  for (const [engine, { version }] of missing)
    console.log(`soak: skips ${engine} ${version}: run \`node bin/dev/install-engines.mjs\``);
  const count = Object.keys(pins).length;
  console.log(`soak: ${count - missing.length} real engines, ${missing.length} skipped`);
  console.log('soak: aider and goose cannot be installed for tests: programs that behave like them stand in');
}

/** Whether all of one soak passed. */
function soak(name) {
  const { files, variables, args: more = [], before = () => {} } = soaks[name];
  const chosen = Object.entries(variables).map(([key, value]) => [key, process.env[key] || String(value)]);
  const again = `${chosen.map((pair) => pair.join('=')).join(' ')} npm run soak -- ${name}`;
  console.log(`soak: ${again}`);
  before();
  const vitest = path.join(root, 'node_modules/vitest/vitest.mjs');
  // As many tries take as long as they take.
  const args = ['run', '--config', '.config/vitest.config.ts', '--testTimeout=0', ...more, ...files()];
  const env = { ...process.env, ...Object.fromEntries(chosen), CODEMACHINE_TEST_ALL: '1' };
  const { status, error } = spawnSync(process.execPath, [vitest, ...args], {
    cwd: root,
    env,
    stdio: 'inherit',
  });
  if (error !== undefined) throw error;
  if (status !== 0) console.error(`soak: ${name} failed; to repeat it: ${again}`);
  return status === 0;
}

try {
  const names = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(soaks);
  for (const name of names) {
    if (!(name in soaks)) throw new Error(`nothing is called ${name}: ${Object.keys(soaks).join(', ')}`);
  }
  await buildAll();
  process.exitCode = names.map(soak).every(Boolean) ? 0 : 1;
} catch (error) {
  console.error(`soak: ${error.message}`);
  process.exitCode = 1;
}
