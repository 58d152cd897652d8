/** Starts the steps of a list that make no attempts of their own. */
import type { RunEnd } from '../model/event.ts';
import type { GateStep, LoopStep, ReduceStep, UsesStep } from '../model/workflow.ts';
import type { AfterAttempt } from './attempt.ts';
import type { Ending } from './ending.ts';
import { runFinally } from './finally.ts';
import type { Frame } from './frame.ts';
import { keyIn, rankIn } from './frame.ts';
import { holdGate } from './gate.ts';
import type { Hands } from './instances.ts';
import type { Entry } from './list.ts';
import { asideOf, cancelWaiting, enter, frameOf, isOver, layOut, leave } from './list.ts';
import { runLoop } from './loop.ts';
import { runPart } from './part.ts';
import { runReduce } from './reduce.ts';

/** A loop takes no place either: its body's steps do. Whoever finds it begun goes on with it. */
export function startLoop(hands: Hands, entry: Entry, step: LoopStep): void {
  const { list } = hands;
  const { run, phase } = list;
  const { key, planned, status } = entry;
  const frame = frameOf(list, entry);
  if (planned.body === undefined || status === undefined)
    throw new Error(`the loop \`${key}\` was never planned`);
  if (phase.isResting() || !hands.admit(entry)) return;
  enter(list);
  const runBody = (iteration: Frame) => runInside(hands, entry, iteration);
  const rank = rankIn(frame, planned);
  const body = { step, key, body: planned.body, frame, rank, status, runBody };
  goThrough(hands, entry, runLoop(run, phase, body));
}

/** A used workflow is like a loop of one iteration. */
export function startUses(hands: Hands, entry: Entry, step: UsesStep): void {
  const { list, begin } = hands;
  const { run, phase } = list;
  const { key, planned } = entry;
  if (planned.body === undefined) throw new Error(`the used workflow \`${key}\` was never planned`);
  if (phase.isResting() || !hands.admit(entry)) return;
  enter(list);
  const runBody = (inner: Frame) => runInside(hands, entry, inner);
  const rank = rankIn(frameOf(list, entry), planned);
  const runLast = (ending: Ending, how: RunEnd) => runFinally(run, phase, ending, how, begin);
  const scope = hands.scope(entry);
  const part = { step, key, body: planned.body, rank, scope, runBody, runLast, cancels: false };
  goThrough(hands, entry, runPart(run, phase, part));
}

function goThrough({ list, settle }: Hands, entry: Entry, work: Promise<AfterAttempt>): void {
  const { run } = list;
  void work
    .then((after) => {
      entry.active = false;
      if (after !== 'ended') return;
      delete entry.inner;
      settle(entry);
    })
    .catch((error: unknown) => {
      if (run.ledger.lost() === undefined) run.defect(error);
    })
    .finally(() => leave(list));
}

/** What the step does and what its list does are one thing: while the list only waits for somebody, the run may park. */
function runInside({ list, begin }: Hands, entry: Entry, iteration: Frame): Promise<void> {
  const body = layOut(list.run, list.phase, iteration, list);
  body.failureBefore = entry.failureBefore;
  entry.inner = body;
  return new Promise((resolve) => {
    let over = false;
    body.finish = () => {
      if (over || !isOver(body)) return;
      over = true;
      // Nobody looks into the list any more once its step is said to be canceled.
      if (list.phase.halted() === 'cancel') cancelWaiting(body);
      enter(list);
      resolve();
    };
    begin(body);
    if (body.open === 0) body.finish();
    leave(list);
  });
}

/** A gate takes no place. While nothing but a decision is missing, it does not keep the run from parking either. */
export function startGate(hands: Hands, entry: Entry, step: GateStep): void {
  const { list } = hands;
  const { run, phase } = list;
  const { key, planned } = entry;
  const { remaining, index } = rankIn(list.frame, planned);
  if (phase.isResting() || !hands.admit(entry)) return;
  entry.active = false;
  const busy = (work: Promise<void>): void => {
    enter(list);
    void work
      .catch((error: unknown) => {
        if (run.ledger.lost() === undefined) run.defect(error);
      })
      .finally(() => leave(list));
  };
  const of = { run, phase, step, key, remaining, index, scope: () => hands.scope(entry) };
  busy(holdGate(of, { busy, over: () => hands.settle(entry) }));
}

/** A reduce takes no place either: checks and judges do. Whoever finds it begun goes on with it. */
export function startReduce(hands: Hands, entry: Entry, step: ReduceStep): void {
  const { list } = hands;
  const { run, phase, frame } = list;
  const { key, planned } = entry;
  if (phase.isResting() || !hands.admit(entry)) return;
  enter(list);
  const from = keyIn(frame, { id: step.from });
  const rank = rankIn(frame, planned);
  void runReduce(run, phase, {
    ...rank,
    step,
    key,
    from,
    aside: asideOf(list),
    scope: () => hands.scope(entry),
  })
    .then((after) => {
      entry.active = false;
      if (after === 'ended') hands.settle(entry);
      if (after === 'merging') hands.awaitMerge(entry);
    })
    .catch((error: unknown) => {
      if (run.ledger.lost() === undefined) run.defect(error);
    })
    .finally(() => leave(list));
}
