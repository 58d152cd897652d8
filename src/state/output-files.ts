/** Gives every attempt a place for the outputs that its script declares. */
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { RunId, StepKey } from '../model/ids.ts';
import { guarded } from './problem.ts';
import { runDirectory, stepDirectory } from './transcripts.ts';

/** Makes the function that names the file; its directory is the run's, made once, since one for each step costs as much as a commit. */
export function makeOutputFiles(state: string): (run: RunId, step: StepKey, attempt: number) => string {
  const made = new Set<RunId>();
  return (run, step, attempt) => {
    const directory = runDirectory(state, run);
    if (!made.has(run)) guarded(directory, () => prepare(directory));
    made.add(run);
    return outputFileIn(state, run, step, attempt);
  };
}

/** The same file's name, for who is handed attempts by the one who made the directory. */
export function outputFileIn(state: string, run: RunId, step: StepKey, attempt: number): string {
  return path.join(runDirectory(state, run), `${stepDirectory(step, attempt)}.output`);
}

/** Attempts that a dead owner left behind wrote there unmasked, and nobody reads it any more. */
function prepare(directory: string): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  for (const name of readdirSync(directory)) {
    if (name.endsWith('.output')) rmSync(path.join(directory, name), { recursive: true, force: true });
  }
}
