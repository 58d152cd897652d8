/** Holds the steps of a run to what they may spend. */
import {
  agentScope,
  type Budget,
  type Price,
  partScopes,
  pathOf,
  type Scope,
  type ScopedLimits,
  stepScope,
  UNITS,
} from '../model/budget.ts';
import type { Used } from '../model/budget-raise.ts';
import type { Usage } from '../model/event.ts';
import type { Failure } from '../model/failure.ts';
import type { StepKey } from '../model/ids.ts';
import type { Clock } from '../model/ports.ts';
import { addSpent, merged, NOTHING_SPENT, runTime, type Spent, spentOf, usedUp } from '../model/spending.ts';
import type { Step } from '../model/workflow.ts';
import { budgetsOf, type StepPlace } from './budget-places.ts';
import { narrowest, type Rest } from './budget-rest.ts';
import { budgetFailure } from './budget-words.ts';
import type { Ledger } from './ledger.ts';
import { priced } from './prices.ts';
import { keepingRaised } from './raised.ts';
import type { Running } from './running.ts';

/** What becomes of the run when a budget is used up. */
export interface Consequences {
  /** Those who wait for their time are to look again whether they may begin at all. */
  wake(): void;
  /** Everything ends, and the run fails. */
  exhaust(failure: Failure): void;
}

/** One attempt that is watched. */
export interface Watch {
  /** What it has used so far, as its engine says while it works. */
  heard(usage: Usage): void;
  /** Why it was stopped. */
  why(): Failure | undefined;
  /** What it may use of its narrowest limit in dollars; undefined where none binds it. */
  readonly rest: Rest | undefined;
  close(): void;
}

/** The budgets of a run. */
export interface Budgets {
  /** Looks whether something is used up; to be called after each milestone. */
  look(): void;
  /** Why no attempt of the step may begin any more; undefined where one may. */
  refusal(step: Step, key: StepKey): Failure | undefined;
  /** Whether the step's next attempt waits until somebody raises a budget. Who is told so is what the run parks for. */
  holds(step: Step, key: StepKey): boolean;
  /** Whether anything was held. */
  isHolding(): boolean;
  /** Watches an attempt from now on. `stop` ends it. */
  watch(of: { readonly step: Step; readonly key: StepKey; readonly stop: () => void }): Watch;
  /** The main list has ended: `finally` is not held back. */
  release(): void;
  /** Who works on a step, as budgets name them. */
  agentOf(step: Step, key: StepKey): string | undefined;
  /** What a price makes of what nobody knows the cost of. */
  priced(usage: Usage, model: string | undefined): Usage;
  /** What is used up and holds a step; everything that is used up where none is held. */
  over(): readonly Used[];
}

/** What budgets are opened with. */
export interface BudgetsOf {
  readonly budgets: ReadonlyMap<Scope, Budget>;
  readonly places: ReadonlyMap<string, StepPlace>;
  readonly prices: Readonly<Record<string, Price>>;
  readonly clock: Clock;
  readonly ledger: Ledger;
  readonly consequences: Consequences;
}

interface Live {
  readonly key: StepKey;
  readonly scopes: readonly Scope[];
  readonly since: number;
  /** Absent for what runs whatever was spent. */
  readonly stop: (() => void) | undefined;
  used: Partial<Spent>;
  why?: Failure;
}

interface Open extends BudgetsOf {
  readonly live: Set<Live>;
  /** Scopes that hold a step. */
  readonly holding: Set<Scope>;
  released: boolean;
  disarm: () => void;
}

