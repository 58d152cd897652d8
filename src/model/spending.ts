/** Counts what a run has spent, milestone by milestone. */
import {
  agentScope,
  type Limits,
  partScopes,
  type Scope,
  type ScopedLimits,
  stepScope,
  type Unit,
} from './budget.ts';
import { isByHand, type Milestone, type Usage } from './event.ts';
import type { FailureReason } from './failure.ts';
import type { StepKey } from './ids.ts';

/** What something has cost so far. */
export interface Spent {
  /** US dollars, as far as they are known. */
  readonly usd: number;
  /** Input and output together. */
  readonly tokens: number;
  /** Milliseconds: of the run those in which an owner worked on it, of all else the attempts added up. */
  readonly time: number;
  /** Attempts that cost something nobody knows. */
  readonly unknown: number;
  /** Of them, those that did not say how many tokens they used either; absent for none. */
  readonly silent?: number;
}

/** Nothing. */
export const NOTHING_SPENT: Spent = { usd: 0, tokens: 0, time: 0, unknown: 0 };

/** What was spent, on what, and how much may be. */
export interface Spending {
  readonly by: ReadonlyMap<Scope, Spent>;
  /** By one execution of a step: its attempts that have ended. */
  readonly own: ReadonlyMap<StepKey, Spent>;
  readonly limits: ScopedLimits;
  /** Limits that were said to be reached, as they were then. */
  readonly reached: ReadonlyMap<Scope, Limits>;
  /** Whether the time of the run passes, and since when it is not in `by` yet; milliseconds since the epoch. */
  readonly passing?: number;
}

type Draft = { -readonly [Key in keyof Spending]: Spending[Key] } & {
  by: Map<Scope, Spent>;
  own: Map<StepKey, Spent>;
  reached: Map<Scope, Limits>;
  /** Attempts under way. */
  readonly running: Map<StepKey, { readonly agent?: string; readonly prompt: boolean }>;
  /** Gates at which somebody is asked, and steps that wait for a quota. */
  readonly waiting: Set<StepKey>;
  owned: boolean;
};

/** Starts with nothing; the one is changed by the other. */
export function openSpending(): { readonly spending: Spending; hear(m: Milestone): void } {
  const draft: Draft = {
    by: new Map(),
    own: new Map(),
    limits: {},
    reached: new Map(),
    running: new Map(),
    waiting: new Set(),
    owned: false,
  };
  return { spending: draft, hear: (m) => hear(draft, m) };
}

/** What the run has spent of its time at `now`. */
export function runTime({ by, passing }: Spending, now: number): number {
  const { time } = by.get('run') ?? NOTHING_SPENT;
  return passing === undefined ? time : time + Math.max(0, now - passing);
}

/** The sum of two. */
export function addSpent(a: Spent, b: Partial<Spent>): Spent {
  return {
    usd: a.usd + (b.usd ?? 0),
    tokens: a.tokens + (b.tokens ?? 0),
    time: a.time + (b.time ?? 0),
    unknown: a.unknown + (b.unknown ?? 0),
    ...(a.silent === undefined && b.silent === undefined
      ? {}
      : { silent: (a.silent ?? 0) + (b.silent ?? 0) }),
  };
}

/** What attempts used, as it counts against budgets. */
export function spentOf(usage: Usage): Partial<Spent> {
  return {
    tokens: usage['input-tokens'] + usage['output-tokens'],
    ...(usage.usd === null ? { unknown: 1 } : { usd: usage.usd }),
    ...(isUntold(usage) ? { silent: 1 } : {}),
  };
}

/** Whether it says nothing at all: no model answers without a token. */
export function isUntold(usage: Usage): boolean {
  return usage.usd === null && usage['input-tokens'] + usage['output-tokens'] === 0;
}

function hear(draft: Draft, m: Milestone): void {
  if (isByHand(m)) return;
  const at = Date.parse(m.at);
  const opens = m.type === 'run-started' || m.type === 'run-resumed';
  // Nobody knows when a dead owner died, so what it did after its last milestone does not count.
  if (draft.passing !== undefined && !opens) add(draft, ['run'], { time: Math.max(0, at - draft.passing) });
  follow(draft, m);
  if (draft.owned && !(draft.running.size === 0 && draft.waiting.size > 0)) draft.passing = at;
  else delete draft.passing;
}

