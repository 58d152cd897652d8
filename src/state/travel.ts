/** Takes a run from one state directory to another. */
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import type { RunId } from '../model/ids.ts';
import { BundleError } from './bundle-cipher.ts';
import type { Member } from './bundle-file.ts';
import { type Manifest, MILESTONES, RUN_ROWS } from './bundle-manifest.ts';
import { syncPath } from './durable.ts';
import type { LeaseTools } from './lease.ts';
import { guarded } from './problem.ts';
import { runDirectory, TRANSCRIPT_FILES } from './transcripts.ts';
import { type CarriedRun, carriedRun, endOf, insertRun, writeMilestones } from './travel-rows.ts';

/** What is known here of a run that is about to come. */
export type Known = 'not' | 'same' | 'ahead' | 'other';

/** How runs leave and come. */
export interface Travel {
  /** Where the journal of a run ends. */
  end(run: RunId): Manifest['end'];
  /** Writes what the database has of the run into a directory; gives that with its transcripts and artifacts. */
  pack(run: RunId, directory: string, withhold: (record: CarriedRun) => CarriedRun): readonly Member[];
  /** Whether the run is here already, as the bundle has it, further on, or another way. */
  known(manifest: Manifest): Known;
  /**
   * Notes that a run is coming, in such a way that `gc` takes away what a killed process leaves of it; gives the directory that it
   * is unpacked into.
   */
  begin(run: RunId, workspace: string): string;
  /** What is unpacked of the run itself. Throws a BundleError where it is none. */
  unpacked(run: RunId): CarriedRun;
  /**
   * Puts the unpacked files in their places, then the rows, in one transaction: from its end on the run is here. Throws a BundleError
   * where the journal is not the one that was written.
   */
  settle(run: CarriedRun, manifest: Manifest): void;
  /** Takes away what has come so far; false where the run is here after all. */
  drop(run: RunId): boolean;
}

const COMING = '.coming';

/** Makes the door to it. */
export function makeTravel(tools: LeaseTools, directory: string): Travel {
  const { connection, place } = tools;
  const safely = <T>(work: () => T): T => guarded(place, work);
  const onDisk = <T>(work: () => T): T => guarded(directory, work);
  const coming = (run: RunId): string => path.join(runDirectory(directory, run), COMING);
  const note = (sql: string, ...values: readonly string[]) =>
    safely(() => connection.prepare(sql).run(...values));
  return {
    end: (run) => safely(() => endOf(connection, run)),
    pack: (run, into, withhold) => {
      const rows = path.join(into, RUN_ROWS);
      const carried = safely(() => carriedRun(connection, run));
      onDisk(() =>
        writeFileSync(rows, `${JSON.stringify(withhold(carried))}\n`, { mode: 0o600, flag: 'wx' }),
      );
      const milestones = path.join(into, MILESTONES);
      onDisk(() => safely(() => writeMilestones(connection, run, milestones)));
      return [
        { name: RUN_ROWS, file: rows },
        { name: MILESTONES, file: milestones },
        ...transcriptsOf(directory, run),
        ...artifactsOf(tools, directory, run),
      ];
    },
    known: (manifest) => safely(() => known(tools, manifest)),
    begin: (run, workspace) => {
      note(
        'INSERT INTO removals (run, workspace, at) VALUES (?, ?, ?) ON CONFLICT (run) DO UPDATE SET workspace = excluded.workspace',
        ...[run, workspace, new Date(tools.now()).toISOString()],
      );
      return onDisk(() => {
        // What an import that was killed has left.
        rmSync(runDirectory(directory, run), { recursive: true, force: true });
        mkdirSync(coming(run), { recursive: true, mode: 0o700 });
        return coming(run);
      });
    },
    unpacked: (run) => readRun(path.join(coming(run), RUN_ROWS)),
    settle: (run, manifest) => {
      onDisk(() => putFiles(directory, coming(run.id), run.id));
      const milestones = path.join(coming(run.id), MILESTONES);
      safely(() => insertRun(tools, { run, milestones, end: manifest.end }));
      onDisk(() => rmSync(coming(run.id), { recursive: true, force: true }));
    },
    drop: (run) => {
      // Here after all: another import was faster.
      if (safely(() => connection.prepare('SELECT 1 FROM runs WHERE id = ?').get(run)) !== undefined)
        return false;
      onDisk(() => rmSync(runDirectory(directory, run), { recursive: true, force: true }));
      note('DELETE FROM removals WHERE run = ?', run);
      return true;
    },
  };
}

/** Only what we write: what somebody put beside it stays. */
function transcriptsOf(state: string, run: RunId): readonly Member[] {
  const directory = runDirectory(state, run);
  return entries(directory).flatMap((step) => {
    const place = path.join(directory, step);
    const there = new Set(entries(place));
    return TRANSCRIPT_FILES.filter((name) => there.has(name)).map((name) => ({
      name: `runs/${step}/${name}`,
      file: path.join(place, name),
    }));
  });
}

const NAMED = `SELECT DISTINCT json_extract(value, '$.sha256') FROM milestones, json_each(body, '$.artifacts')
  WHERE run = ? AND json_valid(body) AND json_type(body, '$.artifacts') = 'array'`;

/** One that is gone is gone there too. */
function artifactsOf({ connection }: LeaseTools, state: string, run: RunId): readonly Member[] {
  const named = connection.prepare(NAMED).pluck().all(run) as string[];
  return named
    .map((sha256) => ({ name: `artifacts/${sha256}`, file: path.join(state, 'artifacts', sha256) }))
    .filter(({ file }) => existsSync(file));
}

function known({ connection }: LeaseTools, { run, end }: Manifest): Known {
  const there = connection.prepare('SELECT 1 FROM runs WHERE id = ?').get(run);
  if (there === undefined) return 'not';
  const hash = connection
    .prepare('SELECT hash FROM milestones WHERE run = ? AND seq = ?')
    .pluck()
    .get(run, end.seq);
  if (hash !== end.hash) return 'other';
  return endOf(connection, run).seq === end.seq ? 'same' : 'ahead';
}

function readRun(file: string): CarriedRun {
  try {
    const {
      id,
      name,
      path: shown,
      workspace,
      createdAt,
      record,
    } = JSON.parse(readFileSync(file, 'utf8')) as Readonly<Record<string, unknown>>;
    const texts = [id, name, shown, workspace, createdAt];
    if (texts.every((one) => typeof one === 'string') && typeof record === 'object' && record !== null)
      return { id, name, path: shown, workspace, createdAt, record } as CarriedRun;
  } catch {
    // Said below.
  }
  throw new BundleError(`${RUN_ROWS} in it does not say what was run`);
}

/** Files first, so that no row ever names one that is not there. */
function putFiles(state: string, from: string, run: RunId): void {
  for (const step of entries(path.join(from, 'runs')))
    renameSync(path.join(from, 'runs', step), path.join(runDirectory(state, run), step));
  syncPath(runDirectory(state, run));
  const artifacts = path.join(state, 'artifacts');
  const now = new Date();
  for (const sha256 of entries(path.join(from, 'artifacts'))) {
    mkdirSync(artifacts, { recursive: true, mode: 0o700 });
    const file = path.join(artifacts, sha256);
    renameSync(path.join(from, 'artifacts', sha256), file);
    // Nobody who clears up takes a young one.
    utimesSync(file, now, now);
  }
  if (existsSync(artifacts)) syncPath(artifacts);
}

function entries(directory: string): readonly string[] {
  try {
    return readdirSync(directory).sort();
  } catch {
    return [];
  }
}
