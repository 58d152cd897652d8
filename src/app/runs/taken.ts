/** Says in a retry what it takes over from the run before. */
import type { MilestoneBody } from '../../model/event.ts';
import { liesIn } from '../../model/ids.ts';
import { expansion, type Progress, type StepProgress } from '../../model/progress.ts';
import type { Adopted } from './adopted.ts';
import type { Decision } from './kept.ts';
import { isAmong } from './kept-inside.ts';

/** What a retry keeps, as it says it. */
export function takenBodies(
  { kept, inside }: Decision,
  { steps }: Progress,
  adopted: Adopted = new Map(),
): readonly MilestoneBody[] {
  const takenWhole = (step: StepProgress | undefined): readonly MilestoneBody[] =>
    step === undefined ? [] : [...decidedIn(step), ...(adopted.get(step.key) ?? []), ...endOf(step)];
  const whole = [...kept].flatMap((key) => [
    ...[...steps.keys()]
      .filter((inner) => liesIn(inner, key))
      .flatMap((inner) => takenWhole(steps.get(inner))),
    ...takenWhole(steps.get(key)),
  ]);
  // In the order in which they came, which tells the newest session of a step.
  const parts = [...steps.values()].flatMap((step) => {
    if (isAmong(inside.kept, step.key)) return takenWhole(step);
    return inside.open.has(step.key) ? decidedIn(step) : [];
  });
  return [...whole, ...parts];
}

/** Where a loop is, and which instances a matrix has. */
function decidedIn({ key, loop, instances }: StepProgress): readonly MilestoneBody[] {
  return [
    ...(loop === undefined ? [] : [{ type: 'loop-decided', step: key, ...loop } as const]),
    ...(instances === undefined ? [] : [expansion(key, instances)]),
  ];
}

/** What was executed in a loop is read behind it, whatever it came to. Nobody spends it again. */
function endOf(step: StepProgress): readonly MilestoneBody[] {
  const { key, status, attempt, values, failure, because = status } = step;
  if (status === 'blocked' || status === 'canceled') return [{ type: `step-${status}`, step: key, because }];
  if (status !== 'failed' || failure === undefined) return resultOf(step);
  const { usage: _, ...rest } = values;
  return [{ ...rest, type: 'step-failed', step: key, attempt, final: true, failure, reused: 'retry' }];
}

/** A result as another run says it. Which files it changed is told by the run that did. */
function resultOf(step: StepProgress): readonly MilestoneBody[] {
  const { key, status, attempt, values, engine, model, session, because } = step;
  if (status === 'skipped') return [{ type: 'step-skipped', step: key, because: because ?? 'skipped' }];
  // Of a loop that began anew and came to its end sooner.
  if (status !== 'succeeded') return [];
  const who = {
    ...(engine === undefined ? {} : { engine }),
    ...(model === undefined ? {} : { model }),
    ...(session === undefined ? {} : { session }),
  };
  return [{ ...values, ...who, type: 'step-succeeded', step: key, attempt, reused: 'retry' }];
}
