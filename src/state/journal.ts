/** Commits milestones before anybody hears them. */
import type { Milestone, MilestoneBody } from '../model/event.ts';
import type { Emit } from '../model/ports.ts';
import type { Lease } from './lease.ts';

/** The funnel of one run. */
export interface Journal {
  /** Resolves when the milestone is on the disk and was heard. Once anything went wrong, this and every later one rejects with it. */
  readonly emit: Emit;
  /** Commits what waits; resolves when all of it was heard. */
  flush(): Promise<void>;
  /** Hears every milestone after its commit, in order; the returned function ends that. Must not throw. */
  listen(hear: (milestone: Milestone) => void): () => void;
}

interface Waiting {
  readonly body: MilestoneBody;
  readonly resolve: (milestone: Milestone) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Makes the funnel of a lease. Milestones of one turn of the event loop share one commit, which is what makes a thousand short steps
 * affordable: a commit waits for the disk once, however many rows it has.
 * @param now milliseconds since the epoch
 */
export function journal(lease: Lease, now: () => number): Journal {
  const listeners = new Set<(milestone: Milestone) => void>();
  let waiting: Waiting[] = [];
  let broken: { readonly error: unknown } | undefined;

  const commit = (): void => {
    const batch = waiting;
    waiting = [];
    if (batch.length === 0) return;
    try {
      // A listener may emit again while this batch is heard; what it says goes into the next one, so the order holds.
      if (broken !== undefined) throw broken.error;
      const at = new Date(now()).toISOString();
      const milestones = lease.commit(
        batch.map(({ body }) => body),
        at,
      );
      for (const milestone of milestones) for (const hear of listeners) hear(milestone);
      milestones.forEach((milestone, index) => {
        batch[index]?.resolve(milestone);
      });
    } catch (error) {
      // After a gap nothing may follow: the run in memory would no longer be the one on the disk.
      broken = { error };
      for (const { reject } of batch) reject(error);
    }
  };

  return {
    emit: (body) =>
      new Promise((resolve, reject) => {
        waiting.push({ body, resolve, reject });
        if (waiting.length === 1) setImmediate(commit);
      }),
    flush: async () => {
      while (waiting.length > 0) commit();
      if (broken !== undefined) throw broken.error;
    },
    listen: (hear) => {
      listeners.add(hear);
      return () => listeners.delete(hear);
    },
  };
}
