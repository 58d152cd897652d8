/** Turns the text of a test file into the cases that its author meant. */
import { type Diagnostic, diagnose, sorted } from '../model/diagnostic.ts';
import type { FailureReason } from '../model/failure.ts';
import type { Json, JsonObject } from '../model/result.ts';
import type { Range, SourceFile } from '../model/source.ts';
import { readDocument } from './document.ts';
import { validate } from './generated/test.mjs';
import { durationMs, leadsOut } from './scalars.ts';
import { shapeDiagnostics } from './shape.ts';
import { describe } from './shape-values.ts';
import { testOwner } from './test-owners.ts';
import { child, type Entry, entriesOf, type Node, plainValue, stringAt } from './tree.ts';

/** One thing, or one after the other. */
export type OneOrList<T> = T | readonly T[];

/** Files by their path from the root of a tree; null for one that is deleted. */
export type WrittenFiles = Readonly<Record<string, string | null>>;

/** What an agent answers. */
export interface WrittenAnswer {
  readonly text?: string;
  readonly output?: Json;
  readonly files?: WrittenFiles;
  readonly usage?: {
    readonly 'input-tokens'?: number;
    readonly 'output-tokens'?: number;
    readonly 'cached-tokens'?: number;
    readonly usd?: number | null;
  };
  readonly session?: string;
  readonly failure?: {
    readonly reason: FailureReason;
    readonly message?: string;
    /** As written: `3h`. */
    readonly 'retry-after'?: string;
  };
}

/** What a `run` step comes to without being executed. */
export interface WrittenResult {
  readonly stdout?: string;
  readonly stderr?: string;
  readonly 'exit-code'?: number;
  readonly outputs?: JsonObject;
  readonly files?: WrittenFiles;
}

/** What is decided at a gate. */
export interface WrittenDecision {
  readonly decision: string;
  readonly comment?: string;
  readonly answers?: JsonObject;
}

/** By step key or id. */
type ByStep<T> = Readonly<Record<string, OneOrList<T>>>;

/** One case, as far as running it needs it. */
export interface TestCase {
  /** From 0. */
  readonly index: number;
  readonly name: string;
  readonly inputs: Readonly<Record<string, Json>>;
  readonly env: Readonly<Record<string, string>>;
  readonly secrets: Readonly<Record<string, string>>;
  readonly workspace?: string;
  readonly files: Readonly<Record<string, string>>;
  readonly replay?: string;
  readonly answers: ByStep<WrittenAnswer>;
  readonly runs: ByStep<WrittenResult>;
  readonly gates: ByStep<string | WrittenDecision>;
  readonly timeoutMs: number;
  readonly expect: JsonObject;
}

/** The way to a value: keys, and numbers of items from 0. */
export type Path = readonly (string | number)[];

/** A test file that was read. */
export interface TestFile {
  readonly source: SourceFile;
  /** As written: a path relative to the file, or a name. */
  readonly workflow: string;
  readonly cases: readonly TestCase[];
  /** Where a value stands; of a mapping or a list its key. The nearest place above where there is none. */
  at(path: Path): Range;
  /** Where the key stands that leads to a value; of an item of a list the item. */
  keyAt(path: Path): Range;
}

const DEFAULT_TIMEOUT_MS = 5 * 60_000;

/** Reads one test file, all its problems in one pass. Missing when something is an error. */
export function readTestFile(source: SourceFile): {
  readonly file?: TestFile;
  readonly diagnostics: readonly Diagnostic[];
} {
  const found: Diagnostic[] = [];
  const root = readDocument(source, (diagnostic) => void found.push(diagnostic));
  if (root === undefined) return { diagnostics: sorted(found) };
  if (root.kind !== 'map') {
    const help = 'start with `workflow: …`, then `tests:` and a list of tests';
    const words = { key: 'a test file', expected: 'a mapping', got: describe(root), help };
    const at = { start: root.at.start, end: root.at.start };
    return { diagnostics: [diagnose('wrong-type', source.path, at, words)] };
  }
  if (!validate(plainValue(root)))
    found.push(...shapeDiagnostics(validate.errors ?? [], root, source.path, testOwner));
  if (found.length === 0) found.push(...meaningOf(root, source.path));
  if (found.length > 0) return { diagnostics: sorted(found) };
  return { file: fileOf(root, source), diagnostics: [] };
}

function fileOf(root: Node, source: SourceFile): TestFile {
  return {
    source,
    workflow: stringAt(root, 'workflow') ?? '',
    cases: itemsOf(child(root, 'tests')).map(caseOf),
    at: (path) => placesOf(root, path).value,
    keyAt: (path) => placesOf(root, path).key,
  };
}

