/** Names the values of a YAML document together with the places they were written at. */
import type { Json } from '../model/result.ts';
import type { Range } from '../model/source.ts';
import type { Text } from './text.ts';

/** A mapping; merge keys are already applied, aliases already followed. */
export interface MapNode {
  readonly kind: 'map';
  readonly at: Range;
  readonly entries: ReadonlyMap<string, Entry>;
}

/** One key of a mapping. */
export interface Entry {
  readonly name: string;
  /** Where the key stands. */
  readonly at: Range;
  readonly value: Node;
}

/** A list. */
export interface ListNode {
  readonly kind: 'list';
  readonly at: Range;
  readonly items: readonly Node[];
}

/** A single value. */
export interface ScalarNode {
  readonly kind: 'scalar';
  readonly at: Range;
  readonly value: null | boolean | number | string;
  /** As it was written, without quotes: `1.10` where the value is 1.1. */
  readonly written: string;
  /** The value as a text that knows its places. */
  text(): Text;
}

/** A value of the document. A value with an alias is one object at several places. */
export type Node = MapNode | ListNode | ScalarNode;

/** The plain value of every node below `root`; a value behind several aliases is made once. */
export function plainValue(root: Node, made: Map<Node, Json> = new Map()): Json {
  if (root.kind === 'scalar') return root.value;
  const before = made.get(root);
  if (before !== undefined) return before;
  if (root.kind === 'list') {
    const list = root.items.map((item) => plainValue(item, made));
    made.set(root, list);
    return list;
  }
  // A plain `{}` would take a key `__proto__` for its prototype.
  const object: Record<string, Json> = Object.create(null);
  for (const [key, entry] of root.entries) object[key] = plainValue(entry.value, made);
  made.set(root, object);
  return object;
}

/** The value of a key, if `node` is a mapping that has it. */
export function child(node: Node | undefined, key: string): Node | undefined {
  return node?.kind === 'map' ? node.entries.get(key)?.value : undefined;
}

/** A key of a mapping with its place, if `node` is a mapping that has it. */
export function entryOf(node: Node | undefined, key: string): Entry | undefined {
  return node?.kind === 'map' ? node.entries.get(key) : undefined;
}

/** The string that stands at a key, if one does. */
export function stringAt(node: Node | undefined, key: string): string | undefined {
  const value = child(node, key);
  return value?.kind === 'scalar' && typeof value.value === 'string' ? value.value : undefined;
}

/** Whether a value is this word. */
export function isWord(node: Node | undefined, word: string): boolean {
  return node?.kind === 'scalar' && node.value === word;
}

/** The keys of a mapping; none for everything else. */
export function entriesOf(node: Node | undefined): Iterable<Entry> {
  return node?.kind === 'map' ? node.entries.values() : [];
}

/** The items of a list, or the value itself: for keys that take one or many. */
export function oneOrMany(node: Node | undefined): readonly Node[] {
  if (node === undefined) return [];
  return node.kind === 'list' ? node.items : [node];
}

/** The node a JSON pointer leads to, with the key or item that leads there; undefined where there is none. */
export function follow(
  root: Node,
  pointer: string,
): { readonly node: Node; readonly key: Entry | undefined } | undefined {
  let node: Node = root;
  let key: Entry | undefined;
  for (const part of pointer.split('/').slice(1)) {
    const name = part.replaceAll('~1', '/').replaceAll('~0', '~');
    if (node.kind === 'map') {
      key = node.entries.get(name);
      if (key === undefined) return undefined;
      node = key.value;
    } else if (node.kind === 'list') {
      const item: Node | undefined = node.items[Number(name)];
      if (item === undefined) return undefined;
      key = undefined;
      node = item;
    } else return undefined;
  }
  return { node, key };
}
