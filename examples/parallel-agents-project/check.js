// Checks the receipt; says what holds and what does not, and fails when something does not.
import { print, total } from './receipt.js';

const apples = { name: 'apples', price: 40, count: 3 };
const nails = { name: 'nails', price: 7, count: 25 };
const checks = [
  ['a few cost what they cost', total([apples]), 120],
  ['ten percent off many', total([nails]), 157],
  ['both in one basket', total([apples, nails]), 277],
  ['a line for each', print([apples, nails]), 'apples: 120\nnails: 175\ntotal: 277'],
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
