// Checks what a basket costs, before it is released.
import { total } from './total.js';

const checks = [
  ['a few cost what they cost', total([{ price: 40, count: 3 }]), 120],
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
