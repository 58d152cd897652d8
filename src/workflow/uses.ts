/** Reads the workflows that a workflow uses, each file once. */
import type { Template } from '../model/expression.ts';
import type { InputSpec, UsesStep, Workflow } from '../model/workflow.ts';
import { withBodies } from '../model/workflow.ts';
import { isFence, readEnv } from './declarations.ts';
import { misfit } from './inputs.ts';
import { keyFrom, MOST_DEEP, MOST_STEPS } from './library.ts';
import { complain, type Reading } from './reading.ts';
import { nearest } from './suggest.ts';
import { child, entriesOf, entryOf, type MapNode, type Node, plainValue, type ScalarNode } from './tree.ts';
import { holdsFence, valueTemplateOf } from './value-template.ts';

/** The keys of a workflow that hold for a run, so that they say nothing where it is a part of one. */
const OF_THE_RUN = ['max-parallel', 'concurrency'] as const;

/** What a step has of the workflow that it uses; undefined where that cannot be had, which is reported. */
export function readUses(
  reading: Reading,
  step: MapNode,
  env: Readonly<Record<string, Template>>,
  inFinally: boolean,
): Pick<UsesStep, 'file' | 'part' | 'with' | 'given'> | undefined {
  const node = child(step, 'uses');
  const named = node?.kind === 'scalar' ? readPart(reading, node) : undefined;
  if (node === undefined || named === undefined) {
    reading.opaque.add(step);
    return undefined;
  }
  const { file, part } = named;
  if (inFinally && withBodies([...part.steps, ...part.finally]).some(({ kind }) => kind === 'gate'))
    complain(reading, 'gate-in-finally', node.at, { file: short(file) });
  checkWith(reading, step, node, part, file);
  const given = [...entriesOf(child(step, 'with'))].map(
    ({ name, value }) => [name, valueTemplateOf(reading, value)] as const,
  );
  const own = Object.keys(readEnv(reading, child(step, 'env'))).filter((name) => Object.hasOwn(env, name));
  return { file, part, with: Object.fromEntries(given), given: own };
}

function readPart(
  reading: Reading,
  node: ScalarNode,
): { readonly file: string; readonly part: Workflow } | undefined {
  if (typeof node.value !== 'string' || node.value === '' || isFence(node)) return undefined;
  const { library, chain, path } = reading.among;
  const file = keyFrom(path, node.value);
  const around = [...chain, path];
  if (around.includes(file)) {
    const cycle = around.slice(around.indexOf(file));
    complain(reading, 'uses-cycle', node.at, { files: cycle.map(short) });
    return undefined;
  }
  if (around.length > MOST_DEEP) {
    complain(reading, 'uses-too-deep', node.at, { most: MOST_DEEP, files: [...around, file].map(short) });
    return undefined;
  }
  const read = library.part(file, { reading, node, around });
  if (!read.ok) {
    const help = 'write the path of the workflow relative to this workflow file';
    complain(reading, 'missing-file', node.at, { file: node.value, problem: read.error, help });
    return undefined;
  }
  const { workflow, height, keys } = read.value;
  if (workflow === undefined) return undefined;
  if (around.length + height > MOST_DEEP) {
    complain(reading, 'uses-too-deep', node.at, { most: MOST_DEEP, files: [...around, file].map(short) });
    return undefined;
  }
  const fits = library.fits(path, file);
  if (fits === false) complain(reading, 'uses-too-many', node.at, { most: MOST_STEPS });
  if (fits !== true) return undefined;
  const idle = OF_THE_RUN.filter((key) => keys.has(key));
  if (idle.length > 0) complain(reading, 'part-key-ignored', node.at, { file: short(file), keys: idle });
  return { file, part: workflow };
}

function short(file: string): string {
  return file.replace(/^\.\//, '');
}

/** Holds what the part is given against what it declares. */
function checkWith(reading: Reading, step: MapNode, uses: Node, { inputs }: Workflow, file: string): void {
  const written = child(step, 'with');
  const names = Object.keys(inputs);
  for (const { name, at, value } of entriesOf(written)) {
    const spec = Object.hasOwn(inputs, name) ? inputs[name] : undefined;
    if (spec === undefined) {
      const near = nearest(name, names);
      complain(reading, 'unknown-input', at, {
        ...{ input: name, file: short(file), known: names },
        ...(near === undefined ? {} : { near }),
      });
    } else if (!holdsFence(value)) checkLiteral(reading, name, spec, value);
  }
  for (const [name, { required, default: fallback }] of Object.entries(inputs)) {
    const given = child(written, name);
    if (!required || fallback !== undefined || (given !== undefined && !isNothing(given))) continue;
    const at = entryOf(step, 'with')?.at ?? uses.at;
    complain(reading, 'missing-input', at, { input: name, file: short(file) });
  }
}

function checkLiteral(reading: Reading, input: string, spec: InputSpec, node: Node): void {
  if (isNothing(node)) return;
  const problem = misfit(spec, plainValue(node));
  if (problem !== undefined) complain(reading, 'bad-input', node.at, { input, problem: `it ${problem}` });
}

function isNothing(node: Node): boolean {
  return node.kind === 'scalar' && node.value === null;
}
