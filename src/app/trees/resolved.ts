/** Finds out what became of changes that collided, before a run goes on. */

import { clashLine } from '../../model/clash.ts';
import type { Milestone } from '../../model/event.ts';
import { fileName, fileNames } from '../../model/file-name.ts';
import { foldAll } from '../../model/fold.ts';
import { isDecided } from '../../model/fold-loops.ts';
import { asStepKey, type RunId } from '../../model/ids.ts';
import { isUnmerged, type Progress, type StepProgress } from '../../model/progress.ts';
import { err, ok, type Result } from '../../model/result.ts';
import { oneLine } from '../../report/clean.ts';
import { quoted } from '../../report/words.ts';
import type { MergedByHand } from '../../run/by-hand.ts';
import { nearest } from '../../workflow/suggest.ts';
import type { Marker } from '../../workspace/markers.ts';
import type { KeptRecording } from '../../workspace/recordings.ts';
import type { GitWorkspace } from '../../workspace/workspace.ts';
import { type Refusal, refuse } from '../refusal.ts';
import type { NamedAttempt } from './attempt-name.ts';
import { type Collision, collidedWith, collision } from './collision.ts';
import { besideLeft, takeMoves, undecided } from './undecided.ts';

/** A run that is about to go on. */
export interface GoingOn {
  readonly run: RunId;
  readonly history: readonly Milestone[];
  readonly workspace: GitWorkspace | undefined;
  /** The steps whose changes a person says to have merged. */
  readonly resolved: readonly string[];
}

/**
 * The changes that a person merged, as the run is to take them. Refused where one of the named steps has none to merge, and where
 * markers stand in a file in which any step's change collided: neither the next attempt nor the next step is to build on those.
 */
export async function lookAtResolved({
  run,
  history,
  workspace,
  resolved,
}: GoingOn): Promise<Result<readonly MergedByHand[], Refusal>> {
  const progress = foldAll(history);
  const collided = [...progress.steps.values()].filter((step) => isOpen(progress, step));
  for (const name of resolved) {
    const fits = collided.some(({ key }) => key === name);
    if (!fits) return noConflict(run, progress, collided, name);
  }
  if (collided.length === 0) return ok([]);
  if (workspace === undefined)
    return resolved.length === 0 ? ok([]) : refuse(`there is no git here, and so no change of run ${run}`);
  // Before the tree is recorded for this.
  const before = await workspace.recordings(run);
  if (!before.ok) return err(before.error);
  const now = await workspace.record(run, 'resume.found');
  if (!now.ok) return err(now.error);
  const looking = { run, workspace, recordings: before.value, now: now.value.tree };
  const merged: MergedByHand[] = [];
  for (const step of collided) {
    const named = resolved.includes(step.key);
    const looked = await look(looking, step, named);
    if (!looked.ok) return looked;
    if (named) merged.push(looked.value);
  }
  return ok(merged);
}

/** Whether a resume decides anew about a step whose change did not merge. */
function isOpen({ steps }: Progress, step: StepProgress): boolean {
  return isUnmerged(step) && !isDecided(steps, step.key);
}

function noConflict(
  run: RunId,
  { steps }: Progress,
  collided: readonly StepProgress[],
  name: string,
): Result<never, Refusal> {
  const keys = collided.map(({ key }) => key);
  const step = steps.get(asStepKey(name));
  const what =
    step === undefined
      ? `run ${run} has no step ${oneLine(name, WIDEST)} that has started`
      : `step ${name} of run ${run} has no merge conflict: it is ${step.status}`;
  const meant = step === undefined ? nearest(name, [...steps.keys()]) : undefined;
  if (meant !== undefined) return refuse(what, `did you mean \`${meant}\`?`);
  return refuse(
    what,
    keys.length === 0
      ? `no step of it has one: \`codemachine status ${run}\` shows how it stands`
      : `those that have: ${keys.join(', ')}`,
  );
}

interface Looking {
  readonly run: RunId;
  readonly workspace: GitWorkspace;
  readonly recordings: readonly KeptRecording[];
  /** The tree as it is. */
  readonly now: string;
}

