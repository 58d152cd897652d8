/** Takes whole runs out of the state directory. */
import { lstatSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { RunId } from '../model/ids.ts';
import { err, ok, type Result } from '../model/result.ts';
import { dropLists } from './cached.ts';
import { type LeaseTools, livingOwner, type Owner } from './lease.ts';
import { guarded } from './problem.ts';
import { runDirectory } from './transcripts.ts';

/** A run that is no longer listed, of which something may still lie about: in the repository, in the cache, on the disk. */
export interface RemovedRun {
  readonly run: RunId;
  /** Where it worked. */
  readonly workspace: string;
}

/** A run that took over results of another one, which is kept as long as the first is. */
export interface TakenOver {
  readonly run: RunId;
  readonly from: RunId;
}

/** How runs are taken away. Sizes in bytes. */
export interface Removals {
  /**
   * Takes the run's rows away, and notes in the same transaction that the rest of it has to go: a run that is listed has its
   * recordings, and one that is not is finished by whoever looks next. Refused while somebody owns it. Gives the size of the rows.
   */
  begin(run: RunId): Result<number, Owner>;
  /** The runs that were begun to be removed, oldest first. */
  begun(): readonly RemovedRun[];
  /** Deletes the run's transcripts; gives their size. */
  transcripts(run: RunId): number;
  /** Forgets that the run ever was: the last thing to do. */
  finish(run: RunId): void;
  /** What the rows and the transcripts of a run take up. */
  size(run: RunId): number;
  /** Which runs stand on others. */
  takenOver(): readonly TakenOver[];
  /** Deletes the artifacts that no run names and that are older than `before` (milliseconds since the epoch); gives their size. */
  artifacts(before: number): number;
  /** Deletes indexes of ours, of working trees that are not among `roots` (their names), last used before `before`; gives their size. */
  indexes(used: ReadonlySet<string>, before: number): number;
  /** Gives the disk back what the database no longer needs; to be called when nobody runs. Gives the size. */
  compact(): number;
}

/** Makes the door to it. */
export function makeRemovals(tools: LeaseTools, directory: string): Removals {
  const { connection, place } = tools;
  const safely = <T>(work: () => T): T => guarded(place, work);
  const there = (run: RunId): number => Number(connection.prepare(ROWS).pluck().get({ run }) ?? 0);
  return {
    begin: (run) => safely(() => begin(tools, run, there)),
    begun: () =>
      safely(() =>
        connection.prepare('SELECT run, workspace FROM removals ORDER BY at, run').all(),
      ) as RemovedRun[],
    transcripts: (run) => guarded(directory, () => removeTree(runDirectory(directory, run))),
    finish: (run) => void safely(() => connection.prepare('DELETE FROM removals WHERE run = ?').run(run)),
    size: (run) => safely(() => there(run)) + sizeOf(runDirectory(directory, run)),
    takenOver: () => safely(() => connection.prepare(TAKEN_OVER).all()) as TakenOver[],
    artifacts: (before) =>
      guarded(directory, () => artifacts(tools, path.join(directory, 'artifacts'), before)),
    indexes: (used, before) => guarded(directory, () => indexes(path.join(directory, 'git'), used, before)),
    compact: () => safely(() => compact(tools)),
  };
}

const ROWS = `SELECT coalesce((SELECT sum(length(body)) FROM milestones WHERE run = @run), 0)
  + coalesce((SELECT length(record) FROM records WHERE run = @run), 0)`;

const TAKEN_OVER = `SELECT run, json_extract(record, '$.extras."retry-of"') AS "from" FROM records
  WHERE json_valid(record) AND json_extract(record, '$.extras."retry-of"') IS NOT NULL`;

function begin(tools: LeaseTools, run: RunId, size: (run: RunId) => number): Result<number, Owner> {
  const { connection, now } = tools;
  // IMMEDIATE: nobody takes the run between the look at its owner and its end.
  return connection
    .transaction((): Result<number, Owner> => {
      const row = connection.prepare('SELECT * FROM leases WHERE run = ?').get(run);
      const owner =
        row === undefined ? undefined : livingOwner(row as Parameters<typeof livingOwner>[0], tools);
      if (owner !== undefined) return err(owner);
      const bytes = size(run);
      connection
        .prepare(
          `INSERT INTO removals (run, workspace, at) SELECT id, workspace, ? FROM runs WHERE id = ?
           ON CONFLICT (run) DO NOTHING`,
        )
        .run(new Date(now()).toISOString(), run);
      // Everything that belongs to it goes along, by its foreign keys.
      connection.prepare('DELETE FROM runs WHERE id = ?').run(run);
      dropLists(connection);
      return ok(bytes);
    })
    .immediate();
}

const NAMED = `SELECT DISTINCT json_extract(value, '$.sha256') FROM milestones, json_each(body, '$.artifacts')
  WHERE json_valid(body) AND json_type(body, '$.artifacts') = 'array'`;

/** A file is there before the row that names it, so a young one may be about to be named. */
function artifacts({ connection }: LeaseTools, directory: string, before: number): number {
  const found = entries(directory);
  if (found.length === 0) return 0;
  const named = new Set(connection.prepare(NAMED).pluck().all() as string[]);
  return found
    .filter((name) => !named.has(name))
    .reduce((sum, name) => sum + removeOld(path.join(directory, name), before), 0);
}

/** An index is a memory of the times of files: one that is needed after all is made again. */
function indexes(directory: string, used: ReadonlySet<string>, before: number): number {
  return entries(directory)
    .filter((name) => {
      const [, index] = /^(index-[0-9a-f]+)/.exec(name) ?? [];
      return index !== undefined && !used.has(index);
    })
    .reduce((sum, name) => sum + removeOld(path.join(directory, name), before), 0);
}

function removeOld(file: string, before: number): number {
  const stat = lstatSync(file, { throwIfNoEntry: false });
  return stat === undefined || stat.mtimeMs >= before ? 0 : removeTree(file);
}

/** Copies the database only where that gives back much of it. */
const WORTH_IT = 256 * 1024;

function compact({ connection }: LeaseTools): number {
  const pages = (what: string): number => Number(connection.pragma(what, { simple: true }));
  const size = pages('page_size');
  const free = pages('freelist_count') * size;
  if (free < WORTH_IT || free * 4 < pages('page_count') * size) return 0;
  const before = pages('page_count');
  connection.exec('VACUUM');
  connection.pragma('wal_checkpoint(TRUNCATE)');
  return Math.max(0, (before - pages('page_count')) * size);
}

/** Removes a file or a directory with all below it; gives what it took up. What is not there takes nothing. */
function removeTree(place: string): number {
  const size = sizeOf(place);
  rmSync(place, { recursive: true, force: true });
  return size;
}

/** The size of a file, or of all the files below a directory; nothing is followed. */
export function sizeOf(place: string): number {
  const stat = lstatSync(place, { throwIfNoEntry: false });
  if (stat === undefined) return 0;
  if (!stat.isDirectory()) return stat.size;
  return entries(place).reduce((sum, name) => sum + sizeOf(path.join(place, name)), 0);
}

function entries(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch {
    // Not made yet, gone meanwhile, or in the way.
    return [];
  }
}
