// Checks the notes; says what holds and what does not, and fails when something does not.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { load, save } from './notes.js';

const directory = mkdtempSync(path.join(tmpdir(), 'notes-'));
const refused = (act) => {
  try {
    act();
    return false;
  } catch {
    return true;
  }
};
save(directory, 'first', 'one');
const checks = [
  ['a note is kept', load(directory, 'first'), 'one'],
  ['a path is no name', refused(() => load(directory, '../first')), true],
];
rmSync(directory, { recursive: true });

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
