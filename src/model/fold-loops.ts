/** Folds what a loop's iterations come to when a run goes on. */
import { withoutHalfMerge } from './fold-trees.ts';
import { beforeDots, iterationsAround, liesIn, type StepKey } from './ids.ts';
import { type StepProgress, untouched } from './progress.ts';

type Steps = Map<StepKey, StepProgress>;

/** From nothing, but for numbers and bills: a loop from its first iteration. */
export function startOver(steps: Steps, of: StepKey): void {
  for (const key of [of, ...inside(steps, of)]) {
    const step = steps.get(key);
    if (step === undefined) continue;
    const { attempt, usage } = step;
    const trees = { ...step.trees, ...withoutHalfMerge(attempt, step.trees[attempt]) };
    steps.set(key, { ...untouched(key), attempt, trees, ...(usage === undefined ? {} : { usage }) });
  }
}

/**
 * Whether it lies in an iteration after which its loop went on, or in a used workflow that has succeeded: what it came to then is what
 * it came to.
 */
export function isDecided(steps: ReadonlyMap<StepKey, StepProgress>, key: StepKey): boolean {
  const inIteration = iterationsAround(key, (loop) => steps.get(loop)?.loop !== undefined).some(
    ({ loop, iteration }) => iteration <= (steps.get(loop)?.loop?.iteration ?? 0),
  );
  return (
    inIteration ||
    beforeDots(key).some((part) => liesIn(key, part) && steps.get(part)?.status === 'succeeded')
  );
}

/** The keys of what was executed inside of a step: iterations, instances, a used workflow, what was done on its behalf. */
export function inside(steps: ReadonlyMap<StepKey, StepProgress>, around: StepKey): readonly StepKey[] {
  return [...steps.keys()].filter((key) => liesIn(key, around));
}

/** Loops that had all their iterations in vain: they begin with the first one again. */
export function exhausted(steps: Steps): readonly StepKey[] {
  return [...steps.values()].flatMap(({ key, status, failure }) =>
    status === 'failed' && failure?.reason === 'exhausted' && !isDecided(steps, key) ? [key] : [],
  );
}
