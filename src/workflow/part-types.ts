/** Knows what used workflows take, beside what they give. */
import type { InputSpec, Workflow } from '../model/workflow.ts';
import { typeOfNamed } from './expression-contexts.ts';
import { inWords, KINDS, type Type } from './types.ts';

const OUTPUTS = new WeakMap<Workflow, ReadonlyMap<string, Type>>();

/** Keeps what the check of a workflow found its outputs to be. */
export function rememberOutputs(workflow: Workflow, types: ReadonlyMap<string, Type>): void {
  OUTPUTS.set(workflow, types);
}

/** What the outputs of a checked workflow are. */
export function outputTypes(workflow: Workflow): ReadonlyMap<string, Type> {
  return OUTPUTS.get(workflow) ?? new Map();
}

/** Why a value of this type can never be such an input, as a sentence; undefined where it can. */
export function misfitOfType(spec: InputSpec, type: Type): string | undefined {
  const fits = typeOfNamed(spec.type, spec.options);
  // Null means that nothing is given, which may be right.
  const some = type.kinds & ~KINDS.null;
  const isMissing = some === 0 && spec.required && spec.default === undefined;
  if (isMissing || (some !== 0 && (fits.kinds & some) === 0)) {
    const hint =
      (type.kinds & KINDS.string) !== 0 && (fits.kinds & (KINDS.number | KINDS.boolean)) !== 0
        ? '; `fromJSON(…)` reads a text as one'
        : '';
    return `it must be ${inWords(fits)}, and this is ${inWords(type)}${hint}`;
  }
  const { options } = spec;
  if (spec.type !== 'choice' || options === undefined || type.values === undefined) return undefined;
  if (some !== KINDS.string || type.values.some((value) => options.includes(value))) return undefined;
  return `it must be one of ${options.map((option) => `\`${option}\``).join(', ')}, and this is never one of them`;
}
