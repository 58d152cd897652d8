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
  /** Calls `then` when everything that was stored so far has been heard; at once where nothing waits for the disk. Must not throw. */
  behind(then: () => void): void;
}

interface Waiting {
  readonly body: MilestoneBody;
  readonly resolve: (milestone: Milestone) => void;
  readonly reject: (error: unknown) => void;
}

/** What the two halves of the funnel share. */
interface Line {
  waiting: Waiting[];
  /** Stored, and not yet known to be on the disk; with what is to be heard behind. */
  stored: (Milestone | (() => void))[];
  settling?: Promise<void> | undefined;
  /** How many wait for the disk now: it does not rest before they have what they wait for. */
  flushing: number;
  /** Ends the rest between two efforts of the disk; there while it lasts. */
  hurry?: (() => void) | undefined;
  broken?: { readonly error: unknown };
  readonly listeners: Set<(milestone: Milestone) => void>;
}

/**
 * The disk rests this long between two efforts, each of which costs as much as a commit: short steps commit hundreds of times in a
 * second, and with 5 ms instead a run of a thousand steps takes 4 % longer. Nobody sees anything later than that, and whoever
 * waits for the disk does not wait for it.
 */
const REST_MS = 40;

/**
 * Makes the funnel of a lease. Milestones of one turn of the event loop share one commit, and all that is committed while the disk
 * works shares its next effort: that is what makes a thousand short steps affordable.
 * @param now milliseconds since the epoch
 */
export function journal(lease: Lease, now: () => number): Journal {
  const line: Line = { waiting: [], stored: [], flushing: 0, listeners: new Set() };
  const work = (): void => store(line, lease, now);
  return {
    emit: (body) =>
      new Promise((resolve, reject) => {
        line.waiting.push({ body, resolve, reject });
        if (line.waiting.length === 1) setImmediate(work);
      }),
    flush: async () => {
      line.flushing += 1;
      while (line.waiting.length > 0 || line.settling !== undefined) {
        work();
        line.hurry?.();
        await line.settling;
      }
      line.flushing -= 1;
      if (line.broken !== undefined) throw line.broken.error;
    },
    listen: (hear) => {
      line.listeners.add(hear);
      return () => line.listeners.delete(hear);
    },
    behind: (then) => {
      if (line.settling === undefined) then();
      else line.stored.push(then);
    },
  };
}

function store(line: Line, lease: Lease, now: () => number): void {
  const batch = line.waiting;
  line.waiting = [];
  if (batch.length === 0) return;
  try {
    if (line.broken !== undefined) throw line.broken.error;
    const at = new Date(now()).toISOString();
    const bodies = batch.map(({ body }) => body);
    const milestones = lease.commit(bodies, at);
    line.stored.push(...milestones);
    line.settling ??= settle(line, lease);
    milestones.forEach((milestone, index) => {
      batch[index]?.resolve(milestone);
    });
  } catch (error) {
    // After a gap nothing may follow: the run in memory would no longer be the one on the disk.
    line.broken ??= { error };
    for (const { reject } of batch) reject(error);
  }
}

async function settle(line: Line, lease: Lease): Promise<void> {
  try {
    while (line.stored.length > 0) {
      const batch = line.stored;
      line.stored = [];
      await lease.durable();
      // A listener may emit again while this is heard; what it says comes behind, so the order holds.
      for (const one of batch) {
        if (typeof one === 'function') one();
        else for (const hear of line.listeners) hear(one);
      }
      await rest(line);
    }
  } catch (error) {
    line.broken ??= { error };
  } finally {
    line.settling = undefined;
  }
}

function rest(line: Line): Promise<void> {
  if (line.flushing > 0) return Promise.resolve();
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      line.hurry = undefined;
      resolve();
    };
    const timer = setTimeout(end, REST_MS);
    line.hurry = end;
  });
}
