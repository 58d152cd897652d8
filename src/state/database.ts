/** Opens the database file so that what is committed survives a power cut. */
import { chmodSync, closeSync, openSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { err, ok, type Result } from '../model/result.ts';
import type { Connection, Driver } from './driver.ts';
import { MIGRATIONS, type Migration, migrate } from './migrations.ts';
import { codeOf, explain, type StateProblem } from './problem.ts';

/** How long a command waits for another one's write, in milliseconds; a write takes less than one. */
const BUSY_MS = 10_000;

/** How often the mode of a new file is asked for; each try outlasts another program's write. */
const MODE_TRIES = 100;

/** What opening needs to know. */
export interface DatabaseOptions {
  readonly driver: Driver;
  readonly version: string;
  readonly at: string;
  /** Handed in by tests of migrations. */
  readonly migrations?: readonly Migration[];
}

/** Opens the file, makes it when missing, brings it to the present shape. */
export function openDatabase(file: string, options: DatabaseOptions): Result<Connection, StateProblem> {
  let connection: Connection | undefined;
  try {
    if (!makeFile(file) && isEmptied(file)) return err({ kind: 'damaged', message: emptied(file) });
    connection = options.driver(file, { timeout: BUSY_MS });
    useWriteAheadLog(connection);
    connection.pragma('synchronous = FULL');
    connection.pragma('foreign_keys = ON');
    const migrations = options.migrations ?? MIGRATIONS;
    const done = migrate(connection, { ...options, file, migrations });
    if (done.ok) return ok(connection);
    connection.close();
    return done;
  } catch (error) {
    connection?.close();
    return err(explain(error, file));
  }
}

// Two programs that make the same file at once: SQLite refuses the second one's change of mode without waiting, since a wait could be
// for each other. Waiting for the first one's write, which SQLite does, and asking again finds the mode changed.
function useWriteAheadLog(connection: Connection): void {
  for (let tries = 1; ; tries++) {
    try {
      connection.pragma('journal_mode = WAL');
      return;
    } catch (error) {
      if (!codeOf(error).startsWith('SQLITE_BUSY') || tries === MODE_TRIES) throw error;
      connection.exec('BEGIN IMMEDIATE; COMMIT');
    }
  }
}

/**
 * Whether the file is empty though runs were kept: SQLite would take it for a new one, throw its log away, and say that there are no
 * runs. Another program that makes the file at this moment has made nothing beside it; what stands there is looked for first, since it
 * may go on meanwhile.
 */
function isEmptied(file: string): boolean {
  const directory = path.dirname(file);
  const log = statSync(`${file}-wal`, { throwIfNoEntry: false });
  const kept =
    statSync(path.join(directory, 'git'), { throwIfNoEntry: false }) !== undefined || hasRuns(directory);
  return (kept || (log !== undefined && log.size > 0)) && statSync(file).size === 0;
}

function hasRuns(directory: string): boolean {
  try {
    return readdirSync(path.join(directory, 'runs')).length > 0;
  } catch {
    return false;
  }
}

function emptied(file: string): string {
  return `the database in ${file} is empty, though runs were kept beside it: restore it from a backup, or move ${path.dirname(file)} away to start anew`;
}

// True where there was none. SQLite gives its -wal and -shm files the mode of the database. An existing file must not be opened here: closing it again would
// drop the locks that another connection of this process holds (POSIX locks belong to the process, not to the descriptor).
function makeFile(file: string): boolean {
  let made = false;
  try {
    closeSync(openSync(file, 'wx', 0o600));
    made = true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  chmodSync(file, 0o600);
  return made;
}
