/** Shows what was spent of what may be. */
import { type Budget, type Scope, UNITS, type Unit } from '../model/budget.ts';
import type { Progress } from '../model/progress.ts';
import type { JsonObject } from '../model/result.ts';
import { NOTHING_SPENT, runTime, type Spent } from '../model/spending.ts';
import { oneLine } from './clean.ts';
import { count, duration, money } from './words.ts';

const WIDEST = 120;

/** One line for each budget: `budget: $1.20 of $5.00, 12m 00s of 2h 00m`. @param now for a run that still runs */
export function budgetLines(progress: Progress, now: number | undefined): readonly string[] {
  return scopes(progress).map(([scope, limits]) => {
    const spent = spentOn(progress, scope, now);
    const facts = UNITS.flatMap((unit) => {
      const limit = limits[unit];
      return limit === undefined ? [] : [`${amount(unit, spent)} of ${budgetAmount(unit, limit)}`];
    });
    const unknown =
      limits.usd !== undefined && spent.unknown > 0
        ? `, not counting ${count(spent.unknown, 'attempt')} of unknown cost`
        : limits.tokens !== undefined && (spent.silent ?? 0) > 0
          ? `, not counting ${count(spent.silent ?? 0, 'attempt')} of unknown use`
          : '';
    return `budget${scope === 'run' ? '' : ` of ${oneLine(scope.replace(':', ' '), WIDEST)}`}: ${facts.join(', ')}${unknown}`;
  });
}

/** The budgets for programs: by scope and unit, what is spent of what may be. */
export function budgetJson(progress: Progress, now: number | undefined): JsonObject | undefined {
  const all = scopes(progress);
  if (all.length === 0) return undefined;
  return Object.fromEntries(
    all.map(([scope, limits]) => {
      const spent = spentOn(progress, scope, now);
      const units = UNITS.flatMap((unit) => {
        const limit = limits[unit];
        return limit === undefined ? [] : [[unit, { spent: spent[unit], limit }] as const];
      });
      return [scope, { ...Object.fromEntries(units), 'unknown-cost': spent.unknown }];
    }),
  );
}

function scopes({ spending }: Progress): readonly (readonly [Scope, Budget['limits']])[] {
  return Object.entries(spending.limits) as [Scope, Budget['limits']][];
}

function spentOn({ spending }: Progress, scope: Scope, now: number | undefined): Spent {
  const spent = spending.by.get(scope) ?? NOTHING_SPENT;
  return scope === 'run' && now !== undefined ? { ...spent, time: runTime(spending, now) } : spent;
}

/** Where nothing is known of what was spent, that is not the same as nothing. */
function amount(unit: Unit, spent: Spent): string {
  const missing = unit === 'usd' ? spent.unknown : unit === 'tokens' ? (spent.silent ?? 0) : 0;
  return spent[unit] === 0 && missing > 0 ? 'unknown' : budgetAmount(unit, spent[unit]);
}

/** A number of that unit as people read it. */
export function budgetAmount(unit: Unit | undefined, much: number): string {
  if (unit === undefined) return String(much);
  if (unit === 'usd') return money(much);
  return unit === 'tokens' ? count(Math.round(much), 'token') : duration(much);
}
