/** Knows of the other runs in a checkout: who has worked there since, whose attempt there has no recorded end. */
import { foldAll } from '../../model/fold.ts';
import type { RunId } from '../../model/ids.ts';
import type { Progress, StepProgress } from '../../model/progress.ts';
import { quoted } from '../../report/words.ts';
import type { RunRecord, RunSummary } from '../../state/runs.ts';
import type { State } from '../../state/state.ts';

/** The runs of a checkout that have done something after a moment (ISO 8601, UTC), newest first. One that never began has not. */
export function othersSince(
  state: State,
  { id, workspace }: Pick<RunRecord, 'id' | 'workspace'>,
  at: string,
): readonly RunId[] {
  return others(state, id, workspace)
    .filter(({ createdAt, changedAt }) => createdAt > at || changedAt > at)
    .map((one) => one.id);
}

/** How many journals are read before a run starts, at most. */
const MOST_READ = 5;

/** That a run which died has left edits in the checkout in which another starts; undefined where none has. */
export function cutOffSentence(
  state: State,
  { id, workspace }: Pick<RunRecord, 'id' | 'workspace'>,
): string | undefined {
  const all = others(state, id, workspace);
  // What a retry takes over is settled by that.
  const retried = new Set(all.map(({ retryOf }) => retryOf));
  const dead = all.filter((one) => one.status === 'interrupted' && !retried.has(one.id));
  for (const { id: run } of dead.slice(0, MOST_READ)) {
    const step = leftOpen(foldAll(state.history(run)));
    if (step === undefined) continue;
    return `run ${run} was cut off in \`${step.key}\` (attempt ${step.attempt}), and what that changed may still be in this tree: go on with \`codemachine resume ${run}\`, or put the tree back with \`codemachine restore ${run} ${quoted(`${step.key}.${step.attempt}`)} --before\``;
  }
  return undefined;
}

function leftOpen({ steps }: Progress): StepProgress | undefined {
  return [...steps.values()].find(({ status, trees, attempt }) => {
    const own = trees[attempt];
    if (own?.before === undefined || status === 'succeeded') return false;
    return own.after === undefined && !own.undone && own.isolated !== true && own.kept !== true;
  });
}

function others(state: State, id: RunId, workspace: string): readonly RunSummary[] {
  return state
    .listRuns()
    .filter((one) => one.workspace === workspace && one.id !== id && one.status !== 'new');
}
