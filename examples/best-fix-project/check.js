// Checks what titles are called; says what does not hold, and fails then.
import { slug } from './slug.js';

const checks = [
  ['Hello', 'hello'],
  ['Hello World', 'hello-world'],
  ['The End of It', 'the-end-of-it'],
  ['  What, now?  ', 'what-now'],
];

let failed = 0;
for (const [title, expected] of checks) {
  const actual = slug(title);
  if (actual === expected) continue;
  failed++;
  console.log(`not ok ${JSON.stringify(title)}: expected ${expected}, got ${actual}`);
}
console.log(`${checks.length - failed} of ${checks.length} hold`);
process.exitCode = failed === 0 ? 0 : 1;
