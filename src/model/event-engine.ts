/** Holds what can be said of the engines that serve the steps of a run. */
import type { EngineVersion } from './engine-version.ts';
import type { StepKey } from './ids.ts';

/** Milestones about who serves, and when. */
export type EngineMilestone =
  | {
      readonly type: 'engine-changed';
      readonly step: StepKey;
      /** The attempt that the other engine makes. */
      readonly attempt: number;
      readonly from: string;
      readonly to: string;
      readonly because: string;
    }
  | {
      readonly type: 'quota-waiting';
      readonly step: StepKey;
      readonly engine: string;
      readonly until: string;
    }
  /** It failed so often in a row that nobody asks it before then; the first who does is alone. */
  | {
      readonly type: 'engine-rested';
      readonly engine: string;
      readonly until: string;
      /** Transient failures in a row, over all steps, since it served or rested last. */
      readonly failures: number;
      /** The last of them. */
      readonly because: string;
    }
  /** What is at work is none of the measured versions; said once of each. Where its output names it, `session-opened` says it. */
  | ({ readonly type: 'engine-untested'; readonly engine: string } & Required<EngineVersion>);
