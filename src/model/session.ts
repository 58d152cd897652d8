/** Says whose session a step goes on in. */
import type { StepId } from './ids.ts';
import type { Range } from './source.ts';

/** The session of a step that has ended. */
export interface OtherSession {
  readonly of: StepId;
  /** Branches off it. */
  readonly fork: boolean;
  /** Where it is said. */
  readonly at: Range;
}
