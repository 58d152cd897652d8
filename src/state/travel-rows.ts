/** Writes the rows of a run to files, to be read into another database. */
import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import type { MilestoneBody } from '../model/event.ts';
import { foldAll } from '../model/fold.ts';
import type { RunId } from '../model/ids.ts';
import type { JsonObject } from '../model/result.ts';
import { BundleError } from './bundle-cipher.ts';
import type { Manifest } from './bundle-manifest.ts';
import type { Connection } from './driver.ts';
import { type LeaseTools, statusAfter } from './lease.ts';
import { emptyHead, milestoneOf, type Row, verify } from './milestones.ts';

/** A run as it travels: the columns of `runs` that are true everywhere, and its record as it is stored. */
export interface CarriedRun {
  readonly id: RunId;
  readonly name: string;
  readonly path: string;
  readonly workspace: string;
  readonly createdAt: string;
  readonly record: JsonObject;
}

/** What the database has of a run but for its milestones. */
export function carriedRun(connection: Connection, run: RunId): CarriedRun {
  const row = connection
    .prepare(
      'SELECT id, name, path, workspace, created_at AS createdAt, record FROM runs JOIN records ON run = id WHERE id = ?',
    )
    .get(run) as Omit<CarriedRun, 'record'> & { readonly record: string };
  return { ...row, record: JSON.parse(row.record) as JsonObject };
}

/** The last milestone of a run. */
export function endOf(connection: Connection, run: RunId): Manifest['end'] {
  const last = connection
    .prepare('SELECT seq, hash FROM milestones WHERE run = ? ORDER BY seq DESC LIMIT 1')
    .get(run);
  return (last ?? emptyHead(run)) as Manifest['end'];
}

type Line = Omit<Row, 'run'>;

/** So much is written, or read, at once. */
const PIECE = 1024 * 1024;

/** Writes the journal of a run, a milestone a line. */
export function writeMilestones(connection: Connection, run: RunId, file: string): void {
  const rows = connection
    .prepare('SELECT seq, epoch, at, type, body, hash FROM milestones WHERE run = ? ORDER BY seq')
    .iterate(run) as IterableIterator<Line>;
  const descriptor = openSync(file, 'wx', 0o600);
  let waiting = '';
  const give = (): void => {
    const bytes = Buffer.from(waiting);
    for (let done = 0; done < bytes.length; ) done += writeSync(descriptor, bytes, done);
    waiting = '';
  };
  try {
    for (const row of rows) {
      waiting += `${JSON.stringify(row)}\n`;
      if (waiting.length > PIECE) give();
    }
    give();
  } finally {
    closeSync(descriptor);
  }
}

/** What is to be put into the database. */
export interface Coming {
  readonly run: CarriedRun;
  /** The file of its journal. */
  readonly milestones: string;
  readonly end: Manifest['end'];
}

/**
 * Makes the run known here, whole or not at all, as one that nobody owns. Throws a BundleError where its journal is not as it was
 * written, or says what no program of ours can have written.
 */
export function insertRun(tools: LeaseTools, { run, milestones, end }: Coming): void {
  const { connection } = tools;
  const { id, name, path, workspace, createdAt, record } = run;
  connection
    .transaction(() => {
      // Gone where somebody has cleared up meanwhile, or another import was faster.
      if (connection.prepare('DELETE FROM removals WHERE run = ?').run(id).changes === 0)
        throw new BundleError('what had come of it was taken away meanwhile', 'import it once more');
      connection
        .prepare(
          'INSERT INTO runs (id, name, path, workspace, created_at, changed_at) VALUES (?, ?, ?, ?, ?, ?)',
        )
        .run(id, name, path, workspace, createdAt, createdAt);
      connection.prepare('INSERT INTO records (run, record) VALUES (?, ?)').run(id, JSON.stringify(record));
      const { epoch, changed } = insertMilestones(connection, id, milestones);
      connection
        .prepare('INSERT INTO leases (run, epoch, seq, hash) VALUES (?, ?, ?, ?)')
        .run(id, epoch, end.seq, end.hash);
      if (changed !== undefined)
        connection
          .prepare('UPDATE runs SET status = ?, changed_at = ? WHERE id = ?')
          .run(changed.status, changed.at, id);
      const whole = verify(connection, id);
      if (!whole.ok)
        throw new BundleError(
          `milestone ${whole.error.seq} of run ${id} in it ${whole.error.what}`,
          'export the run once more, from a state of which `codemachine doctor` says nothing bad',
        );
      readable(connection, id);
    })
    .immediate();
}

/** Not put into the index of the cache: what a file says is no result that other runs may take. */
function insertMilestones(connection: Connection, run: RunId, file: string) {
  const insert = connection.prepare(
    'INSERT INTO milestones (run, seq, epoch, at, type, body, hash) VALUES (@run, @seq, @epoch, @at, @type, @body, @hash)',
  );
  let epoch = 0;
  let seq = 0;
  let changed: { readonly status: string; readonly at: string } | undefined;
  for (const text of linesOf(file)) {
    const row = { ...lineOf(text), run };
    if (row.seq !== seq + 1 || row.epoch < epoch)
      throw new BundleError(`milestone ${seq + 1} of run ${run} in it is missing`);
    ({ seq, epoch } = row);
    insert.run(row);
    const status = statusAfter(bodyOf(row));
    if (status !== undefined) changed = { status, at: row.at };
  }
  return { epoch, changed };
}

function lineOf(text: string): Line {
  try {
    const { seq, epoch, at, type, body, hash } = JSON.parse(text) as Readonly<Record<string, unknown>>;
    const texts = [at, type, body, hash].every((one) => typeof one === 'string');
    if (
      texts &&
      Number.isSafeInteger(seq) &&
      Number.isSafeInteger(epoch) &&
      !Number.isNaN(Date.parse(at as string))
    )
      return { seq, epoch, at, type, body, hash } as Line;
  } catch {
    // Said below.
  }
  throw new BundleError('a line of its journal is no milestone');
}

/** What every milestone has comes from its row alone. */
function bodyOf(row: Row): MilestoneBody {
  try {
    const body = JSON.parse(row.body) as MilestoneBody;
    if (body.type === row.type && !['v', 'seq', 'at', 'run'].some((key) => key in body)) return body;
  } catch {
    // Said below.
  }
  throw new BundleError(`milestone ${row.seq} of run ${row.run} in it is none`);
}

/** A journal whose hashes are right may still make no sense, and everything that looks at the run would find that. */
function readable(connection: Connection, run: RunId): void {
  const rows = connection.prepare('SELECT * FROM milestones WHERE run = ? ORDER BY seq').all(run) as Row[];
  try {
    if (foldAll(rows.map(milestoneOf)).status !== 'new') return;
  } catch {
    // Said below.
  }
  throw new BundleError(`what its journal says of run ${run} makes no sense to this version of codemachine`);
}

function* linesOf(file: string): Iterable<string> {
  const descriptor = openSync(file, 'r');
  try {
    const piece = Buffer.alloc(PIECE);
    let rest = Buffer.alloc(0);
    for (;;) {
      const read = readSync(descriptor, piece, 0, PIECE, null);
      if (read === 0) break;
      rest = Buffer.concat([rest, piece.subarray(0, read)]);
      let from = 0;
      for (let end = rest.indexOf(10); end !== -1; end = rest.indexOf(10, from)) {
        yield rest.toString('utf8', from, end);
        from = end + 1;
      }
      rest = rest.subarray(from);
    }
    if (rest.length > 0) yield rest.toString('utf8');
  } finally {
    closeSync(descriptor);
  }
}