async function look(
  looking: Looking,
  step: StepProgress,
  resolved: boolean,
): Promise<Result<MergedByHand, Refusal>> {
  const { run, workspace, now, recordings } = looking;
  const of: NamedAttempt = { step, attempt: step.attempt, trees: step.trees[step.attempt] };
  const { before, after } = of.trees ?? {};
  const ours = collidedWith(recordings, of);
  if (before === undefined || after === undefined || ours === undefined)
    return resolved
      ? refuse(
          `the recordings of ${step.key} of run ${run} are gone from the repository`,
          `\`codemachine retry ${run}\` starts a new run`,
        )
      : ok(nothing(step, now));
  const conflict = await collision({ run, workspace }, of);
  if (!conflict.ok) return conflict;
  const files = conflict.value?.files ?? [];
  const left = files.length === 0 ? ok([]) : await workspace.trees.markers(now, files, [ours, after]);
  if (!left.ok) return err(left.error);
  if (left.value.length > 0) return markersLeft(looking, step, left.value, resolved);
  const open = conflict.value === undefined ? undefined : await openIn(looking, of, conflict.value, resolved);
  if (open !== undefined) return err(open);
  return resolved ? mergedAs(looking, of, [...files], { before, after, ours }) : ok(nothing(step, now));
}

/** What a person has not decided yet of a change that collided, beside what markers tell of. */
async function openIn(
  { run, workspace, now }: Looking,
  { step: { key }, trees }: NamedAttempt,
  { ours: shared, tree, clashes }: Collision,
  resolved: boolean,
): Promise<Refusal | undefined> {
  const again = `\`codemachine resume ${run} --resolved ${quoted(key)}\``;
  const beside = await besideLeft(workspace, { clashes, shared, now });
  if (!beside.ok) return beside.error;
  if (beside.value.length > 0)
    return {
      message: `the merge of the change of \`${key}\` put files beside their places, and they still stand there: ${fileNames(beside.value, MOST)}`,
      help: `move each to where it is to be, or remove it, then ${again}`,
    };
  if (!resolved) return undefined;
  const merged = trees?.applied?.conflicts === true ? tree : undefined;
  const open = await undecided(workspace, { clashes, shared, merged, now, taken: trees?.taken ?? [] });
  if (!open.ok) return open.error;
  if (open.value.length === 0) return undefined;
  const lines = open.value.map((clash) => `  ${clashLine(clash)}`);
  return {
    message: `nobody has decided yet what is to become of this, where the change of \`${key}\` collided:\n${lines.join('\n')}`,
    help: `change it in the checkout, or choose a side: ${takeMoves({ run, root: workspace.root }, key, open.value)}; then ${again}`,
  };
}

function nothing({ key, attempt }: StepProgress, now: string): MergedByHand {
  return { step: key, attempt, from: now, tree: now, files: [] };
}

/**
 * What is there now, against the same with the change's own files as they were when it collided: what else has become of the tree
 * since is not the step's.
 */
async function mergedAs(
  { run, workspace, now }: Looking,
  { step, attempt }: NamedAttempt,
  conflicts: readonly string[],
  { before, after, ours }: { readonly before: string; readonly after: string; readonly ours: string },
): Promise<Result<MergedByHand, Refusal>> {
  const change = await workspace.changed(before, after);
  if (!change.ok) return err(change.error);
  const paths = [...new Set([...change.value, ...conflicts])];
  if (paths.length === 0) return ok(nothing(step, now));
  const label = `${step.key}.${attempt}.without`;
  const from = await workspace.trees.pick({ run, label, from: now, to: ours, paths });
  if (!from.ok) return err(from.error);
  const files = await workspace.changed(from.value, now);
  if (!files.ok) return err(files.error);
  return ok({ step: step.key, attempt, from: from.value, tree: now, files: files.value });
}

const MOST = 10;
const WIDEST = 160;

function markersLeft(
  { run, recordings }: Looking,
  { key }: StepProgress,
  left: readonly Marker[],
  resolved: boolean,
): Result<never, Refusal> {
  const places = left.slice(0, MOST).map(({ path, line }) => `${fileName(path)}:${line}`);
  const more = left.length > MOST ? ` and ${left.length - MOST} more` : '';
  const what = `conflict markers stand in the checkout, where the change of \`${key}\` collided: ${places.join(', ')}${more}`;
  const goOn = `\`codemachine resume ${run} --resolved ${quoted(key)}\``;
  if (resolved) return refuse(what, `decide there, then ${goOn} again`);
  const put = recordings.findLast(({ label }) => label === 'apply.found')?.number;
  const away =
    put === undefined ? 'take them out' : `\`codemachine restore ${run} --to ${put}\` takes them out`;
  return refuse(
    what,
    `decide there, then ${goOn} goes on with that; or ${away}, and \`codemachine resume ${run}\` makes the step again`,
  );
}
