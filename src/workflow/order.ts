/** Gives every step its id, writing the list order into its needs. */
import { asStepId, RESOLVER_ID, type StepId } from '../model/ids.ts';
import type { Range } from '../model/source.ts';
import { complain, type Reading } from './reading.ts';
import { slugOf } from './shape-values.ts';
import { nearest } from './suggest.ts';
import { child, type Node, oneOrMany, stringAt } from './tree.ts';

/** Where a step stands among the others. */
export interface Place {
  readonly id: StepId;
  readonly declared: boolean;
  readonly needs: readonly StepId[];
  readonly needsAt: Range;
}

/** The place of every step, those inside loops included. */
export interface Order {
  readonly places: ReadonlyMap<Node, Place>;
}

interface Ids {
  /** Ids that the file gives, in the whole file. */
  readonly declared: Map<string, Node>;
  readonly of: Map<Node, { readonly id: string; readonly declared: boolean }>;
  /** Ids of steps inside loops, with the loop's own id where it has one. */
  readonly inside: Map<string, string | undefined>;
}

/** Orders the steps of the file. */
export function readOrder(reading: Reading): Order {
  const main = child(reading.root, 'steps');
  const last = child(reading.root, 'finally');
  const ids: Ids = { declared: new Map(), of: new Map(), inside: new Map() };
  const lists = [main, last].map((list) => (list?.kind === 'list' ? list.items : []));
  for (const list of lists) declareIds(reading, list, ids, undefined);
  const taken = new Set<string>([...ids.declared.keys(), RESOLVER_ID]);
  for (const [i, list] of lists.entries()) makeIds(list, ids, taken, i === 0 ? 'step' : 'finally');
  const places = new Map<Node, Place>();
  for (const [i, list] of lists.entries()) orderList(reading, list, ids, places, i === 0);
  return { places };
}

function bodyOf(step: Node): readonly Node[] {
  const body = child(child(step, 'loop'), 'steps');
  return body?.kind === 'list' ? body.items : [];
}

// What is given in the file comes before what is made from names, so that an id never depends on steps without one.
function declareIds(
  reading: Reading,
  list: readonly Node[],
  ids: Ids,
  loop: { readonly id: string | undefined } | undefined,
): void {
  for (const step of list) {
    const id = stringAt(step, 'id');
    const at = child(step, 'id')?.at;
    if (id !== undefined && at !== undefined) {
      if (id === RESOLVER_ID) complain(reading, 'reserved-id', at, { id });
      const first = ids.declared.get(id);
      const firstAt = first === step ? undefined : child(first, 'id')?.at;
      if (firstAt !== undefined) {
        complain(reading, 'duplicate-id', at, { id }, [
          { path: reading.source.path, at: firstAt, message: 'the first stands here' },
        ]);
      } else {
        ids.declared.set(id, step);
        ids.of.set(step, { id, declared: true });
        if (loop !== undefined) ids.inside.set(id, loop.id);
      }
    }
    declareIds(reading, bodyOf(step), ids, { id });
  }
}

function makeIds(list: readonly Node[], ids: Ids, taken: Set<string>, word: string): void {
  list.forEach((step, i) => {
    makeIds(bodyOf(step), ids, taken, 'step');
    if (ids.of.has(step)) return;
    const base = slugOf(stringAt(step, 'name') ?? '') ?? `${word}-${i + 1}`;
    let id = base;
    for (let n = 2; taken.has(id); n++) id = `${base}-${n}`;
    taken.add(id);
    ids.of.set(step, { id, declared: false });
  });
}

function orderList(
  reading: Reading,
  list: readonly Node[],
  ids: Ids,
  places: Map<Node, Place>,
  needsAllowed: boolean,
): void {
  const siblings = new Map<string, { readonly declared: boolean }>();
  for (const step of list) {
    const own = ids.of.get(step);
    if (own !== undefined) siblings.set(own.id, own);
  }
  let before: StepId | undefined;
  for (const step of list) {
    const own = ids.of.get(step);
    if (own === undefined) continue;
    const written = needsAllowed ? child(step, 'needs') : undefined;
    const explicit = written !== undefined && (written.kind === 'list' || isText(written));
    const implied = before === undefined ? [] : [before];
    const needs = explicit ? readNeeds(reading, written, own.id, siblings, ids) : implied;
    places.set(step, {
      id: asStepId(own.id),
      declared: own.declared,
      needs,
      needsAt: explicit ? written.at : firstKey(step),
    });
    before = asStepId(own.id);
    orderList(reading, bodyOf(step), ids, places, true);
  }
}

function readNeeds(
  reading: Reading,
  written: Node,
  own: string,
  siblings: ReadonlyMap<string, { readonly declared: boolean }>,
  ids: Ids,
): readonly StepId[] {
  const needs: StepId[] = [];
  for (const item of oneOrMany(written)) {
    if (item.kind !== 'scalar' || typeof item.value !== 'string' || item.value.includes('${{')) continue;
    const id = item.value;
    const sibling = siblings.get(id);
    if (id === own) complain(reading, 'self-need', item.at, { id });
    else if (sibling?.declared === true) needs.push(asStepId(id));
    else if (sibling !== undefined) complain(reading, 'need-without-id', item.at, { id });
    else {
      const known = [...siblings]
        .filter(([name, { declared }]) => declared && name !== own)
        .map(([name]) => name);
      complain(reading, 'unknown-need', item.at, {
        id,
        inside: ids.inside.get(id),
        nearest: nearest(id, known),
        known,
      });
    }
  }
  return needs;
}

function isText(node: Node): boolean {
  return node.kind === 'scalar' && typeof node.value === 'string';
}

function firstKey(step: Node): Range {
  const first = step.kind === 'map' ? step.entries.values().next().value : undefined;
  return first?.at ?? { start: step.at.start, end: step.at.start };
}
