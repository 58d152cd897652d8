import { total } from './total.js';

const cases = [
  ['an empty basket', [], 0],
  ['three apples', [{ price: 40, count: 3 }], 120],
  [
    'apples and pears',
    [
      { price: 40, count: 3 },
      { price: 55, count: 2 },
    ],
    230,
  ],
];

let failed = 0;
for (const [name, basket, expected] of cases) {
  const got = total(basket);
  if (got !== expected) failed++;
  console.log(`${got === expected ? 'ok    ' : 'not ok'} ${name}: expected ${expected}, got ${got}`);
}
console.log(`${cases.length - failed} of ${cases.length} hold`);
process.exitCode = failed === 0 ? 0 : 1;
