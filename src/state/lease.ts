/** Gives a run to one process at a time. */
import type { Milestone, MilestoneBody } from '../model/event.ts';
import type { RunId } from '../model/ids.ts';
import type { RunStatus } from '../model/progress.ts';
import { err, ok, type Result } from '../model/result.ts';
import { cacheIndex } from './cached.ts';
import type { Connection } from './driver.ts';
import { emptyHead, type Head, milestoneOf, nextRow, type Row } from './milestones.ts';
import { watchPresence } from './presence.ts';
import { guarded, StateError } from './problem.ts';
import { type Identity, isAlive, type Processes, SILENCE_MS } from './processes.ts';
import { walSync } from './wal-sync.ts';

/** Who owns a run. */
export interface Owner {
  readonly pid: number;
  /** ISO 8601, UTC. */
  readonly since: string;
  /** What it does with the run, as people are told: `run`, `resume`. */
  readonly by: string;
  readonly machine: string;
  /** Set where the owner cannot be looked for from here: when it counts as dead unless it is heard of again. ISO 8601, UTC. */
  readonly presumedDeadAt?: string;
}

/** Why a run cannot be had: it, or another one in the same workspace, has a living owner. */
export interface Refusal {
  readonly run: RunId;
  readonly owner: Owner;
}

/** The right to write a run. Every method throws a StateError of kind `lease-lost` once another process took over. */
export interface Lease {
  readonly run: RunId;
  readonly epoch: number;
  /** Writes milestones in one transaction and gives them as they stand in the journal. `at` is ISO 8601, UTC, with milliseconds. */
  commit(bodies: readonly MilestoneBody[], at: string): readonly Milestone[];
  /** Resolves when the disk has everything that was committed before the call; nothing may be shown sooner. Rejects with a StateError. */
  durable(): Promise<void>;
  /**
   * Tells those that cannot look for this process (in another container) that it lives, as every commit does. To be called every
   * 30 s at least, which leaves room for a few that come late before SILENCE_MS is over.
   */
  beat(): void;
  /** Why nothing that is committed from now on would be found again: the database was taken away under its name. Cheap. */
  gone(): StateError | undefined;
  /** Gives the run back. Says nothing when it was lost already. */
  release(): void;
}

/** How a run is taken. */
export interface Asked {
  readonly by: string;
  /** Only if no other run in the same workspace has a living owner. */
  readonly alone?: boolean;
  /** For the moment of a command that does not go on with the run: when its last real owner gave a sign of life stays known. */
  readonly visit?: boolean;
}

/** What a lease is made with. */
export interface LeaseTools {
  readonly connection: Connection;
  readonly processes: Processes;
  readonly now: () => number;
  /** The database, as errors name it. */
  readonly place: string;
}

interface LeaseRow extends Head {
  readonly run: RunId;
  readonly epoch: number;
  readonly machine: string | null;
  readonly boot: string;
  readonly space: string;
  readonly pid: number;
  readonly start: string;
  readonly by: string;
  readonly since: string;
  readonly beat: number;
}

/** What a milestone makes of its run, for lists of runs. */
export function statusAfter(milestone: MilestoneBody): RunStatus | undefined {
  if (milestone.type === 'run-started' || milestone.type === 'run-resumed') return 'running';
  if (milestone.type === 'run-interrupted') return 'interrupted';
  if (milestone.type === 'run-parked') return 'parked';
  return milestone.type === 'run-finished' ? milestone.status : undefined;
}

/** The living owner that a row of `leases` names. */
export function livingOwner(
  row: Omit<LeaseRow, 'seq' | 'hash' | 'epoch'>,
  tools: LeaseTools,
): Owner | undefined {
  if (row.machine === null) return undefined;
  const identity: Identity = { ...row, machine: row.machine };
  if (!isAlive(identity, row.beat, tools.processes, tools.now())) return undefined;
  const { self } = tools.processes;
  const visible = row.boot === self.boot && row.space === self.space;
  const owner = { pid: row.pid, since: row.since, by: row.by, machine: row.machine };
  return visible ? owner : { ...owner, presumedDeadAt: new Date(row.beat + SILENCE_MS).toISOString() };
}

/**
 * Takes a run that nobody has, or whose owner is dead, by raising its epoch; what the old owner still writes then misses its row.
 * With `alone`, a living owner of another run in the same workspace refuses it too. Two processes at once: one of them gets it.
 * Throws a StateError for a run that is not there.
 */
