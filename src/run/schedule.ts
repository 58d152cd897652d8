/** Runs the list of a frame: each step as soon as its own needs have ended. */
import type { StepKey } from '../model/ids.ts';
import type { PlannedStep } from '../model/plan.ts';
import type { StepProgress, StepStatus } from '../model/progress.ts';
import type { Scope } from '../model/scope.ts';
import type { GateStep } from '../model/workflow.ts';
import type { AfterAttempt } from './attempt.ts';
import type { Barrier } from './barrier.ts';
import { openBarrier } from './barrier.ts';
import { condition } from './fill.ts';
import type { Frame } from './frame.ts';
import { keyIn } from './frame.ts';
import { holdGate } from './gate.ts';
import type { Need } from './judge.ts';
import { hasFailed, isFine, judge } from './judge.ts';
import type { Change } from './merging.ts';
import { mergeInOrder } from './merging.ts';
import { perform } from './perform.ts';
import type { Phase } from './phase.ts';
import type { Running } from './running.ts';
import type { StatusFunctions } from './scope.ts';
import { evaluateIf, scopeOf } from './scope.ts';

/** A step of the list while the list runs. */
interface Entry {
  readonly key: StepKey;
  readonly planned: PlannedStep;
  readonly needs: Entry[];
  readonly dependents: Entry[];
  /** Needs that have not ended. */
  waiting: number;
  /** It, or something before it, was performed by this owner: what was skipped behind it is decided anew. */
  ranAgain: boolean;
  /** Something before it failed, and was not allowed to. */
  failureBefore: boolean;
  /** An attempt of it is being made, or its change being merged: that says itself how it ends. */
  active: boolean;
  /** What its `if` and its templates may ask of those before it; known once it was decided. */
  status?: StatusFunctions;
}

/** The list while it runs. */
export interface Schedule {
  readonly run: Running;
  readonly phase: Phase;
  readonly frame: Frame;
  readonly entries: readonly Entry[];
  /** Ended steps whose dependents have not been told yet. */
  readonly ended: Entry[];
  /** Steps that are being performed. */
  open: number;
  telling: boolean;
  readonly barrier: Barrier<Entry>;
  merging: boolean;
  /** The step whose failure ends everything under `--fail-fast`. */
  stoppedBy?: string;
  finish: () => void;
}

/** Lays the list out. */
export function layOut(run: Running, phase: Phase, frame: Frame): Schedule {
  const entries = entriesOf(frame);
  const isMember = ({ planned: { step }, key }: Entry) =>
    step.isolated !== undefined || run.ledger.step(key).status === 'merging';
  const barrier = openBarrier(entries.filter(isMember));
  const fresh = { ended: [], open: 0, telling: false, merging: false, finish: () => undefined };
  return { run, phase, frame, entries, barrier, ...fresh };
}

/**
 * Runs the list. Resolves when every step has its end, or when the phase was halted and what ran has stopped.
 * Deciding costs each step and each need once, however many are ready.
 */
export function runList(list: Schedule): Promise<void> {
  return new Promise((resolve) => {
    list.finish = resolve;
    try {
      for (const entry of list.entries) if (entry.needs.length === 0) decide(list, entry);
    } catch (error) {
      // Steps that were started already must stop and be recorded before anybody hears of the defect.
      list.run.defect(error);
    }
    if (list.open === 0) resolve();
  });
}

/** Whether nothing more becomes of a step in this run as it is. */
export function hasEnded({ status }: Pick<StepProgress, 'status'>): boolean {
  return END.has(status);
}

/** What the list waits for where it has come to no end by itself; undefined where every step has its end. */
export function waitsFor(list: Schedule): 'gate' | 'pause' | undefined {
  const open = list.entries.filter((entry) => !END.has(statusOf(list, entry)));
  if (open.length === 0) return undefined;
  return list.phase.isResting() ? 'pause' : 'gate';
}

/** Cancels every step that has no end and of which no attempt is being made. */
export function cancelWaiting(list: Schedule): void {
  for (const entry of list.entries) {
    if (entry.active || END.has(statusOf(list, entry))) continue;
    cancel(list, entry, whyCanceled(list.run, entry.key));
  }
}

