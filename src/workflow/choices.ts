/** Reads the choice among the inputs that names who does a step. */

import { isTrue, textOf } from './declarations.ts';
import type { FanOut } from './matrix.ts';
import type { Reading } from './reading.ts';
import { child, type Node, stringAt } from './tree.ts';

/** The input that is a `choice` and is all that a value reads; undefined for anything else. */
export function choiceNamed(
  reading: Reading,
  written: string,
): { readonly name: string; readonly spec: Node } | undefined {
  const name = /^\$\{\{\s*inputs\.([A-Za-z_][\w-]*)\s*\}\}$/.exec(written)?.[1];
  const spec = name === undefined ? undefined : child(child(reading.root, 'inputs'), name);
  return name === undefined || spec === undefined || stringAt(spec, 'type') !== 'choice'
    ? undefined
    : { name, spec };
}

/** The options among which an input chooses who does the step; undefined where none does, or where it may choose nobody. */
export function choiceOf(reading: Reading, step: Node): FanOut | undefined {
  for (const key of ['agent', 'engine'] as const) {
    const node = child(step, key);
    const choice = node?.kind === 'scalar' ? choiceNamed(reading, node.written) : undefined;
    if (choice === undefined) continue;
    const { name, spec } = choice;
    const options = child(spec, 'options');
    const values = options?.kind === 'list' ? options.items.flatMap(textOf) : [];
    const isSet = isTrue(child(spec, 'required')) || child(spec, 'default') !== undefined;
    if (isSet && values.length > 0) return { key, axis: name, of: 'inputs', values: [...new Set(values)] };
  }
  return undefined;
}
