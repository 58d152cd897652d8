// Makes a program of ours runnable by a bare Node, for tests that need a process of their own.
import path from 'node:path';
import { buildSync } from 'esbuild';

const house = path.resolve(import.meta.dirname, '../..');

/** Bundles a TypeScript file of the repository into `directory`; gives the program's path. */
export function bundle(entry: string, directory: string): string {
  const outfile = path.join(directory, `${path.basename(entry, '.ts')}.mjs`);
  buildSync({
    absWorkingDir: house,
    entryPoints: [entry],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    packages: 'external',
    logLevel: 'error',
  });
  return outfile;
}
