/** Says of the steps of a run how they stand. */
import type { StepKey } from '../model/ids.ts';
import { around, asStepKey, checkedFor, liesIn, outermost } from '../model/ids.ts';
import { stepAt } from '../model/parts.ts';
import type { Plan } from '../model/plan.ts';
import type { Progress, StepProgress } from '../model/progress.ts';
import { lastIteration, untouched } from '../model/progress.ts';
import { mayHaveCost } from '../model/spending.ts';
import { oneLine } from './clean.ts';
import { gateWords } from './gates.ts';
import { count, duration, takenFrom, usageWords } from './words.ts';

const LONGEST_FACT = 120;

/** The steps in the order of the file, then those that the plan does not know, in the order in which they were met. */
export function stepsInOrder(progress: Progress, plan: Plan | undefined): readonly StepProgress[] {
  const inside = new Map<StepKey, StepKey[]>();
  for (const key of progress.steps.keys()) {
    const outer = outermost(key);
    if (!liesIn(key, outer)) continue;
    const others = inside.get(outer);
    if (others === undefined) inside.set(outer, [key]);
    else others.push(key);
  }
  const planned = (plan?.steps ?? []).map(({ step }) => asStepKey(step.id));
  // What was executed inside of a step, or on its behalf, stands below it.
  const all = [...planned, ...progress.steps.keys()].flatMap((key) => [key, ...(inside.get(key) ?? [])]);
  return [...new Set<StepKey>(all)].map((key) => progress.steps.get(key) ?? untouched(key));
}

/** Executions of steps whose failure the workflow allows. */
export interface Allowed {
  has(key: StepKey): boolean;
}

/** Those whose step, or what it lies in, says `continue-on-error`, and checks: a candidate that fails them is dropped, and nothing is wrong. */
export function mayFail(plan: Plan | undefined): Allowed {
  const known = new Map<StepKey, boolean>();
  const steps = new Map((plan?.steps ?? []).map(({ step }) => [asStepKey(step.id), step] as const));
  const allowed = (key: StepKey): boolean => {
    // A candidate that fails its checks is dropped.
    if (checkedFor(key) !== undefined) return true;
    const outer = steps.get(outermost(key));
    if (outer === undefined) return false;
    // What may fail as a whole may fail in any of its steps.
    return [...around(key), key].some(
      (one) => stepAt({ steps: [outer], finally: [] }, one)?.continueOnError === true,
    );
  };
  return {
    has: (key) => {
      const before = known.get(key) ?? allowed(key);
      known.set(key, before);
      return before;
    },
  };
}

/** How long the newest attempt of a step took, or has taken so far; undefined when it has not started. */
export function stepDuration(step: StepProgress, now: number | undefined): number | undefined {
  if (step.status !== 'running' && step.values['duration-ms'] !== undefined)
    return step.values['duration-ms'];
  if (step.startedAt === undefined) return undefined;
  const end = step.status === 'running' || step.endedAt === undefined ? now : Date.parse(step.endedAt);
  return end === undefined ? undefined : end - Date.parse(step.startedAt);
}

/** What the facts of a step depend on besides the step. */
export interface FactOptions {
  /** Milliseconds since the epoch; for what has no end yet. */
  readonly now: number | undefined;
  /** Whether the workflow allows this step to fail. */
  readonly mayFail: boolean;
  /** Whether the run still runs. */
  readonly running: boolean;
  /** What it waits for that has not begun, or goes on later; undefined where that is not known. */
  readonly waits?: string | undefined;
  /** What its merge waits for, where that is known. */
  readonly mergesAfter?: string | undefined;
}

/** What is worth knowing about a step, in the order in which it is read. */
export function stepFacts(step: StepProgress, options: FactOptions): readonly string[] {
  const took = stepDuration(step, options.now);
  const agent = [step.engine, step.model].filter((word) => word !== undefined).join(', ');
  return [
    ...stateFacts(step, options),
    ...(took === undefined ? [] : [duration(took)]),
    ...(step.attempt > 1 ? [count(step.attempt, 'attempt')] : []),
    ...(agent === '' ? [] : [oneLine(agent, LONGEST_FACT)]),
    ...usageFacts(step),
    ...artifactFacts(step),
  ];
}

