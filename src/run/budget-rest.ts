/** Says what is left of a limit in dollars to an engine that holds itself to one. */
import type { Budget, Scope } from '../model/budget.ts';
import type { Failure } from '../model/failure.ts';
import { budgetFailure } from './budget-words.ts';

/** A limit, with what counts against it already; US dollars. */
export interface Rest {
  readonly scope: Scope;
  readonly spent: number;
  readonly limit: number;
  readonly budget: Budget;
}

/** The one of which the least is left. */
export function narrowest(rests: readonly Rest[]): Rest | undefined {
  return rests.reduce<Rest | undefined>(
    (least, one) => (least === undefined || leftOf(one) < leftOf(least) ? one : least),
    undefined,
  );
}

/** How much an attempt may use. */
export function leftOf({ spent, limit }: Rest): number {
  return limit - spent;
}

/** Why an attempt ended that used it up. @param used what it says it has used */
export function usedUpRest({ scope, spent, limit, budget }: Rest, used: number): Failure {
  return budgetFailure({ scope, unit: 'usd', spent: Math.max(limit, spent + used), limit, budget });
}
