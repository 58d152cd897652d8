// Checks the tables; says what holds and what does not, and fails when something does not.
import { table } from './table.js';

const rows = [
  ['apples', '3'],
  ['nails', '25'],
];
const checks = [
  ['columns stand below each other', table(rows), 'apples  3\nnails   25'],
  ['nothing gives nothing', table([]), ''],
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