function caseOf(node: Node, index: number): TestCase {
  const value = <T>(key: string): T => plainValue(child(node, key) ?? EMPTY) as T;
  const workspace = stringAt(node, 'workspace');
  const replay = stringAt(node, 'replay');
  return {
    index,
    name: stringAt(node, 'name') ?? '',
    inputs: value('inputs'),
    env: written(child(node, 'env')),
    secrets: written(child(node, 'secrets')),
    ...(workspace === undefined ? {} : { workspace }),
    files: value('files'),
    ...(replay === undefined ? {} : { replay }),
    answers: value('answers'),
    runs: value('runs'),
    gates: value('gates'),
    timeoutMs: durationMs(stringAt(node, 'timeout') ?? '') ?? DEFAULT_TIMEOUT_MS,
    expect: value('expect'),
  };
}

const EMPTY: Node = { kind: 'map', at: { start: 0, end: 0 }, entries: new Map() };

/** Variables are what stands there: `1.10` is no number that lost its last digit. */
function written(node: Node | undefined): Readonly<Record<string, string>> {
  const pairs = [...entriesOf(node)].flatMap(({ name, value }) =>
    value.kind === 'scalar' ? [[name, value.written] as const] : [],
  );
  return Object.fromEntries(pairs);
}

function itemsOf(node: Node | undefined): readonly Node[] {
  return node?.kind === 'list' ? node.items : [];
}

/** What the schema cannot say: names that are there twice, paths that lead out, expressions that are none. */
function meaningOf(root: Node, path: string): readonly Diagnostic[] {
  const cases = itemsOf(child(root, 'tests'));
  const names = new Set<string>();
  return cases.flatMap((node) => {
    const found: Diagnostic[] = [];
    const name = child(node, 'name');
    if (name?.kind === 'scalar') {
      const words = { key: 'the names of `tests`', value: name.written };
      if (names.has(name.written)) found.push(diagnose('duplicate-item', path, name.at, words));
      names.add(name.written);
    }
    found.push(...outside(node, path));
    walk(child(node, 'expect'), (entry) => found.push(...badExpression(entry, path)));
    return found;
  });
}

function outside(node: Node, path: string): readonly Diagnostic[] {
  const files = [child(node, 'files'), child(child(node, 'expect'), 'files')];
  for (const key of ['answers', 'runs'])
    for (const { value } of entriesOf(child(node, key)))
      for (const one of value.kind === 'list' ? value.items : [value]) files.push(child(one, 'files'));
  return files
    .flatMap((all) => [...entriesOf(all)])
    .filter(({ name }) => leadsOut(name))
    .map(({ name, at }) => diagnose('outside-workspace', path, at, { key: '`files`', value: name }));
}

function badExpression({ name, value }: Entry, path: string): readonly Diagnostic[] {
  if (name !== 'matches' && name !== 'not-matches') return [];
  if (value.kind !== 'scalar' || typeof value.value !== 'string') return [];
  try {
    new RegExp(value.value, EXPRESSION_FLAGS);
    return [];
  } catch (error) {
    const why = (error as Error).message.replace(/^Invalid regular expression: /, '');
    const help = 'write it as in JavaScript, with `\\` before the signs that mean something';
    const words = { key: `\`${name}\``, expected: 'a regular expression', got: `none: ${why}`, help };
    return [diagnose('wrong-type', path, value.at, words)];
  }
}

/** `^` and `$` are ends of lines, and a letter is a letter in every language. */
export const EXPRESSION_FLAGS = 'mu';

function walk(node: Node | undefined, visit: (entry: Entry) => void): void {
  for (const item of itemsOf(node)) walk(item, visit);
  for (const entry of entriesOf(node)) {
    visit(entry);
    walk(entry.value, visit);
  }
}

function placesOf(root: Node, path: Path): { readonly key: Range; readonly value: Range } {
  let node: Node = root;
  let at: Range = { start: root.at.start, end: root.at.start };
  for (const part of path) {
    if (node.kind === 'map') {
      const entry: Entry | undefined = node.entries.get(String(part));
      if (entry === undefined) return { key: at, value: at };
      at = entry.at;
      node = entry.value;
    } else if (node.kind === 'list') {
      const item: Node | undefined = node.items[Number(part)];
      if (item === undefined) return { key: at, value: at };
      at = headOf(item);
      node = item;
    } else return { key: at, value: at };
  }
  return { key: at, value: node.kind === 'scalar' && node.at.end > node.at.start ? node.at : at };
}

function headOf(node: Node): Range {
  if (node.kind === 'scalar') return node.at;
  const first = node.kind === 'map' ? node.entries.values().next().value : undefined;
  return first?.at ?? { start: node.at.start, end: node.at.start + 1 };
}