/** Opens them. Nothing is done before the first look. */
export function openBudgets(of: BudgetsOf): Budgets {
  const open: Open = { ...of, live: new Set(), holding: new Set(), released: false, disarm: () => undefined };
  return {
    look: () => look(open),
    refusal: (step, key) => (isLast(of, key) ? undefined : refusal(open, step, key)),
    holds: (step, key) => !isLast(of, key) && holds(open, step, key),
    isHolding: () => open.holding.size > 0,
    watch: ({ step, key, stop }) => {
      const last = isLast(of, key);
      const one: Live = {
        ...{ key, scopes: scopesOf(of, step, key), since: of.clock.now(), used: {} },
        stop: last ? undefined : stop,
      };
      const rest = last || open.released ? undefined : narrowest(restsOf(open, one));
      open.live.add(one);
      arm(open);
      return {
        rest,
        heard: (usage) => {
          one.used = spentOf(usage);
          look(open);
        },
        why: () => one.why,
        close: () => {
          open.live.delete(one);
          arm(open);
        },
      };
    },
    release: () => {
      open.released = true;
      open.disarm();
    },
    agentOf: (step, key) => agentOf(of, step, key),
    priced: (usage, model) => priced(of.prices, usage, model),
    over: () => overOf(open),
  };
}

/** What a budget that fails leaves to all, what any other than the run's leaves to the step alone: what would end it if it said so. */
function restsOf(open: Open, { key, scopes }: Live): readonly Rest[] {
  const { limits, own } = open.ledger.progress.spending;
  return scopes.flatMap((scope) => {
    const limit = limits[scope]?.usd;
    const budget = open.budgets.get(scope);
    if (limit === undefined || budget === undefined) return [];
    const failing = budget.onExceed === 'fail' ? [spentBy(open, scope).usd] : [];
    const alone = scope === 'run' ? [] : [(own.get(key) ?? NOTHING_SPENT).usd];
    return [...failing, ...alone].map((spent) => ({ scope, spent, limit, budget }));
  });
}

function spentBy({ clock, ledger, live }: Open, scope: Scope): Spent {
  const { spending } = ledger.progress;
  const now = clock.now();
  let sum = spending.by.get(scope) ?? NOTHING_SPENT;
  if (scope === 'run') sum = { ...sum, time: runTime(spending, now) };
  for (const one of live) {
    if (!one.scopes.includes(scope)) continue;
    const { time: _, ...used } = one.used;
    sum = addSpent(sum, scope === 'run' ? used : { ...used, time: now - one.since });
  }
  return sum;
}

function usedOf(open: Open, scope: Scope): readonly Used[] {
  const budget = open.budgets.get(scope);
  return usedUp(open.ledger.progress.spending, scope, spentBy(open, scope)).map((one) => ({
    ...{ ...one, scope, budget },
  }));
}

function look(open: Open): void {
  const { budgets, ledger, live } = open;
  for (const [scope, budget] of budgets) {
    for (const used of usedOf(open, scope)) {
      const { unit, spent, limit } = used;
      // Said once; a limit that was raised, and is reached again, is another one.
      if (ledger.progress.spending.reached.get(scope)?.[unit] !== limit) {
        void ledger.say({ type: 'budget-exceeded', scope, unit, spent, limit });
        open.consequences.wake();
      }
      if (!open.released) act(open, budget, used);
    }
    if (!open.released) for (const one of live) endAlone(open, one, scope);
  }
  arm(open);
}

/** What is spent to the last cent is not exceeded; time goes on. */
function isExceeded({ unit, spent, limit }: Pick<Used, 'unit' | 'spent' | 'limit'>): boolean {
  return unit === 'time' ? spent >= limit : spent > limit;
}

/** A budget that pauses holds back what would begin next; one that fails ends what runs. */
function act({ live, consequences }: Open, budget: Budget, used: Used): void {
  if (budget.onExceed === 'pause' || !isExceeded(used)) return;
  const failure = budgetFailure(used);
  for (const one of live) if (one.scopes.includes(used.scope)) end(one, failure);
  if (used.scope === 'run') consequences.exhaust(failure);
}

/** Whatever follows: what is too much for its step or its agent by itself, earlier attempts included, is not gone on with. */
function endAlone({ budgets, clock, ledger }: Open, one: Live, scope: Scope): void {
  if (scope === 'run' || !one.scopes.includes(scope)) return;
  const { limits, own: before } = ledger.progress.spending;
  const now = { ...one.used, time: clock.now() - one.since };
  const own = addSpent(before.get(one.key) ?? NOTHING_SPENT, now);
  for (const unit of UNITS) {
    const limit = limits[scope]?.[unit];
    if (limit === undefined) continue;
    const used = { unit, spent: own[unit], limit, scope, budget: budgets.get(scope) };
    if (isExceeded(used)) end(one, budgetFailure(used));
  }
}

