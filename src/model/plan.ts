/** Says in which order the steps of a workflow can run. */
import type { RunId, StepId } from './ids.ts';
import type { Step } from './workflow.ts';

/** A step with its place in the order. */
export interface PlannedStep {
  readonly step: Step;
  /** Position in the main list, from 0; ties are settled by it. */
  readonly index: number;
  /** One past the deepest batch of its needs, from 0. */
  readonly batch: number;
  /** Length of the longest path from here to an end, itself included; what starts first when there is little room. */
  readonly remaining: number;
  /** The plan of a loop's body, or of a used workflow. */
  readonly body?: Plan;
  /** Left out by `--only` or `--skip`: counts as skipped. */
  readonly leftOut: boolean;
}

/** A workflow, put in order. */
export interface Plan {
  /** Main steps in file order. */
  readonly steps: readonly PlannedStep[];
  /** Ids by batch, in file order inside a batch; what `codemachine plan` prints. */
  readonly batches: readonly (readonly StepId[])[];
  /** The longest chain of needs, first to last. */
  readonly criticalPath: readonly StepId[];
  /** The steps of `finally`, in file order: each is a batch of its own. None for the body of a loop. */
  readonly last: readonly PlannedStep[];
}

/** What a step took in one run, with everything in it, where all of that was worked for. */
export interface Spent {
  /** Milliseconds; absent where nobody said it. */
  readonly ms?: number;
  /** Of all attempts; absent where of one of them nobody said it. */
  readonly usd?: number;
}

/** What a step takes, by the median of earlier runs; absent where nobody knows. */
export interface Estimate {
  readonly ms?: number;
  readonly usd?: number;
  /** How many runs that is known from. */
  readonly of: number;
}

/** What a plan takes. The sums leave out what is unknown. */
export interface Estimated {
  readonly steps: Readonly<Record<string, Estimate>>;
  readonly ms: number;
  readonly usd: number;
  /** Steps of which the time, or the cost, is not known. */
  readonly unknown: { readonly time: readonly StepId[]; readonly cost: readonly StepId[] };
  /** The longest path by time. */
  readonly path: readonly StepId[];
}

/** Whether a step would be taken from the cache. */
export interface CacheOutlook {
  /** The run that its result would be taken from; absent where it would be made, or where that is not known. */
  readonly run?: RunId;
  /** Whether it would be taken is not known before it runs. */
  readonly open?: true;
  /** Why it would not be taken, or why that is not known yet. */
  readonly because: readonly string[];
}