function follow(draft: Draft, m: Milestone): void {
  switch (m.type) {
    case 'run-started':
    case 'run-resumed':
      draft.owned = true;
      draft.limits = merged(draft.limits, m.budget ?? {});
      return;
    case 'run-interrupted':
    case 'run-parked':
    case 'run-finished':
      draft.owned = false;
      return;
    case 'budget-exceeded':
      draft.reached.set(m.scope as Scope, {
        ...draft.reached.get(m.scope as Scope),
        ...(m.unit === undefined ? {} : { [m.unit]: m.limit }),
      });
      return;
    case 'step-started':
      draft.waiting.delete(m.step);
      if (m.kind !== 'run' && m.kind !== 'prompt') return;
      draft.running.set(m.step, {
        prompt: m.kind === 'prompt',
        ...(m.agent === undefined ? {} : { agent: m.agent }),
      });
      return;
    case 'gate-opened':
    case 'quota-waiting':
      draft.waiting.add(m.step);
      return;
    case 'gate-decided':
    case 'engine-changed':
      draft.waiting.delete(m.step);
      return;
    default:
      ended(draft, m);
  }
}

function ended(draft: Draft, m: Milestone): void {
  const canceled = m.type === 'step-skipped' || m.type === 'step-blocked' || m.type === 'step-canceled';
  const made = m.type === 'step-succeeded' || m.type === 'step-failed' || m.type === 'change-ready';
  if (!canceled && !made) return;
  const attempt = draft.running.get(m.step);
  draft.running.delete(m.step);
  draft.waiting.delete(m.step);
  // A loop says how long it took too, and its body has said it already; what was merged was counted when it was ready.
  if (made && attempt !== undefined) count(draft, m, attempt);
}

/** What was taken from a cache or another run cost nothing; a replay stands for what it replays. */
function count(
  draft: Draft,
  m: Extract<Milestone, { type: 'step-succeeded' | 'step-failed' | 'change-ready' }>,
  { agent, prompt }: { readonly agent?: string; readonly prompt: boolean },
): void {
  if ('reused' in m && m.reused !== undefined && m.reused !== 'replay') return;
  const silent = prompt && (m.type !== 'step-failed' || mayHaveCost(m.failure.reason));
  const cost = m.usage !== undefined ? spentOf(m.usage) : silent ? { unknown: 1, silent: 1 } : {};
  const time = m['duration-ms'] ?? 0;
  add(draft, ['run'], cost);
  draft.own.set(m.step, addSpent(draft.own.get(m.step) ?? NOTHING_SPENT, { ...cost, time }));
  add(
    draft,
    [stepScope(m.step), ...partScopes(m.step), ...(agent === undefined ? [] : [agentScope(agent)])],
    { ...cost, time },
  );
}

/** Whether an attempt that failed so, and does not say what it used, may have used something. */
export function mayHaveCost(reason: FailureReason): boolean {
  return !FREE.has(reason);
}

const FREE: ReadonlySet<FailureReason> = new Set(['spawn', 'config', 'condition', 'replay', 'auth']);

function add(draft: Draft, scopes: readonly Scope[], more: Partial<Spent>): void {
  for (const scope of scopes) draft.by.set(scope, addSpent(draft.by.get(scope) ?? NOTHING_SPENT, more));
}

/** The limits with others on top. */
export function merged(below: ScopedLimits, above: ScopedLimits): ScopedLimits {
  const all: Partial<Record<Scope, Limits>> = { ...below };
  for (const [scope, limits] of Object.entries(above) as [Scope, Limits][])
    all[scope] = { ...all[scope], ...limits };
  return all;
}

/** The units of a scope of which nothing is left. What was said to be reached stays so until the limit is another. */
export function usedUp(
  spending: Spending,
  scope: Scope,
  spent: Spent,
): readonly { readonly unit: Unit; readonly spent: number; readonly limit: number }[] {
  const limits = spending.limits[scope] ?? {};
  const reached = spending.reached.get(scope) ?? {};
  return (['usd', 'tokens', 'time'] as const).flatMap((unit) => {
    const limit = limits[unit];
    if (limit === undefined || (spent[unit] < limit && reached[unit] !== limit)) return [];
    return [{ unit, spent: Math.max(spent[unit], limit), limit }];
  });
}