/** Time passes without anybody saying so. */
function arm(open: Open): void {
  const { budgets, clock, ledger, live } = open;
  open.disarm();
  open.disarm = () => undefined;
  if (open.released) return;
  const { spending } = ledger.progress;
  let soonest = Number.POSITIVE_INFINITY;
  for (const scope of budgets.keys()) {
    const limit = spending.limits[scope]?.time;
    const working = [...live].filter((one) => one.scopes.includes(scope));
    // The time of the run passes once, that of a step and an agent for each of its attempts.
    const speed = scope === 'run' ? (spending.passing === undefined ? 0 : 1) : working.length;
    if (limit === undefined || speed === 0) continue;
    const left = limit - spentBy(open, scope).time;
    const lasts = [
      left / speed,
      ...(scope === 'run' ? [] : working.map((one) => leftAlone(open, one, limit))),
    ];
    for (const ms of lasts) if (ms > 0) soonest = Math.min(soonest, Math.ceil(ms));
  }
  if (soonest < Number.POSITIVE_INFINITY) open.disarm = clock.after(soonest, () => look(open));
}

function leftAlone({ clock, ledger }: Open, { key, since }: Live, limit: number): number {
  const { time } = ledger.progress.spending.own.get(key) ?? NOTHING_SPENT;
  return limit - time - (clock.now() - since);
}

function refusal(open: Open, step: Step, key: StepKey): Failure | undefined {
  const [used] = inTheWay(open, step, key, 'fail');
  return used === undefined ? undefined : budgetFailure(used);
}

function holds(open: Open, step: Step, key: StepKey): boolean {
  const used = inTheWay(open, step, key, 'pause');
  for (const { scope } of used) open.holding.add(scope);
  return used.length > 0;
}

/** What is used up of that which an attempt would spend. A command costs nothing but time. */
function inTheWay(open: Open, step: Step, key: StepKey, then: Budget['onExceed']): readonly Used[] {
  if (open.released || open.budgets.size === 0) return [];
  return scopesOf(open, step, key).flatMap((scope) => {
    if (open.budgets.get(scope)?.onExceed !== then) return [];
    return usedOf(open, scope).filter(({ unit }) => step.kind === 'prompt' || unit === 'time');
  });
}

function overOf(open: Open): readonly Used[] {
  const scopes = open.holding.size > 0 ? open.holding : open.budgets.keys();
  return [...scopes].flatMap((scope) => usedOf(open, scope));
}

function end(one: Live, failure: Failure): void {
  if (one.why !== undefined || one.stop === undefined) return;
  one.why = failure;
  one.stop();
}

function isLast({ places }: BudgetsOf, key: StepKey): boolean {
  return places.get(pathOf(key))?.last === true;
}

function scopesOf(open: BudgetsOf, step: Step, key: StepKey): readonly Scope[] {
  const agent = agentOf(open, step, key);
  return ['run', ...partScopes(key), stepScope(key), ...(agent === undefined ? [] : [agentScope(agent)])];
}

function agentOf({ places }: BudgetsOf, step: Step, key: StepKey): string | undefined {
  if (step.kind !== 'prompt' || step.agent === undefined) return undefined;
  return `${places.get(pathOf(key))?.at ?? ''}${step.agent}`;
}

/** The limits to be said with an opening: those of the file where it is new to the run, and what was raised, now or before. */
export function limitsToSay({
  input: { workflow, options, updated, history },
  ledger,
}: Pick<Running, 'input' | 'ledger'>): { readonly budget?: ScopedLimits } {
  const { limits: known } = ledger.progress.spending;
  let said: ScopedLimits = {};
  for (const [scope, own] of budgetsOf(workflow))
    if (known[scope] === undefined || updated !== undefined)
      said = merged(said, { [scope]: keepingRaised(history, scope as Scope, own) });
  said = merged(said, options.raised ?? {});
  return Object.keys(said).length === 0 ? {} : { budget: said };
}