/**
 * Failed steps, the one that failed first at the front: the others may be its consequence. In the same millisecond what lies inside of
 * another failed before it.
 */
export function failedSteps(steps: readonly StepProgress[], allowed: Allowed): readonly StepProgress[] {
  return steps
    .filter((step) => step.status === 'failed' && !allowed.has(step.key))
    .sort((a, b) => ordered(a.endedAt ?? '', b.endedAt ?? '') || around(b.key).length - around(a.key).length);
}

/** Whether nobody knows what the step spent: an agent that ran and said nothing of its use is not free. */
export function isUsageUnknown(step: StepProgress): boolean {
  if (step.kind !== 'prompt' || step.usage !== undefined || step.reused !== undefined) return false;
  if (step.silent === true) return true;
  if (step.endedAt === undefined || step.attempt === 0) return false;
  return step.failure === undefined || mayHaveCost(step.failure.reason);
}

/** Whether it was replayed, and what the recording stands for counts as unknown: it named no cost, or no usage at all. */
export function isUnknownReplay({ reused, values, failure }: StepProgress): boolean {
  if (reused !== 'replay' || (failure !== undefined && !mayHaveCost(failure.reason))) return false;
  return values.usage === undefined || values.usage.usd === null;
}

/** Kinds that make no attempts of their own. */
const MADE_OF_OTHERS: ReadonlySet<string> = new Set(['loop', 'matrix', 'reduce', 'uses']);

/** Whether a step was stopped with its run and will be done again. Whoever ran it may have died before saying so. */
export function isInterrupted({ status, failure, kind }: StepProgress, running: boolean): boolean {
  // What it is made of says so itself.
  if (kind !== undefined && MADE_OF_OTHERS.has(kind)) return false;
  if (status === 'waiting') return failure?.reason === 'interrupted';
  return status === 'running' && !running;
}

function artifactFacts({ values: { artifacts = [] } }: StepProgress): readonly string[] {
  return artifacts.length === 0 ? [] : [count(artifacts.length, 'artifact')];
}

function usageFacts(step: StepProgress): readonly string[] {
  if (step.usage !== undefined) return [usageWords(step.usage)];
  if (step.reused !== undefined) return [takenFrom(step.reused, step.values.fingerprint)];
  return isUsageUnknown(step) ? ['usage unknown'] : [];
}

function stateFacts(
  step: StepProgress,
  { mayFail: allowed, running, waits, mergesAfter }: FactOptions,
): readonly string[] {
  switch (step.status) {
    case 'failed':
      return [failedFact(step, allowed)];
    case 'skipped':
    case 'blocked':
    case 'canceled':
      return [
        step.because === undefined ? step.status : `${step.status}: ${oneLine(step.because, LONGEST_FACT)}`,
      ];
    case 'waiting':
      if (isInterrupted(step, running)) return ['interrupted'];
      return [waits ?? 'waits'];
    case 'merging':
      return [
        mergesAfter === undefined
          ? 'done, waits to merge'
          : `done, merged when these are done: ${mergesAfter}`,
      ];
    case 'asking':
      return [gateWords(step.gate)];
    case 'pending':
      return [waits ?? 'not started'];
    case 'running':
      if (step.kind === 'loop') return [`iteration ${lastIteration(step)}`];
      return isInterrupted(step, running) ? ['interrupted'] : [];
    case 'succeeded':
      return decidedFacts(step);
  }
}

function failedFact({ key, failure }: StepProgress, allowed: boolean): string {
  const dropped = checkedFor(key) === undefined ? ', which is allowed' : ', so the candidate was dropped';
  return `failed: ${failure?.reason ?? 'internal'}${allowed ? dropped : ''}`;
}

/** Of a gate: what was decided, and by whom. */
function decidedFacts({ gate }: StepProgress): readonly string[] {
  return gate?.decided === undefined ? [] : [gateWords(gate)];
}

function ordered(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
