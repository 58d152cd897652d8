/** Takes one side of files in which the change of an attempt collides. */
import { type Clash, clashNames, type Side } from '../../model/clash.ts';
import { EXIT, type ExitCode } from '../../model/exit.ts';
import { fileName } from '../../model/file-name.ts';
import { err, ok, type Result } from '../../model/result.ts';
import { type Refusal, refuse } from '../refusal.ts';
import { tell } from '../runs/present.ts';
import { attemptWords, type NamedAttempt } from './attempt-name.ts';
import { collision, filesText } from './collision.ts';
import type { OwnedTree, RunTree } from './owner.ts';
import { pathsNamed } from './paths.ts';
import { tellWayBack } from './restore.ts';
import { listChanges, tellChanges } from './show-changes.ts';
import { besideLeft } from './undecided.ts';

/** Which side is taken, of what. */
export interface Take {
  readonly of: NamedAttempt;
  /** The recordings around the attempt. */
  readonly base: string;
  readonly theirs: string;
  readonly side: Side;
  /** From the current directory, literal. */
  readonly paths: readonly string[];
  readonly dryRun: boolean;
  readonly json: boolean;
}

/** Where the conflicts are, and what is taken for the shared tree's side of them. */
interface Field {
  /** The tree as it is. */
  readonly now: string;
  /** The same before anything of the change was brought in by hand. */
  readonly shared: string;
  readonly clashes: readonly Clash[];
}

/** Puts one side of the named files in place, and notes that it was chosen: what has no markers shows no other trace of that. */
export async function takeSide(
  tree: RunTree,
  take: Take,
  visit: OwnedTree,
): Promise<Result<ExitCode, Refusal>> {
  const { run, workspace } = tree;
  const { of, theirs, side } = take;
  const field = await fieldOf(tree, take);
  if (!field.ok) return field;
  const { now, shared } = field.value;
  const chosen = await chosenOf(tree, take, field.value);
  if (!chosen.ok) return chosen;
  const names = [...new Set(chosen.value.flatMap(clashNames))];
  const beside = await besideLeft(workspace, { clashes: chosen.value, shared, now });
  if (!beside.ok) return err(beside.error);
  const from = side === 'step' ? theirs : shared;
  const paths = [...names, ...beside.value];
  const picked = await workspace.trees.pick({ run, label: 'apply', from: now, to: from, paths });
  if (!picked.ok) return err(picked.error);
  const changes = await workspace.trees.changes(now, picked.value);
  if (!changes.ok) return err(changes.error);
  const whose = side === 'step' ? 'what the step has' : 'what the shared tree has';
  const { step, attempt } = of;
  const taken = { side, paths: names };
  const show = { ...take, of: { run, step: step.key, attempt, from: now } };
  if (take.dryRun) {
    listChanges(take, `would take ${whose} of ${filesText(names)}:`, changes.value);
    tellChanges(show, changes.value, { applied: false, taken });
    return ok(EXIT.succeeded);
  }
  if (changes.value.length > 0) {
    await tellWayBack(tree, now);
    const restored = await workspace.restore(picked.value, now);
    if (!restored.ok) return err(restored.error);
  }
  const files = changes.value.map(({ path }) => path);
  await visit.say({ type: 'change-applied', step: step.key, attempt, tree: picked.value, files, taken });
  if (changes.value.length > 0) listChanges(take, `took ${whose} of ${filesText(names)}:`, changes.value);
  else tell(`${whose} of ${filesText(names)} is there already: noted that it stays`);
  tellChanges(show, changes.value, { applied: true, taken });
  return ok(EXIT.succeeded);
}

async function fieldOf(tree: RunTree, { of, base, theirs }: Take): Promise<Result<Field, Refusal>> {
  const { run, workspace } = tree;
  const found = await workspace.record(run, 'apply.found');
  if (!found.ok) return err(found.error);
  const now = found.value.tree;
  const shared = await beforeApplied(tree, of, now);
  if (!shared.ok) return shared;
  const collided = await collision(tree, of);
  if (!collided.ok) return collided;
  // Since the merge that failed, the tree may have come to collide elsewhere.
  const again = await workspace.trees.collide(base, shared.value, theirs);
  if (!again.ok) return err(again.error);
  const clashes = [...(collided.value?.clashes ?? []), ...again.value.clashes];
  return ok({ now, shared: shared.value, clashes });
}

/** The tree as it was before anything of the change was brought in by hand. */
async function beforeApplied(
  { run, workspace, history }: RunTree,
  { step, attempt }: NamedAttempt,
  now: string,
): Promise<Result<string, Refusal>> {
  const first = history.find(
    (one) => one.type === 'change-applied' && one.step === step.key && one.attempt === attempt,
  );
  if (first?.type !== 'change-applied') return ok(now);
  const recordings = await workspace.recordings(run);
  if (!recordings.ok) return err(recordings.error);
  const at = recordings.value.findIndex(({ tree }) => tree === first.tree);
  return ok(recordings.value.slice(0, at + 1).findLast(({ label }) => label === 'apply.found')?.tree ?? now);
}

async function chosenOf(
  { run, workspace }: RunTree,
  { of, base, theirs, paths }: Take,
  { now, shared, clashes }: Field,
): Promise<Result<readonly Clash[], Refusal>> {
  const all = `those that are: ${filesText([...new Set(clashes.flatMap(clashNames))])}`;
  if (clashes.length === 0)
    return refuse(
      `the change of ${attemptWords(of)} of run ${run} collides with nothing`,
      'without `--take`, `codemachine apply` merges it',
    );
  if (paths.length === 0) return refuse('of which files?', `name them behind \`--\`; ${all}`);
  const named = await pathsNamed(workspace, paths, [base, shared, theirs, now]);
  if (!named.ok) return named;
  if (named.value.length === 0) return ok(clashes);
  const fits = (clash: Clash, path: string): boolean =>
    [...clashNames(clash), ...clash.paths].some((one) => one === path || one.startsWith(`${path}/`));
  const other = named.value.find((path) => !clashes.some((clash) => fits(clash, path)));
  if (other !== undefined) return refuse(`${fileName(other)} is not in conflict`, all);
  return ok(clashes.filter((clash) => named.value.some((path) => fits(clash, path))));
}
