/** Takes a run, and the checkout in which it worked, for the moment of one command. */
import { existsSync } from 'node:fs';
import { sweepRun } from '../../engines/process.ts';
import type { Milestone, MilestoneBody } from '../../model/event.ts';
import { foldAll } from '../../model/fold.ts';
import type { RunId } from '../../model/ids.ts';
import type { Progress } from '../../model/progress.ts';
import { err, ok, type Result } from '../../model/result.ts';
import type { Owner } from '../../state/lease.ts';
import type { RunRecord } from '../../state/runs.ts';
import type { State } from '../../state/state.ts';
import type { LeftOut } from '../../workspace/left-out.ts';
import type { GitWorkspace } from '../../workspace/workspace.ts';
import { withoutSecrets } from '../gates/visit.ts';
import { type GitOwner, gitMark, openPlaceWorkspace } from '../git.ts';
import { openRun } from '../open.ts';
import { locate, type Place, stateAt } from '../place.ts';
import { type Refusal, refuse } from '../refusal.ts';
import { vanished } from './vanished.ts';

/** A run with its recordings. */
export interface RunTree {
  readonly state: State;
  readonly run: RunId;
  readonly record: RunRecord;
  readonly history: readonly Milestone[];
  readonly progress: Progress;
  readonly workspace: GitWorkspace;
  /** Whether a living process owns the run. */
  readonly owned: boolean;
  /**
   * Takes the run and its checkout while `work` is done: nobody else records or changes the tree meanwhile. Refused while a run
   * owns the checkout.
   */
  own<T>(by: string, work: (visit: OwnedTree) => Promise<Result<T, Refusal>>): Promise<Result<T, Refusal>>;
}

/** What can be done with a run that is owned for the moment. */
export interface OwnedTree {
  /** The run as it stands now; before it was owned, somebody else may have gone on with it. */
  progress(): Progress;
  /** Writes milestones in one commit; resolves when the disk has them. */
  say(...bodies: readonly MilestoneBody[]): Promise<void>;
}

/** Finds a run and opens the checkout in which it worked, wherever the command is. */
export async function withRunTree<T>(
  asked: {
    readonly run: string;
    readonly stateDir?: string | undefined;
    readonly leftOut?: LeftOut;
  },
  work: (tree: RunTree) => Promise<Result<T, Refusal>>,
): Promise<Result<T, Refusal>> {
  const here = locate(stateAt(asked.stateDir), process.env);
  const found = await openRun(here, asked.run);
  if (!found.ok) return found;
  const { state, run } = found.value;
  try {
    const record = state.runRecord(run);
    if (record === undefined) return refuse(`run ${run} has no record of what it was started with`);
    const gits: GitOwner = asked.leftOut === undefined ? {} : { leftOut: asked.leftOut };
    const workspace = await checkoutOf(state, record, gits, here);
    if (!workspace.ok) return workspace;
    const history = state.history(run);
    return await work({
      ...{ state, run, record, history, progress: foldAll(history), workspace: workspace.value },
      owned: state.listRuns().some((one) => one.id === run && one.owner !== undefined),
      own: (by, inside) => owning(state, record, { by, gits }, inside),
    });
  } finally {
    state.close();
  }
}

async function checkoutOf(
  state: State,
  record: RunRecord,
  gits: GitOwner,
  here: Place,
): Promise<Result<GitWorkspace, Refusal>> {
  const { id, workspace: root } = record;
  const place = { ...locate({ cwd: root }, process.env), stateDir: state.directory };
  if (!existsSync(root) || place.root !== root)
    return err(await vanished(record, { ...here, stateDir: state.directory }, process.env, 'try again'));
  const opened = await openPlaceWorkspace(place, process.env, gits);
  if (!opened.ok) return opened;
  if (opened.value !== undefined) return ok(opened.value);
  return place.hasGit
    ? refuse(`git cannot be started, or finds no repository in ${root}`, 'put `git` on PATH')
    : refuse(`${root} is in no git repository, so nothing of run ${id} was recorded`);
}

async function owning<T>(
  state: State,
  record: RunRecord,
  { by, gits }: { readonly by: string; readonly gits: GitOwner },
  work: (visit: OwnedTree) => Promise<Result<T, Refusal>>,
): Promise<Result<T, Refusal>> {
  const { id: run, workspace } = record;
  const lease = state.acquire(run, { by, alone: true, visit: true });
  if (!lease.ok) return err(occupied(lease.error.run, lease.error.owner, workspace));
  const visit = { state, lease: lease.value, record };
  try {
    gits.mark = gitMark(lease.value, process.env);
    // What an owner that was killed has left running would write into the tree under our hands.
    await sweepRun(run);
    return await work({
      progress: () => foldAll(state.history(run)),
      say: async (...bodies) => {
        const masked = await Promise.all(bodies.map((body) => withoutSecrets(visit, body)));
        lease.value.commit(masked, new Date().toISOString());
        await lease.value.durable();
      },
    });
  } finally {
    lease.value.release();
  }
}

function occupied(run: RunId, { pid, by, since, presumedDeadAt }: Owner, workspace: string): Refusal {
  const dead =
    presumedDeadAt === undefined
      ? ''
      : `; it cannot be seen from here, and counts as dead at ${presumedDeadAt}`;
  return {
    message: `run ${run} works in ${workspace} (pid ${pid}, by \`codemachine ${by}\` since ${since}${dead}), and its files would change under its hands`,
    help: `wait for it: \`codemachine status ${run} --watch\`; or end it with \`codemachine cancel ${run}\``,
  };
}
