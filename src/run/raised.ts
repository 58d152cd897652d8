/** Finds the limits that somebody raised while a run went on. */
import { type Budget, type Limits, type Scope, type ScopedLimits, UNITS } from '../model/budget.ts';
import type { Milestone } from '../model/event.ts';

/** The limits of an update: those of the file, but for what was raised since the run had them from a file, where that is more. */
export function keepingRaised(
  history: readonly Milestone[],
  scope: Scope,
  { limits, most }: Pick<Budget, 'limits' | 'most'>,
): Limits {
  const kept: Record<string, number> = {};
  for (const unit of UNITS) {
    const limit = limits[unit];
    if (limit === undefined) continue;
    const raised = Math.min(
      raisedTo(history, scope, unit) ?? limit,
      most?.[unit] ?? Number.POSITIVE_INFINITY,
    );
    kept[unit] = Math.max(limit, raised);
  }
  return kept;
}

/** What a limit was raised to last; undefined where it is as a file says. */
function raisedTo(history: readonly Milestone[], scope: Scope, unit: keyof Limits): number | undefined {
  let raised: number | undefined;
  let known = false;
  for (const milestone of history) {
    if (milestone.type !== 'run-started' && milestone.type !== 'run-resumed') continue;
    const said = limitIn(milestone.budget, scope, unit);
    if (said === undefined) continue;
    // With a start or an update a limit comes from the file, and so does the first that is said of a scope.
    const isRaise = known && milestone.type === 'run-resumed' && milestone.sha256 === undefined;
    if (isRaise) raised = said;
    else if (raised !== undefined && said < raised) raised = undefined;
    known = true;
  }
  return raised;
}

function limitIn(limits: ScopedLimits | undefined, scope: Scope, unit: keyof Limits): number | undefined {
  return limits?.[scope]?.[unit];
}
