/** Records what a run was started with, which resume reads instead of today's files. */
import type { RunId } from '../model/ids.ts';
import type { RunStatus } from '../model/progress.ts';
import { err, type JsonObject, ok, type Result } from '../model/result.ts';
import { type LeaseTools, livingOwner, type Owner } from './lease.ts';

/** Everything a run is, before anything happened. Never changed afterwards. */
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

/** What a run was started with. */
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
  return { ...columns, ...(JSON.parse(record) as Omit<RunRecord, keyof typeof columns>) };
}

type SummaryRow = Omit<RunSummary, 'owner' | 'heardAt'> & Parameters<typeof livingOwner>[0];

/** All runs, newest first. */
export function listRuns(tools: LeaseTools): readonly RunSummary[] {
  const rows = tools.connection
    .prepare(
      `SELECT id, name, path, workspace, created_at AS createdAt, status, changed_at AS changedAt,
       run, machine, boot, space, pid, start, by, since, beat
       FROM runs JOIN leases ON run = id ORDER BY created_at DESC, id DESC`,
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
