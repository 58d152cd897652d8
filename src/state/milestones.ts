/** Keeps milestones as a chain of rows, each holding the hash of the one before it. */
import { createHash } from 'node:crypto';
import { EVENT_VERSION, type Milestone, type MilestoneBody } from '../model/event.ts';
import type { RunId } from '../model/ids.ts';
import { err, type Json, ok, type Result } from '../model/result.ts';
import { canonical } from './canonical.ts';
import type { Connection } from './driver.ts';
import { StateError } from './problem.ts';

/** A row of the journal. */
export interface Row {
  readonly run: RunId;
  readonly seq: number;
  readonly epoch: number;
  readonly at: string;
  readonly type: string;
  /** The milestone body as canonical JSON. */
  readonly body: string;
  readonly hash: string;
}

/** Where a journal ends: 0 and the run id before the first milestone. */
export interface Head {
  readonly seq: number;
  readonly hash: string;
}

/** The first row that is not as it was written, and what is wrong with it. */
export interface Damage {
  readonly seq: number;
  readonly what: string;
}

/** Makes the row that follows `head`. */
export function nextRow(run: RunId, head: Head, epoch: number, at: string, milestone: MilestoneBody): Row {
  const row = {
    run,
    seq: head.seq + 1,
    epoch,
    at,
    type: milestone.type,
    body: canonical(milestone as unknown as Json),
  };
  return { ...row, hash: hashOf(row, head.hash) };
}

/** Makes the milestone that people and folds see. */
export function milestoneOf(row: Row): Milestone {
  const body = JSON.parse(row.body) as MilestoneBody;
  return { v: EVENT_VERSION, seq: row.seq, at: row.at, run: row.run, ...body };
}

/** The end of a journal without rows. */
export function emptyHead(run: RunId): Head {
  return { seq: 0, hash: run };
}

// The body is canonical already and stands in the row as text: parsing it again would forgive an edit that means the same.
function hashOf(row: Omit<Row, 'hash'>, previous: string): string {
  const { at, body, epoch, run, seq, type } = row;
  const rest = canonical({ epoch, previous, run, seq, type }).slice(1);
  return createHash('sha256')
    .update(`{"at":${canonical(at)},"body":${body},${rest}`)
    .digest('hex');
}

const SELECT =
  'SELECT run, seq, epoch, at, type, body, hash FROM milestones WHERE run = ? AND seq > ? ORDER BY seq';

/**
 * The milestones of a run in order, from the one behind `after` on; none for a run that is not there. Throws a StateError for a row
 * that is no JSON.
 */
export function history(
  connection: Connection,
  run: RunId,
  after: number,
  place: string,
): readonly Milestone[] {
  const rows = connection.prepare(SELECT).all(run, after) as Row[];
  return rows.map((row) => {
    try {
      return milestoneOf(row);
    } catch {
      const where = `milestone ${row.seq} of run ${run} in ${place}`;
      throw new StateError(
        'damaged',
        `${where} is damaged: \`codemachine doctor\` says more; restore the state from a backup`,
      );
    }
  });
}

/** Proves that a run's rows are the ones that were written: none missing, none changed, none cut off at the end. */
export function verify(connection: Connection, run: RunId): Result<{ readonly milestones: number }, Damage> {
  const { rows, end } = connection.transaction(() => ({
    // From below 1, where nothing of ours ever stands.
    rows: connection.prepare(SELECT).all(run, Number.MIN_SAFE_INTEGER) as Row[],
    end: connection.prepare('SELECT seq, hash FROM leases WHERE run = ?').get(run) as Head | undefined,
  }))();
  let head = emptyHead(run);
  for (const row of rows) {
    const seq = head.seq + 1;
    if (row.seq > seq) return err({ seq, what: 'is missing' });
    if (row.seq < seq) return err({ seq: row.seq, what: 'was never written' });
    if (hashOf(row, head.hash) !== row.hash) return err({ seq, what: 'is not what was written' });
    head = row;
  }
  if (end !== undefined && end.seq > head.seq)
    return err({ seq: head.seq + 1, what: 'is missing at the end' });
  const written = end === undefined || end.seq === 0 ? emptyHead(run).hash : end.hash;
  if (end !== undefined && (end.seq !== head.seq || written !== head.hash)) {
    return err({ seq: head.seq, what: 'is not what was written' });
  }
  return ok({ milestones: rows.length });
}
