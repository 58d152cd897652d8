/** Turns YAML text into a tree of values that know their places. */
import {
  type Alias,
  Composer,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Pair,
  type Node as YamlNode,
} from 'yaml';
import { type Diagnostic, diagnose } from '../model/diagnostic.ts';
import type { Range, SourceFile } from '../model/source.ts';
import { readTokens } from './guard.ts';
import { type ScalarStyle, scalarText } from './scalar-text.ts';
import { nearest } from './suggest.ts';
import type { Entry, ListNode, MapNode, Node, ScalarNode } from './tree.ts';
import { collectComplaints, syntaxProblem } from './yaml-problem.ts';

const MAX_EXPANSION = 10;

/** The one document of a file; undefined when something makes it meaningless. An empty file is a null at its start. */
export function readDocument(source: SourceFile, report: (d: Diagnostic) => void): Node | undefined {
  const tokens = readTokens(source);
  if (!tokens.ok) {
    report(tokens.error);
    return undefined;
  }
  // Duplicate keys are looked for here, since the composer compares every key of a mapping with every other.
  // Known tags are those of YAML 1.1, such as `!!binary` and `!!set`: their values are no JSON.
  const composer = new Composer({
    uniqueKeys: false,
    keepSourceTokens: false,
    logLevel: 'silent',
    resolveKnownTags: false,
  });
  const complaints = collectComplaints(composer);
  const documents = [...composer.compose(tokens.value, true, source.text.length)];
  const document = documents[0] as Document.Parsed;
  const problem = syntaxProblem(source, documents, complaints, tokens.value);
  if (problem !== undefined) {
    report(problem);
    return undefined;
  }
  const reader = makeReader(source, report);
  const root =
    document.contents === null ? nothing(document.range[0]) : reader.read(document.contents as YamlNode);
  return reader.broken() ? undefined : root;
}

interface Reader {
  read(node: YamlNode | null, where?: number): Node;
  /** Whether an alias made the tree meaningless. */
  broken(): boolean;
}

interface Walk {
  readonly source: SourceFile;
  readonly report: (d: Diagnostic) => void;
  /** The newest value of each anchor; undefined while its value is being read. */
  readonly anchors: Map<string, Node | undefined>;
  /** How many nodes stand below one, aliases followed. */
  readonly sizes: Map<Node, number>;
  written: number;
  /** Places of aliases, with the sizes of what they stand for. */
  readonly aliases: { readonly at: Range; readonly size: number }[];
  broken: boolean;
}

function makeReader(source: SourceFile, report: (d: Diagnostic) => void): Reader {
  const walk: Walk = {
    source,
    report,
    anchors: new Map(),
    sizes: new Map(),
    written: 0,
    aliases: [],
    broken: false,
  };
  return {
    read: (node) => {
      const root = readNode(walk, node, 0);
      checkExpansion(walk);
      return root;
    },
    broken: () => walk.broken,
  };
}

function checkExpansion(walk: Walk): void {
  let total = walk.written;
  for (const alias of walk.aliases) {
    total += alias.size;
    if (total <= walk.written * MAX_EXPANSION) continue;
    walk.report(diagnose('alias-expansion', walk.source.path, alias.at, { times: MAX_EXPANSION }));
    walk.broken = true;
    return;
  }
}

// `where` is the place of a value that is not written at all.
function readNode(walk: Walk, node: YamlNode | null | undefined, where: number): Node {
  walk.written++;
  if (node === null || node === undefined) return nothing(where);
  if (isAlias(node)) return readAlias(walk, node);
  const anchor = (node as { anchor?: string }).anchor;
  if (anchor !== undefined) walk.anchors.set(anchor, undefined);
  const before = walk.written;
  const followed = walk.aliases.length;
  const value = isMap(node)
    ? readMap(walk, node)
    : isSeq(node)
      ? readList(walk, node)
      : readScalar(walk, node);
  if (anchor !== undefined) {
    let size = walk.written - before + 1;
    for (const alias of walk.aliases.slice(followed)) size += alias.size;
    walk.sizes.set(value, size);
    walk.anchors.set(anchor, value);
  }
  return value;
}

function readAlias(walk: Walk, node: Alias): Node {
  const at = rangeOf(node);
  const value = walk.anchors.get(node.source);
  if (value !== undefined) {
    walk.aliases.push({ at, size: walk.sizes.get(value) ?? 1 });
    return copyOf(value);
  }
  walk.broken = true;
  const name = node.source;
  if (walk.anchors.has(name)) walk.report(diagnose('self-alias', walk.source.path, at, { name }));
  else
    walk.report(
      diagnose('unknown-alias', walk.source.path, at, {
        name,
        nearest: nearest(name, walk.anchors.keys()),
        known: [...walk.anchors.keys()],
      }),
    );
  return nothing(at.start);
}

