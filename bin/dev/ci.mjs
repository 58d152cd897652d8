// Everything a change has to pass, from a fresh clone, in one command.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { setup } from './setup.mjs';

const began = performance.now();
let passed = 0;
let failed = 0;

const budgets = JSON.parse(
  readFileSync(path.join(import.meta.dirname, '../../.config/budgets.json'), 'utf8'),
);

/** Does one step of the preparation, says how long it took against its budget, and counts it; what comes after needs it. */
async function prepare(name, action) {
  const started = performance.now();
  await action();
  passed += 1;
  const seconds = (performance.now() - started) / 1000;
  const over = seconds > budgets[name] ? '  over budget' : '';
  const time = `${seconds.toFixed(1).padStart(6)} s of ${String(budgets[name]).padStart(3)}`;
  console.log(`ok   ${name.padEnd(20)}${time}${over}`);
}

// The contract tests talk to the real programs, at the versions pinned; without them they would be skipped.
function engines() {
  const script = path.join(import.meta.dirname, 'install-engines.mjs');
  const { status } = spawnSync(process.execPath, [script], { stdio: ['ignore', 2, 2] });
  if (status !== 0) throw new Error('the engine CLIs could not be installed, see above');
}

try {
  await prepare('setup', setup);
  await prepare('engines', engines);
  // Loaded late: on a fresh clone these need what setup has just installed.
  const { buildAll } = await import('./build.mjs');
  await prepare('build', buildAll);
  const { check } = await import('./check.mjs');
  const checked = await check();
  passed += checked.passed;
  failed += checked.failed;
} catch (error) {
  failed += 1;
  console.error(`ci: ${error.message}`);
}
const all = (performance.now() - began) / 1000;
console.log(`     ${'ci'.padEnd(20)}${all.toFixed(1).padStart(6)} s of 600`);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
