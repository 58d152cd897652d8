/** Says how a run stands whose owner died without a word, as the next resume will record it. */
import { statSync } from 'node:fs';
import { EVENT_VERSION, type Milestone, type MilestoneBody } from '../../model/event.ts';
import { foldAll } from '../../model/fold.ts';
import type { RunId } from '../../model/ids.ts';
import type { State } from '../../state/state.ts';

/** What the dead owner would have said last; nothing for a run that ended, was interrupted in order, or has a living owner. */
export function lastWords(state: State, run: RunId, history: readonly Milestone[]): readonly Milestone[] {
  const progress = foldAll(history);
  const summary = state.listRuns().find(({ id }) => id === run);
  if (progress.status !== 'running' || summary === undefined || summary.owner !== undefined) return [];
  const died = lastHeard(state, run, [progress.lastAt ?? '', summary.heardAt]);
  const running = [...progress.steps.values()].filter(({ status }) => status === 'running');
  const bodies: readonly MilestoneBody[] = [
    ...running.map(({ key, attempt, startedAt }) => ({
      type: 'step-failed' as const,
      ...{ step: key, attempt, final: false },
      'duration-ms': Math.max(0, Date.parse(died) - Date.parse(startedAt ?? died)),
      failure: {
        reason: 'interrupted' as const,
        message: 'the runner ended while this attempt was being made',
      },
    })),
    { type: 'run-interrupted', attempt: progress.attempt, by: 'the death of its process' },
  ];
  return bodies.map((body, index) => ({
    ...{ v: EVENT_VERSION, seq: progress.seq + 1 + index, at: died, run },
    ...body,
  }));
}

/** Nobody knows when it died: not before it was last heard of, by its journal, its sign of life or what a child of it wrote. */
function lastHeard(state: State, run: RunId, known: readonly string[]): string {
  const written = state
    .logs(run)
    .flatMap(({ files }) => files)
    .map(({ path }) => statSync(path, { throwIfNoEntry: false })?.mtime.toISOString() ?? '');
  return [...known, ...written].sort().at(-1) ?? '';
}
