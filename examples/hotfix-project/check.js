// Checks how an amount is shared; says what holds and what does not, and fails when something does not.
import { share } from './share.js';

const checks = [
  ['equal parts', share(300, 3), [100, 100, 100]],
  ['nobody', share(0, 2), [0, 0]],
];

let failed = 0;
for (const [what, actual, expected] of checks) {
  const holds = JSON.stringify(actual) === JSON.stringify(expected);
  if (!holds) failed++;
  console.log(
    `${holds ? 'ok    ' : 'not ok'} ${what}${holds ? '' : `: expected ${expected}, got ${actual}`}`,
  );
}
console.log(`${checks.length - failed} of ${checks.length} hold`);
process.exitCode = failed === 0 ? 0 : 1;
