// Checks the slugs; says what holds and what does not, and fails when something does not.
import { slug } from './slug.js';

const checks = [
  ['words are joined', slug('two words'), 'two-words'],
  ['letters are small', slug('Two Words'), 'two-words'],
  ['signs are left out', slug('Two words, no more!'), 'two-words-no-more'],
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
