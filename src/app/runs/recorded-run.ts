/** Holds what a recorded run must find as it was before it can go on. */

import { existsSync } from 'node:fs';
import path from 'node:path';
import type { Policy } from '../../model/config.ts';
import type { RunId } from '../../model/ids.ts';
import type { Plan } from '../../model/plan.ts';
import { err, ok, type Result } from '../../model/result.ts';
import type { Workflow } from '../../model/workflow.ts';
import type { RunRecord } from '../../state/runs.ts';
import type { State } from '../../state/state.ts';
import type { GitWorkspace } from '../../workspace/workspace.ts';
import type { Checked } from '../check.ts';
import { loadConfig } from '../config.ts';
import { readText } from '../files.ts';
import { type GitOwner, openPlaceWorkspace } from '../git.ts';
import type { Place } from '../place.ts';
import { type Refusal, refuse } from '../refusal.ts';
import { configInUse } from '../travel/carried-record.ts';
import { vanished } from '../trees/vanished.ts';
import { checkRecord, configOf } from './record.ts';

/** A workflow that can be run. */
export type Read = Checked & {
  readonly workflow: Workflow;
  readonly plan: Plan;
  /** What may be started now; absent where all of the file was held against it already. */
  readonly policy?: Policy;
};

/** Whether the journal is what was written; going on from another one could lose work. */
export function provenWhole(state: State, run: RunId): Result<undefined, Refusal> {
  const whole = state.verify(run);
  if (whole.ok) return ok(undefined);
  return refuse(
    `the journal of run ${run} is not as it was written: milestone ${whole.error.seq}, ${whole.error.what}`,
    'start a new run: going on from a history that is not true could lose work',
  );
}

/**
 * What could be read at the start can be read now, unless another version is asked to. The configuration is the recorded one, but for
 * what may be spent, which the policy of today says, and for the keys of engines, which are not stored.
 * @param env where the policy of today is found; undefined where nothing is to be started
 */
export async function readAgain(
  place: Place,
  record: RunRecord,
  env: NodeJS.ProcessEnv | undefined,
): Promise<Result<Read, Refusal>> {
  const today = env === undefined ? undefined : await loadConfig(place, env);
  if (today?.ok === false) return today;
  const policy = today?.value.policy;
  const stored = configOf(record);
  const { policy: _, ...recorded } = today === undefined ? stored : configInUse(stored, today.value);
  const caps = policy?.budget === undefined ? {} : { policy: { budget: policy.budget } };
  const checked = checkRecord(place, record, { ...recorded, ...caps });
  const { workflow, plan, diagnostics, sources } = checked;
  if (workflow !== undefined && plan !== undefined)
    return ok({ ...checked, workflow, plan, ...(policy === undefined ? {} : { policy }) });
  return err({
    message: `the workflow of run ${record.id} cannot be read by this version of codemachine`,
    ...{ diagnostics, sources },
  });
}

/** Opens the tree of a run, which must still be one that can be recorded if it was. */
export async function workspaceOf(
  place: Place,
  record: RunRecord,
  env: NodeJS.ProcessEnv,
  gits: GitOwner,
): Promise<Result<GitWorkspace | undefined, Refusal>> {
  const opened = await openPlaceWorkspace(place, env, gits);
  if (!opened.ok || opened.value !== undefined || record.git === undefined) return opened;
  return refuse(
    `run ${record.id} began with git in ${record.workspace}, and it is not there now, so edits of a failed agent could not be undone`,
    'put `git` on PATH, or bring back the repository',
  );
}

/**
 * A deleted worktree may lie inside another checkout, which is what a look upwards from its place would find.
 * @param here where the command is, with the state directory of the run
 */
export async function checkoutStays(
  place: Place,
  record: RunRecord,
  here: Place,
  env: NodeJS.ProcessEnv,
): Promise<Result<undefined, Refusal>> {
  if (
    record.git !== undefined &&
    existsSync(record.workspace) &&
    !existsSync(path.join(record.workspace, '.git'))
  )
    return refuse(
      `the .git of ${record.workspace}, in which run ${record.id} works, is gone, and the recordings of the tree with it, so edits of an agent cannot be undone`,
      'bring it back from a clone or a backup, then resume; or look through the files, `git init`, and start a new run',
    );
  if (place.root === record.workspace && existsSync(record.workspace)) return ok(undefined);
  return err(await vanished(record, here, env));
}

/** Why a run cannot be had. */
export function owned(
  record: RunRecord,
  other: {
    readonly run: string;
    readonly owner: { pid: number; since: string; by: string; presumedDeadAt?: string };
  },
): [string, string] {
  const { pid, since, by, presumedDeadAt } = other.owner;
  const who = `pid ${pid}, by \`codemachine ${by}\` since ${since}`;
  const dead =
    presumedDeadAt === undefined
      ? ''
      : `; it cannot be seen from here, and counts as dead at ${presumedDeadAt}`;
  return other.run === record.id
    ? [
        `run ${record.id} is being run (${who}${dead})`,
        `\`codemachine status ${record.id} --watch\` shows how it goes on`,
      ]
    : [
        `run ${other.run} works in ${record.workspace} (${who}${dead}), and two runs in one checkout would overwrite each other`,
        `wait for it, or end it with \`codemachine cancel ${other.run}\``,
      ];
}

/** The recorded files are obeyed; that those on the disk have changed is only said. */
export function todayDiffers(place: Place, record: RunRecord): string | undefined {
  const file = path.resolve(place.root, record.path);
  const source = record.extras?.['source'] ?? record.path;
  const differences = Object.entries(record.files).flatMap(([written, recorded]) => {
    const own = written === source;
    const today = readText(own ? file : path.resolve(path.dirname(file), written));
    if (today.ok && today.value === recorded) return [];
    const name = own ? record.path : written;
    return [`${name} ${today.ok ? 'has changed since' : 'is gone'}`];
  });
  if (differences.length === 0) return undefined;
  const kept = differences.length === 1 ? 'file as it was' : 'files as they were';
  return `${differences.join(', ')}; the run goes on with the ${kept} when it started (\`--updated\` takes those of today)`;
}
