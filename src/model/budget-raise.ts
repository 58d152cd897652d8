/** Says what raises budgets that are used up. */
import type { Budget, Scope, Unit } from './budget.ts';

/** A limit that is reached. */
export interface Used {
  readonly scope: Scope;
  readonly unit: Unit;
  readonly spent: number;
  readonly limit: number;
  readonly budget: Budget | undefined;
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
