/** Gives names to one process at a time, in the order in which they are asked for. */
import type { RunId, StepKey } from '../model/ids.ts';
import type { LeaseTools } from './lease.ts';
import { type Identity, isAlive } from './processes.ts';

/** Who asked for a name. */
export interface Claimant {
  readonly run: RunId;
  /** Of a name that a step takes; a run takes a name for itself where it is not there. */
  readonly step?: StepKey;
}

/** A place in the line for a name. */
export interface Claim {
  /** Those who asked before and still live, oldest first: the name is ours where there is none. Says that we live, too. */
  before(): readonly Claimant[];
  /** Gives the place up, or the name. */
  release(): void;
}

/** The names of one state directory. */
export interface Claims {
  /** Asks for a name; who dies gives it up. */
  claim(name: string, by: Claimant): Claim;
  /** Whether a living process waits for its turn to begin the run, or runs it. */
  isClaimed(run: RunId): boolean;
  /** The runs that are before it in the line in which a living process waits for its turn; undefined where none waits. */
  ahead(run: RunId): readonly RunId[] | undefined;
}

interface Row extends Identity {
  readonly id: number;
  readonly name: string;
  readonly run: RunId;
  readonly step: StepKey | '';
  readonly beat: number;
}

/** Others must hear of a living process at least this often, in milliseconds; far less than the silence after which it counts as dead. */
const BEAT_MS = 5_000;

/** Makes the door to the table. */
export function makeClaims({ connection, processes, now }: LeaseTools): Claims {
  const insert = connection.prepare(
    `INSERT INTO claims (name, run, step, machine, boot, space, pid, start, beat)
     VALUES (@name, @run, @step, @machine, @boot, @space, @pid, @start, @beat)`,
  );
  // Whoever holds a name while it runs says by its lease that it lives.
  const columns = `claims.id, claims.name, claims.run, claims.step, claims.machine, claims.boot, claims.space, claims.pid, claims.start,
    max(claims.beat, CASE WHEN leases.pid = claims.pid THEN coalesce(leases.beat, 0) ELSE 0 END) AS beat`;
  const ahead = connection.prepare(
    `SELECT ${columns} FROM claims JOIN leases ON leases.run = claims.run WHERE name = ? AND id < ? ORDER BY id`,
  );
  const ofRun = connection.prepare(
    `SELECT ${columns} FROM claims JOIN leases ON leases.run = claims.run WHERE claims.run = ? AND claims.step = ''`,
  );
  const remove = connection.prepare('DELETE FROM claims WHERE id = ?');
  const setBeat = connection.prepare('UPDATE claims SET beat = ? WHERE id = ?');
  const lives = (row: Row): boolean => isAlive(row, row.beat, processes, now());
  return {
    claim: (name, { run, step = '' }) => {
      let beat = now();
      const id = Number(insert.run({ ...processes.self, name, run, step, beat }).lastInsertRowid);
      return {
        before: () => {
          if (now() - beat >= BEAT_MS) {
            beat = now();
            setBeat.run(beat, id);
          }
          return (ahead.all(name, id) as Row[]).flatMap((row) => {
            if (lives(row)) return [{ run: row.run, ...(row.step === '' ? {} : { step: row.step }) }];
            remove.run(row.id);
            return [];
          });
        },
        release: () => {
          remove.run(id);
        },
      };
    },
    isClaimed: (run) => (ofRun.all(run) as Row[]).some(lives),
    ahead: (run) => {
      const own = (ofRun.all(run) as Row[]).find(lives);
      if (own === undefined) return undefined;
      const before = (ahead.all(own.name, own.id) as Row[]).filter(lives);
      return [...new Set(before.map((row) => row.run))];
    },
  };
}