export function acquire(tools: LeaseTools, run: RunId, ask: Asked): Result<Lease, Refusal> {
  const { connection, processes, now } = tools;
  // IMMEDIATE: nobody else writes between the look at the owner and the raising of the epoch.
  const take = connection.transaction((): Result<LeaseRow, Refusal> => {
    const row = connection.prepare('SELECT * FROM leases WHERE run = ?').get(run) as LeaseRow | undefined;
    // Looked up a moment ago, so whoever clears up was faster.
    if (row === undefined) throw new StateError('lease-lost', `run ${run} has just been removed`);
    for (const other of ask.alone === true ? [row, ...neighbours(connection, run)] : [row]) {
      const owner = livingOwner(other, tools);
      if (owner !== undefined) return err({ run: other.run, owner });
    }
    const at = now();
    const mine = {
      ...processes.self,
      by: ask.by,
      since: new Date(at).toISOString(),
      beat: at,
      run,
      epoch: row.epoch + 1,
    };
    connection
      .prepare(
        `UPDATE leases SET epoch = @epoch, machine = @machine, boot = @boot, space = @space, pid = @pid, start = @start,
         by = @by, since = @since, beat = @beat WHERE run = @run AND epoch = @epoch - 1`,
      )
      .run(mine);
    // Asked of an owner that is gone: whoever goes on with the run has decided that since.
    connection.prepare('UPDATE requests SET done = ? WHERE run = ? AND done IS NULL').run(mine.since, run);
    return ok({ ...row, ...mine });
  });
  const before = ask.visit === true ? beatOf(connection, run) : undefined;
  const taken = guarded(tools.place, () => take.immediate());
  return taken.ok ? ok(makeLease(tools, taken.value, before)) : taken;
}

function beatOf(connection: Connection, run: RunId): number | undefined {
  const beat = connection.prepare('SELECT beat FROM leases WHERE run = ?').pluck().get(run);
  return typeof beat === 'number' ? beat : undefined;
}

function neighbours(connection: Connection, run: RunId): LeaseRow[] {
  return connection
    .prepare(
      `SELECT leases.* FROM leases JOIN runs ON runs.id = leases.run WHERE machine IS NOT NULL AND run <> @run
       AND workspace = (SELECT workspace FROM runs WHERE id = @run)`,
    )
    .all({ run }) as LeaseRow[];
}

function makeLease(tools: LeaseTools, row: LeaseRow, beatBefore: number | undefined): Lease {
  const { connection, place } = tools;
  const { run, epoch } = row;
  let head: Head = row.seq === 0 ? emptyHead(run) : { seq: row.seq, hash: row.hash };
  let released = false;
  const disk = walSync(connection, place);
  const presence = guarded(place, () => watchPresence(place));
  const lost = () => new StateError('lease-lost', lostSentence(run));
  const insert = connection.prepare(
    `INSERT INTO milestones (run, seq, epoch, at, type, body, hash)
     SELECT @run, @seq, @epoch, @at, @type, @body, @hash FROM leases WHERE run = @run AND epoch = @epoch`,
  );
  const moveHead = connection.prepare(
    'UPDATE leases SET seq = ?, hash = ?, beat = ? WHERE run = ? AND epoch = ?',
  );
  const setStatus = connection.prepare('UPDATE runs SET status = ?, changed_at = ? WHERE id = ?');
  const setBeat = connection.prepare('UPDATE leases SET beat = ? WHERE run = ? AND epoch = ?');
  const free = connection.prepare('UPDATE leases SET machine = NULL WHERE run = ? AND epoch = ?');
  const index = cacheIndex(connection);
  const write = connection.transaction((rows: readonly Row[], end: Row, status: RunStatus | undefined) => {
    for (const one of rows) if (insert.run(one).changes !== 1) throw lost();
    rows.forEach(index);
    if (moveHead.run(end.seq, end.hash, tools.now(), run, epoch).changes !== 1) throw lost();
    if (status !== undefined) setStatus.run(status, end.at, run);
  });

  return {
    run,
    epoch,
    commit: (bodies, at) => {
      if (released) throw lost();
      const rows: Row[] = [];
      let status: RunStatus | undefined;
      for (const body of bodies) {
        rows.push(nextRow(run, rows.at(-1) ?? head, epoch, at, body));
        status = statusAfter(body) ?? status;
      }
      const last = rows.at(-1);
      if (last === undefined) return [];
      presence.insist();
      guarded(place, () => write.immediate(rows, last, status));
      head = { seq: last.seq, hash: last.hash };
      return rows.map(milestoneOf);
    },
    durable: async () => {
      await disk.settled();
      presence.insist();
    },
    gone: presence.gone,
    beat: () => {
      if (released || guarded(place, () => setBeat.run(tools.now(), run, epoch)).changes !== 1) throw lost();
    },
    release: () => {
      if (!released && beatBefore !== undefined) guarded(place, () => setBeat.run(beatBefore, run, epoch));
      if (!released) guarded(place, () => free.run(run, epoch));
      released = true;
      disk.close();
    },
  };
}

function lostSentence(run: RunId): string {
  return `another process took over run ${run}, so this one stopped writing to it: \`codemachine status ${run}\` shows how it goes on`;
}
