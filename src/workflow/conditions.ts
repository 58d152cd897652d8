/** Warns of conditions that decide nothing, besides the steps that such a one keeps from ever running. */
import { type Diagnostic, diagnose } from '../model/diagnostic.ts';
import type { Expr } from '../model/expression.ts';
import type { Step, Workflow } from '../model/workflow.ts';
import type { Place } from './expression-contexts.ts';
import { type Truth, truthOf } from './expression-fold.ts';
import type { Node } from './expression-syntax.ts';
import type { Check, Owner } from './references-ground.ts';
import { callsStatusFunction } from './template.ts';
import type { Type } from './types.ts';

/** The keys that hold a condition. */
const CONDITIONS = ['if', 'until', 'while', 'require', 'approve-if'] as const;
type Condition = (typeof CONDITIONS)[number];

/** Whether a key holds a condition. */
export function isCondition(place: Place): place is Condition {
  return (CONDITIONS as readonly string[]).includes(place);
}

/** A condition that was found right in itself. */
interface Judged {
  readonly root: Node;
  readonly expr: Expr;
  readonly place: Place;
  readonly types: ReadonlyMap<Node, Type>;
}

/** Complains about one that always comes to the same, unless that is what it is written for. */
export function judgeCondition({ root, expr, place, types }: Judged, owner: Owner, all: Check): void {
  if (!isCondition(place)) return;
  const truth = truthOf(root, { types, status: (name) => statusOf(name, owner) });
  if (truth === undefined || isMeant(place, truth, expr, owner)) return;
  const code = truth ? 'always-true' : 'always-false';
  all.found.push(diagnose(code, all.more.path, expr.at, { key: place }));
  if (place === 'require' && !truth && owner.step !== undefined) all.closed.add(owner.step);
}

/** What a status function gives to a step that waits for nobody. Of the others, and under `finally`, it depends. */
function statusOf(name: string, { step, list, position }: Owner): Truth {
  if (name === 'always') return true;
  const isFirst = position !== undefined && step !== undefined && step.needs.length === 0;
  if (!isFirst || list.within !== undefined) return undefined;
  if (name === 'success') return true;
  return name === 'failure' ? false : undefined;
}

function isMeant(place: Condition, truth: boolean, expr: Expr, { step }: Owner): boolean {
  // It asks for a step to run anyway, or says what holds without it.
  if (place === 'if') return truth && callsStatusFunction(expr);
  if (step?.kind !== 'loop' || step.onExhausted !== 'continue') return false;
  // So many times, and that is well.
  return (place === 'until' && !truth) || (place === 'while' && truth && step.until === undefined);
}

/** Warns of the steps behind a gate that can never be passed. */
export function findUnreachable(
  workflow: Workflow,
  { closed, more: { path } }: Check,
): readonly Diagnostic[] {
  if (closed.size === 0) return [];
  const found: Diagnostic[] = [];
  const visit = (steps: readonly Step[]): void => {
    const gates = new Map<string, Step>();
    for (const step of steps) if (closed.has(step) && !step.continueOnError) gates.set(step.id, step);
    for (let before = -1; before < gates.size; ) {
      before = gates.size;
      for (const step of steps) {
        if (gates.has(step.id) || step.ifDecides) continue;
        const gate = step.needs.map((need) => gates.get(need)).find((one) => one !== undefined);
        if (gate === undefined) continue;
        gates.set(step.id, gate);
        const related = [{ path, at: gate.needsAt, message: 'the gate stands here' }];
        found.push(
          diagnose('unreachable', path, step.needsAt, { step: step.id, gate: gate.id }, { related }),
        );
      }
    }
    for (const step of steps) if (step.kind === 'loop') visit(step.steps);
  };
  visit(workflow.steps);
  return found;
}
