/** Refuses, by name, the parts of the language that are not run yet. */
import { complain, type Reading } from './reading.ts';
import type { Entry } from './tree.ts';

/** Complains about one use of a part that is not run yet. */
export function refuseKey(reading: Reading, key: string, at: Entry['at'], help: string | undefined): void {
  complain(reading, 'not-supported-yet', at, { key, since: help ?? 'leave it out' });
}
