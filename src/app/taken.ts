/** Says in a retry what it takes over from the run before. */
import type { MilestoneBody } from '../model/event.ts';
import { liesIn } from '../model/ids.ts';
import { expansion, type Progress, type StepProgress } from '../model/progress.ts';
import type { Decision } from './kept.ts';

/** What a retry keeps, as it says it. */
export function takenBodies({ kept }: Decision, { steps }: Progress): readonly MilestoneBody[] {
  return [...kept].flatMap((key) => [
    ...[...steps.keys()].filter((inner) => liesIn(inner, key)).flatMap((inner) => ofLoop(steps.get(inner))),
    ...ofLoop(steps.get(key)),
  ]);
}

/** What was executed in a loop is read behind it, whatever it came to. Nobody spends it again. */
function ofLoop(step: StepProgress | undefined): readonly MilestoneBody[] {
  if (step === undefined) return [];
  const { key, status, attempt, values, failure, because = status, loop, instances } = step;
  const decided: readonly MilestoneBody[] = [
    ...(loop === undefined ? [] : [{ type: 'loop-decided', step: key, ...loop } as const]),
    ...(instances === undefined ? [] : [expansion(key, instances)]),
  ];
  if (status === 'blocked' || status === 'canceled')
    return [...decided, { type: `step-${status}`, step: key, because }];
  if (status !== 'failed' || failure === undefined) return [...decided, ...takenBody(step)];
  const { usage: _, ...rest } = values;
  return [...decided, { ...rest, type: 'step-failed', step: key, attempt, final: true, failure }];
}

/** A result as another run says it. Which files it changed is told by the run that did. */
function takenBody(step: StepProgress | undefined): readonly MilestoneBody[] {
  if (step === undefined) return [];
  const { key, status, attempt, values, engine, model, session, because } = step;
  if (status === 'skipped') return [{ type: 'step-skipped', step: key, because: because ?? 'skipped' }];
  const who = {
    ...(engine === undefined ? {} : { engine }),
    ...(model === undefined ? {} : { model }),
    ...(session === undefined ? {} : { session }),
  };
  return [{ ...values, ...who, type: 'step-succeeded', step: key, attempt, reused: 'retry' }];
}
