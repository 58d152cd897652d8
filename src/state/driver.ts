/** Loads the SQLite driver that this Node can use. */
import type Database from 'better-sqlite3';
import { err, ok, type Result } from '../model/result.ts';
import { codeOf, type StateProblem } from './problem.ts';

/** An open connection. */
export type Connection = Database.Database;

/** Opens a connection. */
export type Driver = (file: string, options?: Database.Options) => Connection;

/** Which of the two packages this Node uses. Version 13 needs Node-API 10; on Node 20 it would load and then crash the process. */
export const DRIVER_PACKAGE = Number(process.versions.napi) >= 10 ? 'better-sqlite3' : 'bs3-n20';

/** Loads the driver, which costs milliseconds that commands without state do not pay. */
export async function loadDriver(): Promise<Result<Driver, StateProblem>> {
  try {
    const { default: Constructor } =
      DRIVER_PACKAGE === 'better-sqlite3' ? await import('better-sqlite3') : await older();
    // The compiled half is looked for when the first database is opened, not before.
    new Constructor(':memory:').close();
    return ok((file, options) => new Constructor(file, options));
  } catch (error) {
    return err({ kind: 'driver', message: advice(error) });
  }
}

async function older(): Promise<{ readonly default: typeof Database }> {
  // @ts-expect-error the same package, an older version under another name: its types are the ones that are installed
  return await import('bs3-n20');
}

function advice(error: unknown): string {
  const missing = /MODULE_NOT_FOUND$/.test(codeOf(error));
  const what = `the SQLite driver ${DRIVER_PACKAGE} ${missing ? 'is not installed' : 'does not load'} for Node ${process.versions.node}`;
  if (DRIVER_PACKAGE === 'better-sqlite3') {
    return `${what}: install codemachine again with this Node and without --omit=optional`;
  }
  return `${what}: use Node 22 or newer, or install codemachine again with install scripts allowed and a C++ compiler at hand (Debian: build-essential, python3)`;
}