/** Why a step that has no end is canceled with the run; a change that is done and not merged can still be had. */
export function whyCanceled({ input, ledger }: Running, key: StepKey): string {
  const because = 'the run was canceled';
  if (ledger.step(key).status !== 'merging') return because;
  return `${because} before its change was merged; \`codemachine apply ${input.run} ${key}\` merges it`;
}

const END: ReadonlySet<StepStatus> = new Set(['succeeded', 'failed', 'skipped', 'blocked', 'canceled']);

function decide(list: Schedule, entry: Entry): void {
  const { phase } = list;
  if (phase.halted() !== undefined) return;
  const needs = entry.needs.map((need) => needOf(list, need));
  entry.ranAgain = entry.needs.some((need) => need.ranAgain);
  entry.failureBefore = entry.needs.some((need) => need.failureBefore) || needs.some(hasFailed);
  const status: StatusFunctions = {
    success: () => needs.every(isFine),
    failure: () => entry.failureBefore,
    canceled: () => phase.halted() === 'cancel',
  };
  entry.status = status;
  const before = statusOf(list, entry);
  const keepsResult = before === 'succeeded' || (before === 'skipped' && !entry.ranAgain);
  if (before === 'merging') awaitMerge(list, entry);
  else if (before === 'asking') start(list, entry);
  else if (keepsResult || !mayRun(list, entry, needs, status)) settle(list, entry);
  else start(list, entry);
}

/** Says what becomes of a step that may not run. */
function mayRun(list: Schedule, entry: Entry, needs: readonly Need[], status: StatusFunctions): boolean {
  const { run, frame } = list;
  const { planned, key } = entry;
  const { step, leftOut } = planned;
  if (leftOut) {
    void run.ledger.say({ type: 'step-skipped', step: key, because: 'left out by --only or --skip' });
    return false;
  }
  const verdict = judge(step, needs, () =>
    step.if === undefined
      ? { ok: true, value: true }
      : evaluateIf(run, step, step.if, scopeOf(run, frame, status)),
  );
  switch (verdict.kind) {
    case 'run':
      return true;
    case 'skipped':
    case 'blocked':
      void run.ledger.say({ type: `step-${verdict.kind}`, step: key, because: verdict.because });
      return false;
    case 'failed': {
      const attempt = run.ledger.step(key).attempt + 1;
      const failure = condition(step, `if: ${verdict.message}`);
      void run.ledger.say({ type: 'step-failed', step: key, attempt, final: true, failure });
      entry.ranAgain = true;
      return false;
    }
  }
}

/** A worktree holds what the batches before its step's came to, neither less nor more: until then the step waits, without a place. */
function start(list: Schedule, entry: Entry): void {
  const { run, phase } = list;
  const { key, planned } = entry;
  const { step, remaining, index } = planned;
  if (step.kind === 'gate') {
    startGate(list, entry, step);
    return;
  }
  if (step.isolated !== undefined && !list.barrier.mayStart(entry)) return;
  const over = (after: AfterAttempt) => {
    entry.active = false;
    if (after === 'ended') settle(list, entry);
    if (after === 'merging') awaitMerge(list, entry);
  };
  list.open++;
  const scope = scopeFor(list, entry);
  void perform(run, phase, { step, key, remaining, index, scope, admit: () => admit(list, entry), over })
    .catch(run.defect)
    .finally(() => {
      if (--list.open === 0) list.finish();
    });
}

/** A gate takes no place. While nothing but a decision is missing, it does not keep the run from parking either. */
function startGate(list: Schedule, entry: Entry, step: GateStep): void {
  const { run, phase } = list;
  const { key, planned } = entry;
  const { remaining, index } = planned;
  if (phase.isResting() || !admit(list, entry)) return;
  entry.active = false;
  const busy = (work: Promise<void>): void => {
    list.open++;
    void work.catch(run.defect).finally(() => {
      if (--list.open === 0) list.finish();
    });
  };
  const of = { run, phase, step, key, remaining, index, scope: scopeFor(list, entry) };
  busy(holdGate(of, { busy, over: () => settle(list, entry) }));
}

