// Runs every tool that holds the house up, printing the seconds of each against its budget.
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const root = path.resolve(import.meta.dirname, '../..');
const pureRooms = ['model', 'workflow', 'plan', 'run'];
const tool = (file, ...rest) => [process.execPath, path.join('node_modules', file), ...rest];

const tools = [
  ['types', tool('@typescript/native/bin/tsc', '-p', 'tsconfig.json')],
  ['scripts', tool('@typescript/native/bin/tsc', '-p', '.config/tsconfig.scripts.json')],
  ['lint', tool('@biomejs/biome/bin/biome', 'check', '--diagnostic-level=warn', '--max-diagnostics=20', '.')],
  ['typed-lint', tool('eslint/bin/eslint.js', '-c', '.config/eslint.config.mjs', '--max-warnings=0', '.')],
  [
    'walls',
    tool('dependency-cruiser/bin/dependency-cruise.mjs', '--config', '.config/dependency-cruiser.mjs', 'src'),
  ],
  ['dead-code', tool('knip/bin/knip.js', '--config', '.config/knip.json', '--treat-config-hints-as-errors')],
  ['spelling', tool('cspell/bin.mjs', 'lint', '--config', '.config/cspell.json', '--no-progress', '.')],
  ['package', tool('publint/src/cli.js', '--strict')],
];

/**
 * Runs the suites whose names are given (all without names; `test` stands for all tests).
 * Resolves to `{ passed, failed }`: a tool counts as one, a test suite as its tests.
 */
export async function check(names = []) {
  const began = performance.now();
  const budgets = JSON.parse(readFileSync(path.join(root, '.config/budgets.json'), 'utf8'));
  const wanted = (name) =>
    names.length === 0 || names.includes(name) || (names.includes('test') && name.startsWith('test:'));
  const reports = mkdtempSync(path.join(tmpdir(), 'codemachine-check-'));
  const results = [];
  try {
    const all = [
      ...tools.map(([name, command]) => ({ name, start: () => runTool(name, command) })),
      ...testSuites().map(([name, folders]) => ({ name, start: () => runTests(name, folders, reports) })),
    ];
    const chosen = all.filter(({ name }) => wanted(name));
    results.push(...(await runAll(chosen, budgets)));
  } finally {
    rmSync(reports, { recursive: true, force: true });
  }
  if (results.length === 0) throw new Error(`nothing is called ${names.join(' or ')}`);
  return summary(results, (performance.now() - began) / 1000);
}

// Pure rooms share one process; every other folder of test/ is a suite of its own.
function testSuites() {
  const folders = readdirSync(path.join(root, 'test'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && hasTests(path.join(root, 'test', entry.name)))
    .map((entry) => entry.name)
    .sort();
  const pure = folders.filter((folder) => pureRooms.includes(folder));
  const world = folders.filter((folder) => !pureRooms.includes(folder));
  const suites = world.map((folder) => [`test:${folder}`, [folder]]);
  return pure.length === 0 ? suites : [['test:pure', pure], ...suites];
}

function hasTests(folder) {
  return readdirSync(folder, { recursive: true }).some((file) => String(file).endsWith('.test.ts'));
}

// While one waits, for a disk or for the last of its files, another has the core: two run side by side and are shown as they end. Tools
// first, whose complaints are the soonest found; the longest first, so that none is left to run alone.
async function runAll(chosen, budgets) {
  const results = [];
  const rank = ({ name }) => (name.startsWith('test:') ? 0 : 1_000) + (budgets[name] ?? 0);
  const waiting = [...chosen].sort((a, b) => rank(b) - rank(a));
  const work = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift())
      results.push(show(await next.start(), budgets));
  };
  await Promise.all([work(), work()]);
  return results;
}

async function runTool(name, command) {
  const { code, output, seconds } = await run(command);
  return { name, seconds, output, passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, skipped: 0 };
}

