// Checks the greetings; says what holds and what does not, and fails when something does not.
import { greet } from './greet.js';

const checks = [
  ['somebody', greet('Ada'), 'Hello, Ada!'],
  ['nobody', greet(), 'Hello, you!'],
];

let failed = 0;
for (const [what, actual, expected] of checks) {
  const holds = actual === expected;
  if (!holds) failed++;
  console.log(
    `${holds ? 'ok    ' : 'not ok'} ${what}${holds ? '' : `: expected ${expected}, got ${actual}`}`,
  );
}
console.log(`${checks.length - failed} of ${checks.length} hold`);
process.exitCode = failed === 0 ? 0 : 1;
