/** Lists what a run changed in the tree in the end, counted in lines. */
import type { Milestone } from '../../model/event.ts';
import type { RunId } from '../../model/ids.ts';
import type { Lines } from '../../report/ending.ts';
import type { GitWorkspace } from '../../workspace/workspace.ts';
import { timeline } from './timeline.ts';

/** Git reads what is in each of them, and the end of a run is not to wait for that. */
const MOST_FILES = 1000;

/**
 * From the first recording of the run to its last one, as `codemachine diff` shows it: commands change files too, and take away what
 * an agent made. Undefined where that is not recorded, or is there no more, or where there are too many files.
 */
export async function changedLines(
  workspace: GitWorkspace | undefined,
  run: RunId,
  history: readonly Milestone[],
  files: ReadonlySet<string>,
): Promise<Lines | undefined> {
  if (files.size > MOST_FILES) return undefined;
  const recordings = await workspace?.recordings(run);
  if (workspace === undefined || recordings?.ok !== true) return undefined;
  const line = timeline(run, history, recordings.value);
  if (!line.ok) return undefined;
  const { first, lastRecorded } = line.value;
  const changed = await workspace.trees.changes(first, lastRecorded);
  if (!changed.ok) return undefined;
  return changed.value.reduce<Lines>(
    (sum, { path, added, removed }) => ({
      files: [...sum.files, path],
      added: sum.added + (added ?? 0),
      removed: sum.removed + (removed ?? 0),
    }),
    { files: [], added: 0, removed: 0 },
  );
}
