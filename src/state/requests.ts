/** Lets processes that do not own a run ask something of the one that does. */
import type { RunId } from '../model/ids.ts';
import type { BroughtDecision, RunRequest } from '../model/ports.ts';
import type { Connection } from './driver.ts';

/** What is asked, and by whom. */
export type Asking = {
  /** Shown to people. */
  readonly by: string;
  /** ISO 8601, UTC. */
  readonly at: string;
} & ({ readonly kind: 'cancel' | 'pause' } | { readonly kind: 'decide'; readonly decision: BroughtDecision });

/** The requests of one database; statements are prepared once, since an owner looks several times a second. */
export interface Requests {
  /** Stores a request; gives its id. */
  ask(run: RunId, asking: Asking): number;
  /** What was asked of the run and is not done, oldest first. */
  pending(run: RunId): readonly RunRequest[];
  /** Marks a request as done: only when what came of it is in the journal, or a crash in between would lose it. */
  done(id: number, at: string): void;
}

/** Makes the door to the table. */
export function makeRequests(connection: Connection): Requests {
  const insert = connection.prepare('INSERT INTO requests (run, kind, body, at, by) VALUES (?, ?, ?, ?, ?)');
  const open = connection.prepare(
    'SELECT id, kind, by, body FROM requests WHERE run = ? AND done IS NULL ORDER BY id',
  );
  const close = connection.prepare('UPDATE requests SET done = ? WHERE id = ? AND done IS NULL');
  return {
    ask: (run, asking) => {
      const body = asking.kind === 'decide' ? JSON.stringify(asking.decision) : '{}';
      return Number(insert.run(run, asking.kind, body, asking.at, asking.by).lastInsertRowid);
    },
    pending: (run) => (open.all(run) as Stored[]).map(requestOf),
    done: (id, at) => {
      close.run(at, id);
    },
  };
}

interface Stored {
  readonly id: number;
  readonly kind: RunRequest['kind'];
  readonly by: string;
  readonly body: string;
}

function requestOf({ id, kind, by, body }: Stored): RunRequest {
  return kind === 'decide'
    ? { id, by, kind, decision: JSON.parse(body) as BroughtDecision }
    : { id, by, kind };
}
