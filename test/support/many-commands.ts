// Runs many command lines in one process: a start of the program costs more than most commands.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import type { Project } from './repository.ts';

/** How one of them ended. */
export interface End {
  readonly args: readonly string[];
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs command lines given as words, one after the other, as each would run by itself. */
export function manyCommands(
  project: Project,
  lines: readonly (readonly string[])[],
  env: Readonly<Record<string, string>> = {},
): readonly End[] {
  const script = path.resolve(import.meta.dirname, 'many-commands.mjs');
  const { stdout, stderr } = spawnSync(process.execPath, [script], {
    ...{ cwd: project.root, env: { ...project.environ, ...env }, encoding: 'utf8', maxBuffer: 1e8 },
    input: JSON.stringify(lines),
  });
  if (!stdout.startsWith('[')) throw new Error(stderr);
  return JSON.parse(stdout) as readonly End[];
}
