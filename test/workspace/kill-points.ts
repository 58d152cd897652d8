/** Kills a process, and the gits that it has started, at the n-th thing that it does to the disk. */
import childProcess, { spawn } from 'node:child_process';
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

/** Of `node:fs`, what writes; `fsync` counts once for all that are under way. */
const WRITES = [
  'mkdirSync',
  'writeFileSync',
  'writeSync',
  'rmSync',
  'rmdirSync',
  'renameSync',
  'linkSync',
  'chmodSync',
  'unlinkSync',
] as const;

/** Gits that leave the disk as it is: dying with one of them is dying before the next write. */
const READERS = new Set([
  'cat-file',
  'config',
  'diff-files',
  'diff-index',
  'diff-tree',
  'for-each-ref',
  'ls-files',
  'ls-tree',
  'rev-parse',
]);

/**
 * For the process that is to die, which must be the leader of its group: call it before what it kills is imported. Counts before each write
 * and each start of a git that writes, and once more when the git has just been started, so that it dies in the middle. What is made where it is, or
 * removed where nothing is, does not count. Gives how many there were.
 */
export function dieAt(point: number): () => number {
  let done = 0;
  const count = (): void => {
    done += 1;
    if (done === point) process.kill(-process.pid, 'SIGKILL');
  };
  for (const name of WRITES) {
    const real: unknown = Reflect.get(fs, name);
    if (typeof real !== 'function') throw new Error(`${name} is no function`);
    Reflect.set(fs, name, (...args: unknown[]): unknown => {
      const there =
        typeof args[0] === 'number' ||
        fs.lstatSync(args[0] as string, { throwIfNoEntry: false }) !== undefined;
      if (name === 'mkdirSync' ? !there : there || !name.startsWith('rm')) count();
      return Reflect.apply(real, undefined, args);
    });
  }
  const sync = fs.fsync;
  let syncing = 0;
  Reflect.set(fs, 'fsync', (handle: number, then: (error: Error | null) => void): void => {
    if (syncing++ === 0) count();
    sync(handle, (error) => {
      syncing -= 1;
      then(error);
    });
  });
  const real = childProcess.spawn;
  Reflect.set(childProcess, 'spawn', (...args: unknown[]): unknown => {
    const reads = (args[1] as readonly string[]).some((one) => READERS.has(one));
    if (!reads) count();
    const child: unknown = Reflect.apply(real, undefined, args);
    if (!reads) count();
    return child;
  });
  syncBuiltinESMExports();
  return () => done;
}

/** How such a process ended: killed, or at its end after so many points; `said` is what it printed until then. */
export interface Death {
  readonly points: number | undefined;
  readonly said: string;
}

/** Runs a script that calls `dieAt` and prints `done <points>` in the end. */
export function runToDeath(
  script: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<Death> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [script, ...args], {
      ...{ detached: true, env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const said = { stdout: '', stderr: '' };
    for (const stream of ['stdout', 'stderr'] as const)
      child[stream].setEncoding('utf8').on('data', (chunk: string) => {
        said[stream] += chunk;
      });
    child.once('error', reject);
    child.once('close', (code, signal) => {
      const done = /^done (\d+)$/m.exec(said.stdout)?.[1];
      if (signal === 'SIGKILL') resolve({ points: undefined, said: said.stdout });
      else if (code === 0 && done !== undefined) resolve({ points: Number(done), said: said.stdout });
      else reject(new Error(`${code} ${signal} ${said.stderr}`));
    });
  });
}
