/** Opens the state directory, where everything that must survive is kept. */
import path from 'node:path';
import type { Charge } from '../model/bill.ts';
import type { Milestone } from '../model/event.ts';
import type { RunId, StepKey } from '../model/ids.ts';
import type { RunRequest } from '../model/ports.ts';
import { err, ok, type Result } from '../model/result.ts';
import {
  type KeptArtifact,
  keepArtifact,
  type OpenFile,
  type ReadArtifact,
  readArtifact,
} from './artifacts.ts';
import { chargesIn } from './bills.ts';
import { type Cached, makeCached } from './cached.ts';
import { type Claims, makeClaims } from './claims.ts';
import { openDatabase } from './database.ts';
import { makeStateDirectory } from './directory.ts';
import { DRIVER_PACKAGE, loadDriver } from './driver.ts';
import { type Asked, acquire, type Lease, type LeaseTools, type Refusal } from './lease.ts';
import { type Damage, history, verify } from './milestones.ts';
import { makeOutputFiles } from './output-files.ts';
import { explain, guarded, type StateProblem } from './problem.ts';
import { type Processes, systemProcesses } from './processes.ts';
import { makeRemovals, type Removals } from './removal.ts';
import { type Asking, makeRequests } from './requests.ts';
import {
  createRun,
  forgetRun,
  listRuns,
  type RecordUpdate,
  type RunRecord,
  type RunSummary,
  resolveRun,
  runRecord,
  updateRecord,
} from './runs.ts';
import { type LogFile, openTranscript, type Transcript, transcriptFiles } from './transcripts.ts';
import { makeTravel, type Travel } from './travel.ts';

/** The files of one attempt. */
export interface LogAttempt {
  readonly step: StepKey;
  readonly attempt: number;
  readonly files: readonly LogFile[];
}

/**
 * An open state directory. What the disk does wrong is thrown as a StateError, whose message is a sentence for people; only opening
 * gives it as a value.
 */
export interface State {
  /** Absolute. */
  readonly directory: string;
  /** The SQLite driver in use, for `doctor`. */
  readonly driver: string;
  /** Stores what a run is started with. False when the id is taken: make another one. */
  createRun(record: RunRecord): boolean;
  /** Takes back a run that was stored and never began. */
  forgetRun(id: RunId): void;
  runRecord(id: RunId): RunRecord | undefined;
  /** Notes what a run goes on with from the next time on that it says so; only for its owner. */
  updateRecord(id: RunId, update: { readonly attempt: number; readonly with: RecordUpdate }): void;
  /** Newest first. */
  listRuns(): readonly RunSummary[];
  /** An id, the beginning of one, `@last` or `@failed`; the error is a sentence. */
  resolveRun(text: string): Result<RunId, string>;
  /** Makes this process the run's owner; with `alone` only if no other run in the same workspace has a living one. */
  acquire(id: RunId, ask: Asked): Result<Lease, Refusal>;
  /** The milestones of the run in order; for those who follow it, only the ones behind number `after`. */
  history(id: RunId, after?: number): readonly Milestone[];
  /** What every attempt of an agent in these runs cost, in their order. */
  charges(runs: readonly Pick<RunSummary, 'id' | 'name'>[]): readonly Charge[];
  /** Whether anything was ever asked at a gate of the run; much cheaper than to look at its milestones. */
  hasAsked(id: RunId): boolean;
  /** Proves the run's journal whole, or names the first milestone that is not as it was written. */
  verify(id: RunId): Result<{ readonly milestones: number }, Damage>;
  /** Asks something of the run's owner; gives the request's id. */
  ask(run: RunId, asking: Asking): number;
  /** What was asked of a run and is not done, oldest first. Cheap: an indexed look. */
  pending(run: RunId): readonly RunRequest[];
  /** Marks a request as done, after what came of it is in the journal. */
  done(id: number): void;
  /** The files of an attempt, to be written. */
  openTranscript(run: RunId, step: StepKey, attempt: number): Transcript;
  /** Where an attempt's `$CODEMACHINE_OUTPUT` is: the file does not exist yet, its directory does. Whoever reads it removes it. */
  outputFile(run: RunId, step: StepKey, attempt: number): string;
  /** Keeps what is in an open file of at most `most` bytes, under its SHA-256; undefined where it is larger. */
  keepArtifact(file: OpenFile, most: number): Promise<KeptArtifact | undefined>;
  /** What is kept under a SHA-256, with its content where that has at most `most` bytes; undefined where it is gone. */
  readArtifact(sha256: string, most: number): Promise<ReadArtifact | undefined>;
  /** The attempts of a run in the order in which they started, of one step if named, with the files they left. */
  logs(run: RunId, step?: StepKey): readonly LogAttempt[];
  /** What executions of steps came from, and what of that is still there. */
  readonly cached: Cached;
  /** Names that only one may have at a time. */
  readonly claims: Claims;
  /** Takes whole runs away. */
  readonly removals: Removals;
  /** Brings runs here from other state directories, and there. */
  readonly travel: Travel;
  close(): void;
}

