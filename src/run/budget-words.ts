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

/** What `--budget` takes to go on with twice as much, or with all that a policy allows; nothing where no policy allows more. */
export function raised(used: readonly Used[]): string {
  return used
    .flatMap(({ scope, unit, spent, limit, budget }) => {
      const key = scope === 'run' ? unit : `${scope}.${unit}`;
      const most = budget?.most?.[unit] ?? Number.POSITIVE_INFINITY;
      const least = Math.max(limit, spent);
      const more = least === 0 ? SOME[unit] : 2 * least;
      if (most <= least) return [];
      return `${key}=${more + ROUNDED[unit] <= most ? written(unit, more) : exact(unit, most)}`;
    })
    .join(',');
}

/** Where there was nothing to begin with. */
const SOME: Readonly<Record<Unit, number>> = { usd: 1, tokens: 100_000, time: 600_000 };

/** By how much what is written may be more than what was meant. */
const ROUNDED: Readonly<Record<Unit, number>> = { usd: 0.01, tokens: 1, time: 1000 };

/** More than a policy allows is refused. */
function exact(unit: Unit, much: number): string {
  return unit === 'time' ? `${much}ms` : String(much);
}

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
