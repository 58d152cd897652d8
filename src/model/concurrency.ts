/** Says which runs may not overlap. */
import type { Template } from './expression.ts';
import type { RunId, StepKey } from './ids.ts';

/** Keeps runs of the same group from overlapping. */
export interface Concurrency {
  readonly group: Template;
  readonly onConflict: 'queue' | 'cancel-previous' | 'fail';
}

/** The step that has a name which only one may have at a time. */
export interface Holder {
  readonly run: RunId;
  readonly step: StepKey;
}
