/** Chooses the runs that are kept no longer. */
import type { RunId } from '../model/ids.ts';
import type { TakenOver } from './removal.ts';
import type { RunSummary } from './runs.ts';

/** How long runs are kept; a limit that is not there is none. */
export interface Limits {
  /** Runs that ended longer ago than this go. In milliseconds. */
  readonly ageMs?: number;
  /** So many of the newest stay. */
  readonly runs?: number;
}

/** Why a run that would go stays. */
export interface Kept {
  readonly run: RunId;
  /** The run that took over its results. */
  readonly for: RunId;
}

/** Whether a run is over: one that may go on is nobody's to throw away. */
export function isOver({ status, owner }: Pick<RunSummary, 'status' | 'owner'>): boolean {
  return owner === undefined && (status === 'succeeded' || status === 'failed' || status === 'canceled');
}

/** The runs beyond the limits, oldest first, but for those on which a run stands that stays. `runs` newest first; `now` in milliseconds. */
export function expired(
  runs: readonly RunSummary[],
  limits: Limits,
  takenOver: readonly TakenOver[],
  now: number,
): { readonly go: readonly RunId[]; readonly stay: readonly Kept[] } {
  const beyond = runs.filter((run, rank) => {
    if (!isOver(run)) return false;
    const old = limits.ageMs !== undefined && now - Date.parse(run.changedAt) >= limits.ageMs;
    return old || (limits.runs !== undefined && rank >= limits.runs);
  });
  const go = new Set(beyond.map(({ id }) => id));
  const stay = standingOn(go, takenOver);
  for (const { run } of stay) go.delete(run);
  return { go: [...go].reverse(), stay };
}

/** Those of `go` on which a run stands that does not go, directly or by way of others. */
export function standingOn(go: ReadonlySet<RunId>, takenOver: readonly TakenOver[]): readonly Kept[] {
  const stays = new Map<RunId, RunId>();
  for (;;) {
    const next = takenOver.find(
      ({ run, from }) => go.has(from) && !stays.has(from) && (!go.has(run) || stays.has(run)),
    );
    if (next === undefined) return [...stays].map(([run, by]) => ({ run, for: by }));
    stays.set(next.from, next.run);
  }
}
