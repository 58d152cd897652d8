/** Goes on with a run. */

import { sweepRun } from '../../engines/process.ts';
import type { ScopedLimits } from '../../model/budget.ts';
import type { Milestone } from '../../model/event.ts';
import { EXIT } from '../../model/exit.ts';
import { foldAll } from '../../model/fold.ts';
import type { Plan } from '../../model/plan.ts';
import type { Progress } from '../../model/progress.ts';
import type { Json, JsonObject } from '../../model/result.ts';
import { err, ok, type Result } from '../../model/result.ts';
import type { UndoQuestion } from '../../run/running.ts';
import type { RunRecord } from '../../state/runs.ts';
import type { State } from '../../state/state.ts';
import type { GitWorkspace } from '../../workspace/workspace.ts';
import { checkRecordings } from '../attempts/recordings.ts';
import { maskedValues, readVariables, type Variables } from '../facts.ts';
import { type GitOwner, gitMark } from '../git.ts';
import { openRun } from '../open.ts';
import { locate, type Place } from '../place.ts';
import { type Refusal, refuse } from '../refusal.ts';
import { selectSteps } from '../show-plan.ts';
import type { TreeQuestion } from '../trees/back.ts';
import { othersSince } from '../trees/cut-off.ts';
import { ownFiles } from '../trees/own-files.ts';
import { type GoingOn, lookAtResolved } from '../trees/resolved.ts';
import { toldOfUndo, treeChoice } from '../trees/resume-undo.ts';
import { type Executed, execute } from './execute.ts';
import type { Execution } from './execution.ts';
import { chosenSteps, fitForSteps, placeForSteps, stillToMake } from './fit.ts';
import { allowedNow, limitsNow } from './policy-now.ts';
import { checkRaise } from './raise.ts';
import { checkRecord, flagsOf } from './record.ts';
import {
  checkoutStays,
  owned,
  provenWhole,
  type Read,
  readAgain,
  todayDiffers,
  workspaceOf,
} from './recorded-run.ts';
import { type Reopened, retryOf, takeOver, update } from './reopen.ts';
import { type OpenReporter, withoutSecrets } from './start.ts';
import { takeTurn } from './turn.ts';
import { inputsNow, readToday } from './updated.ts';

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
  /** Asked before the tree goes back to what it was before steps that run again. Without it, only edits of others stop that. */
  readonly askTree?: (question: TreeQuestion) => Promise<'back' | 'keep' | 'stop'>;
  /** Takes today's files instead of the recorded ones, with these inputs beside the recorded ones. */
  readonly updated?: {
    readonly inputs: Readonly<Record<string, Json>>;
    /** Asked when it is shown what is kept; unsaid, it goes on. */
    readonly askGoOn?: () => Promise<boolean>;
  };
  /** Steps whose changes collided and were merged in the checkout by hand. */
  readonly resolved?: readonly string[];
  /** Limits that hold from now on. */
  readonly raise?: ScopedLimits;
  /** Whether signals of this process stop the run. */
  readonly signals: boolean;
  readonly signal?: AbortSignal;
  /** Asks at the terminal what is decided at a gate; without it the run parks there. */
  readonly askGate?: Execution['askGate'];
  readonly park?: Execution['park'];
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

/** Goes on with a run that is recorded, be it for the first time: a retry is a run that never began and has something to take over. */
export async function resumeRecord(
  options: ResumeOptions,
  state: State,
  record: RunRecord,
): Promise<Result<Executed & { record: RunRecord }, Refusal>> {
  const { env } = options;
  const place = { ...locate({ ...options, cwd: record.workspace }, env), stateDir: state.directory };
  const whole = provenWhole(state, record.id);
  if (!whole.ok) return whole;
  // Before all that going on would need: secrets, the checkout, git.
  const progress = foldAll(state.history(record.id));
  const { status } = progress;
  if (status === 'succeeded' && options.resolved?.length)
    return refuse(
      `run ${record.id} has succeeded, so there is nothing to go on with`,
      'what was merged by hand stays in the checkout',
    );
  if (status === 'succeeded' && options.updated === undefined) {
    const message = `the run has succeeded already; there is nothing left to do\n  \`codemachine retry ${record.id} --from <step>\` makes steps of it again, in a new run`;
    return ok({ end: 'succeeded', exit: EXIT.succeeded, message, record });
  }
  const ready = await prepare(options, place, record, progress);
  if (!ready.ok) return ready;
  const allowed = allowedNow({ ...ready.value, place, env, state, record });
  if (!allowed.ok) return allowed;
  const { gits } = ready.value;
  const turn = await takeTurn({ ...options, state, record, workflow: ready.value.read.workflow });
  if (!turn.ok) {
    if (turn.error.kind === 'left') return ok({ ...turn.error.how, began: false, record });
    return turn.error.kind === 'refused' ? err(turn.error.refusal) : refuse(...owned(record, turn.error.by));
  }
  const { lease, release } = turn.value;
  gits.mark = gitMark(lease, env);
  if (locate(options, env).root !== record.workspace)
    options.tell(`goes on in the checkout ${record.workspace}`);
  return owning(options, { ...ready.value, place, state, lease, record }).finally(release);
}

/** What going on needs, all of it there. */
interface Ready {
  readonly read: Read;
  readonly selected: Plan;
  readonly inputs: JsonObject;
  readonly variables: Variables;
  readonly workspace: GitWorkspace | undefined;
  readonly gits: GitOwner;
}

