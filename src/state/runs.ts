/** Records what a run was started with, which resume reads instead of today's files. */
import type { RunId } from '../model/ids.ts';
import type { RunStatus } from '../model/progress.ts';
import { err, type JsonObject, ok, type Result } from '../model/result.ts';
import { type LeaseTools, livingOwner, type Owner } from './lease.ts';

/** Everything a run is, before anything happened. Changed afterwards only by an update, which keeps what was before it. */
export interface RunRecord {
  readonly id: RunId;
  /** The workflow's name. */
  readonly name: string;
  /** The workflow file, as people are shown it. */
  readonly path: string;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  /** Of the workflow file, hex. */
  readonly sha256: string;
  /** The workflow file's text and those of the files it is made of, by path. */
  readonly files: Readonly<Record<string, string>>;
  readonly config: JsonObject;
  readonly inputs: JsonObject;
  /** What flags said: `only`, `skip`, `failFast`, `maxParallel`, `record`, `replay`. */
  readonly options: JsonObject;
  readonly git?: { readonly sha: string; readonly branch: string; readonly dirty: boolean };
  /** The root of the tree the run works in, absolute. */
  readonly workspace: string;
  /** Whatever else has to be known at resume. */
  readonly extras?: JsonObject;
}

/** What a run goes on with instead of what it was started with. */
export type RecordUpdate = Pick<RunRecord, 'name' | 'sha256' | 'files' | 'config' | 'inputs' | 'extras'>;

/** One line of a list of runs. */
export interface RunSummary {
  readonly id: RunId;
  readonly name: string;
  readonly path: string;
  readonly workspace: string;
  readonly createdAt: string;
  /** A run that is recorded as running, and has no living owner, is `interrupted`. */
  readonly status: RunStatus;
  /** When the run last changed its status: for an ended run, when it ended. */
  readonly changedAt: string;
  /** When its owner gave the last sign of life, or it was created. ISO 8601, UTC. */
  readonly heardAt: string;
  /** The run whose results it took over. */
  readonly retryOf?: RunId;
  /** The living owner, if there is one. */
  readonly owner?: Owner;
}

/** Stores a run. False when the id is taken: make another one. */
export function createRun(tools: LeaseTools, record: RunRecord): boolean {
  const { connection } = tools;
  const { id, name, path, workspace, createdAt, ...rest } = record;
  return connection
    .transaction(() => {
      const added = connection
        .prepare(
          `INSERT INTO runs (id, name, path, workspace, created_at, changed_at) VALUES (?, ?, ?, ?, ?, ?)
           ON CONFLICT (id) DO NOTHING`,
        )
        .run(id, name, path, workspace, createdAt, createdAt);
      if (added.changes === 0) return false;
      connection.prepare('INSERT INTO records (run, record) VALUES (?, ?)').run(id, JSON.stringify(rest));
      connection.prepare('INSERT INTO leases (run, hash) VALUES (?, ?)').run(id, id);
      return true;
    })
    .immediate();
}

/** Takes back a run that never began, with all its rows. One that has a milestone stays. */
export function forgetRun({ connection }: LeaseTools, id: RunId): void {
  connection
    .prepare('DELETE FROM runs WHERE id = @id AND NOT EXISTS (SELECT 1 FROM milestones WHERE run = @id)')
    .run({ id });
}

/**
 * Notes what a run is going to go on with. It holds from the `run-resumed` of that attempt on, if that one says that it was updated:
 * until then, and where it never comes to that, the run is what it was.
 */
export function updateRecord(
  { connection }: LeaseTools,
  id: RunId,
  update: { readonly attempt: number; readonly with: RecordUpdate },
): void {
  connection
    .prepare(
      `UPDATE records SET record = json_set(record, '$.updates."' || @attempt || '"', json(@with)) WHERE run = @id`,
    )
    .run({ id, attempt: String(update.attempt), with: JSON.stringify(update.with) });
}

const NEWEST_UPDATE = `SELECT json_extract(body, '$.attempt') FROM milestones WHERE run = ? AND type = 'run-resumed'
  AND json_extract(body, '$.sha256') IS NOT NULL ORDER BY seq DESC LIMIT 1`;

