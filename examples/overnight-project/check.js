// Checks the lists; says what holds and what does not, and fails when something does not.
import * as lists from './lists.js';

const checks = [['the first two', lists.first([1, 2, 3], 2), [1, 2]]];
if ('last' in lists) checks.push(['the last none', lists.last([1, 2, 3], 0), []]);
if ('sum' in lists) checks.push(['the sum', lists.sum([1, 2, 3]), 6]);

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
