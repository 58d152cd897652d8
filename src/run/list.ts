/** Holds a list of steps while it runs. */
import { keyWord, type StepKey } from '../model/ids.ts';
import type { PlannedStep } from '../model/plan.ts';
import type { StepProgress, StepStatus } from '../model/progress.ts';
import { mergeTurns } from '../model/turns.ts';
import type { Barrier } from './barrier.ts';
import { openBarrier } from './barrier.ts';
import { isMergedWithin } from './by-hand.ts';
import type { Frame } from './frame.ts';
import { keyIn } from './frame.ts';
import type { Need } from './judge.ts';
import { quotaTimes } from './park.ts';
import type { Phase, RestReason } from './phase.ts';
import type { Running } from './running.ts';
import type { StatusFunctions } from './scope.ts';

/** A step of the list while the list runs. */
export interface Entry {
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
  /** Its own, of an instance: the list's with `matrix`. */
  readonly frame?: Frame;
  /** The matrix step that an instance belongs to. */
  readonly of?: Entry;
  /** Of a matrix step that was expanded; each is an entry of the list. */
  instances?: readonly Entry[];
  /** Of an instance whose turn has come. */
  begun?: boolean;
  /** Instances that wait because of `max-parallel`. */
  queue?: Entry[];
  /** The iteration that a loop is in. */
  inner?: Schedule;
  /** What its `if` and its templates may ask of those before it; known once it was decided. */
  status?: StatusFunctions;
}