/** What a run was started with, or what it was updated to since. */
export function runRecord({ connection }: LeaseTools, id: RunId): RunRecord | undefined {
  const row = connection
    .prepare(
      `SELECT id, name, path, workspace, created_at AS createdAt, record FROM runs JOIN records ON run = id WHERE id = ?`,
    )
    .get(id) as
    | (Pick<RunRecord, 'id' | 'name' | 'path' | 'workspace' | 'createdAt'> & { record: string })
    | undefined;
  if (row === undefined) return undefined;
  const { record, ...columns } = row;
  const { updates, ...first } = JSON.parse(record) as Omit<RunRecord, keyof typeof columns> & {
    updates?: Readonly<Record<string, RecordUpdate>>;
  };
  const attempt = connection.prepare(NEWEST_UPDATE).pluck().get(id) as number | undefined;
  return { ...columns, ...first, ...(attempt === undefined ? {} : updates?.[attempt]) };
}

type SummaryRow = Omit<RunSummary, 'owner' | 'heardAt' | 'retryOf'> & {
  readonly retryOf: RunId | null;
} & Parameters<typeof livingOwner>[0];

/** All runs, newest first. */
export function listRuns(tools: LeaseTools): readonly RunSummary[] {
  const rows = tools.connection
    .prepare(
      `SELECT id, name, path, workspace, created_at AS createdAt, status, changed_at AS changedAt,
       leases.run, machine, boot, space, pid, start, by, since, beat,
       json_extract(body, '$."retry-of"') AS retryOf
       FROM runs JOIN leases ON leases.run = id
       LEFT JOIN milestones AS opening ON opening.run = id AND opening.seq = 1 AND json_valid(body)
       ORDER BY created_at DESC, id DESC`,
    )
    .all() as SummaryRow[];
  return rows.map((row) => {
    const { id, name, path, workspace, createdAt, changedAt } = row;
    const owner = livingOwner(row, tools);
    const status = row.status === 'running' && owner === undefined ? 'interrupted' : row.status;
    return {
      id,
      name,
      path,
      workspace,
      createdAt,
      changedAt,
      status,
      ...(row.retryOf === null ? {} : { retryOf: row.retryOf }),
      heardAt: new Date(Math.max(row.beat, Date.parse(createdAt))).toISOString(),
      ...(owner === undefined ? {} : { owner }),
    };
  });
}

/** How many runs are named where one could not be chosen. */
const NAMED = 5;

/**
 * Finds the run that a person means: its id, the beginning of it that no other run shares, `@last`, or `@failed` (the newest that
 * failed). The error is a sentence.
 */
export function resolveRun({ connection }: LeaseTools, text: string): Result<RunId, string> {
  const find = (where: string, ...values: readonly string[]) =>
    connection
      .prepare(`SELECT id FROM runs ${where} ORDER BY created_at DESC, id DESC LIMIT ${NAMED + 1}`)
      .pluck()
      .all(...values) as RunId[];
  if (text === '@last' || text === '@failed') {
    const [newest] = text === '@last' ? find('') : find("WHERE status = 'failed'");
    if (newest !== undefined) return ok(newest);
    return err(
      text === '@last'
        ? 'there is no run yet: start one with `codemachine run`'
        : 'no run has failed: `codemachine runs` lists them all',
    );
  }
  const [exact] = find('WHERE id = ?', text);
  if (exact !== undefined) return ok(exact);
  // substr, because LIKE and GLOB would read wildcards in what was typed.
  const [first, ...others] = text === '' ? [] : find('WHERE substr(id, 1, length(?)) = ?', text, text);
  if (first !== undefined && others.length === 0) return ok(first);
  if (first !== undefined)
    return err(`\`${text}\` begins several runs: ${named([first, ...others])}; type more of it`);
  const alike = text === '' ? [] : find('WHERE instr(id, ?) > 0', text);
  if (alike.length > 0) return err(`no run begins with \`${text}\`; did you mean ${named(alike)}?`);
  const newest = find('');
  const hint = newest.length === 0 ? 'there is none yet' : `the newest: ${named(newest)}`;
  return err(`no run begins with \`${text}\`; ${hint}`);
}

function named(ids: readonly string[]): string {
  return ids.slice(0, NAMED).join(', ') + (ids.length > NAMED ? ', …' : '');
}
