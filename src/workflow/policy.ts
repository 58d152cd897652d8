/** Reads what workflows may ask for. */
import type { Limits } from '../model/budget.ts';
import { UNITS, type Unit } from '../model/budget.ts';
import type { Policy, Ruled } from '../model/config.ts';
import { locator, type SourceFile } from '../model/source.ts';
import { ACCESS_LEVELS } from '../model/workflow.ts';
import { allowsUnknown, readLimits } from './budgets.ts';
import { textOf } from './declarations.ts';
import { child, entryOf, isWord, type Node, stringAt } from './tree.ts';

/** The policy of one file; undefined where it says nothing. */
export function readPolicy(node: Node | undefined, source: SourceFile): Policy | undefined {
  if (node?.kind !== 'map') return undefined;
  const line = locator(source.text);
  const from = (of: Node | undefined, key: string): string =>
    `${source.path}:${line(entryOf(of, key)?.at.start ?? 0).line}`;
  const engines = child(node, 'engines');
  const access = ACCESS_LEVELS.find((level) => level === stringAt(node, 'max-access'));
  const strict = child(node, 'strict');
  const budget = child(node, 'budget');
  const limits = readLimits(budget);
  const lines = UNITS.flatMap((unit) =>
    limits[unit] === undefined ? [] : [[unit, from(budget, unit)] as const],
  );
  return {
    ...(engines?.kind === 'list'
      ? { engines: [{ value: engines.items.flatMap(textOf), from: from(node, 'engines') }] }
      : {}),
    ...(access === undefined ? {} : { maxAccess: { value: access, from: from(node, 'max-access') } }),
    ...(lines.length === 0
      ? {}
      : {
          budget: {
            limits,
            from: Object.fromEntries(lines),
            ...(isWord(child(budget, 'on-exceed'), 'fail') ? { onExceed: 'fail' as const } : {}),
            ...(limits.usd === undefined || allowsUnknown(budget)
              ? {}
              : { knownCostBy: from(budget, 'usd') }),
          },
        }),
    ...(strict?.kind === 'scalar' && strict.value === true
      ? { strict: { value: true, from: from(node, 'strict') } }
      : {}),
  };
}

/** The most restrictive of two policies, rule by rule. */
export function mergePolicies(a: Policy | undefined, b: Policy | undefined): Policy | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  const engines = [...(a.engines ?? []), ...(b.engines ?? [])];
  const maxAccess = narrower(a.maxAccess, b.maxAccess, (one, other) => rank(one) <= rank(other));
  const strict = a.strict ?? b.strict;
  const budget = mergeBudgets(a.budget, b.budget);
  return {
    ...(engines.length === 0 ? {} : { engines }),
    ...(maxAccess === undefined ? {} : { maxAccess }),
    ...(budget === undefined ? {} : { budget }),
    ...(strict === undefined ? {} : { strict }),
  };
}

function rank(access: NonNullable<Policy['maxAccess']>['value']): number {
  return ACCESS_LEVELS.indexOf(access);
}

function narrower<T>(
  a: Ruled<T> | undefined,
  b: Ruled<T> | undefined,
  isNarrower: (a: T, b: T) => boolean,
): Ruled<T> | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return isNarrower(a.value, b.value) ? a : b;
}

function mergeBudgets(a: Policy['budget'], b: Policy['budget']): Policy['budget'] {
  if (a === undefined || b === undefined) return a ?? b;
  const limits: Partial<Record<keyof Limits, number>> = {};
  const from: Partial<Record<Unit, string>> = {};
  for (const unit of UNITS) {
    const mine = a.limits[unit];
    const theirs = b.limits[unit];
    const first = theirs === undefined || (mine !== undefined && mine <= theirs);
    const limit = first ? mine : theirs;
    const line = first ? a.from[unit] : b.from[unit];
    if (limit !== undefined) limits[unit] = limit;
    if (line !== undefined) from[unit] = line;
  }
  const onExceed = a.onExceed ?? b.onExceed;
  const knownCostBy = a.knownCostBy ?? b.knownCostBy;
  return {
    ...{ limits, from },
    ...(onExceed === undefined ? {} : { onExceed }),
    ...(knownCostBy === undefined ? {} : { knownCostBy }),
  };
}