// A step written once and listed twice is two steps, so what stands at an alias is a value of its own, with shared contents.
function copyOf(node: Node): Node {
  if (node.kind === 'list')
    return { ...node, items: node.items.map((item) => (item.kind === 'map' ? { ...item } : item)) };
  return node.kind === 'map' ? { ...node } : node;
}

function readList(walk: Walk, node: YamlNode & { items: unknown[] }): ListNode {
  const at = rangeOf(node);
  return { kind: 'list', at, items: node.items.map((item) => readNode(walk, item as YamlNode, at.start)) };
}

function readMap(walk: Walk, node: YamlNode & { items: unknown[] }): MapNode {
  const entries = new Map<string, Entry>();
  const merged: Node[] = [];
  for (const pair of node.items as Pair<YamlNode | null, YamlNode | null>[]) {
    const key = readKey(walk, pair.key, rangeOf(node));
    const value = readNode(walk, pair.value, key?.at.end ?? rangeOf(node).start);
    if (key === undefined) continue;
    const first = entries.get(key.name);
    if (first !== undefined) {
      const related = [{ path: walk.source.path, at: first.at, message: 'the first stands here' }];
      walk.report(diagnose('duplicate-key', walk.source.path, key.at, { key: key.name }, { related }));
      continue;
    }
    entries.set(key.name, { name: key.name, at: key.at, value });
    if (key.plain && key.name === '<<') merged.push(value);
  }
  if (merged.length > 0) merge(walk, entries);
  return { kind: 'map', at: rangeOf(node), entries };
}

// YAML 1.1's merge key: what the mapping says itself wins, then the earlier of a list.
function merge(walk: Walk, entries: Map<string, Entry>): void {
  const value = entries.get('<<')?.value;
  entries.delete('<<');
  for (const source of value?.kind === 'list' ? value.items : [value]) {
    if (source?.kind === 'map') {
      for (const [key, entry] of source.entries) if (!entries.has(key)) entries.set(key, entry);
    } else if (source !== undefined && !walk.broken) {
      walk.report(diagnose('bad-merge', walk.source.path, source.at, {}));
    }
  }
}

function readKey(
  walk: Walk,
  key: YamlNode | null,
  map: Range,
): { name: string; at: Range; plain: boolean } | undefined {
  if (isAlias(key)) {
    const target = readAlias(walk, key);
    if (target.kind === 'scalar') return { name: target.written, at: rangeOf(key), plain: false };
  } else if (isScalar(key)) {
    const { written, at } = readScalar(walk, key);
    if ((key as { anchor?: string }).anchor !== undefined) readNode(walk, key, at.start);
    if (at.end > at.start) return { name: written, at, plain: key.type === 'PLAIN' };
  }
  if (!walk.broken)
    walk.report(diagnose('complex-key', walk.source.path, key === null ? startOf(map) : rangeOf(key), {}));
  return undefined;
}

function readScalar(walk: Walk, node: YamlNode): ScalarNode {
  const at = rangeOf(node);
  if (!isScalar(node)) return nothing(at.start);
  const { text } = walk.source;
  const value = scalarValue(walk, node.value, at);
  const style = styleOf(node.type);
  const written =
    style === 'plain' && typeof value !== 'string' ? text.slice(at.start, at.end) : String(value);
  return { kind: 'scalar', at, value, written, text: () => scalarText(written, text, at, style) };
}

function scalarValue(walk: Walk, value: unknown, at: Range): ScalarNode['value'] {
  if (typeof value === 'number' && !Number.isFinite(value)) {
    walk.report(
      diagnose('bad-number', walk.source.path, at, { text: walk.source.text.slice(at.start, at.end) }),
    );
    return 0;
  }
  if (value === null || typeof value === 'string' || typeof value === 'boolean' || typeof value === 'number')
    return value;
  return String(value);
}

function styleOf(type: string | null | undefined): ScalarStyle {
  if (type === 'QUOTE_SINGLE') return 'single';
  if (type === 'QUOTE_DOUBLE') return 'double';
  return type === 'BLOCK_LITERAL' || type === 'BLOCK_FOLDED' ? 'block' : 'plain';
}

function nothing(where: number): ScalarNode {
  const at = { start: where, end: where };
  return { kind: 'scalar', at, value: null, written: '', text: () => scalarText('', '', at, 'plain') };
}

function rangeOf(node: YamlNode): Range {
  const range = node.range;
  return range ? { start: range[0], end: range[1] } : { start: 0, end: 0 };
}

function startOf(range: Range): Range {
  return { start: range.start, end: range.start };
}
