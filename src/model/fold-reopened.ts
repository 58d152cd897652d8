/** Folds what going on with a run makes of its steps. */
import type { Milestone } from './event.ts';
import { gateAnew } from './fold-gates.ts';
import { exhausted, inside, isDecided, startOver } from './fold-loops.ts';
import { keptChecks } from './fold-reduce.ts';
import type { StepKey } from './ids.ts';
import type { Progress, StepProgress } from './progress.ts';

/** A run that is being folded. */
export type Draft = { -readonly [Key in keyof Progress]: Progress[Key] } & {
  steps: Map<StepKey, StepProgress>;
};

/**
 * Succeeded and skipped steps keep their results; everything else is decided anew: what had ended gets fresh attempts and
 * starts with its first engine, what was between two attempts goes on with its count, its engine and its waiting time.
 * A change that was ready when its step was canceled is still ready.
 */
export function reopen(
  run: Draft,
  { attempt, kept = [] }: Extract<Milestone, { type: 'run-resumed' }>,
): void {
  run.status = 'running';
  run.attempt = attempt;
  delete run.parked;
  delete run.outputs;
  const vain = exhausted(run.steps);
  const checked = keptChecks(run.steps);
  for (const [key, step] of run.steps) {
    if (isDecided(run.steps, key) || checked.has(key)) continue;
    if (step.status !== 'failed' && step.status !== 'blocked' && step.status !== 'canceled') continue;
    const { retryAt: _, because: __, quotaSince: ___, ...rest } = step;
    if (step.status === 'canceled' && step.trees[step.attempt]?.ready === true) {
      run.steps.set(key, { ...rest, status: 'merging' });
      continue;
    }
    const { engine: ____, model: _____, startedIn: ______, gate, ...anew } = rest;
    const asked = gate === undefined ? {} : gateAnew(gate);
    run.steps.set(key, { ...anew, ...asked, status: 'pending', counted: 0 });
  }
  for (const key of vain) startOver(run.steps, key);
  for (const key of kept) {
    const step = run.steps.get(key);
    if (step === undefined) continue;
    const trees = { undone: false, ...step.trees[step.attempt], kept: true } as const;
    run.steps.set(key, { ...step, trees: { ...step.trees, [step.attempt]: trees } });
  }
}

/** A run that goes on with other files: what changed starts from nothing, but for its number and its bill. */
export function update(run: Draft, m: Extract<Milestone, { type: 'run-resumed' }>): void {
  if (m.sha256 !== undefined) run.sha256 = m.sha256;
  if (m.inputs !== undefined) run.inputs = m.inputs;
  for (const gone of m.gone ?? [])
    for (const key of [gone, ...inside(run.steps, gone)]) run.steps.delete(key);
  for (const key of m.again ?? []) startOver(run.steps, key);
}
