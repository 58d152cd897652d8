/** Says what a run that goes on keeps, before it does: of the run that it retries, or of itself with other files. */
import path from 'node:path';
import { sweepRun } from '../../engines/process.ts';
import type { ScopedLimits } from '../../model/budget.ts';
import type { Milestone } from '../../model/event.ts';
import { foldAll } from '../../model/fold.ts';
import { asRunId, asStepKey, type RunId, type StepId, type StepKey } from '../../model/ids.ts';
import { stepAt } from '../../model/parts.ts';
import type { JsonObject } from '../../model/result.ts';
import { err, ok, type Result } from '../../model/result.ts';
import { isWriter, type Step, type Workflow, withBodies } from '../../model/workflow.ts';
import type { RunRecord } from '../../state/runs.ts';
import type { State } from '../../state/state.ts';
import type { GitWorkspace } from '../../workspace/workspace.ts';
import type { Variables } from '../facts.ts';
import type { Place } from '../place.ts';
import { type Refusal, refuse } from '../refusal.ts';
import { settleTree, type TreeChoice, type TreeSettled } from '../trees/choice.ts';
import { othersSince } from '../trees/cut-off.ts';
import type { Life } from '../trees/lives.ts';
import { adoptChanges } from './adopted.ts';
import type { Execution } from './execution.ts';
import { type Decision, decideKept, isKept } from './kept.ts';
import { nothingLeft } from './nothing-left.ts';
import { checkRecord } from './record.ts';
import type { Read } from './recorded-run.ts';
import { takenBodies } from './taken.ts';
import { changesOf, dropped, isUnchanged, keptLines, updateOf } from './updated.ts';

/** A run that is owned, with what it will go on with. */
export interface Reopening {
  readonly place: Place;
  readonly env: NodeJS.ProcessEnv;
  readonly state: State;
  readonly record: RunRecord;
  readonly history: readonly Milestone[];
  readonly read: Read;
  readonly variables: Variables;
  readonly workspace: GitWorkspace | undefined;
  readonly choice: TreeChoice;
}

/** How it goes on. */
export interface Reopened {
  readonly record: RunRecord;
  readonly opening?: Execution['opening'];
  /** The tree was decided about: nothing is undone by itself any more. */
  readonly keepTree?: true;
}

/** What the record of a retry says of it. */
export interface RetryOf {
  readonly run: RunId;
  readonly from?: StepId;
}

/** Reads that back; undefined for a run that is none. */
export function retryOf({ extras }: Pick<RunRecord, 'extras'>): RetryOf | undefined {
  const run = extras?.['retry-of'];
  const from = extras?.['retry-from'];
  if (typeof run !== 'string') return undefined;
  return { run: asRunId(run), ...(typeof from === 'string' ? { from: from as StepId } : {}) };
}

/** The run that a retry takes over, and what it keeps of it. */
export interface Taken {
  readonly old: RunRecord;
  readonly history: readonly Milestone[];
  readonly decision: Decision;
  readonly before: Workflow | undefined;
}

/** Decides what a retry keeps. Gives the same as long as nobody goes on with the old run. */
export function decideTaken(
  of: Pick<Reopening, 'place' | 'env' | 'state' | 'read' | 'variables'> & {
    readonly record: Pick<RunRecord, 'files' | 'inputs' | 'config' | 'extras' | 'name' | 'sha256'>;
  },
): Result<Taken, Refusal> {
  const { place, env, state, record, read, variables } = of;
  const retried = retryOf(record);
  const old = retried === undefined ? undefined : state.runRecord(retried.run);
  if (old === undefined || retried === undefined)
    return refuse(
      `run ${retried?.run ?? ''} is gone, and with it the results that were to be taken over`,
      `start a new run with \`codemachine run\``,
    );
  const history = state.history(old.id);
  const before = checkRecord(place, old).workflow;
  const today = { before, today: read.workflow, inputs: record.inputs, variables };
  const decision = decideKept({
    plan: read.plan,
    workflow: read.workflow,
    progress: foldAll(history),
    changed: isUnchanged(old, record) ? () => [] : changesOf({ place, env, record: old, history, ...today }),
    ...(retried.from === undefined ? {} : { from: retried.from }),
    mergesLater: false,
  });
  return ok({ old, history, decision, before });
}

/** Takes over what a retry keeps, and puts the tree back to what it was when that had been done. */
export async function takeOver(of: Reopening): Promise<Result<Reopened, Refusal>> {
  const taken = decideTaken(of);
  if (!taken.ok) return taken;
  const { old, history, decision, before } = taken.value;
  const progress = foldAll(history);
  // What an owner that was killed has left running would write into the tree while it is looked at.
  if (progress.status === 'running') await sweepRun(old.id);
  const settled = await settle(of, { of: old, history, before, decision, finals: true });
  if (!settled.ok) return settled;
  const { workspace, record, read } = of;
  const { workflow } = read;
  const adopted = await adoptChanges({
    ...{ workspace, run: record.id, of: old.id },
    ...{ progress, workflow, decision },
  });
  if (!adopted.ok) return adopted;
  // Before the opening: a retry that never began takes over again, and one that has begun no more.
  const done = await settled.value.putBack?.();
  if (done?.ok === false) return done;
  return ok({
    record,
    opening: { prelude: takenBodies(decision, progress, adopted.value), retryOf: old.id },
  });
}

/** A run with today's files. */
export interface Updating {
  /** As recorded; undefined where this program cannot read it any more. */
  readonly before: Workflow | undefined;
  readonly inputs: JsonObject;
  /** Limits that hold from now on. */
  readonly raise?: ScopedLimits;
  /** Asked when the plan was shown; undefined goes on. */
  readonly askGoOn?: () => Promise<boolean>;
}