/** What opening may be told. */
export interface StateOptions {
  /** The program's version, which a newer program's database is named by. */
  readonly version: string;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
  /** How processes are told apart, where /proc cannot tell. */
  readonly processes?: Processes;
}

/** Opens the state in `dir` and makes what is missing. */
export async function openState(dir: string, options: StateOptions): Promise<Result<State, StateProblem>> {
  const directory = path.resolve(dir);
  const now = options.now ?? Date.now;
  const driver = await loadDriver();
  if (!driver.ok) return driver;
  const made = makeStateDirectory(directory);
  if (!made.ok) return made;
  const place = path.join(directory, 'codemachine.db');
  const at = new Date(now()).toISOString();
  const opened = openDatabase(place, { driver: driver.value, version: options.version, at });
  if (!opened.ok) return err(opened.error);
  const connection = opened.value;
  try {
    return ok(
      makeState(directory, { connection, processes: options.processes ?? systemProcesses(), now, place }),
    );
  } catch (error) {
    // The file says that it has the present shape, yet its tables are not there.
    connection.close();
    return err(explain(error, place));
  }
}

/** What the disk does wrong is thrown as a sentence for people. */
function guardedClaims(claims: Claims, safely: <T>(work: () => T) => T): Claims {
  return {
    claim: (name, by) => {
      const claim = safely(() => claims.claim(name, by));
      return { before: () => safely(claim.before), release: () => safely(claim.release) };
    },
    isClaimed: (run) => safely(() => claims.isClaimed(run)),
    ahead: (run) => safely(() => claims.ahead(run)),
  };
}

function makeState(directory: string, tools: LeaseTools): State {
  const { connection, place, now } = tools;
  const requests = makeRequests(connection);
  const started = connection.prepare(
    `SELECT json_extract(body, '$.step') AS step, json_extract(body, '$.attempt') AS attempt FROM milestones
     WHERE run = ? AND type = 'step-started' AND json_valid(body) ORDER BY seq`,
  );
  const asked = connection.prepare("SELECT 1 FROM milestones WHERE run = ? AND type = 'gate-opened' LIMIT 1");
  const safely = <T>(work: () => T): T => guarded(place, work);
  return {
    directory,
    driver: DRIVER_PACKAGE,
    createRun: (record) => safely(() => createRun(tools, record)),
    forgetRun: (id) => safely(() => forgetRun(tools, id)),
    runRecord: (id) => safely(() => runRecord(tools, id)),
    updateRecord: (id, update) => safely(() => updateRecord(tools, id, update)),
    listRuns: () => safely(() => listRuns(tools)),
    resolveRun: (text) => safely(() => resolveRun(tools, text)),
    acquire: (id, ask) => acquire(tools, id, ask),
    hasAsked: (id) => safely(() => asked.get(id) !== undefined),
    history: (id, after = 0) => safely(() => history(connection, id, after, place)),
    charges: (runs) => safely(() => chargesIn(connection, runs)),
    verify: (id) => safely(() => verify(connection, id)),
    ask: (run, asking) => safely(() => requests.ask(run, asking)),
    pending: (run) => safely(() => requests.pending(run)),
    done: (id) => safely(() => requests.done(id, new Date(now()).toISOString())),
    openTranscript: (run, step, attempt) => openTranscript(directory, run, step, attempt),
    outputFile: makeOutputFiles(directory),
    keepArtifact: (file, most) => keepArtifact(path.join(directory, 'artifacts'), file, most),
    readArtifact: (sha256, most) => readArtifact(path.join(directory, 'artifacts'), sha256, most),
    logs: (run, step) => {
      const attempts = safely(() => started.all(run)) as { step: StepKey; attempt: number }[];
      const wanted = step === undefined ? attempts : attempts.filter((one) => one.step === step);
      return wanted.map((one) => ({ ...one, files: transcriptFiles(directory, run, one.step, one.attempt) }));
    },
    cached: makeCached(tools, directory),
    claims: guardedClaims(makeClaims(tools), safely),
    removals: makeRemovals(tools, directory),
    travel: makeTravel(tools, directory),
    close: () => {
      connection.close();
    },
  };
}
