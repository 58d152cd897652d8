/** Runs the list of a frame: each step as soon as its own needs have ended. */
import type { Scope } from '../model/scope.ts';
import type { AfterAttempt } from './attempt.ts';
import { isMergedByHand } from './by-hand.ts';
import { lookInTurn, usesChanges, withChanges } from './changes.ts';
import { condition } from './fill.ts';
import { iterationOf, rankIn } from './frame.ts';
import type { Hands } from './instances.ts';
import { instanceEnded, startInstances, startMatrix } from './instances.ts';
import type { Need } from './judge.ts';
import { hasFailed, isFine, judge } from './judge.ts';
import type { Entry, Schedule } from './list.ts';
import { asideOf, cancel, enter, frameOf, keepsResult, leave, needOf, statusOf } from './list.ts';
import type { Change } from './merging.ts';
import { mergeInOrder } from './merging.ts';
import { perform } from './perform.ts';
import type { StatusFunctions } from './scope.ts';
import { evaluateIf, scopeOf } from './scope.ts';
import { startGate, startLoop, startReduce, startUses } from './starting.ts';

/** Starts a list. Deciding costs each step and each need once, however many are ready. */
export function begin(list: Schedule): void {
  try {
    // Instances that are added meanwhile are started by their matrix.
    for (const entry of [...list.entries]) if (entry.needs.length === 0) decide(list, entry);
  } catch (error) {
    // Steps that were started already must stop and be recorded before anybody hears of the defect.
    list.run.defect(error);
  }
}

function decide(list: Schedule, entry: Entry): void {
  const { run, phase } = list;
  if (phase.halted() !== undefined) return;
  const needs = entry.needs.map((need) => needOf(list, need));
  entry.ranAgain = entry.needs.some((need) => need.ranAgain) || isMergedByHand(run, entry.key);
  entry.failureBefore =
    list.failureBefore || entry.needs.some((need) => need.failureBefore) || needs.some(hasFailed);
  const status: StatusFunctions = {
    success: () => needs.every(isFine),
    failure: () => entry.failureBefore,
    canceled: () => phase.halted() === 'cancel',
  };
  entry.status = status;
  const before = statusOf(list, entry);
  if (before === 'merging') awaitMerge(list, entry);
  else if (before === 'asking') start(list, entry);
  else if (keepsResult(run, entry)) settle(list, entry);
  else if (entry.planned.step.if !== undefined && usesChanges(entry.planned.step))
    judgeLater(list, entry, needs, status);
  else if (!mayRun(list, entry, needs, scopeOf(list.run, list.frame, status))) settle(list, entry);
  else start(list, entry);
}

/** What the run has changed is known only when it was looked at. */
function judgeLater(list: Schedule, entry: Entry, needs: readonly Need[], status: StatusFunctions): void {
  const { run, phase, frame } = list;
  const { key, planned } = entry;
  enter(list);
  void lookInTurn(run, phase, { key, ...rankIn(frame, planned) })
    .then((files) => {
      if (files === undefined || phase.halted() !== undefined) return;
      const scope = scopeOf(run, frame, status);
      if (!files.ok) {
        const attempt = run.ledger.step(key).attempt + 1;
        void run.ledger.say({ type: 'step-failed', step: key, attempt, final: true, failure: files.error });
        settle(list, entry);
      } else if (mayRun(list, entry, needs, withChanges(run, scope, files.value))) start(list, entry);
      else settle(list, entry);
    })
    .catch((error: unknown) => {
      if (run.ledger.lost() === undefined) run.defect(error);
    })
    .finally(() => leave(list));
}

/** Says what becomes of a step that may not run. */
function mayRun(list: Schedule, entry: Entry, needs: readonly Need[], scope: Scope): boolean {
  const { run } = list;
  const { planned, key } = entry;
  const { step, leftOut } = planned;
  if (leftOut) {
    void run.ledger.say({ type: 'step-skipped', step: key, because: 'left out by --only or --skip' });
    return false;
  }
  const verdict = judge(step, needs, () =>
    step.if === undefined ? { ok: true, value: true } : evaluateIf(run, step, step.if, scope),
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
  const { step } = planned;
  if (step.matrix !== undefined && entry.of === undefined) {
    if (!phase.isResting() && admit(list, entry)) startMatrix(handsOf(list), entry, step.matrix);
    return;
  }
  const { remaining, index } = rankIn(list.frame, planned);
  if (step.kind === 'gate') {
    startGate(handsOf(list), entry, step);
    return;
  }
  if (step.kind === 'loop') {
    startLoop(handsOf(list), entry, step);
    return;
  }
  if (step.kind === 'uses') {
    startUses(handsOf(list), entry, step);
    return;
  }
  if (step.isolated !== undefined && !list.barrier.mayStart(entry)) return;
  if (step.kind === 'reduce') {
    startReduce(handsOf(list), entry, step);
    return;
  }
  const over = (after: AfterAttempt) => {
    entry.active = false;
    if (after === 'ended') settle(list, entry);
    if (after === 'merging') awaitMerge(list, entry);
  };
  enter(list);
  const scope = scopeFor(list, entry);
  void perform(run, phase, {
    step,
    key,
    ...iterationOf(list.frame),
    remaining,
    index,
    scope,
    admit: () => admit(list, entry),
    aside: asideOf(list),
    over,
  })
    .catch(run.defect)
    .finally(() => leave(list));
}

function handsOf(list: Schedule): Hands {
  return {
    list,
    scope: (entry) => scopeFor(list, entry)(),
    start: (entry) => start(list, entry),
    admit: (entry) => admit(list, entry),
    begin,
    awaitMerge: (entry) => awaitMerge(list, entry),
    settle: (entry) => settle(list, entry),
  };
}

/** Its work is done, by this owner or an earlier one. */
function awaitMerge(list: Schedule, entry: Entry): void {
  entry.ranAgain = true;
  list.barrier.ready(entry);
  if (entry.of !== undefined) startInstances(handsOf(list), entry.of);
  goOn(list);
}

/** Starts what the barrier lets go by now, and merges a batch that is complete. */
function goOn(list: Schedule): void {
  if (list.merging || list.phase.halted() !== undefined || list.phase.isResting()) return;
  for (const entry of list.barrier.released()) start(list, entry);
  const batch = list.barrier.next();
  if (batch.length === 0) return;
  list.merging = true;
  enter(list);
  void mergeInOrder(
    list.run,
    list.phase,
    batch.map((entry) => changeOf(list, entry)),
  )
    .catch(list.run.defect)
    .finally(() => {
      list.merging = false;
      goOn(list);
      leave(list);
    });
}

function changeOf(list: Schedule, entry: Entry): Change {
  const { step } = entry.planned;
  const { remaining, index } = rankIn(list.frame, entry.planned);
  return {
    ...{ step, key: entry.key, remaining, index, scope: scopeFor(list, entry), aside: asideOf(list) },
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

function scopeFor(list: Schedule, entry: Entry): () => Scope {
  return () => {
    if (entry.status === undefined) throw new Error(`\`${entry.key}\` was never decided`);
    return scopeOf(list.run, frameOf(list, entry), entry.status);
  };
}

/** A step that was begun before the failure goes on; `--fail-fast` starts nothing new, and stops nothing. */
function admit(list: Schedule, entry: Entry): boolean {
  const { status, attempt } = list.run.ledger.step(entry.key);
  // What waits for a quota that another step was told of has not begun.
  const begun = ['running', 'asking'].includes(status) || (status === 'waiting' && attempt > 0);
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
  if (entry.of !== undefined) {
    instanceEnded(handsOf(list), entry.of);
    goOn(list);
    return;
  }
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
