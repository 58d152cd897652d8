/** Says in which order the steps of a workflow can run. */
import type { StepId } from './ids.ts';
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
