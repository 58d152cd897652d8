/** Says where the worktrees of a run's attempts are. */
import type { Milestone } from '../../model/event.ts';
import type { StepKey } from '../../model/ids.ts';
import type { RunRecord } from '../../state/runs.ts';
import { stepDirectory } from '../../state/transcripts.ts';
import { placeOf, worktreeHome } from '../../workspace/worktree-place.ts';
import { findPlaces } from '../git.ts';
import { locate } from '../place.ts';

/** As far as git can say; whether there is one is not looked at. Undefined for a run without isolated attempts. */
export async function worktreesOf(
  record: Pick<RunRecord, 'id' | 'workspace'> | undefined,
  history: readonly Milestone[],
): Promise<((key: StepKey, attempt: number) => string | undefined) | undefined> {
  const isolated = history.some((one) => one.type === 'step-started' && one.workspace === 'isolated');
  if (record === undefined || !isolated) return undefined;
  const places = await findPlaces(locate({ cwd: record.workspace }, process.env), process.env);
  if (!places.ok || places.value === undefined) return undefined;
  const shared = places.value;
  const home = worktreeHome(shared, process.env);
  if (!home.ok) return undefined;
  return (key, attempt) => placeOf(shared, home.value, record.id, stepDirectory(key, attempt)).places.root;
}
