/** Finds out what each step is, complaining about keys that belong to another kind. */
import { complain, type Reading } from './reading.ts';
import { meantKey } from './shape.ts';
import { KEYS_OF_KINDS, KIND_KEYS, type Kind, WORKFLOW_OWNERS } from './shape-keys.ts';
import { child, entryOf, type MapNode, type Node } from './tree.ts';

/** The kind of every step of the file, loop bodies included; a step without one is missing. */
export function readKinds(reading: Reading): ReadonlyMap<Node, Kind> {
  const kinds = new Map<Node, Kind>();
  readList(reading, child(reading.root, 'steps'), kinds);
  const last = child(reading.root, 'finally');
  readList(reading, last, kinds);
  for (const step of last?.kind === 'list' ? last.items : []) checkFinally(reading, step);
  return kinds;
}

function readList(reading: Reading, list: Node | undefined, kinds: Map<Node, Kind>): void {
  for (const step of list?.kind === 'list' ? list.items : []) {
    if (step.kind !== 'map' || kinds.has(step)) continue;
    const kind = kindOf(reading, step);
    if (kind === undefined) continue;
    kinds.set(step, kind);
    checkKeys(reading, step, kind);
    if (kind === 'loop') readList(reading, child(child(step, 'loop'), 'steps'), kinds);
  }
}

function kindOf(reading: Reading, step: MapNode): Kind | undefined {
  const present = [...step.entries.values()].filter((entry) =>
    (KIND_KEYS as readonly string[]).includes(entry.name),
  );
  const [first, second] = present;
  if (first === undefined) {
    reading.opaque.add(step);
    const keys = [...step.entries.keys()];
    const head = step.entries.values().next().value?.at ?? step.at;
    const owner = WORKFLOW_OWNERS['step'];
    if (owner === undefined) throw new Error('the keys of a step are not listed');
    // A misspelt kind is complained about as the unknown key it is.
    const meant = keys.filter((key) => !owner.keys.includes(key)).map((key) => meantKey(key, owner, step));
    if (!meant.some((key) => (KIND_KEYS as readonly (string | undefined)[]).includes(key))) {
      complain(reading, 'no-kind', head, {});
    }
    return undefined;
  }
  if (second !== undefined) {
    reading.opaque.add(step);
    const related = [{ path: reading.source.path, at: first.at, message: 'the first stands here' }];
    complain(reading, 'two-kinds', second.at, { first: first.name, second: second.name }, related);
    return undefined;
  }
  return first.name === 'prompt-file' ? 'prompt' : (first.name as Kind);
}

function checkKeys(reading: Reading, step: MapNode, kind: Kind): void {
  for (const entry of step.entries.values()) {
    const belongs = Object.hasOwn(KEYS_OF_KINDS, entry.name) ? KEYS_OF_KINDS[entry.name] : undefined;
    if (belongs === undefined || belongs.includes(kind)) continue;
    reading.opaque.add(step);
    complain(reading, 'wrong-kind-key', entry.at, { key: entry.name, belongs, kind });
  }
}

/** The keys that no step under `finally` has. */
const NOT_IN_FINALLY = ['needs', 'loop', 'gate', 'reduce'] as const;

function checkFinally(reading: Reading, step: Node): void {
  for (const key of NOT_IN_FINALLY) {
    const entry = entryOf(step, key);
    if (entry === undefined) continue;
    reading.opaque.add(step);
    complain(reading, 'not-in-finally', entry.at, { key });
  }
}
