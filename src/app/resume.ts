/** Goes on with a run. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { EXIT } from '../model/exit.ts';
import { foldAll } from '../model/fold.ts';
import type { Plan } from '../model/plan.ts';
import { err, ok, type Result } from '../model/result.ts';
import type { Workflow } from '../model/workflow.ts';
import type { Undone, UndoQuestion } from '../run/running.ts';
import type { RunRecord } from '../state/runs.ts';
import type { State } from '../state/state.ts';
import type { GitWorkspace } from '../workspace/workspace.ts';
import type { Checked } from './check.ts';
import { type Executed, execute } from './execute.ts';
import { readVariables, type Variables } from './facts.ts';
import { readText } from './files.ts';
import { type GitOwner, gitMark, openPlaceWorkspace } from './git.ts';
import { openRun } from './open.ts';
import { ownFiles } from './own-files.ts';
import { locate, type Place } from './place.ts';
import { checkRecord, flagsOf } from './record.ts';
import { checkRecordings } from './recordings.ts';
import { type Refusal, refuse } from './refusal.ts';
import { selectSteps } from './show-plan.ts';
import { type OpenReporter, withoutSecrets } from './start.ts';
import { undoneSentence } from './undone.ts';

/** How a run is gone on with. */
export interface ResumeOptions {
  /** A run id, the beginning of one, `@last` or `@failed`. */
  readonly run: string;
  readonly cwd?: string;
  readonly stateDir?: string;
  readonly env: NodeJS.ProcessEnv;
  readonly by: string;
  readonly reporter: OpenReporter;
  readonly tell: (sentence: string) => void;
  /** What becomes of edits that an undo would touch; undefined asks `ask`, or does what is safe. */
  readonly tree?: 'keep' | 'restore';
  readonly ask?: (question: UndoQuestion & { readonly run: string }) => Promise<'undo' | 'keep' | 'stop'>;
  /** Whether signals of this process stop the run. */
  readonly signals: boolean;
  readonly signal?: AbortSignal;
  /** Goes on only to end it: `finally` runs, nothing else starts. */
  readonly cancel?: boolean;
}

/** Resumes by the same path as a new run, with the history it has. */
export async function resume(
  options: ResumeOptions,
): Promise<Result<Executed & { record: RunRecord }, Refusal>> {
  const found = await openRun(locate(options, options.env), options.run);
  if (!found.ok) return found;
  const { state, run } = found.value;
  try {
    const record = state.runRecord(run);
    if (record === undefined) return refuse(`run ${run} has no record of what it was started with`);
    return await resumeRecord(options, state, record);
  } finally {
    state.close();
  }
}

async function resumeRecord(
  options: ResumeOptions,
  state: State,
  record: RunRecord,
): Promise<Result<Executed & { record: RunRecord }, Refusal>> {
  const { env } = options;
  const place = { ...locate({ ...options, cwd: record.workspace }, env), stateDir: state.directory };
  const whole = state.verify(record.id);
  if (!whole.ok) {
    return refuse(
      `the journal of run ${record.id} is not as it was written: milestone ${whole.error.seq}, ${whole.error.what}`,
      'start a new run: going on from a history that is not true could lose work',
    );
  }
  // Before all that going on would need: secrets, the checkout, git.
  if (foldAll(state.history(record.id)).status === 'succeeded') {
    const message = 'the run has succeeded already; there is nothing left to do';
    return ok({ end: 'succeeded', exit: EXIT.succeeded, message, record });
  }
  const stays = checkoutStays(place, record);
  if (!stays.ok) return stays;
  const checked = readAgain(place, record);
  if (!checked.ok) return checked;
  const { workflow, plan, config } = checked.value;
  const selected = selectSteps(plan, flagsOf(record));
  if (!selected.ok) return selected;
  const recordings = checkRecordings(flagsOf(record), workflow);
  if (!recordings.ok) return recordings;
  const variables = readVariables(place, workflow, env);
  if (!variables.ok) return variables;
  const gits: GitOwner = { leftOut: ownFiles(flagsOf(record)) };
  const workspace = await workspaceOf(place, record, env, gits);
  if (!workspace.ok) return workspace;
  const lease = state.acquire(record.id, { by: options.by, alone: true });
  if (!lease.ok) return refuse(...owned(record, lease.error));
  gits.mark = gitMark(lease.value, env);
  if (locate(options, env).root !== record.workspace)
    options.tell(`goes on in the checkout ${record.workspace}`);
  const difference = todayDiffers(place, record);
  if (difference !== undefined) options.tell(difference);
  for (const warning of variables.value.warnings) options.tell(warning);
  const history = state.history(record.id);
  const executed = await execute({
    ...{ place, state, lease: lease.value, record, workflow, plan: selected.value, history },
    ...{ config, variables: variables.value, workspace: workspace.value, env },
    ...{ by: options.by, tell: options.tell },
    signals: options.signals,
    reporter: await options.reporter(selected.value, history),
    ...treeChoice(options, record),
    ...toldOfUndo(options, workspace.value, variables.value),
    ...(options.cancel === undefined ? {} : { cancel: options.cancel }),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  return ok({ ...executed, record });
}

type Read = Checked & { readonly workflow: Workflow; readonly plan: Plan };

/** What could be read at the start can be read now, unless another version is asked to. */
function readAgain(place: Place, record: RunRecord): Result<Read, Refusal> {
  const checked = checkRecord(place, record);
  const { workflow, plan, diagnostics, sources } = checked;
  if (workflow !== undefined && plan !== undefined) return ok({ ...checked, workflow, plan });
  return err({
    message: `the workflow of run ${record.id} cannot be read by this version of codemachine`,
    ...{ diagnostics, sources },
  });
}

async function workspaceOf(
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

/** A deleted worktree may lie inside another checkout, which is what a look upwards from its place would find. */
function checkoutStays(place: Place, record: RunRecord): Result<undefined, Refusal> {
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
  return refuse(
    `the checkout in which run ${record.id} works is no longer at ${record.workspace}`,
    'move it back there, or start a new run',
  );
}

function treeChoice(
  { tree, ask }: ResumeOptions,
  record: RunRecord,
): { keepTree?: boolean; decideUndo?: (question: UndoQuestion) => Promise<'undo' | 'keep' | 'stop'> } {
  if (tree === 'keep') return { keepTree: true };
  if (tree === 'restore') return { decideUndo: () => Promise.resolve('undo') };
  if (ask === undefined) return {};
  return { decideUndo: (question) => ask({ ...question, run: record.id }) };
}

function toldOfUndo(
  { tell }: ResumeOptions,
  workspace: GitWorkspace | undefined,
  variables: Variables,
): { undone?: (undone: Undone) => Promise<void> } {
  if (workspace === undefined) return {};
  return {
    undone: async (undone) => tell(await withoutSecrets(await undoneSentence(undone, workspace), variables)),
  };
}

function owned(
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
function todayDiffers(place: Place, record: RunRecord): string | undefined {
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
  return `${differences.join(', ')}; the run goes on with the ${kept} when it started`;
}
