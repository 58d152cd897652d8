/** Commits milestones before anybody hears them. */
import type { Milestone, MilestoneBody } from '../model/event.ts';
import type { Emit } from '../model/ports.ts';
import type { Lease } from './lease.ts';

/** The funnel of one run. */
export interface Journal {
  /**
   * Resolves when the milestone is stored: the death of the process takes it no more, a power cut may until it was heard.
   * Once anything went wrong, this and every later one rejects with it.
   */
  readonly emit: Emit;
  /** Stores what waits; resolves when the disk has all of it and it was heard. */
  flush(): Promise<void>;
  /** Hears every milestone when the disk has it, in order; the returned function ends that. Must not throw. */
  listen(hear: (milestone: Milestone) => void): () => void;
}

interface Waiting {
  readonly body: MilestoneBody;
  readonly resolve: (milestone: Milestone) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Makes the funnel of a lease. Milestones of one turn of the event loop share one commit, and all that is committed while the disk
 * works shares its next effort: that is what makes a thousand short steps affordable.
 * @param now milliseconds since the epoch
 */
export function journal(lease: Lease, now: () => number): Journal {
  const listeners = new Set<(milestone: Milestone) => void>();
  let waiting: Waiting[] = [];
  let stored: Milestone[] = [];
  let settling: Promise<void> | undefined;
  let broken: { readonly error: unknown } | undefined;

  const store = (): void => {
    const batch = waiting;
    waiting = [];
    if (batch.length === 0) return;
    try {
      if (broken !== undefined) throw broken.error;
      const at = new Date(now()).toISOString();
      const bodies = batch.map(({ body }) => body);
      const milestones = lease.commit(bodies, at);
      stored.push(...milestones);
      settling ??= settle();
      milestones.forEach((milestone, index) => {
        batch[index]?.resolve(milestone);
      });
    } catch (error) {
      // After a gap nothing may follow: the run in memory would no longer be the one on the disk.
      broken ??= { error };
      for (const { reject } of batch) reject(error);
    }
  };

  const settle = async (): Promise<void> => {
    try {
      while (stored.length > 0) {
        const batch = stored;
        stored = [];
        await lease.durable();
        // A listener may emit again while this is heard; what it says comes behind, so the order holds.
        for (const milestone of batch) for (const hear of listeners) hear(milestone);
      }
    } catch (error) {
      broken ??= { error };
    } finally {
      settling = undefined;
    }
  };

  return {
    emit: (body) =>
      new Promise((resolve, reject) => {
        waiting.push({ body, resolve, reject });
        if (waiting.length === 1) setImmediate(store);
      }),
    flush: async () => {
      while (waiting.length > 0 || settling !== undefined) {
        store();
        await settling;
      }
      if (broken !== undefined) throw broken.error;
    },
    listen: (hear) => {
      listeners.add(hear);
      return () => listeners.delete(hear);
    },
  };
}
