/** Finds agents that may write to the shared tree at the same time. */
import type { Diagnostic } from '../model/diagnostic.ts';
import { diagnose } from '../model/diagnostic.ts';
import type { Step, Workflow } from '../model/workflow.ts';
import { isWriter, withBodies } from '../model/workflow.ts';
import type { Links } from './links.ts';
import { missing, reach } from './reach.ts';

/**
 * Complains about each writer that is neither before nor after an earlier one: once, naming the earliest such, because
 * a thousand writers without order would else be half a million complaints. Conditions are not weighed: two branches
 * that "never both run" today do so after the next edit of an `if`.
 */
export function findParallelWriters(
  workflow: Pick<Workflow, 'source' | 'steps'>,
  links: Links,
  order: readonly number[],
): readonly Diagnostic[] {
  const beside = workflow.steps.flatMap((step) => besideItself(workflow, step));
  const writers: Step[] = [];
  const column = workflow.steps.map((step) => (writes(step) ? writers.push(step) - 1 : undefined));
  if (writers.length < 2) return beside;
  const before = reach(order, links.needs, column, writers.length);
  const after = reach([...order].reverse(), links.dependents, column, writers.length);
  const pairs = workflow.steps.flatMap((second, index) => {
    const own = column[index];
    if (own === undefined) return [];
    const [other] = missing([before.rows[index], after.rows[index]], own, own, 1);
    const first = other === undefined ? undefined : writers[other];
    if (first === undefined) return [];
    const { path } = workflow.source;
    const related = [{ path, at: first.at, message: `\`${first.id}\` writes here` }];
    return [
      diagnose('parallel-writers', path, second.at, { first: first.id, second: second.id }, { related }),
    ];
  });
  return [...beside, ...pairs];
}

/** The instances of a matrix run side by side. */
function besideItself({ source }: Pick<Workflow, 'source'>, step: Step): readonly Diagnostic[] {
  if (step.matrix === undefined || step.matrix.maxParallel === 1 || !writes(step)) return [];
  return [diagnose('matrix-writers', source.path, step.at, { step: step.id })];
}

/** A loop writes where a step of its body does. */
function writes(step: Step): boolean {
  return withBodies([step]).some(isWriter);
}
