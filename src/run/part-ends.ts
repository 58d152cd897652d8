/** Gives used workflows their `finally` that a cancel ended before it. */
import type { RunEnd } from '../model/event.ts';
import type { StepKey } from '../model/ids.ts';
import type { PlannedStep } from '../model/plan.ts';
import { lastIteration, type StepStatus } from '../model/progress.ts';
import type { UsesStep } from '../model/workflow.ts';
import type { Begin } from './finally.ts';
import { runFinally } from './finally.ts';
import type { Frame } from './frame.ts';
import { keyIn, rankIn } from './frame.ts';
import { iterationFrame } from './iteration.ts';
import { endingOf, givenTo } from './part.ts';
import type { Phase } from './phase.ts';
import type { Running } from './running.ts';
import { scopeOf } from './scope.ts';

/** A used workflow that was begun and has no end of its own. */
interface Left {
  readonly step: UsesStep;
  readonly key: StepKey;
  readonly planned: PlannedStep;
  /** The frame that the step stands in. */
  readonly frame: Frame;
}

/** Runs the `finally` of each, innermost first. Gives whether something of them failed that was not allowed to. */
export async function endParts(run: Running, phase: Phase, end: RunEnd, begin: Begin): Promise<boolean> {
  let failed = false;
  for (const { step, key, planned, frame } of leftIn(run, run.main)) {
    const { body } = planned;
    if (body === undefined || body.last.length === 0 || phase.halted() !== undefined) continue;
    const given = givenTo(run, { step, scope: scopeOf(run, frame, CANCELED) });
    if (!given.ok) {
      failed = true;
      continue;
    }
    const part = { step, key, body, rank: rankIn(frame, planned) };
    const ending = { ...endingOf(run, part, given.value), cancels: true };
    if (await runFinally(run, phase, ending, end, begin)) failed = true;
  }
  return failed;
}

const CANCELED = { success: () => false, failure: () => false, canceled: () => true };

const ENDED: ReadonlySet<StepStatus> = new Set(['succeeded', 'failed', 'skipped', 'blocked']);

function leftIn(run: Running, frame: Frame): readonly Left[] {
  return [...frame.planned].reverse().flatMap((planned) => {
    const { step } = planned;
    if (step.kind !== 'loop' && step.kind !== 'uses') return [];
    return executionsOf(run, frame, planned).flatMap((one): readonly Left[] => {
      const { status, startedIn } = run.ledger.step(one.key);
      if (startedIn === undefined || ENDED.has(status)) return [];
      return step.kind === 'loop' ? inLoop(run, planned, one) : inPart(run, step, planned, one);
    });
  });
}

/** A step, or each of its instances, with the frame that it sees. */
function executionsOf(run: Running, frame: Frame, { step }: PlannedStep): readonly Execution[] {
  const key = keyIn(frame, step);
  if (step.matrix === undefined) return [{ key, frame }];
  return (run.ledger.step(key).instances ?? []).map((one) => ({
    key: one.key,
    frame: { ...frame, contexts: { ...frame.contexts, matrix: one.matrix } },
  }));
}

interface Execution {
  readonly key: StepKey;
  readonly frame: Frame;
}

function inLoop(run: Running, planned: PlannedStep, { key, frame }: Execution): readonly Left[] {
  if (planned.body === undefined) return [];
  const here = { key, body: planned.body, frame, rank: rankIn(frame, planned) };
  return leftIn(run, iterationFrame(run, here, lastIteration(run.ledger.step(key))));
}

function inPart(
  run: Running,
  step: UsesStep,
  planned: PlannedStep,
  { key, frame }: Execution,
): readonly Left[] {
  const { body } = planned;
  const given = givenTo(run, { step, scope: scopeOf(run, frame, CANCELED) });
  if (body === undefined || !given.ok) return [{ step, key, planned, frame }];
  const { main } = endingOf(run, { step, key, body, rank: rankIn(frame, planned) }, given.value);
  return [...leftIn(run, main), { step, key, planned, frame }];
}
