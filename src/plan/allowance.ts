/** Says what a workflow allows itself to spend. */
import { type Budget, UNITS, type Unit } from '../model/budget.ts';
import type { Json, JsonObject } from '../model/result.ts';
import type { Workflow } from '../model/workflow.ts';
import { duration } from './duration.ts';

/** A line for the run and one for each agent with a budget. */
export function allowanceLines({ budget, agentBudgets = {} }: Workflow): readonly string[] {
  return [
    ...(budget === undefined ? [] : [`budget: ${allowance(budget, 'the run')}`]),
    ...Object.entries(agentBudgets).map(
      ([name, own]) => `budget of the agent ${name}: ${allowance(own, 'what it does')}`,
    ),
  ];
}

/** `$5, 2,000,000 tokens, 2h, then the run pauses`, each limit with the policy that made it so. */
export function allowance({ limits, onExceed, narrowedBy }: Budget, what: string): string {
  const facts = UNITS.flatMap((unit) => {
    const limit = limits[unit];
    const by = narrowedBy?.[unit];
    return limit === undefined ? [] : [`${written(unit, limit)}${by === undefined ? '' : ` (${by})`}`];
  });
  return `${facts.join(', ')}, then ${onExceed === 'pause' ? 'the run pauses' : `${what} fails`}`;
}

/** The budget in the language's own keys; times in milliseconds. */
export function allowanceJson({ limits, onExceed, allowUnknownCost }: Budget): JsonObject {
  const { time, ...others } = limits;
  return {
    ...(others as Record<string, Json>),
    ...(time === undefined ? {} : { 'time-ms': time }),
    'on-exceed': onExceed,
    ...(allowUnknownCost ? { 'allow-unknown-cost': true } : {}),
  };
}

function written(unit: Unit, much: number): string {
  if (unit === 'usd') return `$${much}`;
  if (unit === 'tokens') return `${String(much).replace(/\B(?=(\d{3})+$)/g, ',')} tokens`;
  return duration(much);
}
