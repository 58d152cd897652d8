/** Reads what `--budget` of `resume` raises. */
import { type Scope, type ScopedLimits, UNITS, type Unit } from '../../model/budget.ts';
import type { Config } from '../../model/config.ts';
import type { Milestone } from '../../model/event.ts';
import { foldAll } from '../../model/fold.ts';
import { err, ok, type Result } from '../../model/result.ts';
import { merged, NOTHING_SPENT } from '../../model/spending.ts';
import type { Workflow } from '../../model/workflow.ts';
import { budgetsOf } from '../../run/budget-places.ts';
import { amount, whoseWords } from '../../run/budget-words.ts';
import { durationMs, tokensOf } from '../../workflow/scalars.ts';
import { type Refusal, refuse } from '../refusal.ts';

const HELP =
  'write it as `--budget usd=10,tokens=5M,time=3h`; of a step or an agent as `--budget step:fix.usd=2,agent:coder.tokens=5M`';

/** Reads `usd=10,tokens=5M,step:fix.time=3h`. */
export function readRaise(text: string): Result<ScopedLimits, Refusal> {
  let all: ScopedLimits = {};
  for (const part of text.split(',')) {
    const found = /^\s*(?:((?:step|agent|part):.+|run)\.)?([a-z]+)=(\S+)\s*$/.exec(part);
    const [, scope = 'run', unit, value = ''] = found ?? [];
    const limit = UNITS.some((one) => one === unit) ? limitOf(unit as Unit, value) : undefined;
    if (limit === undefined) return refuse(`--budget ${part.trim()}: that is no limit`, HELP);
    all = merged(all, { [scope as Scope]: { [unit as Unit]: limit } });
  }
  return ok(all);
}

function limitOf(unit: Unit, value: string): number | undefined {
  if (unit === 'time') return durationMs(value);
  if (unit === 'tokens') return tokensOf(value);
  return /^\d+(\.\d+)?$/.test(value) ? Number(value) : undefined;
}

/** Whether the limits can be raised so: the budget is there, more than that is left of it, and no policy is in the way. */
export function checkRaise(
  raise: ScopedLimits,
  workflow: Workflow,
  { policy }: Config,
  history: readonly Milestone[],
): Result<undefined, Refusal> {
  const budgets = budgetsOf(workflow);
  const { spending } = foldAll(history);
  for (const [scope, limits] of Object.entries(raise) as [Scope, NonNullable<ScopedLimits[Scope]>][]) {
    if (!budgets.has(scope)) {
      const known = [...budgets.keys()].map((one) => `\`${one}\``).join(', ');
      return refuse(
        `--budget: ${whoseWords(scope)} has no budget in this workflow`,
        known === '' ? 'leave the flag out' : `there is one of ${known}`,
      );
    }
    for (const unit of UNITS) {
      const limit = limits[unit];
      if (limit === undefined) continue;
      const spent = (spending.by.get(scope) ?? NOTHING_SPENT)[unit];
      if (limit <= spent)
        return err({
          message: `--budget: ${whoseWords(scope)} has spent ${amount(unit, spent)} already, and ${amount(unit, limit)} is not more than that`,
          help: 'name a limit above what is spent',
        });
      const most = scope === 'run' ? policy?.budget?.limits[unit] : undefined;
      if (most !== undefined && limit > most)
        return err({
          message: `--budget: the policy allows a run no more than ${amount(unit, most)} (${policy?.budget?.from[unit] ?? ''})`,
          help: 'ask whoever keeps that file',
        });
    }
  }
  return ok(undefined);
}
