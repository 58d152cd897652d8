/** Reads what may be spent. */
import { type Budget, type Limits, UNITS, type Unit } from '../model/budget.ts';
import type { Policy } from '../model/config.ts';
import type { Workflow } from '../model/workflow.ts';
import type { Reading } from './reading.ts';
import { durationMs, tokensOf } from './scalars.ts';
import { child, entriesOf, isWord, type Node, stringAt } from './tree.ts';

/** A budget; undefined where nothing is bound by it. */
export function readBudget(node: Node | undefined): Budget | undefined {
  const limits = readLimits(node);
  if (UNITS.every((unit) => limits[unit] === undefined)) return undefined;
  return {
    limits,
    onExceed: isWord(child(node, 'on-exceed'), 'fail') ? 'fail' : 'pause',
    allowUnknownCost: allowsUnknown(node),
  };
}

/** The limits that stand in a mapping. */
export function readLimits(node: Node | undefined): Limits {
  const [usd, tokens] = [numberAt(child(node, 'usd')), tokensAt(child(node, 'tokens'))];
  const time = durationMs(stringAt(node, 'time') ?? '');
  return {
    ...(usd === undefined ? {} : { usd }),
    ...(tokens === undefined ? {} : { tokens }),
    ...(time === undefined ? {} : { time }),
  };
}

/** Whether engines may work whose cost nobody knows. */
export function allowsUnknown(node: Node | undefined): boolean {
  const value = child(node, 'allow-unknown-cost');
  return value?.kind === 'scalar' && value.value === true;
}

function numberAt(node: Node | undefined): number | undefined {
  return node?.kind === 'scalar' && typeof node.value === 'number' ? node.value : undefined;
}

function tokensAt(node: Node | undefined): number | undefined {
  return node?.kind === 'scalar' ? tokensOf(String(node.value)) : undefined;
}

/** The budgets of the workflow and of its agents. What a policy says of a run is narrowed here. */
export function readBudgets({ root, world, among }: Reading): Pick<Workflow, 'budget' | 'agentBudgets'> {
  const agents = [...entriesOf(child(root, 'agents'))].flatMap(({ name, value }) => {
    const budget = readBudget(child(value, 'budget'));
    return budget === undefined ? [] : [[name, budget] as const];
  });
  const node = child(root, 'budget');
  // What a policy allows, it allows the run; a part of it spends from that.
  const policy = among.chain.length === 0 ? world.config.policy : undefined;
  const run = narrowed(readBudget(node), policy, allowsUnknown(node));
  return {
    ...(run === undefined ? {} : { budget: run }),
    ...(agents.length === 0 ? {} : { agentBudgets: Object.fromEntries(agents) }),
  };
}

/** The narrowest of both, each limit with the line of the policy where that is narrower. */
function narrowed(own: Budget | undefined, policy: Policy | undefined, unknown: boolean): Budget | undefined {
  const cap = policy?.budget;
  if (cap === undefined) return own;
  const limits: Partial<Record<Unit, number>> = { ...own?.limits };
  const narrowedBy: Partial<Record<Unit, string>> = {};
  for (const unit of UNITS) {
    const most = cap.limits[unit];
    const mine = own?.limits[unit];
    if (most === undefined || (mine !== undefined && mine <= most)) continue;
    limits[unit] = most;
    const from = cap.from[unit];
    if (from !== undefined) narrowedBy[unit] = from;
  }
  return {
    limits,
    onExceed: cap.onExceed ?? own?.onExceed ?? 'pause',
    // A limit of the policy is lifted by the policy: no workflow can, and where it has none of its own, none needs to.
    allowUnknownCost:
      cap.knownCostBy === undefined &&
      ((own?.allowUnknownCost ?? unknown) || (own?.limits.usd === undefined && cap.limits.usd !== undefined)),
    most: cap.limits,
    ...(cap.knownCostBy === undefined ? {} : { knownCostBy: cap.knownCostBy }),
    ...(Object.keys(narrowedBy).length === 0 ? {} : { narrowedBy }),
  };
}