async function prepare(
  options: ResumeOptions,
  place: Place,
  record: RunRecord,
  { status, steps }: Progress,
): Promise<Result<Ready, Refusal>> {
  const { env, updated } = options;
  if (status === 'succeeded')
    return refuse(
      `run ${record.id} has succeeded, so it is not gone on with`,
      `\`codemachine retry ${record.id} --updated\` starts a new run with today's files, which keeps what has not changed`,
    );
  if (status === 'new' && updated !== undefined)
    return refuse(
      `run ${record.id} has not begun, so there is nothing to update`,
      'resume it without `--updated`, or start a new run',
    );
  const here = { ...locate(options, env), stateDir: place.stateDir };
  const stays = await checkoutStays(place, record, here, env);
  if (!stays.ok) return stays;
  const read =
    updated === undefined
      ? await readAgain(place, record, options.cancel === true ? undefined : env)
      : await readToday(place, record, env);
  if (!read.ok) return read;
  const { workflow, plan } = read.value;
  const inputs =
    updated === undefined ? ok(record.inputs) : inputsNow(workflow, record.inputs, updated.inputs);
  if (!inputs.ok) return inputs;
  const selected = selectSteps(plan, flagsOf(record), record.path);
  if (!selected.ok) return selected;
  const recordings = checkRecordings(flagsOf(record), workflow);
  if (!recordings.ok) return recordings;
  const variables = readVariables(place, workflow, env);
  if (!variables.ok) return variables;
  const gits: GitOwner = { leftOut: ownFiles(flagsOf(record)) };
  const workspace = await workspaceOf(place, record, env, gits);
  if (!workspace.ok) return workspace;
  if (updated !== undefined || retryOf(record) !== undefined) {
    const chosen = chosenSteps(selected.value, workflow);
    const fit = await fitForSteps(place, chosen, workspace.value, env, true);
    if (!fit.ok) return fit;
  } else if (options.cancel !== true) {
    const placed = await placeForSteps(
      chosenSteps(stillToMake(selected.value, steps), workflow),
      workspace.value,
    );
    if (!placed.ok) return placed;
  }
  const clean = await withoutSecrets(inputs.value, variables.value);
  return ok({
    ...{ read: read.value, selected: selected.value, inputs: clean, variables: variables.value },
    ...{ workspace: workspace.value, gits },
  });
}

type Owned = Ready & Pick<Execution, 'place' | 'state' | 'lease' | 'record'>;

async function owning(
  options: ResumeOptions,
  e: Owned,
): Promise<Result<Executed & { record: RunRecord }, Refusal>> {
  const { place, state, lease, variables, workspace, read } = e;
  if (options.updated === undefined) {
    const difference = todayDiffers(place, e.record);
    if (difference !== undefined) options.tell(difference);
  }
  for (const warning of variables.warnings) options.tell(warning);
  const history = state.history(e.record.id);
  const { raise } = options;
  const limits = options.updated !== undefined ? raise : limitsNow(e.record, read, history, raise);
  const raised = raise === undefined ? ok(undefined) : checkRaise(raise, read.workflow, read.config, history);
  if (!raised.ok) {
    lease.release();
    return raised;
  }
  const reopened = await reopen(options, e, history).catch((error: unknown) => {
    lease.release();
    throw error;
  });
  if (!reopened.ok) {
    lease.release();
    return reopened;
  }
  const { record, opening, keepTree } = reopened.value;
  const executed = await execute({
    ...{ place, state, lease, record, workflow: read.workflow, plan: e.selected, history },
    ...{ config: read.config, variables, workspace, env: options.env },
    ...{ by: options.by, tell: options.tell },
    signals: options.signals,
    reporter: await options.reporter(e.selected, history, {
      ...{ record, state, workflow: read.workflow, workspace, masked: maskedValues(variables) },
    }),
    ...treeChoice(options, record),
    othersSince: (at) => othersSince(state, record, at),
    ...toldOfUndo(options, record.id, workspace, variables),
    ...(opening === undefined ? {} : { opening }),
    ...(keepTree === undefined ? {} : { keepTree }),
    ...(limits === undefined ? {} : { raise: limits }),
    ...(options.park === undefined ? {} : { park: options.park }),
    ...(options.cancel === undefined ? {} : { cancel: options.cancel }),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
    ...(options.askGate === undefined ? {} : { askGate: options.askGate }),
  });
  return ok({ ...executed, record });
}

/** What the run keeps, where that is not just what it has. */
async function reopen(
  options: ResumeOptions,
  e: Owned,
  history: readonly Milestone[],
): Promise<Result<Reopened, Refusal>> {
  const { place, state, record, read, variables, workspace } = e;
  const { tree, askTree, tell, env, updated, raise, resolved = [] } = options;
  const choice = {
    tell,
    ...(tree === undefined ? {} : { tree }),
    ...(askTree === undefined ? {} : { askTree }),
  };
  const of = { place, env, state, record, history, read, variables, workspace, choice };
  if (history.length === 0 && retryOf(record) !== undefined) return takeOver(of);
  const merged = await mergedByHand(options, { run: record.id, history, workspace, resolved });
  if (!merged.ok) return err(await withoutSecrets(merged.error, variables));
  if (updated === undefined)
    return ok(merged.value.length === 0 ? { record } : { record, opening: { resolved: merged.value } });
  const before = checkRecord(place, record).workflow;
  return update(of, {
    ...{ before, inputs: e.inputs },
    ...(raise === undefined ? {} : { raise }),
    ...(updated.askGoOn === undefined ? {} : { askGoOn: updated.askGoOn }),
  });
}

/** Who only ends the run builds on nothing. */
async function mergedByHand(options: ResumeOptions, of: GoingOn): Promise<ReturnType<typeof lookAtResolved>> {
  if (options.cancel === true) return ok([]);
  // What an owner that was killed has left running would write into the tree while it is looked at.
  if (of.history.length > 0) await sweepRun(of.run);
  return lookAtResolved(of);
}
