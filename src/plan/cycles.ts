/** Finds steps that wait for each other. */
import type { Diagnostic } from '../model/diagnostic.ts';
import { diagnose } from '../model/diagnostic.ts';
import type { Step, Workflow } from '../model/workflow.ts';
import type { Links } from './links.ts';

/**
 * One complaint for each group of steps that wait for each other, at the step that stands first in the file. A group
 * may hold many cycles; the shortest through that step is shown, since the others have mostly the same mend.
 * @param order what can be ordered; everything else is in a cycle or waits for one
 */
export function findCycles(
  workflow: Pick<Workflow, 'source' | 'steps'>,
  links: Links,
  order: readonly number[],
): readonly Diagnostic[] {
  const suspects = new Set(workflow.steps.keys());
  for (const index of order) suspects.delete(index);
  return groupsOf(links, suspects).map((group) => {
    const cycle = shortestCycle(links, group)
      .map((index) => workflow.steps[index])
      .filter((step): step is Step => step !== undefined);
    const place = cycle[0]?.needsAt ?? { start: 0, end: 0 };
    return diagnose('cycle', workflow.source.path, place, { steps: cycle.map((step) => step.id) });
  });
}

/**
 * Tarjan's strongly connected components (SIAM J. Comput. 1, 1972) with more than one member, each sorted by position.
 * The stack is ours: the textbook form recurses once per step and a long chain would end the process.
 */
function groupsOf(links: Links, suspects: ReadonlySet<number>): number[][] {
  const found = new Map<number, { index: number; low: number; open: boolean }>();
  const open: number[] = [];
  const groups: number[][] = [];
  const visit = (index: number) => {
    const state = { index: found.size, low: found.size, open: true };
    found.set(index, state);
    open.push(index);
    return { index, state, next: 0 };
  };
  for (const root of suspects) {
    if (found.has(root)) continue;
    const path = [visit(root)];
    for (let here = path.at(-1); here !== undefined; here = path.at(-1)) {
      const dependent = links.dependents[here.index]?.[here.next++];
      if (dependent !== undefined) {
        const seen = found.get(dependent);
        if (seen === undefined) {
          if (suspects.has(dependent)) path.push(visit(dependent));
        } else if (seen.open) here.state.low = Math.min(here.state.low, seen.index);
        continue;
      }
      path.pop();
      const above = path.at(-1);
      if (above !== undefined) above.state.low = Math.min(above.state.low, here.state.low);
      if (here.state.low !== here.state.index) continue;
      const group = open.splice(open.lastIndexOf(here.index));
      for (const member of group) Object.assign(found.get(member) ?? {}, { open: false });
      if (group.length > 1) groups.push(group.sort((a, b) => a - b));
    }
  }
  return groups;
}

/** The shortest way from the group's first step back to itself, each step needed by the one after it. */
function shortestCycle(links: Links, group: readonly number[]): number[] {
  const [first] = group;
  if (first === undefined) return [];
  const members = new Set(group);
  const cameFrom = new Map<number, number>();
  const queue = [first];
  for (let next = 0; next < queue.length; next++) {
    const here: number = queue[next] ?? first;
    for (const dependent of links.dependents[here] ?? []) {
      if (dependent === first) return wayBack(cameFrom, here);
      if (!members.has(dependent) || cameFrom.has(dependent)) continue;
      cameFrom.set(dependent, here);
      queue.push(dependent);
    }
  }
  return [...group];
}

function wayBack(cameFrom: ReadonlyMap<number, number>, last: number): number[] {
  const way = [last];
  for (let here = cameFrom.get(last); here !== undefined; here = cameFrom.get(here)) way.push(here);
  return way.reverse();
}
