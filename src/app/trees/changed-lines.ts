/** Counts the lines that a run changed in files of the tree. */
import type { Milestone } from '../../model/event.ts';
import type { RunId } from '../../model/ids.ts';
import type { Lines } from '../../report/ending.ts';
import type { GitWorkspace } from '../../workspace/workspace.ts';
import { timeline } from './timeline.ts';

/** Git reads what is in each of them, and the end of a run is not to wait for that. */
const MOST_FILES = 1000;

/** From the first recording of the run to its last one; undefined where that is not recorded, or is there no more, or where there are too many files. Edits of others in other files are none of its. */
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
  const own = changed.value.filter(({ path, from = path }) => files.has(path) || files.has(from));
  return own.reduce<Lines>(
    (sum, one) => ({ added: sum.added + (one.added ?? 0), removed: sum.removed + (one.removed ?? 0) }),
    { added: 0, removed: 0 },
  );
}
