/** Folds what the attempts of a run tell of the engines that made them. */
import type { Milestone } from './event.ts';
import { type Failure, type FailureReason, TRANSIENT_REASONS } from './failure.ts';

/** An engine that has failed since it served last. */
export interface EngineStand {
  /** Transient failures in a row, over all steps, since it served or rested last. */
  readonly failures: number;
  /** What the last of them said. */
  readonly because: string;
  /** When it serves again, as it said itself; ISO 8601. */
  readonly retryAt?: string;
  /** How often it has rested since it served last. */
  readonly rests: number;
  /** Until when it rests, or rested last; ISO 8601. */
  readonly until?: string;
}

/** A quota that is used up. */
export interface QuotaStand {
  /** When it is asked for again, ISO 8601: when the engine said, or later where that was not true before. */
  readonly until: string;
  /** How often in a row it was used up when it was to be there again, the first time included. */
  readonly told: number;
}

/** How engines stand; those that served last, or were not asked, are not in it. */
export interface EngineStands {
  /** By engine. */
  readonly rests: ReadonlyMap<string, EngineStand>;
  /** By `quotaKey`. */
  readonly quotas: ReadonlyMap<string, QuotaStand>;
}

/** A plan may have a limit for each model, so what one model has used up says nothing of another. */
export function quotaKey(engine: string, model: string | undefined): string {
  return `${engine} ${model ?? ''}`.trim();
}

/** What failed so was answered by the engine: it serves. */
const SERVED: ReadonlySet<FailureReason> = new Set([
  'auth',
  'quota',
  'context-overflow',
  'refused',
  'output-cut',
  'output',
  'budget',
  'turns',
  'model',
  'denied',
]);

/** Starts with nothing; the one is changed by the other. Hears what a step was before it was folded. */
export function openStands(): {
  readonly stands: EngineStands;
  hear(m: Milestone, before: AttemptBefore | undefined): void;
} {
  const rests = new Map<string, EngineStand>();
  const quotas = new Map<string, QuotaStand>();
  return {
    stands: { rests, quotas },
    hear: (m, before) => {
      if (m.type === 'engine-rested') rests.set(m.engine, rested(rests.get(m.engine), m));
      if (m.type === 'quota-waiting') waited(quotas, m, before);
      // Whoever goes on by hand knows more than the row.
      if (m.type === 'run-resumed') for (const [key, own] of quotas) quotas.set(key, { ...own, told: 1 });
      if (m.type !== 'step-succeeded' && m.type !== 'step-failed' && m.type !== 'change-ready') return;
      if (before?.status !== 'running' || before.kind !== 'prompt' || 'reused' in m) return;
      const engine = m.engine ?? before.engine;
      if (engine === undefined) return;
      const own = quotaKey(engine, before.model);
      if (m.type !== 'step-failed' || SERVED.has(m.failure.reason)) {
        rests.delete(engine);
        if (m.type !== 'step-failed' || !isWaitedFor(m.failure)) quotas.delete(own);
      }
      if (m.type !== 'step-failed') return;
      const { reason } = m.failure;
      if (isWaitedFor(m.failure)) quotas.set(own, usedUp(quotas.get(own), m));
      if (TRANSIENT_REASONS.includes(reason)) rests.set(engine, failedOnce(rests.get(engine), m));
    },
  };
}

/** The step of an attempt while it was made. */
export interface AttemptBefore {
  readonly status: string;
  readonly kind?: string;
  readonly engine?: string;
  /** The model that was asked for. */
  readonly model?: string;
  readonly failure?: Failure;
}

function isWaitedFor(failure: Failure): boolean {
  return failure.reason === 'quota' && failure['retry-at'] !== undefined;
}

/** What was begun before the time had come and fails for it tells nothing new, but for another time. */
function usedUp(
  before: QuotaStand | undefined,
  { at, failure: { 'retry-at': named = at } }: Extract<Milestone, { type: 'step-failed' }>,
): QuotaStand {
  if (before === undefined) return { until: named, told: 1 };
  if (isBefore(at, before.until)) return isBefore(at, named) ? { ...before, until: named } : before;
  return { until: named, told: before.told + 1 };
}

/** Where the one that was told waits longer than it was told to, all others do. */
function waited(
  quotas: Map<string, QuotaStand>,
  { engine, until }: Extract<Milestone, { type: 'quota-waiting' }>,
  before: AttemptBefore | undefined,
): void {
  // Who waits for what another one was told has perhaps never been asked with a model.
  if (before?.failure?.reason !== 'quota') return;
  const key = quotaKey(engine, before.model);
  const own = quotas.get(key);
  if (own !== undefined && isBefore(own.until, until)) quotas.set(key, { ...own, until });
}

function isBefore(one: string, other: string): boolean {
  return Date.parse(one) < Date.parse(other);
}

/** How often in a row the quota was already waited for when it is used up at `now` (milliseconds since the epoch), where nobody has said so yet. */
export function waitedInVain(
  { quotas }: EngineStands,
  engine: string,
  model: string | undefined,
  now: number,
): number {
  const own = quotas.get(quotaKey(engine, model));
  if (own === undefined) return 0;
  return now < Date.parse(own.until) ? own.told - 1 : own.told;
}

function rested(
  before: EngineStand | undefined,
  { until, because }: Extract<Milestone, { type: 'engine-rested' }>,
): EngineStand {
  return { failures: 0, because, rests: (before?.rests ?? 0) + 1, until };
}

/** What was begun before the rest and fails in it tells nothing new. */
function failedOnce(
  before: EngineStand | undefined,
  { at, failure }: Extract<Milestone, { type: 'step-failed' }>,
): EngineStand {
  if (before?.until !== undefined && at < before.until) return before;
  const { retryAt: _, ...rest } = before ?? { rests: 0, failures: 0 };
  return {
    ...rest,
    failures: rest.failures + 1,
    because: failure.message,
    ...(failure['retry-at'] === undefined ? {} : { retryAt: failure['retry-at'] }),
  };
}