/** The list while it runs. */
export interface Schedule {
  readonly run: Running;
  readonly phase: Phase;
  readonly frame: Frame;
  readonly entries: Entry[];
  /** The list in which the loop stands whose body this is. What is done here is done there. */
  readonly outer?: Schedule;
  /** Something before the list itself failed, and was not allowed to: of a body, before its loop. */
  failureBefore: boolean;
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
export function layOut(run: Running, phase: Phase, frame: Frame, outer?: Schedule): Schedule {
  const entries = entriesOf(frame);
  const isMember = ({ planned: { step }, key }: Entry) =>
    step.isolated !== undefined || run.ledger.step(key).status === 'merging';
  const hasFailedBefore = ({ planned: { step }, key }: Entry) =>
    run.ledger.step(key).status === 'failed' && !step.continueOnError && !isMergedWithin(run, key);
  const turns = mergeTurns(frame.planned);
  const barrier = openBarrier(entries.filter(isMember), ({ planned }) => turns.get(planned.step.id) ?? 0);
  const fresh = {
    failureBefore: false,
    ended: [],
    open: 0,
    telling: false,
    merging: false,
    finish: () => undefined,
  };
  const stopped = run.input.options.failFast === true ? entries.find(hasFailedBefore) : undefined;
  return {
    ...{ run, phase, frame, entries, barrier, ...fresh },
    ...(outer === undefined ? {} : { outer }),
    ...(stopped === undefined ? {} : { stoppedBy: stopped.planned.step.id }),
  };
}

/** Runs a list. Resolves when every step has its end, or when the phase was halted and what ran has stopped. */
export function runWhole(list: Schedule, begin: (list: Schedule) => void): Promise<void> {
  return new Promise((resolve) => {
    list.finish = resolve;
    begin(list);
    if (list.open === 0) resolve();
  });
}

/** Something is being done for the list. */
export function enter(list: Schedule): void {
  if (list.open++ === 0 && list.outer !== undefined) enter(list.outer);
}

/** It is done. */
export function leave(list: Schedule): void {
  if (--list.open > 0) return;
  list.finish();
  if (list.outer !== undefined) leave(list.outer);
}

/** For what is done for the list, and may wait so long that the list need not wait with it. */
export function asideOf(list: Schedule): { leave(): void; enter(): void } {
  return { leave: () => leave(list), enter: () => enter(list) };
}

/** Whether nothing more becomes of a step in this run as it is. */
export function hasEnded({ status }: Pick<StepProgress, 'status'>): boolean {
  return END.has(status);
}

/**
 * Whether a step keeps what it came to before this owner; what was skipped or blocked behind a step that was performed since is decided
 * anew. That something failed for good is left by the fold only where the run merely goes on.
 */
export function keepsResult(run: Running, { key, ranAgain }: Pick<Entry, 'key' | 'ranAgain'>): boolean {
  const { status } = run.ledger.step(key);
  if (status === 'skipped' || status === 'blocked') return !ranAgain;
  return status === 'succeeded' || (status === 'failed' && !isMergedWithin(run, key));
}

/** What the list waits for where it has come to no end by itself; undefined where every step has its end. */
export function waitsFor(list: Schedule): 'gate' | 'quota' | RestReason | undefined {
  const open = list.entries.filter((entry) => !END.has(statusOf(list, entry)));
  if (open.length === 0) return undefined;
  const why = list.phase.restsFor() ?? (list.run.budgets.isHolding() ? 'budget' : undefined);
  if (why !== undefined) return why;
  // Who is asked may answer today.
  const asks = [...list.run.ledger.progress.steps.values()].some(({ status }) => status === 'asking');
  return !asks && quotaTimes(list.run).length > 0 ? 'quota' : 'gate';
}

/** Cancels every step that has no end and of which no attempt is being made. */
export function cancelWaiting(list: Schedule): void {
  for (const entry of list.entries) {
    if (entry.instances !== undefined || END.has(statusOf(list, entry))) continue;
    if (entry.inner !== undefined) cancelWaiting(entry.inner);
    // A loop whose body does nothing but wait has nobody who would say it.
    if (entry.inner === undefined ? entry.active : entry.inner.open > 0) continue;
    cancel(list, entry, whyCanceled(list.run, list.phase, entry.key));
  }
  for (const { instances = [], key } of list.entries) {
    const isOpen = instances.length > 0 && !END.has(list.run.ledger.step(key).status);
    if (isOpen && instances.every((one) => END.has(statusOf(list, one)))) endMatrix(list, key, instances);
  }
}

/** What a matrix comes to when each of its instances has its end. */
export function endMatrix(
  { run, phase }: Pick<Schedule, 'run' | 'phase'>,
  key: StepKey,
  instances: readonly Pick<Entry, 'key'>[],
): void {
  const { attempt } = run.ledger.step(key);
  const ends = instances.map((one) => run.ledger.step(one.key));
  const failed = ends.filter(({ status }) => status === 'failed');
  const [first] = failed;
  if (first !== undefined) {
    const reason = first.failure?.reason ?? 'internal';
    const which = `${failed.length} of ${ends.length} failed, \`${first.key}\` first`;
    const message = first.failure === undefined ? which : `${which}: ${first.failure.message}`;
    const failure = { reason, message };
    void run.ledger.say({ type: 'step-failed', step: key, attempt, final: true, failure });
  } else if (ends.some(({ status }) => status === 'canceled')) {
    void run.ledger.say({ type: 'step-canceled', step: key, because: becauseOf(phase) });
  } else {
    void run.ledger.say({ type: 'step-succeeded', step: key, attempt });
  }
}

/** The frame that an entry's expressions see. */
export function frameOf(list: Schedule, entry: Entry): Frame {
  return entry.frame ?? list.frame;
}

/** Why a step that has no end is canceled with the run; a change that is done and not merged can still be had. */
export function whyCanceled({ input, ledger }: Running, phase: Phase, key: StepKey): string {
  const because = becauseOf(phase);
  if (ledger.step(key).status !== 'merging') return because;
  return `${because} before its change was merged; \`codemachine apply ${input.run} ${keyWord(key)}\` merges it`;
}

/** Why everything is canceled. */
export function becauseOf(phase: Pick<Phase, 'exhausted'>): string {
  return phase.exhausted()?.message ?? 'the run was canceled';
}

const END: ReadonlySet<StepStatus> = new Set(['succeeded', 'failed', 'skipped', 'blocked', 'canceled']);

/** Whether nothing more is done for the list, unless the run is resumed. */
export function isOver(list: Schedule): boolean {
  const { phase, entries } = list;
  if (phase.halted() !== undefined || phase.isResting()) return true;
  return entries.every((entry) => END.has(statusOf(list, entry)));
}

/** Says that a step will not be made. */
export function cancel(list: Schedule, entry: Entry, because: string): void {
  void list.run.ledger.say({ type: 'step-canceled', step: entry.key, because });
}

/** Where a step of the list is. */
export function statusOf(list: Schedule, entry: Entry): StepStatus {
  return list.run.ledger.step(entry.key).status;
}

/** The step as those see it that need it. */
export function needOf(list: Schedule, entry: Entry): Need {
  const { id, continueOnError } = entry.planned.step;
  return { id, status: statusOf(list, entry), continueOnError };
}

function entriesOf(frame: Frame): Entry[] {
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
