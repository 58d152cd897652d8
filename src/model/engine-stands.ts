/** Folds what the attempts of a run tell of the engines that made them. */
import type { Milestone } from './event.ts';
import { type FailureReason, TRANSIENT_REASONS } from './failure.ts';

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

/** How engines stand; those that served last, or were not asked, are not in it. */
export interface EngineStands {
  /** By engine. */
  readonly rests: ReadonlyMap<string, EngineStand>;
  /** When a used up quota is there again, ISO 8601; by `quotaKey`. */
  readonly quotas: ReadonlyMap<string, string>;
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
  const quotas = new Map<string, string>();
  return {
    stands: { rests, quotas },
    hear: (m, before) => {
      if (m.type === 'engine-rested') rests.set(m.engine, rested(rests.get(m.engine), m));
      if (m.type !== 'step-succeeded' && m.type !== 'step-failed' && m.type !== 'change-ready') return;
      if (before?.status !== 'running' || before.kind !== 'prompt' || 'reused' in m) return;
      const engine = m.engine ?? before.engine;
      if (engine === undefined) return;
      const own = quotaKey(engine, before.model);
      if (m.type !== 'step-failed' || SERVED.has(m.failure.reason)) {
        rests.delete(engine);
        quotas.delete(own);
      }
      if (m.type !== 'step-failed') return;
      const { reason, 'retry-at': retryAt } = m.failure;
      if (reason === 'quota' && retryAt !== undefined) quotas.set(own, retryAt);
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
