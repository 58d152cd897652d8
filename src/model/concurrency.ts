/** Says which runs may not overlap. */
import type { Template } from './expression.ts';

/** Keeps runs of the same group from overlapping. */
export interface Concurrency {
  readonly group: Template;
  readonly onConflict: 'queue' | 'cancel-previous' | 'fail';
}
