/** Finds agents that may go on in one session at the same time. */
import { type Diagnostic, diagnose } from '../model/diagnostic.ts';
import type { PromptStep, Step, Workflow } from '../model/workflow.ts';
import type { Links } from './links.ts';
import { missing, reach } from './reach.ts';

/** Complains about each step that goes on in the session of another, once, naming the earliest that may do so beside it. */
export function findParallelSessions(
  workflow: Pick<Workflow, 'source' | 'steps'>,
  links: Links,
  order: readonly number[],
): readonly Diagnostic[] {
  const inside = workflow.steps.map(promptsIn);
  const all = new Map(inside.flat().map((step) => [String(step.id), step]));
  const { path } = workflow.source;
  const found: Diagnostic[] = [];
  const groups = new Map<string, Map<number, PromptStep>>();
  for (const [index, steps] of inside.entries()) {
    const outer = workflow.steps[index];
    const side = outer?.kind === 'loop' && outer.matrix !== undefined && outer.matrix.maxParallel !== 1;
    for (const step of steps) {
      if (!goesOn(step)) continue;
      const root = rootOf(step, all);
      if (side && !steps.some((one) => one.id === root))
        found.push(diagnose('matrix-sessions', path, step.session.at, { step: step.id, of: root }));
      const group = groups.get(root) ?? new Map<number, PromptStep>();
      // Of a loop, one stands for all: the list of its body is looked at by itself.
      if (!group.has(index)) group.set(index, step);
      groups.set(root, group);
    }
  }
  for (const [root, group] of groups) {
    if (group.size < 2) continue;
    const members = [...group];
    const columns = new Map(members.map(([index], column) => [index, column]));
    const column = workflow.steps.map((_, index) => columns.get(index));
    const before = reach(order, links.needs, column, members.length);
    const after = reach([...order].reverse(), links.dependents, column, members.length);
    for (const [own, [index, second]] of members.entries()) {
      const [other] = missing([before.rows[index], after.rows[index]], own, own, 1);
      const first = other === undefined ? undefined : members[other]?.[1];
      if (first?.session === undefined || first.session === 'continue' || !goesOn(second)) continue;
      const related = [{ path, at: first.session.at, message: `\`${first.id}\` goes on in it here` }];
      const args = { first: first.id, second: second.id, of: root };
      found.push(diagnose('parallel-sessions', path, second.session.at, args, { related }));
    }
  }
  return found;
}

type Continuing = PromptStep & { readonly session: Exclude<PromptStep['session'], 'continue' | undefined> };

function goesOn(step: PromptStep): step is Continuing {
  return step.session !== undefined && step.session !== 'continue' && !step.session.fork;
}

/** The steps of a used workflow go on in sessions of their own. */
function promptsIn(step: Step): readonly PromptStep[] {
  if (step.kind === 'loop') return step.steps.flatMap(promptsIn);
  return step.kind === 'prompt' ? [step] : [];
}

/** Who began the session. */
function rootOf(step: Continuing, all: ReadonlyMap<string, PromptStep>): string {
  let root: string = step.session.of;
  for (const seen = new Set([root]); ; seen.add(root)) {
    const other = all.get(root);
    if (other === undefined || !goesOn(other) || seen.has(other.session.of)) return root;
    root = other.session.of;
  }
}
