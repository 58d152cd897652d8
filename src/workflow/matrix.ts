/** Reads what a step is run once for. */
import { type Expr, templatesIn, type ValueTemplate } from '../model/expression.ts';
import type { Json, JsonObject } from '../model/result.ts';
import type { Matrix, StepCommon } from '../model/workflow.ts';
import { isFence, isTrue } from './declarations.ts';
import { complain, expressionOf, type Reading } from './reading.ts';
import { nearest } from './suggest.ts';
import { child, entriesOf, type MapNode, type Node, plainValue, type ScalarNode } from './tree.ts';
import { ANY, BOOLEAN, NUMBER, objectOf, oneOf, orNull, type Type } from './types.ts';
import { holdsFence, mapOf, valueTemplateOf } from './value-template.ts';

const OWN_KEYS: ReadonlySet<string> = new Set(['include', 'exclude', 'max-parallel', 'fail-fast']);

function readMatrix(reading: Reading, step: Node): Matrix | undefined {
  const node = child(step, 'matrix');
  if (node?.kind !== 'map') return undefined;
  const axes: Record<string, readonly Json[] | Expr> = {};
  for (const { name, value } of entriesOf(node)) {
    if (OWN_KEYS.has(name)) continue;
    const axis =
      value.kind === 'list' ? (plainValue(value) as readonly Json[]) : expressionOf(reading, value);
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
    ...patternsOf(reading, node),
  };
}

/** The literal places that hold expressions; absent where none does. */
function patternsOf(reading: Reading, node: MapNode): Pick<Matrix, 'patterns'> {
  const axes: [string, readonly ValueTemplate[]][] = [];
  for (const { name, value } of entriesOf(node)) {
    if (OWN_KEYS.has(name) || value.kind !== 'list' || !holdsFence(value)) continue;
    axes.push([name, value.items.map((item) => valueTemplateOf(reading, item))]);
  }
  const include = mappingsOf(reading, child(node, 'include'));
  const exclude = mappingsOf(reading, child(node, 'exclude'));
  if (axes.length === 0 && include === undefined && exclude === undefined) return {};
  return {
    patterns: {
      axes: Object.fromEntries(axes),
      ...(include === undefined ? {} : { include }),
      ...(exclude === undefined ? {} : { exclude }),
    },
  };
}

function mappingsOf(
  reading: Reading,
  node: Node | undefined,
): readonly Readonly<Record<string, ValueTemplate>>[] | undefined {
  if (node?.kind !== 'list' || !holdsFence(node)) return undefined;
  return node.items.flatMap((item) => (item.kind === 'map' ? [mapOf(reading, item)] : []));
}

function mappings(reading: Reading, node: Node | undefined): readonly JsonObject[] {
  if (node === undefined) return [];
  if (node.kind !== 'list') {
    complain(reading, 'static-key', node.at, { key: '`include` or `exclude`' });
    return [];
  }
  return (plainValue(node) as readonly Json[]).filter(
    (one): one is JsonObject => typeof one === 'object' && one !== null && !Array.isArray(one),
  );
}

/** The paths whose values stand in the file: they are no data. */
function writtenPaths({ axes, include, patterns }: Matrix): readonly string[] {
  const names = new Set([...Object.keys(axes), ...include.flatMap((one) => Object.keys(one))]);
  const data = filledNames(patterns);
  return [...names]
    .filter((name) => !isExpr(axes[name]) && !data.has(name))
    .map((name) => `matrix.${name.toLowerCase()}`);
}

/** The names in whose values an expression stands somewhere. */
function filledNames(patterns: Matrix['patterns']): ReadonlySet<string> {
  const added = (patterns?.include ?? []).flatMap((one) =>
    Object.entries(one).flatMap(([name, value]) => (templatesIn(value).length > 0 ? [name] : [])),
  );
  return new Set([...Object.keys(patterns?.axes ?? {}), ...added]);
}

/** What `matrix` holds. */
export function typeOfMatrix({ axes, include, patterns }: Matrix): Type {
  const data = filledNames(patterns);
  const added = (name: string): readonly Json[] =>
    include.flatMap((one) => {
      const value = one[name];
      return value === undefined ? [] : [value];
    });
  const members = new Map<string, Type>();
  for (const [name, axis] of Object.entries(axes))
    members.set(name, isExpr(axis) || data.has(name) ? ANY : typeOfValues([...axis, ...added(name)]));
  for (const name of new Set(include.flatMap((one) => Object.keys(one))))
    if (!members.has(name)) members.set(name, data.has(name) ? ANY : orNull(typeOfValues(added(name))));
  return objectOf(members);
}

function typeOfValues(values: readonly Json[]): Type {
  if (values.every((value) => typeof value === 'string')) return oneOf(values as readonly string[]);
  if (values.every((value) => typeof value === 'number')) return NUMBER;
  return values.every((value) => typeof value === 'boolean') ? BOOLEAN : ANY;
}

/** An axis, or an input, that chooses who does the step. */
export interface FanOut {
  readonly key: 'agent' | 'engine';
  readonly axis: string;
  /** Absent for an axis. */
  readonly of?: 'inputs';
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
