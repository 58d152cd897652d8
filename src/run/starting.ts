/** Starts the steps of a list that make no attempts of their own. */
import type { GateStep, LoopStep, ReduceStep } from '../model/workflow.ts';
import type { Frame } from './frame.ts';
import { keyIn, rankIn } from './frame.ts';
import { holdGate } from './gate.ts';
import type { Hands } from './instances.ts';
import type { Entry } from './list.ts';
import { cancelWaiting, enter, frameOf, isOver, layOut, leave } from './list.ts';
import { runLoop } from './loop.ts';
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
  const runBody = (iteration: Frame) => runIteration(hands, entry, iteration);
  const rank = rankIn(frame, planned);
  void runLoop(run, phase, { step, key, body: planned.body, frame, rank, status, runBody })
    .then((after) => {
      entry.active = false;
      if (after !== 'ended') return;
      delete entry.inner;
      hands.settle(entry);
    })
    .catch((error: unknown) => {
      if (run.ledger.lost() === undefined) run.defect(error);
    })
    .finally(() => leave(list));
}

/** What the loop does and what its body does are one thing: while the body only waits for somebody, the run may park. */
function runIteration({ list, begin }: Hands, entry: Entry, iteration: Frame): Promise<void> {
  const body = layOut(list.run, list.phase, iteration, list);
  body.failureBefore = entry.failureBefore;
  entry.inner = body;
  return new Promise((resolve) => {
    let over = false;
    body.finish = () => {
      if (over || !isOver(body)) return;
      over = true;
      // Nobody looks into the body any more once its loop is said to be canceled.
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
  void runReduce(run, phase, { ...rank, step, key, from, scope: () => hands.scope(entry) })
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
