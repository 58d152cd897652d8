// The yardstick of a run: starts the same shell command so many times, so many at once, and does nothing else.
import { spawn } from 'node:child_process';

const [times = '0', parallel = '1', command = 'true', ...rest] = process.argv.slice(2);
let left = Number(times);

function next() {
  if (left === 0) return;
  left -= 1;
  spawn(command, rest).once('close', next);
}

for (let i = 0; i < Number(parallel); i++) next();
