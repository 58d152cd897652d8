/** Opens, or removes, a worktree in a process of its own, which kills itself and its gits at the n-th thing it does to the disk. */
import childProcess from 'node:child_process';
import fs from 'node:fs';
import fsPromises from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { asRunId } from '../../src/model/ids.ts';

const [what = '', root = '', home = '', from = '', directory = '', killAt = ''] = process.argv.slice(2);
let left = Number(killAt);

/** Before each, so that what was done until then is on the disk and nothing else is. */
function count(): void {
  left -= 1;
  // The gits that are under way belong to the same group.
  if (left === 0) process.kill(-process.pid, 'SIGKILL');
}

function counted(holder: object, names: readonly string[]): void {
  for (const name of names) {
    const real: unknown = Reflect.get(holder, name);
    if (typeof real !== 'function') throw new Error(`${name} is no function`);
    Reflect.set(holder, name, (...args: unknown[]): unknown => {
      count();
      return Reflect.apply(real, undefined, args);
    });
  }
}

counted(fs, ['mkdirSync', 'writeFileSync', 'rmSync', 'rmdirSync', 'renameSync', 'chmodSync', 'unlinkSync']);
counted(fsPromises, ['mkdir', 'rm', 'rename', 'copyFile', 'symlink', 'utimes', 'chmod']);
counted(childProcess, ['spawn']);
syncBuiltinESMExports();

const { must, openAt } = await import('./repository.ts');
const ws = await openAt(root, { PATH: process.env['PATH'] ?? '', HOME: home });
const run = asRunId('20261120-141503-k7qd');
if (what === 'open') must(await ws.isolation.open({ run, directory, from, copy: ['.env'], link: ['deps'] }));
else must((await must(await ws.isolation.find(run, directory))?.remove()) ?? { ok: false, error: 'none' });
process.stdout.write(`done ${Number(killAt) - left}\n`);
