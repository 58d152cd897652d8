/** Reads values that may hold expressions anywhere in them. */
import type { ValueTemplate } from '../model/expression.ts';
import { type Reading, templateOf } from './reading.ts';
import { entriesOf, type Node, plainValue } from './tree.ts';

/** Whether an expression stands anywhere in a value. */
export function holdsFence(node: Node): boolean {
  if (node.kind === 'scalar') return typeof node.value === 'string' && node.value.includes('${{');
  if (node.kind === 'list') return node.items.some(holdsFence);
  return [...entriesOf(node)].some(({ value }) => holdsFence(value));
}

/** A value with its expressions. */
export function valueTemplateOf(reading: Reading, node: Node): ValueTemplate {
  if (!holdsFence(node)) return { value: plainValue(node) };
  if (node.kind === 'list') return { list: node.items.map((item) => valueTemplateOf(reading, item)) };
  if (node.kind === 'map') return { map: mapOf(reading, node) };
  const template = templateOf(reading, node);
  return template === undefined ? { value: plainValue(node) } : { template };
}

/** The values of a mapping with their expressions. */
export function mapOf(reading: Reading, node: Node): Readonly<Record<string, ValueTemplate>> {
  return Object.fromEntries(
    [...entriesOf(node)].map(({ name, value }) => [name, valueTemplateOf(reading, value)] as const),
  );
}
