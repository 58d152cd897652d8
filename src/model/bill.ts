/** Says what each attempt of an agent cost, out of what was told of it. */
import { NO_USAGE, type Usage } from './event.ts';
import type { FailureReason } from './failure.ts';
import type { RunId, StepKey } from './ids.ts';
import { mayHaveCost } from './spending.ts';

/** What of a milestone a bill is made of. `usage` only where something was said. */
export interface Told {
  readonly type: string;
  /** ISO 8601, UTC. */
  readonly at: string;
  readonly step: StepKey;
  readonly attempt: number | null;
  readonly engine: string | null;
  readonly model: string | null;
  readonly usage: Usage | null;
  readonly reused: string | null;
  /** Of a failure. */
  readonly reason: string | null;
}

/** One attempt of an agent that was worked for. */
export interface Charge {
  readonly run: RunId;
  readonly workflow: string;
  readonly step: StepKey;
  readonly attempt: number;
  readonly engine: string;
  readonly model?: string;
  /** When it ended, or began where it has no end. ISO 8601, UTC. */
  readonly at: string;
  /** `open`: it is under way, or whoever ran it died. */
  readonly end: 'succeeded' | 'failed' | 'canceled' | 'open';
  readonly usage?: Usage;
  /** Something was spent, and nobody knows how much. */
  readonly unknown: boolean;
}

/** The milestones that a bill is made of. */
export const BILLED = [
  'step-started',
  'change-ready',
  'step-succeeded',
  'step-failed',
  'step-canceled',
] as const;

type Draft = { -readonly [Key in keyof Charge]: Charge[Key] } & { ready: boolean };

/** The attempts of one run, in the order in which they began: retries, fallbacks, judges, failed and interrupted ones as any other. */
export function chargesOf(run: RunId, workflow: string, told: readonly Told[]): readonly Charge[] {
  const drafts = new Map<string, Draft>();
  const newest = new Map<StepKey, string>();
  for (const row of told) {
    const name = `${row.step} ${row.attempt}`;
    if (row.type === 'step-started' && row.engine !== null) {
      newest.set(row.step, name);
      drafts.set(name, began(run, workflow, row, row.engine));
    } else if (row.type === 'step-canceled') {
      const draft = drafts.get(newest.get(row.step) ?? '');
      if (draft?.end === 'open') ended(draft, row, 'canceled');
    } else if (row.reused !== null) drafts.delete(name);
    else if (row.type !== 'step-started') {
      const draft = drafts.get(name) ?? neverBegan(run, workflow, row);
      if (draft === undefined) continue;
      drafts.set(name, draft);
      ended(draft, row, row.type === 'step-failed' ? 'failed' : 'succeeded');
    }
  }
  return [...drafts.values()].map(({ ready: _, ...charge }) => charge);
}

function began(run: RunId, workflow: string, row: Told, engine: string): Draft {
  const { step, attempt, at, model } = row;
  return {
    ...{ run, workflow, step, attempt: attempt ?? 1, engine, at, end: 'open', unknown: true, ready: false },
    ...(model === null ? {} : { model }),
  };
}

/** What an agent used that was never said to have begun was used all the same. */
function neverBegan(run: RunId, workflow: string, row: Told): Draft | undefined {
  return row.usage === null ? undefined : began(run, workflow, row, row.engine ?? 'unknown');
}

function ended(draft: Draft, { type, at, engine, model, usage, reason }: Told, end: Charge['end']): void {
  // What waits to be merged has said what it used, and says it again when it is merged.
  const counts = !draft.ready;
  draft.ready ||= type === 'change-ready';
  draft.at = at;
  draft.end = end;
  if (engine !== null) draft.engine = engine;
  if (model !== null) draft.model = model;
  if (!counts) return;
  if (usage !== null) draft.usage = usage;
  const silent = draft.usage === undefined && (reason === null || mayHaveCost(reason as FailureReason));
  draft.unknown = silent || draft.usage?.usd === null;
}

/** Charges added up. US dollars; what is not known is counted and never summed as nothing. */
export interface Bill {
  readonly attempts: number;
  /** Of them, those that did not succeed. */
  readonly failed: number;
  readonly usage: Omit<Usage, 'usd' | 'usd-from'>;
  /** What the engines said. */
  readonly reported: number;
  /** What was computed from the `prices` of the configuration. */
  readonly priced: number;
  /** Attempts whose cost nobody knows. */
  readonly unknown: number;
  /** Of them, those whose tokens nobody knows either. */
  readonly silent: number;
}

/** Adds up. */
export function billOf(charges: readonly Charge[]): Bill {
  const { usd: _, ...none } = NO_USAGE;
  let bill: Bill = { attempts: 0, failed: 0, usage: none, reported: 0, priced: 0, unknown: 0, silent: 0 };
  for (const { usage = NO_USAGE, end, unknown } of charges) {
    const isPriced = usage['usd-from'] === 'prices';
    const usd = usage.usd ?? 0;
    bill = {
      attempts: bill.attempts + 1,
      failed: bill.failed + (end === 'failed' || end === 'canceled' ? 1 : 0),
      usage: {
        'input-tokens': bill.usage['input-tokens'] + usage['input-tokens'],
        'output-tokens': bill.usage['output-tokens'] + usage['output-tokens'],
        'cached-tokens': bill.usage['cached-tokens'] + usage['cached-tokens'],
      },
      reported: bill.reported + (isPriced ? 0 : usd),
      priced: bill.priced + (isPriced ? usd : 0),
      unknown: bill.unknown + (unknown ? 1 : 0),
      silent: bill.silent + (unknown && usage['input-tokens'] + usage['output-tokens'] === 0 ? 1 : 0),
    };
  }
  return bill;
}

/** What is known of the cost; null where nothing is. */
export function knownUsd({ reported, priced, unknown, attempts }: Bill): number | null {
  return unknown > 0 && unknown === attempts ? null : reported + priced;
}

/** One bill for each name, in the order in which the names come up. */
export function billsBy(
  charges: readonly Charge[],
  nameOf: (charge: Charge) => string,
): ReadonlyMap<string, Bill> {
  const groups = new Map<string, Charge[]>();
  for (const charge of charges) {
    const name = nameOf(charge);
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [charge]);
    else group.push(charge);
  }
  return new Map([...groups].map(([name, group]) => [name, billOf(group)]));
}
