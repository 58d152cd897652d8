/** Brings the database from any older shape to the present one. */
import { chmodSync, rmSync } from 'node:fs';
import { err, ok, type Result } from '../model/result.ts';
import type { Connection, Driver } from './driver.ts';
import { syncPath } from './durable.ts';
import type { StateProblem } from './problem.ts';

/** One step from a shape to the next; the first leads from an empty file to shape 1. Never changed once released. */
export type Migration = string;

/** All of them, oldest first. */
export const MIGRATIONS: readonly Migration[] = [
  `
  CREATE TABLE migrations (
    shape INTEGER PRIMARY KEY,
    at    TEXT NOT NULL,
    by    TEXT NOT NULL
  ) STRICT;

  CREATE TABLE runs (
    id         TEXT PRIMARY KEY,
    name       TEXT NOT NULL,
    path       TEXT NOT NULL,
    workspace  TEXT NOT NULL,
    created_at TEXT NOT NULL,
    status     TEXT NOT NULL DEFAULT 'new',
    changed_at TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;

  -- Apart from runs, so that a list of runs does not read the texts of all their files.
  CREATE TABLE records (
    run    TEXT PRIMARY KEY REFERENCES runs(id) ON DELETE CASCADE,
    record TEXT NOT NULL
  ) STRICT;

  -- Who writes the run, and where its journal ends. A run without owner keeps its epoch.
  CREATE TABLE leases (
    run     TEXT PRIMARY KEY REFERENCES runs(id) ON DELETE CASCADE,
    epoch   INTEGER NOT NULL DEFAULT 0,
    seq     INTEGER NOT NULL DEFAULT 0,
    hash    TEXT NOT NULL DEFAULT '',
    machine TEXT,
    boot    TEXT,
    space   TEXT,
    pid     INTEGER,
    start   TEXT,
    by      TEXT,
    since   TEXT,
    beat    INTEGER
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE milestones (
    run   TEXT NOT NULL REFERENCES runs(id) ON DELETE CASCADE,
    seq   INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    at    TEXT NOT NULL,
    type  TEXT NOT NULL,
    body  TEXT NOT NULL,
    hash  TEXT NOT NULL,
    PRIMARY KEY (run, seq)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE requests (
    id   INTEGER PRIMARY KEY AUTOINCREMENT,
    run  TEXT NOT NULL REFERENCES runs(id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    body TEXT NOT NULL,
    at   TEXT NOT NULL,
    by   TEXT NOT NULL,
    done TEXT
  ) STRICT;
  CREATE INDEX requests_pending ON requests (run) WHERE done IS NULL;
  `,
  `
  -- Runs that are no longer listed, of which something outside of this file may still be there.
  CREATE TABLE removals (
    run       TEXT PRIMARY KEY,
    workspace TEXT NOT NULL,
    at        TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  `,
  `
  -- Who asked for a name, and lives: the first of them has it. A step that is empty is the run itself.
  CREATE TABLE claims (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    name    TEXT NOT NULL,
    run     TEXT NOT NULL REFERENCES runs(id) ON DELETE CASCADE,
    step    TEXT NOT NULL,
    machine TEXT NOT NULL,
    boot    TEXT NOT NULL,
    space   TEXT NOT NULL,
    pid     INTEGER NOT NULL,
    start   TEXT NOT NULL,
    beat    INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX claims_by_name ON claims (name, id);
  CREATE INDEX claims_by_run ON claims (run);
  `,
  `
  -- What executions came from; the milestones say the same, and this finds it.
  CREATE TABLE cache (
    fingerprint TEXT NOT NULL,
    run         TEXT NOT NULL REFERENCES runs(id) ON DELETE CASCADE,
    seq         INTEGER NOT NULL,
    step        TEXT NOT NULL,
    attempt     INTEGER NOT NULL,
    inputs      TEXT,
    env         TEXT,
    PRIMARY KEY (run, seq)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX cache_fingerprints ON cache (fingerprint);

  -- What a digest among the parts of a fingerprint stands for, so that it can be said what differs.
  CREATE TABLE cache_lists (
    digest TEXT PRIMARY KEY,
    list   TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;

  -- A digest that anybody can make of a short value gives it away.
  CREATE TABLE cache_key (
    key TEXT NOT NULL
  ) STRICT;
  INSERT INTO cache_key (key) VALUES (hex(randomblob(32)));
  `,
];

/** Marks the file as ours ("cmac"), so that somebody else's database is left alone. */
const APPLICATION_ID = 0x636d6163;

/** What a migration is done with. */
export interface MigrationTools {
  readonly driver: Driver;
  readonly file: string;
  /** The program's version, which a newer file is named by. */
  readonly version: string;
  readonly at: string;
  readonly migrations: readonly Migration[];
}

/** Migrates in one transaction, after copying a file that holds something. Two programs at once: the second finds it done. */
export function migrate(connection: Connection, tools: MigrationTools): Result<void, StateProblem> {
  const { migrations } = tools;
  // In a transaction, because another program may be making the file between two looks.
  const early = connection.transaction(() => inspect(connection, tools))();
  if (!early.ok || early.value === migrations.length) return early.ok ? ok(undefined) : early;
  return connection
    .transaction((): Result<void, StateProblem> => {
      const present = inspect(connection, tools);
      if (!present.ok) return present;
      // A second connection reads what is committed while the first keeps every writer out.
      if (present.value > 0 && present.value < migrations.length) copy(tools, present.value);
      for (let shape = present.value; shape < migrations.length; shape++) {
        connection.exec(migrations[shape] ?? '');
        connection
          .prepare('INSERT INTO migrations (shape, at, by) VALUES (?, ?, ?)')
          .run(shape + 1, tools.at, tools.version);
      }
      connection.pragma(`application_id = ${APPLICATION_ID}`);
      connection.pragma(`user_version = ${migrations.length}`);
      return ok(undefined);
    })
    .immediate();
}

/** Gives the shape of the file, or why it is none of ours. */
function inspect(connection: Connection, tools: MigrationTools): Result<number, StateProblem> {
  const shape = connection.pragma('user_version', { simple: true }) as number;
  const application = connection.pragma('application_id', { simple: true }) as number;
  const tables = connection.prepare('SELECT count(*) FROM sqlite_schema').pluck().get() as number;
  if (application !== APPLICATION_ID && (application !== 0 || shape !== 0 || tables > 0)) {
    return err({
      kind: 'foreign',
      message: `${tools.file} is a database of another program: give --state-dir a directory of its own`,
    });
  }
  if (shape > tools.migrations.length)
    return err({ kind: 'newer', message: newer(connection, shape, tools) });
  return ok(shape);
}

function newer(connection: Connection, shape: number, tools: MigrationTools): string {
  const by = connection.prepare('SELECT by FROM migrations WHERE shape = ?').pluck().get(shape) as
    | string
    | undefined;
  return `${tools.file} was written by codemachine ${by ?? '(unknown)'} in a newer form (${shape}) than codemachine ${tools.version} knows (${tools.migrations.length}): use that version or a later one`;
}

function copy(tools: MigrationTools, shape: number): void {
  const target = `${tools.file}.shape-${shape}.bak`;
  rmSync(target, { force: true });
  const second = tools.driver(tools.file, { readonly: true, fileMustExist: true });
  try {
    second.prepare('VACUUM INTO ?').run(target);
  } finally {
    second.close();
  }
  chmodSync(target, 0o600);
  syncPath(target);
}
