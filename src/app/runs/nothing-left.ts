/** Tells before a tree goes back that a budget would let nothing begin. */
import { agentScope, type Scope, type ScopedLimits, stepScope } from '../../model/budget.ts';
import type { Used } from '../../model/budget-raise.ts';
import type { Milestone } from '../../model/event.ts';
import { foldAll } from '../../model/fold.ts';
import { asStepKey } from '../../model/ids.ts';
import type { Plan } from '../../model/plan.ts';
import { merged, NOTHING_SPENT, runTime, usedUp } from '../../model/spending.ts';
import { type Step, type Workflow, withBodies } from '../../model/workflow.ts';
import { budgetsOf } from '../../run/budget-places.ts';
import { budgetFailure } from '../../run/budget-words.ts';
import { keepingRaised } from '../../run/raised.ts';
import { CLOCK } from '../clock.ts';
import type { Decision } from './kept.ts';

/** What a run would go on with. */
interface GoingOn {
  readonly plan: Plan;
  /** With the budgets of today. */
  readonly workflow: Workflow;
  readonly history: readonly Milestone[];
  readonly raise: ScopedLimits | undefined;
  readonly decision: Pick<Decision, 'kept'>;
}

/**
 * What is used up, where each step that could begin spends of it; undefined where one may begin. A command spends time alone, so it
 * may begin where the money is gone.
 */
export function nothingLeft(
  of: GoingOn,
): Pick<ReturnType<typeof budgetFailure>, 'message' | 'help'> | undefined {
  const { plan, decision } = of;
  const kept = (id: string): boolean => decision.kept.has(asStepKey(id));
  const first = plan.steps.flatMap(({ step, leftOut }) =>
    leftOut || kept(step.id) || !step.needs.every(kept) ? [] : [step],
  );
  const used = usedIn(of);
  let found: Used | undefined;
  for (const step of first) {
    const inTheWay = used.find((one) => spends(step, one));
    if (inTheWay === undefined) return undefined;
    found ??= inTheWay;
  }
  return found === undefined ? undefined : budgetFailure(found);
}

function usedIn({ workflow, history, raise }: GoingOn): readonly Used[] {
  const budgets = budgetsOf(workflow);
  const { spending } = foldAll(history);
  let limits: ScopedLimits = {};
  for (const [scope, own] of budgets)
    limits = merged(limits, { [scope]: keepingRaised(history, scope, own) });
  const now = { ...spending, limits: merged(limits, raise ?? {}) };
  return [...budgets].flatMap(([scope, budget]) => {
    const spent = spending.by.get(scope) ?? NOTHING_SPENT;
    const time = scope === 'run' ? runTime(spending, CLOCK.now()) : spent.time;
    return usedUp(now, scope, { ...spent, time }).map((one) => ({ ...one, scope, budget }));
  });
}

/** Whether the step cannot begin without spending of it. One with steps of its own begins where any of them may. */
function spends(step: Step, { scope, unit }: Used): boolean {
  const leaves = withBodies([step]).filter(({ kind }) => kind !== 'loop' && kind !== 'uses');
  return leaves.every((leaf) => {
    if (leaf.kind !== 'prompt' && (unit !== 'time' || leaf.kind !== 'run')) return false;
    const scopes: Scope[] = ['run'];
    if (leaf === step) {
      scopes.push(stepScope(asStepKey(step.id)));
      if (step.kind === 'prompt' && step.agent !== undefined) scopes.push(agentScope(step.agent));
    }
    return scopes.includes(scope);
  });
}