/** Its work is done, by this owner or an earlier one. */
function awaitMerge(list: Schedule, entry: Entry): void {
  entry.ranAgain = true;
  list.barrier.ready(entry);
  goOn(list);
}

/** Starts what the barrier lets go by now, and merges a batch that is complete. */
function goOn(list: Schedule): void {
  if (list.merging || list.phase.halted() !== undefined || list.phase.isResting()) return;
  for (const entry of list.barrier.released()) start(list, entry);
  const batch = list.barrier.next();
  if (batch.length === 0) return;
  list.merging = true;
  list.open++;
  void mergeInOrder(
    list.run,
    list.phase,
    batch.map((entry) => changeOf(list, entry)),
  )
    .catch(list.run.defect)
    .finally(() => {
      list.merging = false;
      goOn(list);
      if (--list.open === 0) list.finish();
    });
}

function changeOf(list: Schedule, entry: Entry): Change {
  const { step, remaining, index } = entry.planned;
  return {
    ...{ step, key: entry.key, remaining, index, scope: scopeFor(list, entry) },
    busy: (busy) => {
      entry.active = busy;
    },
    over: (after) => {
      entry.active = false;
      if (after === 'ended') settle(list, entry);
      if (after !== 'again') return;
      list.barrier.again(entry);
      start(list, entry);
    },
  };
}

function scopeFor({ run, frame }: Schedule, entry: Entry): () => Scope {
  return () => {
    if (entry.status === undefined) throw new Error(`\`${entry.key}\` was never decided`);
    return scopeOf(run, frame, entry.status);
  };
}

/** A step that was begun before the failure goes on; `--fail-fast` starts nothing new, and stops nothing. */
function admit(list: Schedule, entry: Entry): boolean {
  const begun = statusOf(list, entry) === 'waiting';
  if (list.stoppedBy === undefined || begun) {
    entry.active = true;
    entry.ranAgain = true;
    return true;
  }
  cancel(list, entry, `\`${list.stoppedBy}\` failed, and --fail-fast starts nothing after that`);
  settle(list, entry);
  return false;
}

/** Tells those that need an ended step. A loop and no recursion: a chain of skipped steps may be 10,000 long. */
function settle(list: Schedule, entry: Entry): void {
  if (list.run.input.options.failFast && hasFailed(needOf(list, entry)))
    list.stoppedBy ??= entry.planned.step.id;
  list.barrier.ended(entry);
  list.ended.push(entry);
  if (list.telling) return;
  list.telling = true;
  for (let next = 0; next < list.ended.length; next++) {
    for (const dependent of list.ended[next]?.dependents ?? []) {
      if (--dependent.waiting === 0) decide(list, dependent);
    }
  }
  list.ended.length = 0;
  list.telling = false;
  goOn(list);
}

function cancel(list: Schedule, entry: Entry, because: string): void {
  void list.run.ledger.say({ type: 'step-canceled', step: entry.key, because });
}

function statusOf(list: Schedule, entry: Entry): StepStatus {
  return list.run.ledger.step(entry.key).status;
}

function needOf(list: Schedule, entry: Entry): Need {
  const { id, continueOnError } = entry.planned.step;
  return { id, status: statusOf(list, entry), continueOnError };
}

function entriesOf(frame: Frame): readonly Entry[] {
  const entries = new Map<string, Entry>();
  for (const planned of frame.planned) {
    const key = keyIn(frame, planned.step);
    const fresh = { waiting: 0, ranAgain: false, failureBefore: false, active: false };
    entries.set(planned.step.id, { key, planned, needs: [], dependents: [], ...fresh });
  }
  for (const entry of entries.values()) {
    for (const id of new Set(entry.planned.step.needs)) {
      const need = entries.get(id);
      if (need === undefined)
        throw new Error(`\`${entry.planned.step.id}\` needs \`${id}\`, which the plan does not have`);
      entry.needs.push(need);
      need.dependents.push(entry);
    }
    entry.waiting = entry.needs.length;
  }
  return [...entries.values()];
}
