/** Reads what a step is run once for. */
import type { Expr } from '../model/expression.ts';
import type { Json, JsonObject } from '../model/result.ts';
import type { Matrix, StepCommon } from '../model/workflow.ts';
import { isFence, isTrue } from './declarations.ts';
import { complain, expressionOf, type Reading } from './reading.ts';
import { nearest } from './suggest.ts';
import { child, entriesOf, type MapNode, type Node, plainValue, type ScalarNode } from './tree.ts';
import { ANY, BOOLEAN, NUMBER, objectOf, oneOf, orNull, type Type } from './types.ts';

const OWN_KEYS: ReadonlySet<string> = new Set(['include', 'exclude', 'max-parallel', 'fail-fast']);

function readMatrix(reading: Reading, step: Node): Matrix | undefined {
  const node = child(step, 'matrix');
  if (node?.kind !== 'map') return undefined;
  const axes: Record<string, readonly Json[] | Expr> = {};
  for (const { name, value } of entriesOf(node)) {
    if (OWN_KEYS.has(name)) continue;
    const axis = value.kind === 'list' ? written(reading, value) : expressionOf(reading, value);
    if (axis !== undefined) axes[name] = axis;
  }
  const exclude = child(node, 'exclude');
  const known = Object.keys(axes);
  for (const out of exclude?.kind === 'list' ? exclude.items : [])
    for (const { name, at } of entriesOf(out))
      if (!known.includes(name)) {
        const near = nearest(name, known);
        complain(reading, 'unknown-axis', at, { axis: name, known, ...(near === undefined ? {} : { near }) });
      }
  const most = child(node, 'max-parallel');
  return {
    axes,
    include: mappings(reading, child(node, 'include')),
    exclude: mappings(reading, exclude),
    ...(most?.kind === 'scalar' && typeof most.value === 'number' ? { maxParallel: most.value } : {}),
    failFast: isTrue(child(node, 'fail-fast')),
  };
}

/** The values of a list as they stand in the file. */
function written(reading: Reading, list: Node): readonly Json[] {
  if (hasFence(list)) {
    complain(reading, 'static-key', list.at, { key: 'a list of `matrix`' });
    return [];
  }
  return plainValue(list) as readonly Json[];
}

function mappings(reading: Reading, node: Node | undefined): readonly JsonObject[] {
  if (node === undefined) return [];
  if (node.kind !== 'list') {
    complain(reading, 'static-key', node.at, { key: '`include` or `exclude`' });
    return [];
  }
  return (written(reading, node) as readonly Json[]).filter(
    (one): one is JsonObject => typeof one === 'object' && one !== null && !Array.isArray(one),
  );
}

function hasFence(node: Node): boolean {
  if (node.kind === 'scalar') return typeof node.value === 'string' && node.value.includes('${{');
  if (node.kind === 'list') return node.items.some(hasFence);
  return [...entriesOf(node)].some(({ value }) => hasFence(value));
}

/** The paths whose values stand in the file: they are no data. */
function writtenPaths({ axes, include }: Matrix): readonly string[] {
  const names = new Set([...Object.keys(axes), ...include.flatMap((one) => Object.keys(one))]);
  return [...names].filter((name) => !isExpr(axes[name])).map((name) => `matrix.${name.toLowerCase()}`);
}

/** What `matrix` holds. */
export function typeOfMatrix({ axes, include }: Matrix): Type {
  const added = (name: string): readonly Json[] =>
    include.flatMap((one) => {
      const value = one[name];
      return value === undefined ? [] : [value];
    });
  const members = new Map<string, Type>();
  for (const [name, axis] of Object.entries(axes))
    members.set(name, isExpr(axis) ? ANY : typeOfValues([...axis, ...added(name)]));
  for (const name of new Set(include.flatMap((one) => Object.keys(one))))
    if (!members.has(name)) members.set(name, orNull(typeOfValues(added(name))));
  return objectOf(members);
}

function typeOfValues(values: readonly Json[]): Type {
  if (values.every((value) => typeof value === 'string')) return oneOf(values as readonly string[]);
  if (values.every((value) => typeof value === 'number')) return NUMBER;
  return values.every((value) => typeof value === 'boolean') ? BOOLEAN : ANY;
}

/** An axis that chooses who does the step. */
export interface FanOut {
  readonly key: 'agent' | 'engine';
  readonly axis: string;
  readonly values: readonly string[];
}

/** The axis that `agent` or `engine` names, where its values stand in the file: data never chooses power. */
export function fanOut(step: Node): FanOut | undefined {
  for (const key of ['agent', 'engine'] as const) {
    const node = child(step, key);
    if (node?.kind !== 'scalar') continue;
    const axis = /^\$\{\{\s*matrix\.([A-Za-z_][\w-]*)\s*\}\}$/.exec(node.written)?.[1];
    const matrix = child(step, 'matrix');
    const listed = axis === undefined || OWN_KEYS.has(axis) ? undefined : child(matrix, axis);
    if (axis === undefined || listed?.kind !== 'list') continue;
    const include = child(matrix, 'include');
    const added = include?.kind === 'list' ? include.items.flatMap((one) => child(one, axis) ?? []) : [];
    const values = [...listed.items, ...added].flatMap((item) =>
      item.kind === 'scalar' && typeof item.value === 'string' && !isFence(item) ? [item.value] : [],
    );
    if (values.length === listed.items.length + added.length)
      return { key, axis, values: [...new Set(values)] };
  }
  return undefined;
}

/** Says the same only once. */
export function once(report: Reading['report']): Reading['report'] {
  const said = new Set<string>();
  return (diagnostic) => {
    const words = `${diagnostic.code} ${diagnostic.at.start} ${diagnostic.message}`;
    if (!said.has(words)) report(diagnostic);
    said.add(words);
  };
}

/** The step as if one of the values stood at the key. */
export function withValue(step: MapNode, key: FanOut['key'], value: string): MapNode {
  const entry = step.entries.get(key);
  if (entry?.value.kind !== 'scalar') return step;
  const { at } = entry.value;
  const text = () => ({ value, at, offset: () => at.start, block: false });
  const node: ScalarNode = { kind: 'scalar', at, value, written: value, text };
  return { ...step, entries: new Map([...step.entries, [key, { ...entry, value: node }]]) };
}

function isExpr(axis: readonly Json[] | Expr | undefined): axis is Expr {
  return axis !== undefined && 'text' in axis;
}

/** What a step has of its matrix, and of that of the loop around it. */
export function matrixOf(
  reading: Reading,
  step: Node,
  around: readonly string[] = [],
): Pick<StepCommon, 'matrix' | 'written'> {
  const matrix = readMatrix(reading, step);
  const paths = matrix === undefined ? around : [...around, ...writtenPaths(matrix)];
  return { ...(matrix === undefined ? {} : { matrix }), ...(paths.length === 0 ? {} : { written: paths }) };
}
