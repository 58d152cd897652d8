// Checks the counting; says what holds and what does not, and fails when something does not.
import { count } from './count.js';

const checks = [
  ['each word is counted', count('to be or not to be').get('be'), 2],
  ['a word that is not there has no count', count('to be').get('not'), undefined],
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
