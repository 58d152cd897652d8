/** Runs the instances of a matrix as steps of the list that the matrix stands in. */

import { instanceStep } from '../model/choices.ts';
import type { StepKey } from '../model/ids.ts';
import { expansion, type MatrixInstance } from '../model/progress.ts';
import { ok } from '../model/result.ts';
import type { Scope } from '../model/scope.ts';
import type { Matrix, Step } from '../model/workflow.ts';
import { isMergedWithin } from './by-hand.ts';
import { condition } from './fill.ts';
import type { Entry, Schedule } from './list.ts';
import { cancel, endMatrix, hasEnded, keepsResult, statusOf } from './list.ts';
import { expand } from './matrix.ts';
import type { Running } from './running.ts';

/** What the list does with any of its steps. */
export interface Hands {
  readonly list: Schedule;
  scope(entry: Entry): Scope;
  start(entry: Entry): void;
  /** Whether it may still be begun; else it is canceled. */
  admit(entry: Entry): boolean;
  /** Starts the list of a body. */
  begin(list: Schedule): void;
  awaitMerge(entry: Entry): void;
  settle(entry: Entry): void;
}

/**
 * Makes the instances of a matrix entries of the list. They are the batch mates of each other, in their order. Those of a run that is
 * resumed are those that were recorded.
 */
export function startMatrix(hands: Hands, entry: Entry, matrix: Matrix): void {
  const { list } = hands;
  const { run } = list;
  const { key, planned } = entry;
  const expanded = expandOnce(run, { step: planned.step, key, matrix, scope: hands.scope(entry) }, true);
  if (expanded === undefined) {
    hands.settle(entry);
    return;
  }
  const instances = expanded.map((one, i) => instanceEntry(list, entry, one, i / expanded.length));
  entry.instances = instances;
  entry.queue = [...instances];
  list.entries.push(...instances);
  list.barrier.join(instances);
  list.barrier.ended(entry);
  goOn(hands, entry);
}

/** A matrix that may start. */
interface MatrixOf {
  readonly step: Step;
  readonly key: StepKey;
  readonly matrix: Matrix;
  readonly scope: Scope;
}

/**
 * The instances of a matrix that is begun, which is said; undefined where it has its end without any.
 * @param again whether instances that are recorded are those
 */
export function expandOnce(
  run: Running,
  { step, key, matrix, scope }: MatrixOf,
  again: boolean,
): readonly MatrixInstance[] | undefined {
  const { instances, status, attempt: before } = run.ledger.step(key);
  const recorded = again ? instances : undefined;
  const expanded = recorded === undefined ? expand(run, step, { key, matrix }, scope) : ok(recorded);
  const attempt = status === 'running' ? before : before + 1;
  if (!expanded.ok) {
    const failure = condition(step, expanded.error);
    void run.ledger.say({ type: 'step-failed', step: key, attempt, final: true, failure });
    return undefined;
  }
  if (expanded.value.length === 0) {
    void run.ledger.say({ type: 'step-skipped', step: key, because: 'its matrix has no combination' });
    return undefined;
  }
  if (status !== 'running')
    void run.ledger.say({ type: 'step-started', step: key, attempt, kind: 'matrix', workspace: 'shared' });
  if (recorded === undefined) void run.ledger.say(expansion(key, expanded.value));
  return expanded.value;
}

function instanceEntry(list: Schedule, of: Entry, { key, matrix }: MatrixInstance, part: number): Entry {
  const { planned, failureBefore, status } = of;
  const { frame } = list;
  return {
    ...{ key, of, needs: [], dependents: [], waiting: 0, ranAgain: true, failureBefore, active: false },
    planned: {
      ...planned,
      step: instanceStep(planned.step, matrix) ?? planned.step,
      index: planned.index + part,
    },
    frame: { ...frame, contexts: { ...frame.contexts, matrix } },
    ...(status === undefined ? {} : { status }),
  };
}

/** Starts as many as there may be at once. One that waits to be merged takes nobody's place. */
export function startInstances(hands: Hands, matrix: Entry): void {
  const { list } = hands;
  const { instances = [], queue = [] } = matrix;
  const most = matrix.planned.step.matrix?.maxParallel ?? instances.length;
  const works = (one: Entry): boolean =>
    one.begun === true && statusOf(list, one) !== 'merging' && !hasEnded({ status: statusOf(list, one) });
  while (list.phase.halted() === undefined && instances.filter(works).length < most) {
    const next = queue.shift();
    if (next === undefined) break;
    next.begun = true;
    const status = statusOf(list, next);
    if (keepsResult(list.run, next)) list.barrier.ended(next);
    else if (status === 'merging') hands.awaitMerge(next);
    else hands.start(next);
  }
  finishMatrix(hands, matrix);
}

/** One of its instances has its end: the next takes its place, unless that is not wanted any more. */
export function instanceEnded(hands: Hands, matrix: Entry): void {
  goOn(hands, matrix);
}

/** What an earlier owner has begun was begun before the failure. */
function goOn(hands: Hands, matrix: Entry): void {
  const { list } = hands;
  const { instances = [], queue = [] } = matrix;
  const failed = instances.some(
    (one) => statusOf(list, one) === 'failed' && !isMergedWithin(list.run, one.key),
  );
  if (matrix.planned.step.matrix?.failFast === true && failed) {
    const because = 'another instance failed, and `fail-fast` starts none after that';
    const begun: Entry[] = [];
    const isNew = (one: Entry): boolean => ['pending', 'canceled'].includes(statusOf(list, one));
    for (const one of queue.splice(0)) {
      if (!isNew(one)) begun.push(one);
      else {
        cancel(list, one, because);
        list.barrier.ended(one);
      }
    }
    queue.push(...begun);
  }
  startInstances(hands, matrix);
}

function finishMatrix(hands: Hands, matrix: Entry): void {
  const { list } = hands;
  const { instances = [], key } = matrix;
  const isOpen = (entry: Entry): boolean => !hasEnded({ status: statusOf(list, entry) });
  if (!isOpen(matrix) || instances.some(isOpen)) return;
  matrix.active = false;
  endMatrix(list, key, instances);
  hands.settle(matrix);
}
