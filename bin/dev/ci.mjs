// Everything a change has to pass, from a fresh clone, in one command.
import { setup } from './setup.mjs';

let passed = 0;
let failed = 0;
try {
  setup();
  // Loaded late: on a fresh clone these need what setup has just installed.
  const { buildAll } = await import('./build.mjs');
  await buildAll();
  passed += 1;
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
