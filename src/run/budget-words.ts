/** Says of budgets what is used up, with the way on. */
import type { Scope, Unit } from '../model/budget.ts';
import { raised, type Used } from '../model/budget-raise.ts';
import type { Failure } from '../model/failure.ts';

/** Why an attempt ends. */
export function budgetFailure(used: Used): Failure {
  const { scope, unit, spent, limit, budget } = used;
  const by = budget?.narrowedBy?.[unit];
  const more = raised([used]);
  const whose = by === undefined ? '' : `, as ${by} says`;
  return {
    reason: 'budget',
    message: `the budget of ${whoseWords(scope)} is used up: ${amount(unit, spent)} of ${amount(unit, limit)}${whose}`,
    help:
      more === ''
        ? `the policy${by === undefined ? '' : ` in ${by}`} allows no more`
        : `raise it with \`codemachine resume … --budget ${more}\``,
  };
}

/** The run, the step `fix`, the agent `coder`. */
export function whoseWords(scope: Scope): string {
  if (scope === 'run') return 'the run';
  const [kind, name] = [scope.slice(0, scope.indexOf(':')), scope.slice(scope.indexOf(':') + 1)];
  return `the ${kind === 'part' ? 'used workflow' : kind} \`${name}\``;
}

/** An amount with its unit. */
export function amount(unit: Unit, much: number): string {
  if (unit === 'usd') return `$${much >= 1 || much === 0 ? much.toFixed(2) : much.toFixed(4)}`;
  if (unit === 'tokens') return `${String(Math.round(much)).replace(/\B(?=(\d{3})+$)/g, ',')} tokens`;
  return `${Math.round(much / 100) / 10} s`;
}
