/** Makes the files of a checkout what a run that was imported had left. */
import { fileNames } from '../../model/file-name.ts';
import { err, ok, type Result } from '../../model/result.ts';
import type { Manifest } from '../../state/bundle-manifest.ts';
import type { Arrived } from '../../workspace/arrival.ts';
import type { GitWorkspace } from '../../workspace/workspace.ts';
import { type Refusal, refuse } from '../refusal.ts';

/** What is to be put where. */
export interface PutTree {
  readonly workspace: GitWorkspace;
  readonly arrived: Arrived;
  readonly manifest: Manifest;
  /** The recording of the tree as the run left it. */
  readonly tree: string;
  /** Leaves the files as they are. */
  readonly keep: boolean;
}

/**
 * Brings the recordings in and puts the files there; gives how many became another. Refused, with nothing changed, where the checkout is
 * at another commit or has edits of its own. What an import that was killed has done of it is gone on with.
 */
export async function putTree(what: PutTree): Promise<Result<number, Refusal>> {
  const { workspace, arrived, manifest, tree, keep } = what;
  const { run, commit } = manifest;
  const facts = await workspace.facts();
  if (!facts.ok) return err(facts.error);
  const { sha, branch } = facts.value;
  const left = arrived.head.sha ?? '';
  if (!keep && sha !== (commit ?? '') && sha !== left)
    return refuse(
      `run ${run} ${commit === undefined ? 'began before the first commit' : `began at commit ${commit}`}, and the checkout is at ${sha === '' ? 'none' : sha}`,
      `check that one out${commit === undefined ? '' : `: \`git checkout ${commit}\``}; or say --keep-tree to go on with the files that are here`,
    );
  const named = arrived.head.branch?.replace('refs/heads/', '') ?? '';
  if (!keep && sha !== left && branch !== named)
    return refuse(
      `run ${run} has made commits on ${named === '' ? 'a detached HEAD' : `branch ${named}`}, and the checkout is on ${branch === '' ? 'a detached HEAD' : `branch ${branch}`}`,
      named === ''
        ? `detach it: \`git checkout --detach\`; or say --keep-tree to go on with what is here`
        : `switch to it: \`git switch ${named}\`; or say --keep-tree to go on with what is here`,
    );
  const kept = await arrived.keep();
  if (!kept.ok) return err(kept.error);
  if (keep) return ok(0);
  const found = await workspace.record(run, 'run.import', undefined);
  if (!found.ok) return err(found.error);
  const from = found.value.tree;
  const foreign = await foreignFiles(workspace, from, sha, tree);
  if (!foreign.ok) return foreign;
  if (foreign.value.length > 0)
    return refuse(
      `the checkout has changes of its own: ${fileNames(foreign.value, MOST_NAMED)}`,
      'commit, stash or ignore them; or say --keep-tree to go on with the files that are here',
    );
  return putFiles(what, from);
}

const MOST_NAMED = 5;

/**
 * Files that are neither as in the commit nor as the run left them. One that is gone is none: with it nothing would be lost, and an import
 * that was killed may have taken it away.
 */
async function foreignFiles(
  workspace: GitWorkspace,
  from: string,
  sha: string,
  tree: string,
): Promise<Result<readonly string[], Refusal>> {
  const [wanted, gone] = await Promise.all([
    workspace.changed(from, tree),
    workspace.lost?.(tree, from) ?? ok([]),
  ]);
  if (!wanted.ok) return err(wanted.error);
  if (!gone.ok) return err(gone.error);
  // Before the first commit, everything that is there is somebody's.
  const own = sha === '' ? wanted : await workspace.changed(from, sha);
  if (!own.ok) return err(own.error);
  const differing = new Set(wanted.value);
  const lost = new Set(gone.value);
  return ok(own.value.filter((one) => differing.has(one) && !lost.has(one)));
}

/** Files first: HEAD says to whom looks next that they are all there. */
async function putFiles(
  { workspace, arrived, manifest, tree }: PutTree,
  from: string,
): Promise<Result<number, Refusal>> {
  const { run } = manifest;
  const picked = await workspace.trees.pick({ run, label: 'run.import', from, to: tree, paths: [] });
  if (!picked.ok) return err(picked.error);
  const restored = await workspace.restore(picked.value, from);
  if (!restored.ok) return err(restored.error);
  const followed = await workspace.travel.follow(arrived.head);
  return followed.ok ? ok(restored.value.length) : err(followed.error);
}
