/** Decides which results of a run are kept. */

import { asStepKey, liesIn, outermost, type StepId, type StepKey } from '../../model/ids.ts';
import type { Plan } from '../../model/plan.ts';
import type { Progress, StepProgress } from '../../model/progress.ts';
import type { Step, Workflow } from '../../model/workflow.ts';
import { type Inside, isAmong, keptInside } from './kept-inside.ts';

/** What becomes of one step. */
export interface Row {
  readonly step: StepId;
  readonly kept: boolean;
  /** Half a sentence: `kept`, `changed: prompt`, `behind code`. */
  readonly why: string;
}

/** What becomes of every step of the main list, in the order of the file. */
export interface Decision {
  readonly rows: readonly Row[];
  readonly kept: ReadonlySet<StepKey>;
  /** What is kept of steps that have no result and are what they were: they go on where they were. */
  readonly inside: Inside;
  /** Steps with something recorded that the workflow has no more. */
  readonly gone: readonly StepKey[];
}

/** What is decided by. */
export interface Deciding {
  readonly plan: Plan;
  readonly workflow: Workflow;
  readonly progress: Progress;
  /** What differs between the step as it ran and as it is: keys of the file; `new` where it never was. */
  readonly changed: (step: Step) => readonly string[] | 'new';
  /** A step that runs again whatever it came to; of `finally` it means that nothing else does. */
  readonly from?: StepId;
  /** Whether a change that waits to be merged counts as a result: the same run will merge it. */
  readonly mergesLater: boolean;
}

/** A step keeps its result if it has one, is the same, and everything before it keeps its own. */
export function decideKept(deciding: Deciding): Decision {
  const { plan, workflow, progress } = deciding;
  const rows = new Map<StepId, Row>();
  const inOrder = [...plan.steps].sort((a, b) => a.batch - b.batch || a.index - b.index);
  for (const { step } of inOrder) {
    const own = whyAgain(deciding, step);
    const before = step.needs.find((need) => rows.get(need)?.kept === false);
    const why = own ?? (before === undefined ? undefined : `behind \`${before}\``);
    rows.set(step.id, { step: step.id, kept: why === undefined, why: why ?? 'kept' });
  }
  const ids = new Set([...workflow.steps, ...workflow.finally].map(({ id }) => asStepKey(id)));
  const goOn = plan.steps.filter(
    ({ step }) => rows.get(step.id)?.kept === false && goesOn(deciding, step, (need) => rows.get(need)?.kept),
  );
  const ordered = plan.steps.flatMap(({ step }) => rows.get(step.id) ?? []);
  return {
    rows: ordered,
    kept: new Set(ordered.filter(({ kept }) => kept).map(({ step }) => asStepKey(step))),
    inside: keptInside(progress, goOn, deciding.mergesLater),
    // What lies in another goes with it.
    gone: [...progress.steps.keys()].filter(
      (key) => !liesIn(key, outermost(key)) && !ids.has(outermost(key)),
    ),
  };
}

/** Whether nothing but what it came to lets a step run again. */
function goesOn(
  { changed, from }: Deciding,
  step: Step,
  isKept: (need: StepId) => boolean | undefined,
): boolean {
  return step.id !== from && changed(step).length === 0 && step.needs.every((need) => isKept(need) !== false);
}

/** Whether the result of an execution is kept, alone or with what it lies in. */
export function isKept({ kept, inside }: Decision, key: StepKey): boolean {
  return kept.has(outermost(key)) || isAmong(inside.kept, key);
}

/** Why a step runs again by itself; undefined where it has a result that is still right. */
function whyAgain({ progress, changed, from, mergesLater }: Deciding, step: Step): string | undefined {
  const differs = changed(step);
  if (differs === 'new') return 'new';
  if (differs.length > 0) return `changed: ${differs.join(', ')}`;
  if (step.id === from) return 'asked for';
  const status = progress.steps.get(asStepKey(step.id))?.status ?? 'pending';
  if (status === 'succeeded' || status === 'skipped' || (mergesLater && status === 'merging'))
    return undefined;
  return NO_RESULT[status];
}

const NO_RESULT: Readonly<Record<Exclude<StepProgress['status'], 'succeeded' | 'skipped'>, string>> = {
  pending: 'not started',
  running: 'interrupted',
  waiting: 'not done',
  merging: 'not merged',
  asking: 'not decided',
  failed: 'failed',
  blocked: 'blocked',
  canceled: 'canceled',
};
