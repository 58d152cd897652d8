// Everything a change has to pass, from a fresh clone, in one command.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { setup } from './setup.mjs';

let passed = 0;
let failed = 0;

/** Does one step of the preparation, says how long it took, and counts it; what comes after needs it. */
async function prepare(name, action) {
  const started = performance.now();
  await action();
  passed += 1;
  console.log(`ok   ${name.padEnd(20)}${((performance.now() - started) / 1000).toFixed(1).padStart(6)} s`);
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
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
