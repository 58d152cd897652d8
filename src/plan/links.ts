/** Turns the needs of a list of steps into numbers that are fast to walk. */
import type { Step } from '../model/workflow.ts';

/** Who needs whom, by position in the list. Each pair stands once; both sides are sorted by position. */
export interface Links {
  readonly needs: readonly (readonly number[])[];
  readonly dependents: readonly (readonly number[])[];
}

/** Links a list of steps. Needs that name no step of the list, or the step itself, are left out. */
export function linksOf(steps: readonly Pick<Step, 'id' | 'needs'>[]): Links {
  const positions = new Map<string, number>();
  for (const [index, step] of steps.entries()) positions.set(step.id, index);
  const needs: number[][] = [];
  const dependents: number[][] = steps.map(() => []);
  for (const [index, step] of steps.entries()) {
    const found = new Set<number>();
    for (const need of step.needs) {
      const position = positions.get(need);
      if (position !== undefined && position !== index) found.add(position);
    }
    const own = [...found].sort((a, b) => a - b);
    needs.push(own);
    for (const need of own) dependents[need]?.push(index);
  }
  return { needs, dependents };
}

/** Every step after its needs. Steps that wait for a cycle are missing, so a shorter list means that there is one. */
export function topologicalOrder(links: Links): readonly number[] {
  const waiting = links.needs.map((needs) => needs.length);
  const order: number[] = [];
  for (const [index, count] of waiting.entries()) if (count === 0) order.push(index);
  for (let next = 0; next < order.length; next++) {
    for (const dependent of links.dependents[order[next] ?? -1] ?? []) {
      const left = (waiting[dependent] ?? 0) - 1;
      waiting[dependent] = left;
      if (left === 0) order.push(dependent);
    }
  }
  return order;
}
