/** Finds out which instances a matrix has. */

import { instanceStep } from '../model/choices.ts';
import { instancesOf, type StepKey } from '../model/ids.ts';
import type { MatrixInstance } from '../model/progress.ts';
import type { Json, JsonObject, Result } from '../model/result.ts';
import { err, ok } from '../model/result.ts';
import type { Scope } from '../model/scope.ts';
import type { Matrix, Step } from '../model/workflow.ts';
import type { Running } from './running.ts';
import { fillValue } from './scope.ts';

/** More than anybody wants, and less than what brings a machine down. */
const MOST_INSTANCES = 1_000;

/** The instances in the order of the matrix; none where an axis came out empty. An error is one sentence. */
export function expand(
  run: Running,
  step: Step,
  { key, matrix: asWritten }: { readonly key: StepKey; readonly matrix: Matrix },
  scope: Scope,
): Result<readonly MatrixInstance[], string> {
  const filled = filledIn(run, asWritten, scope);
  if (!filled.ok) return filled;
  const matrix = filled.value;
  const { ports } = run.input;
  const axes: [string, readonly Json[]][] = [];
  for (const [name, axis] of Object.entries(matrix.axes)) {
    const value = 'text' in axis ? ports.evaluate(axis, scope) : ok(axis as readonly Json[]);
    if (!value.ok) return err(`matrix.${name}: ${value.error}`);
    if (!Array.isArray(value.value))
      return err(`matrix.${name}: it is not a list, but ${JSON.stringify(value.value)}`);
    axes.push([name, value.value as readonly Json[]]);
  }
  let count = 1;
  for (const [, values] of axes) count *= values.length;
  if (count + matrix.include.length > MOST_INSTANCES)
    return err(`it has ${count + matrix.include.length} combinations, and at most ${MOST_INSTANCES} are run`);
  const all = combined(axes, matrix);
  const nobody = all.find((one) => instanceStep(step, one.matrix) === undefined);
  if (nobody !== undefined) return err(`nobody is named for ${JSON.stringify(nobody.matrix)}`);
  const names = instancesOf(all.map((one) => Object.values(one.named).map(ports.toText)));
  return ok(all.map(({ matrix: values }, i) => ({ key: `${key}${names[i]}` as StepKey, matrix: values })));
}

/** The matrix with the expressions in its literal places filled in. */
function filledIn(run: Running, matrix: Matrix, scope: Scope): Result<Matrix, string> {
  const { patterns } = matrix;
  if (patterns === undefined) return ok(matrix);
  const axes: Record<string, Matrix['axes'][string]> = { ...matrix.axes };
  for (const [name, list] of Object.entries(patterns.axes)) {
    const values = fillValue(run, { list }, scope);
    if (!values.ok) return err(`matrix.${name}: ${values.error}`);
    axes[name] = values.value as readonly Json[];
  }
  const lists: { include?: readonly JsonObject[]; exclude?: readonly JsonObject[] } = {};
  for (const key of ['include', 'exclude'] as const) {
    const maps = patterns[key];
    if (maps === undefined) continue;
    const all = fillValue(run, { list: maps.map((map) => ({ map })) }, scope);
    if (!all.ok) return err(`matrix.${key}: ${all.error}`);
    lists[key] = all.value as readonly JsonObject[];
  }
  return ok({ ...matrix, axes, ...lists });
}

interface Combination {
  /** What it is named after: the axes. */
  readonly named: JsonObject;
  readonly matrix: JsonObject;
}

/**
 * As in GitHub Actions: what `include` says is added to every combination whose axes it does not contradict, and is one of its own
 * where there is none.
 */
function combined(
  axes: readonly (readonly [string, readonly Json[]])[],
  { include, exclude }: Matrix,
): readonly Combination[] {
  let plain: JsonObject[] = axes.length === 0 ? [] : [{}];
  for (const [name, values] of axes)
    plain = plain.flatMap((one) => values.map((value) => ({ ...one, [name]: value })));
  const kept = plain.filter((one) => !exclude.some((out) => fits(out, one)));
  const all: Combination[] = kept.map((one) => ({ named: one, matrix: one }));
  const names = new Set(axes.map(([name]) => name));
  for (const more of include) {
    const own = Object.fromEntries(Object.entries(more).filter(([name]) => names.has(name)));
    const found = kept.flatMap((one, i) => (fits(own, one) ? [i] : []));
    for (const i of found) {
      const one = all[i];
      if (one !== undefined) all[i] = { ...one, matrix: { ...one.matrix, ...more } };
    }
    if (found.length === 0) all.push({ named: more, matrix: more });
  }
  return all;
}

function fits(part: JsonObject, whole: JsonObject): boolean {
  return Object.entries(part).every(([name, value]) => JSON.stringify(whole[name]) === JSON.stringify(value));
}
