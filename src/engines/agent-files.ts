/** Lays out the files that a turn of an agent starts with, out of sight of the workspace. */
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { PromptJob } from '../model/ports.ts';
import type { AnyDialect, EngineCommand } from './dialects/dialect.ts';
import { discardScratch, makeScratch } from './scratch.ts';

/** What a turn starts with. */
export interface TurnFiles {
  readonly command: EngineCommand;
  /** What the engine noted, as far as it can be read; undefined where it noted nothing. */
  notes(): string | undefined;
  /** Removes the files, and what the engine left in the workspace for itself. */
  leave(): void;
}

/** Where the turn is made. All paths are absolute. */
export interface TurnPlace {
  readonly cwd: string;
  readonly root: string;
  /** The directory below which the files are laid out. */
  readonly tmp: string;
  readonly mark: string;
  /** Names of variables that the user has passed to the engine. */
  readonly passed?: readonly string[] | undefined;
}

/** Lays out all that the engine's command needs. Throws where it cannot be written. */
export function layOut(
  dialect: AnyDialect,
  job: PromptJob,
  { cwd, root, tmp, mark, passed = [] }: TurnPlace,
): TurnFiles {
  const scratch = makeScratch(tmp, mark);
  const superuser = process.geteuid?.() === 0;
  const outside = isInGit(root) ? {} : { outsideGit: true };
  const command = dialect.command(job, { cwd, root, scratch, superuser, passed, ...outside });
  for (const [name, text] of Object.entries(command.files)) {
    writeFileSync(path.join(scratch, name), text, { mode: text.startsWith('#!') ? 0o700 : 0o600 });
  }
  const clean = watchLitter(root, dialect.litter ?? []);
  return {
    command,
    notes: () => (command.notes === undefined ? undefined : readNotes(path.join(scratch, command.notes))),
    leave: () => {
      clean();
      discardScratch(scratch);
    },
  };
}

/** As git looks for its directory, which in a worktree is a file (gitrepository-layout(5)). */
function isInGit(directory: string): boolean {
  if (existsSync(path.join(directory, '.git'))) return true;
  const above = path.dirname(directory);
  return above !== directory && isInGit(above);
}

/** Counts of half a file are worth nothing. In bytes. */
const LONGEST_NOTES = 64 * 1024 * 1024;

function readNotes(file: string): string | undefined {
  try {
    const found = statSync(file);
    return found.isFile() && found.size <= LONGEST_NOTES ? readFileSync(file, 'utf8') : undefined;
  } catch {
    return undefined;
  }
}

function watchLitter(root: string, beginnings: readonly string[]): () => void {
  if (beginnings.length === 0) return () => {};
  const litter = (): readonly string[] => {
    try {
      return readdirSync(root).filter((name) => beginnings.some((one) => name.startsWith(one)));
    } catch {
      return [];
    }
  };
  const before = new Set(litter());
  return () => {
    for (const name of litter()) if (!before.has(name)) discardScratch(path.join(root, name));
  };
}
