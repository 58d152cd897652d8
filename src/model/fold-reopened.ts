/** Folds what going on with a run makes of its steps. */
import type { Milestone } from './event.ts';
import { gateAnew } from './fold-gates.ts';
import { exhausted, inside, isDecided, startOver } from './fold-loops.ts';
import { keptChecks } from './fold-reduce.ts';
import { around, isOnBehalf, type StepKey } from './ids.ts';
import { isEnded, type Progress, type StepProgress } from './progress.ts';

/** A run that is being folded. */
export type Draft = { -readonly [Key in keyof Progress]: Progress[Key] } & {
  steps: Map<StepKey, StepProgress>;
};

/**
 * Succeeded and skipped steps keep their results. Where the run had ended, or goes on with other files, everything else that had ended
 * gets fresh attempts and starts with its first engine. Where it was parked or interrupted, what failed for good has failed, and
 * steps behind it that count on that go on. What was between two attempts goes on with its count, its engine and its waiting time.
 * A change that was ready when its step was canceled is still ready.
 */
export function reopen(
  run: Draft,
  { attempt, kept = [], sha256 }: Extract<Milestone, { type: 'run-resumed' }>,
): void {
  const anew = isEnded(run.status) || sha256 !== undefined;
  run.status = 'running';
  run.attempt = attempt;
  delete run.parked;
  delete run.outputs;
  delete run.failure;
  const vain = anew ? exhausted(run.steps) : [];
  const checked = keptChecks(run.steps);
  for (const [key, step] of run.steps) {
    if (isDecided(run.steps, key) || checked.has(key)) continue;
    if (step.status !== 'failed' && step.status !== 'blocked' && step.status !== 'canceled') continue;
    if (!anew && isFinal(run.steps, step)) continue;
    const { retryAt: _, because: __, quotaSince: ___, updates: _u, tried: _t, ...rest } = step;
    if (step.status === 'canceled' && step.trees[step.attempt]?.ready === true) {
      run.steps.set(key, { ...rest, status: 'merging' });
      continue;
    }
    const { engine: ____, model: _____, startedIn: ______, gate, ...fresh } = rest;
    const asked = gate === undefined ? {} : gateAnew(gate);
    run.steps.set(key, { ...fresh, ...asked, status: 'pending', counted: 0 });
  }
  for (const key of vain) startOver(run.steps, key);
  for (const key of kept) {
    const step = run.steps.get(key);
    if (step === undefined) continue;
    const trees = { undone: false, ...step.trees[step.attempt], kept: true } as const;
    run.steps.set(key, { ...step, trees: { ...step.trees, [step.attempt]: trees } });
  }
}

/**
 * What a step, or one that it lies in, came to while the run had not ended: who merely goes on takes none of that back. What was made on
 * behalf of a step that has no end yet is made again.
 */
function isFinal(steps: ReadonlyMap<StepKey, StepProgress>, { key, status }: StepProgress): boolean {
  if (around(key).some((outer) => steps.get(outer)?.status === 'failed')) return true;
  return (status === 'failed' || status === 'blocked') && !isOnBehalf(key);
}

/** A run that goes on with other files: what changed starts from nothing, but for its number and its bill. */
export function update(run: Draft, m: Extract<Milestone, { type: 'run-resumed' }>): void {
  if (m.sha256 !== undefined) run.sha256 = m.sha256;
  if (m.inputs !== undefined) run.inputs = m.inputs;
  for (const gone of m.gone ?? [])
    for (const key of [gone, ...inside(run.steps, gone)]) run.steps.delete(key);
  for (const key of m.again ?? []) startOver(run.steps, key);
}
