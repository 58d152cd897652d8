/** Says of budgets what is used up, with the way on. */
import type { Budget, Scope, Unit } from '../model/budget.ts';
import type { Failure } from '../model/failure.ts';

/** A limit that is reached. */
export interface Used {
  readonly scope: Scope;
  readonly unit: Unit;
  readonly spent: number;
  readonly limit: number;
  readonly budget: Budget | undefined;
}

/** Why an attempt ends. */
export function budgetFailure(used: Used): Failure {
  const { scope, unit, spent, limit, budget } = used;
  const by = budget?.narrowedBy?.[unit];
  const whose = by === undefined ? '' : `, as ${by} says`;
  return {
    reason: 'budget',
    message: `the budget of ${whoseWords(scope)} is used up: ${amount(unit, spent)} of ${amount(unit, limit)}${whose}`,
    help:
      by === undefined
        ? `raise it with \`codemachine resume … --budget ${raised([used])}\``
        : `the policy in ${by} allows no more`,
  };
}

/** The run, the step `fix`, the agent `coder`. */
export function whoseWords(scope: Scope): string {
  if (scope === 'run') return 'the run';
  const [kind, name] = [scope.slice(0, scope.indexOf(':')), scope.slice(scope.indexOf(':') + 1)];
  return `the ${kind === 'part' ? 'used workflow' : kind} \`${name}\``;
}

/** What `--budget` takes to go on with twice as much. */
export function raised(used: readonly Used[]): string {
  return used
    .map(({ scope, unit, spent, limit }) => {
      const key = scope === 'run' ? unit : `${scope}.${unit}`;
      const much = 2 * Math.max(limit, spent);
      return `${key}=${written(unit, much === 0 ? SOME[unit] : much)}`;
    })
    .join(',');
}

/** Where there was nothing to begin with. */
const SOME: Readonly<Record<Unit, number>> = { usd: 1, tokens: 100_000, time: 600_000 };

function written(unit: Unit, much: number): string {
  if (unit === 'usd') return String(Math.ceil(much * 100) / 100);
  if (unit === 'tokens') return String(Math.max(1, Math.ceil(much)));
  const seconds = Math.max(1, Math.ceil(much / 1000));
  if (seconds % 3600 === 0) return `${seconds / 3600}h`;
  return seconds % 60 === 0 ? `${seconds / 60}m` : `${seconds}s`;
}

/** An amount with its unit. */
export function amount(unit: Unit, much: number): string {
  if (unit === 'usd') return `$${much >= 1 || much === 0 ? much.toFixed(2) : much.toFixed(4)}`;
  if (unit === 'tokens') return `${String(Math.round(much)).replace(/\B(?=(\d{3})+$)/g, ',')} tokens`;
  return `${Math.round(much / 100) / 10} s`;
}
