/** Reads of a workflow file what somebody may name on a command line, however much else is wrong with it. */
import type { SourceFile } from '../model/source.ts';
import { readDocument } from './document.ts';
import { child, entriesOf, type Node, oneOrMany, stringAt } from './tree.ts';

/** What can be named. */
export interface Outline {
  readonly name: string | undefined;
  readonly description: string | undefined;
  readonly inputs: readonly InputOutline[];
  /** The ids of its steps, bodies included, in the order of the file. */
  readonly steps: readonly StepOutline[];
}

/** An input. */
export interface InputOutline {
  readonly name: string;
  readonly description: string | undefined;
  /** What it may be, where that is one of a few. */
  readonly options: readonly string[];
}

/** A step that has an id. */
export interface StepOutline {
  readonly id: string;
  readonly name: string | undefined;
}

/** Reads a text; undefined where it is no YAML. */
export function outlineOf(source: SourceFile): Outline | undefined {
  const root = readDocument(source, () => undefined);
  if (root === undefined) return undefined;
  return {
    name: stringAt(root, 'name'),
    description: stringAt(root, 'description'),
    inputs: [...entriesOf(child(root, 'inputs'))].map(({ name, value }) => ({
      name,
      description: stringAt(value, 'description'),
      options: optionsOf(value),
    })),
    steps: [...stepsIn(child(root, 'steps')), ...stepsIn(child(root, 'finally'))],
  };
}

function optionsOf(input: Node): readonly string[] {
  if (stringAt(input, 'type') === 'boolean') return ['true', 'false'];
  const options = child(input, 'options');
  if (options?.kind !== 'list') return [];
  return options.items.flatMap((item) => (item.kind === 'scalar' ? [String(item.value)] : []));
}

function stepsIn(list: Node | undefined): readonly StepOutline[] {
  return oneOrMany(list).flatMap((step) => {
    const id = stringAt(step, 'id');
    const own = id === undefined ? [] : [{ id, name: stringAt(step, 'name') }];
    return [...own, ...stepsIn(child(child(step, 'loop'), 'steps'))];
  });
}