/**
 * Goes on with today's files. The record learns of them first and obeys them only from the `run-resumed` on that says so: a crash in
 * between leaves the run as it was.
 */
export async function update(
  of: Reopening,
  { before, inputs, raise, askGoOn }: Updating,
): Promise<Result<Reopened, Refusal>> {
  const { place, env, state, record, history, read, variables, choice } = of;
  const update = updateOf(record, read, inputs);
  if (isUnchanged(record, update)) {
    choice.tell('nothing has changed since the run started');
    return ok({ record });
  }
  const progress = foldAll(history);
  const changed = changesOf({ place, env, record, history, before, today: read.workflow, inputs, variables });
  const { plan, workflow } = read;
  const decision = decideKept({ plan, workflow, progress, changed, mergesLater: true });
  choice.tell([`run ${record.id} goes on with today's files:`, ...keptLines(decision)].join('\n'));
  const spent = nothingLeft({ plan, workflow, history, raise, decision });
  if (spent !== undefined)
    return refuse(
      `${spent.message}, so nothing could begin; nothing was undone, and the run is as it was`,
      spent.help?.replace('resume …', `resume ${record.id} --updated`),
    );
  if (askGoOn !== undefined && !(await askGoOn()))
    return refuse('nothing was started, and the run is as it was');
  if (progress.status === 'running') await sweepRun(record.id);
  const settled = await settle(of, { of: record, history, before, decision, finals: false });
  if (!settled.ok) return settled;
  const attempt = progress.attempt + 1;
  state.updateRecord(record.id, { attempt, with: update });
  const { putBack, kept } = settled.value;
  return ok({
    record: { ...record, ...update },
    opening: {
      putBack: async () => {
        const done = await putBack?.();
        return done?.ok === false ? err(done.error.message) : ok(done?.value ?? []);
      },
      updated: {
        ...{ sha256: update.sha256, inputs, gone: decision.gone },
        again: dropped(decision, progress, workflow, changed),
      },
    },
    ...(kept ? { keepTree: true } : {}),
  });
}

/** Puts the tree back as far as steps run again. */
function settle(
  { workspace, state, record, choice, variables }: Reopening,
  left: {
    readonly of: RunRecord;
    readonly history: readonly Milestone[];
    readonly before: Workflow | undefined;
    readonly decision: Decision;
    /** Whether what `finally` did goes even where nothing before it does. */
    readonly finals: boolean;
  },
): Promise<Result<TreeSettled, Refusal>> {
  if (workspace === undefined) return Promise.resolve(ok({ kept: false }));
  const { of, history, before, decision, finals } = left;
  const again = (step: StepKey): boolean => !isKept(decision, step);
  const last = new Set(before?.finally.map(({ id }) => asStepKey(id)));
  const isQuiet = (key: StepKey): boolean => {
    const step = before === undefined ? undefined : stepAt({ steps: before.steps, finally: [] }, key);
    if (step === undefined || someWrites(step)) return false;
    return step.isolated !== undefined || step.kind === 'prompt';
  };
  const earlier = choice.tree === 'keep' ? ok([]) : livesBefore(state, of);
  if (!earlier.ok) return Promise.resolve(earlier);
  const files = new Set([...recordedPaths(of), ...recordedPaths(record)]);
  return settleTree(
    {
      ...{ workspace, run: record.id, of: of.id, history, again, earlier: earlier.value },
      ownFile: (file) => file.startsWith('.codemachine/') || files.has(file),
      othersSince: (at) => othersSince(state, of, at),
      counts: (step) => again(step) && (finals || !last.has(step)),
      recordsAll: isQuiet,
    },
    choice,
    variables,
  );
}

/** Whether it writes to the shared tree, itself or as another agent. */
function someWrites(step: Step): boolean {
  return withBodies([step]).some(isWriter);
}

/** The files that a run is made of, from the root; those that a workflow names are written as from its own directory. */
function recordedPaths({ workspace, files, path: shown, extras }: RunRecord): readonly string[] {
  const source = path.resolve(workspace, typeof extras?.['source'] === 'string' ? extras['source'] : shown);
  const named = Object.keys(files).map((file) => path.resolve(path.dirname(source), file));
  return [source, ...named].map((file) => path.relative(workspace, file));
}

/** The runs whose results a run took over, oldest first: what their steps did to the tree stands in their journals. */
function livesBefore(state: State, run: RunRecord): Result<readonly Life[], Refusal> {
  const lives: Life[] = [];
  for (let of = retryOf(run); of !== undefined; ) {
    const old = state.runRecord(of.run);
    if (old === undefined)
      return refuse(
        `run ${of.run} is gone, so it is not known what its steps did to the tree`,
        'with `--keep-tree` the tree is taken as it is',
      );
    lives.unshift({ run: old.id, history: state.history(old.id) });
    of = retryOf(old);
  }
  return ok(lives);
}

/** Why a retry would do nothing, or cannot be made. */
export function nothingToRetry(
  { old, history, decision }: Taken,
  from: StepId | undefined,
): Result<undefined, Refusal> {
  if (from !== undefined || decision.rows.some(({ kept }) => !kept)) return ok(undefined);
  if (foldAll(history).status !== 'succeeded') return ok(undefined);
  return err({
    message: `run ${old.id} succeeded, and every step would keep its result`,
    help: 'name the first step that is to run again with `--from <step>`',
  });
}