async function runTests(name, folders, reports) {
  const file = path.join(reports, `${folders.join('-')}.json`);
  const { code, output, seconds } = await run(
    tool(
      'vitest/vitest.mjs',
      'run',
      '--config',
      '.config/vitest.config.ts',
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${file}`,
      // With the slash: `test/run` alone would also choose `test/runs`.
      ...folders.map((folder) => `test/${folder}/`),
    ),
  );
  const counts = readCounts(file);
  // A file that cannot even be loaded, or an error after the last test, fails without a failed test.
  const failed = code !== 0 && counts.failed === 0 ? 1 : counts.failed;
  return { name, seconds, output, ...counts, failed };
}

function readCounts(file) {
  try {
    const { numPassedTests, numFailedTests, numPendingTests } = JSON.parse(readFileSync(file, 'utf8'));
    return { passed: numPassedTests, failed: numFailedTests, skipped: numPendingTests };
  } catch {
    return { passed: 0, failed: 0, skipped: 0 };
  }
}

function run(command) {
  const [file, ...rest] = command;
  const started = performance.now();
  return new Promise((resolve) => {
    const child = spawn(file, rest, {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, FORCE_COLOR: '0', NO_COLOR: '1' },
    });
    const chunks = [];
    child.stdout.on('data', (chunk) => chunks.push(chunk));
    child.stderr.on('data', (chunk) => chunks.push(chunk));
    child.once('error', (error) => chunks.push(Buffer.from(error.message)));
    child.once('close', (code) =>
      resolve({
        code: code ?? 1,
        output: Buffer.concat(chunks).toString(),
        seconds: (performance.now() - started) / 1000,
      }),
    );
  });
}

function show(result, budgets) {
  const budget = budgets[result.name];
  const judged =
    budget === undefined
      ? {
          ...result,
          failed: result.failed + 1,
          output: `${result.output}\nno budget: add "${result.name}" to .config/budgets.json`,
        }
      : result;
  if (judged.failed > 0) console.log(`\n--- ${judged.name} ---\n${shortened(judged.output)}\n`);
  const time = `${judged.seconds.toFixed(1).padStart(6)} s of ${String(budget ?? '?').padStart(3)}`;
  const over = budget !== undefined && judged.seconds > budget ? '  over budget' : '';
  const skipped = judged.skipped > 0 ? `, ${judged.skipped} skipped` : '';
  const verdict = judged.failed > 0 ? 'FAIL' : 'ok  ';
  console.log(
    `${verdict} ${judged.name.padEnd(20)}${time}  ${judged.passed} passed, ${judged.failed} failed${skipped}${over}`,
  );
  // What the kill suite promises is a number of kills of live runs, which its count of tests does not say.
  for (const [line] of judged.output.matchAll(/^seed \d+: \d+ kills, .*$/gm)) console.log(`     ${line}`);
  return judged;
}

// What failed first is read first; a thousand lines of the same kind hide the next suite.
function shortened(output) {
  const lines = output.trim().split('\n');
  if (lines.length <= 160) return lines.join('\n');
  return [...lines.slice(0, 80), `… ${lines.length - 160} lines left out …`, ...lines.slice(-80)].join('\n');
}

function summary(results, seconds) {
  const sum = (key) => results.reduce((total, result) => total + result[key], 0);
  const broken = results.filter((result) => result.failed > 0).map((result) => result.name);
  console.log(`     ${'all'.padEnd(20)}${seconds.toFixed(1).padStart(6)} s  ${sum('skipped')} skipped`);
  if (broken.length > 0) console.log(`failed: ${broken.join(', ')}`);
  return { passed: sum('passed'), failed: sum('failed') };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  try {
    const { buildAll } = await import('./build.mjs');
    await buildAll();
    const { failed } = await check(process.argv.slice(2));
    process.exitCode = failed > 0 ? 1 : 0;
  } catch (error) {
    console.error(`check: ${error.message}`);
    process.exitCode = 1;
  }
}
