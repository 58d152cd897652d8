/** Keeps the directories in which engines find the files of one turn, so that what a killed runner leaves is found again. */
import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { ownerOf } from './mark.ts';

/** What the directories of one owner of a run begin with. Short: programs make sockets in there, whose paths may have 104 bytes on macOS. */
export function scratchPrefix(run: string, epoch: number | string): string {
  return `${prefixOf(run)}${epoch}-`;
}

function prefixOf(run: string): string {
  return `agent-${createHash('sha256').update(run).digest('hex').slice(0, 10)}.`;
}

/** Makes a directory for a turn of whom the mark names, with an empty `tmp` in it. Throws where there is no room for it. */
export function makeScratch(tmp: string, mark: string): string {
  const { run, epoch } = ownerOf(mark);
  const scratch = mkdtempSync(path.join(tmp, scratchPrefix(run, epoch)));
  mkdirSync(path.join(scratch, 'tmp'), { mode: 0o700 });
  return scratch;
}

/** Removes such a directory. */
export function discardScratch(directory: string): void {
  try {
    rmSync(directory, { recursive: true, force: true, maxRetries: 3 });
  } catch {
    // The agent left something there that may not be deleted; the system clears its temporary directory.
  }
}

/** All such directories of ours below `tmp`, by name: whose they are is asked afterwards, since a run may begin meanwhile. */
export function scratchIn(tmp: string): readonly string[] {
  try {
    return readdirSync(tmp).filter((name) => /^agent-[0-9a-f]{10}\.\d+-/.test(name) && isOurs(tmp, name));
  } catch {
    return [];
  }
}

/** Those of the directories that belong to the runs. */
export function scratchOf(names: readonly string[], runs: readonly string[]): readonly string[] {
  const prefixes = new Set(runs.map(prefixOf));
  return names.filter((name) => prefixes.has(name.slice(0, name.indexOf('.') + 1)));
}

/** Removes what earlier owners of a run have left. Only for who owns it now, before the first agent starts. */
export function sweepScratch(tmp: string, run: string): void {
  for (const name of scratchOf(scratchIn(tmp), [run])) discardScratch(path.join(tmp, name));
}

/** Everybody writes into the system's temporary directory: by this name there may be a link, or another user's. */
function isOurs(tmp: string, name: string): boolean {
  const stat = lstatSync(path.join(tmp, name), { throwIfNoEntry: false });
  return stat?.isDirectory() === true && stat.uid === process.geteuid?.();
}
