/** Looks at what is kept without writing a byte of it: for what runs while somebody is typing. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import type { Milestone } from '../model/event.ts';
import type { RunId } from '../model/ids.ts';
import { loadDriver } from './driver.ts';
import type { LeaseTools } from './lease.ts';
import { history } from './milestones.ts';
import { systemProcesses } from './processes.ts';
import { listRuns, type RunRecord, type RunSummary, resolveRun, runRecord } from './runs.ts';

/** A look at a state directory. Everything throws where the database is not as it should be. */
export interface Glance {
  /** Newest first. */
  listRuns(): readonly RunSummary[];
  /** An id, the beginning of one, `@last` or `@failed`. */
  resolveRun(text: string): RunId | undefined;
  runRecord(id: RunId): RunRecord | undefined;
  /** The steps of a run in the order in which they were first told of, each with the last milestone about how it stands. */
  steps(id: RunId): readonly { readonly step: string; readonly type: string }[];
  history(id: RunId): readonly Milestone[];
  close(): void;
}

/** How long somebody who types waits for another one's write, in milliseconds. */
const BUSY_MS = 50;

/** Opens the state in `directory` for reading; undefined where there is none. */
export async function glanceInto(directory: string): Promise<Glance | undefined> {
  const place = path.join(directory, 'codemachine.db');
  if (!existsSync(place)) return undefined;
  const driver = await loadDriver();
  if (!driver.ok) return undefined;
  // A reader that may not write leaves the files beside the database that it had to make; one that may write takes them away again. So
  // only where another process has made them is the file opened for reading alone.
  const readonly = existsSync(`${place}-wal`);
  const connection = driver.value(place, { readonly, fileMustExist: true, timeout: BUSY_MS });
  connection.pragma('query_only = ON');
  const tools: LeaseTools = { connection, processes: systemProcesses(), now: Date.now, place };
  return {
    listRuns: () => listRuns(tools),
    resolveRun: (text) => {
      const found = resolveRun(tools, text);
      return found.ok ? found.value : undefined;
    },
    runRecord: (id) => runRecord(tools, id),
    steps: (id) => {
      const rows = connection.prepare(STEPS).all(id) as { step: string | null; type: string }[];
      const last = new Map(rows.flatMap(({ step, type }) => (step === null ? [] : [[step, type] as const])));
      return [...last].map(([step, type]) => ({ step, type }));
    },
    history: (id) => history(connection, id, 0, place),
    close: () => {
      connection.close();
    },
  };
}

const STEPS = `SELECT json_extract(body, '$.step') AS step, type FROM milestones
  WHERE run = ? AND type LIKE 'step-%' AND json_valid(body) ORDER BY seq`;
