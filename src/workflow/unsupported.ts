/** Refuses, by name, the parts of the language that are not run yet. */

import { NOT_IN_FINALLY } from './kinds.ts';
import { complain, type Reading } from './reading.ts';
import { KEYS_OF_KINDS, type Kind } from './shape-keys.ts';
import { child, type Entry, entryOf, type Node } from './tree.ts';

const HELP: Readonly<Record<string, string>> = {
  cache: 'leave it out: the step runs each time',
};

const STEP_KEYS = ['cache'];

/** Complains once about each use of each part that is not run yet. */
export function refuseUnsupported(reading: Reading, kinds: ReadonlyMap<Node, Kind>): void {
  const { root } = reading;
  for (const key of ['steps', 'finally']) {
    refuseList(reading, child(root, key), kinds, key === 'finally');
  }
}

function refuseList(
  reading: Reading,
  list: Node | undefined,
  kinds: ReadonlyMap<Node, Kind>,
  last: boolean,
): void {
  for (const step of list?.kind === 'list' ? list.items : []) {
    refuseStep(reading, step, kinds.get(step), last);
    refuseList(reading, child(child(step, 'loop'), 'steps'), kinds, last);
  }
}

function refuseStep(reading: Reading, step: Node, kind: Kind | undefined, last: boolean): void {
  for (const key of STEP_KEYS) {
    const entry = entryOf(step, key);
    if (entry === undefined || (last && (NOT_IN_FINALLY as readonly string[]).includes(key))) continue;
    const belongs = KEYS_OF_KINDS[key];
    // A key that stands at the wrong kind of step is complained about as that.
    if (kind !== undefined && belongs !== undefined && !belongs.includes(kind)) continue;
    reading.opaque.add(step);
    refuse(reading, entry);
  }
}

function refuse(reading: Reading, entry: Entry | undefined): void {
  if (entry === undefined || reading.judged.has(entry.value)) return;
  reading.judged.add(entry.value);
  refuseKey(reading, entry.name, entry.at);
}

/** Complains about one use of a part that is not run yet. */
export function refuseKey(reading: Reading, key: string, at: Entry['at'], help = HELP[key]): void {
  complain(reading, 'not-supported-yet', at, { key, since: help ?? 'leave it out' });
}
