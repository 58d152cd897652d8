/** Tells a run again from its milestones, for those who look for something in it. */
import type { Milestone } from '../../model/event.ts';
import { NO_USAGE } from '../../model/event.ts';
import type { Failure } from '../../model/failure.ts';
import { follow } from '../../model/fold.ts';
import { asStepKey, type StepKey, stepOfKey } from '../../model/ids.ts';
import type { StepProgress } from '../../model/progress.ts';
import type { Json, JsonObject } from '../../model/result.ts';

/** One execution of a step. */
export interface StoryStep {
  readonly key: string;
  /** As it ended; what had not begun is `not-reached`. */
  readonly status: string;
  readonly because?: string;
  readonly attempts: number;
  readonly failure?: Failure;
  /** What `steps.x` shows. */
  readonly values: Readonly<Record<string, Json | undefined>>;
}

/** When something happened, as places in the row of milestones. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** A run to look into. A name is a key, or the id of a step. */
export interface Story {
  /** The execution that a key names, or the last one of a step. */
  find(name: string): StoryStep | undefined;
  /** From its first start to its last end; undefined where no attempt was made. */
  span(name: string): Span | undefined;
  /** How often a step was executed. */
  executions(name: string): number;
  /** What the steps that failed said. */
  failures(): readonly string[];
  /** Those that failed, as they ended. */
  failed(): readonly StoryStep[];
  readonly outputs: JsonObject;
  /** Null where it is not known. */
  readonly usd: number | null;
}

/** Tells what the milestones say. */
export function storyOf(milestones: readonly Milestone[], shared: ReadonlySet<string>): Story {
  const run = follow([]);
  const spans = new Map<StepKey, Span>();
  let usd: number | null = NO_USAGE.usd;
  milestones.forEach((milestone, at) => {
    run.hear(milestone);
    if (milestone.type === 'run-finished') usd = milestone.usage.usd;
    if (!('step' in milestone)) return;
    const known = spans.get(milestone.step);
    if (milestone.type === 'step-started') spans.set(milestone.step, known ?? { start: at, end: Infinity });
    if (known !== undefined && /^(step-(succeeded|failed|canceled)|change-)/.test(milestone.type))
      spans.set(milestone.step, { ...known, end: at });
  });
  const steps = [...run.progress.steps.values()];
  const keysOf = (name: string): readonly StepKey[] => {
    const exact = asStepKey(name);
    const alike = steps
      .map(({ key }) => key)
      .filter((key) => key !== exact && !shared.has(name) && isOf(key, name));
    // The row of a matrix stands for its instances, and a loop's body has none of its own.
    if (alike.length > 0) return alike;
    return run.progress.steps.has(exact) ? [exact] : [];
  };
  const ran = (key: StepKey): boolean => spans.has(key);
  const latest = (keys: readonly StepKey[]): StepKey | undefined =>
    keys.reduce<StepKey | undefined>((best, key) => {
      if (best === undefined) return key;
      return (spans.get(key)?.start ?? -1) >= (spans.get(best)?.start ?? -1) ? key : best;
    }, undefined);
  const keyOf = (name: string): StepKey | undefined => {
    const exact = asStepKey(name);
    return run.progress.steps.has(exact) ? exact : latest(keysOf(name));
  };
  const failed = steps.filter(({ status }) => status === 'failed');
  return {
    find: (name) => {
      const key = keyOf(name);
      const own = key === undefined ? undefined : run.progress.steps.get(key);
      return own === undefined ? undefined : stepOf(own);
    },
    span: (name) => spans.get(keyOf(name) ?? asStepKey(name)),
    executions: (name) => keysOf(name).filter(ran).length,
    failures: () => failed.flatMap(({ failure }) => failure?.message ?? []),
    failed: () => failed.map(stepOf),
    outputs: run.progress.outputs ?? {},
    usd,
  };
}

function isOf(key: StepKey, name: string): boolean {
  return !/[[:]/.test(name) && !/:|\.on-conflict$/.test(key) && stepOfKey(key) === name;
}

function stepOf(step: StepProgress): StoryStep {
  const { key, status, because, attempt, failure, values, engine, model } = step;
  const said = values as Readonly<Record<string, Json | undefined>>;
  return {
    ...{ key, attempts: attempt, status: status === 'pending' ? 'not-reached' : status },
    ...(because === undefined ? {} : { because }),
    ...(failure === undefined ? {} : { failure }),
    values: {
      ...said,
      // Known from the start, too, where nothing came of it.
      ...(engine === undefined ? {} : { engine }),
      ...(model === undefined ? {} : { model }),
    },
  };
}
