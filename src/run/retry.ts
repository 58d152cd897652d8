/** Decides what follows a failed attempt. */
import type { Failure, FailureReason } from '../model/failure.ts';
import { FALLBACK_REASONS, TRANSIENT_REASONS } from '../model/failure.ts';
import type { Tried } from '../model/progress.ts';
import type { PromptStep, Retry, Step } from '../model/workflow.ts';
import { LONGEST_REST_MS } from './breaker.ts';

/** What follows a failed attempt. Times in milliseconds since the epoch. */
export type Next =
  /** `failure` where there is more to say than the engine said: why it is not waited for. */
  | { readonly kind: 'final'; readonly failure?: Failure }
  /** When the run goes on with more to spend. */
  | { readonly kind: 'raised' }
  | { readonly kind: 'retry'; readonly at: number; readonly because: string }
  | { readonly kind: 'engine'; readonly from: string; readonly to: string; readonly because: string }
  | { readonly kind: 'quota'; readonly engine: string; readonly until: number };

/** What the decision depends on. */
export interface AfterFailure {
  readonly step: Step;
  readonly failure: Failure;
  /** The engine that made the attempt; undefined for a shell step. */
  readonly engine?: string;
  /** Failed attempts of this engine that count, this one included. */
  readonly counted: number;
  readonly now: number;
  /** Since when the step waits for this engine's quota, over all its waits; undefined when it does not yet. */
  readonly quotaSince?: number;
  /** How often in a row the engine's quota was waited for, and was not there when the time had come. */
  readonly inVain?: number;
  /** Gives numbers in [0, 1). */
  readonly random: () => number;
  /** Its next attempt waits until a budget is raised. */
  readonly paused?: boolean;
  /** For how many attempts in a row before this one the program of the engine was being replaced. */
  readonly updates?: number;
  /** The engines that were given up before this one. */
  readonly tried?: readonly Tried[];
}

/** How long a program that is being replaced is waited for before each further attempt, in milliseconds: an update takes seconds. */
const UPDATE_PAUSES_MS: readonly number[] = [500, 1_000, 2_000, 4_000];

/** How long a quota is waited for that was not there when it was said to be: each time in a row twice as long. */
const VAIN_PAUSES = { delayMs: 10_000, backoff: 'exponential', maxDelayMs: 30 * 60_000 } as const;

/** How often in a row a quota is waited for; with the pauses between, it was said to be there over and over for hours. */
const MOST_IN_VAIN = 20;

const JITTER = 0.2;

/** What follows; an end says all that was tried. */
export function whatNext(after: AfterFailure): Next {
  const next = decide(after);
  if (next.kind !== 'final') return next;
  const failure = withTried(next.failure ?? after.failure, after);
  return failure === after.failure ? next : { kind: 'final', failure };
}

/**
 * A program that is being replaced is waited for, which costs no retry. Then retries of this engine, then the next engine, then the end.
 * A used up quota goes by `on-quota` alone.
 */
function decide(after: AfterFailure): Next {
  const { step, failure, now } = after;
  const pause = failure.updating === true ? UPDATE_PAUSES_MS[after.updates ?? 0] : undefined;
  if (pause !== undefined) return { kind: 'retry', at: now + pause, because: failure.message };
  // What is spent stays spent: another attempt would be ended at its first word.
  if (failure.reason === 'budget') return { kind: after.paused === true ? 'raised' : 'final' };
  if (step.kind === 'prompt' && failure.reason === 'quota') return afterQuota(step, after);
  const servesAt = failure['retry-at'] === undefined ? now : Date.parse(failure['retry-at']);
  const retried = after.counted < step.retry.attempts && isRetried(step.retry, failure.reason);
  if (retried && step.kind === 'prompt' && servesAt - now > longestRest(step)) {
    return nextEngine(after) ?? { kind: 'final', failure: restsTooLong(step, failure) };
  }
  if (retried) {
    const at = Math.max(now + backoff(step.retry, after.counted, after.random), servesAt || 0);
    return { kind: 'retry', at, because: failure.message };
  }
  return nextEngine(after) ?? { kind: 'final' };
}

/** Whether a policy names a reason. */
export function isRetried(retry: Retry, reason: FailureReason): boolean {
  return retry.on.some(
    (on) => on === 'any' || on === reason || (on === 'transient' && TRANSIENT_REASONS.includes(reason)),
  );
}

/**
 * How long to wait after the `failed`-th failure (from 1), in milliseconds: the same each time or doubled each time,
 * ±20 % so that steps that failed together do not come back together, never above `max-delay`.
 */
export function backoff(retry: Retry, failed: number, random: () => number): number {
  const doubled = retry.backoff === 'exponential' ? 2 ** Math.min(failed - 1, 40) : 1;
  const delay = Math.min(retry.delayMs * doubled, retry.maxDelayMs);
  return Math.round(Math.min(delay * (1 - JITTER + 2 * JITTER * random()), retry.maxDelayMs));
}

/** How long an engine that rests, or has a limit per minute, is waited for, in milliseconds: `quota-wait` is for quotas, and only adds to it. */
export function longestRest({ quotaWaitMs }: PromptStep): number {
  return Math.max(quotaWaitMs, LONGEST_REST_MS);
}

/** Of a failure that names when the engine serves again: that nobody waits so long. */
export function restsTooLong(step: PromptStep, failure: Failure): Failure {
  return {
    ...failure,
    message: `${failure.message} (serves again at ${failure['retry-at'] ?? ''}, and a step waits no longer than ${words(longestRest(step))} for that)`,
    help: SERVES_LATER,
  };
}

const SERVES_LATER =
  'raise `quota-wait`, name a second engine to fall back on, or resume the run when it serves again';

/**
 * All waits of one engine together are at most `quota-wait`, or a provider that always says "in a minute" never ends. What was
 * promised and not kept is asked for less and less often.
 */
function afterQuota(step: PromptStep, after: AfterFailure): Next {
  const next = nextEngine(after);
  const policy = step.onQuota ?? (next === undefined ? 'wait' : 'fallback');
  if (policy === 'fallback') return next ?? { kind: 'final' };
  const named = Date.parse(after.failure['retry-at'] ?? '');
  const latest = (after.quotaSince ?? after.now) + step.quotaWaitMs;
  if (policy === 'fail' || Number.isNaN(named)) return { kind: 'final' };
  const { inVain = 0 } = after;
  if (inVain >= MOST_IN_VAIN) return { kind: 'final', failure: inVainForEver(after.failure, inVain + 1) };
  const until = Math.max(named, after.now + quotaPause(step.retry, inVain, after.random));
  if (until > latest) return tooLate(step, after.failure, named <= after.now);
  return { kind: 'quota', engine: after.engine ?? '', until };
}

function quotaPause(retry: Retry, inVain: number, random: () => number): number {
  const first = backoff(retry, 1, random);
  return inVain === 0 ? first : Math.max(first, backoff({ ...retry, ...VAIN_PAUSES }, inVain, random));
}

/** It serves again, but not within the bound: without the key nobody knows what to raise. */
function tooLate(step: PromptStep, failure: Failure, passed: boolean): Next {
  const at = failure['retry-at'] ?? '';
  const when = passed ? `${at}, when it was to serve again, has passed` : `serves again at ${at}`;
  const bound = words(step.quotaWaitMs);
  return {
    kind: 'final',
    failure: {
      ...failure,
      message: `${failure.message} (${when}, and \`quota-wait: ${bound}\` waits no longer than that)`,
      help: SERVES_LATER,
    },
  };
}

function inVainForEver(failure: Failure, times: number): Failure {
  return {
    ...failure,
    message: `${failure.message} (asked ${times} times, each time when it was said to serve again)`,
    help: 'name a second engine to fall back on, or resume the run when it serves again',
  };
}

/** Milliseconds the way the file spells a duration. */
function words(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  const [hours, rest] = [Math.floor(minutes / 60), minutes % 60];
  if (ms % 60_000 !== 0) return `${ms / 1000}s`;
  return `${hours === 0 ? '' : `${hours}h`}${rest === 0 && hours > 0 ? '' : `${rest}m`}`;
}

/** Of each engine that was given up, so much of its words is repeated. */
const LONGEST_WORDS = 200;

/** Who reads that the last engine could not serve wants to know what became of those before it. */
function withTried(failure: Failure, { tried = [], engine, counted, updates = 0 }: AfterFailure): Failure {
  const times = failure.updating === true ? updates + 1 : counted;
  const again = times > 1 && (tried.length > 0 || failure.updating === true) ? ` (${times} attempts)` : '';
  if (!FALLBACK_REASONS.includes(failure.reason) || (tried.length === 0 && again === '')) return failure;
  const before = tried.map((one) => {
    const words = one.failure?.message.split('\n')[0]?.slice(0, LONGEST_WORDS) ?? '';
    return `${one.engine} (${one.failure === undefined ? 'it rests' : `${one.failure.reason}: ${words}`})`;
  });
  const all = before.length === 0 ? '' : `; tried before ${engine ?? 'it'}: ${before.join(', ')}`;
  return { ...failure, message: `${failure.message}${again}${all}` };
}

function nextEngine({ step, engine, failure }: AfterFailure): Next | undefined {
  if (step.kind !== 'prompt' || engine === undefined || !FALLBACK_REASONS.includes(failure.reason))
    return undefined;
  const to = step.engines[step.engines.indexOf(engine) + 1];
  return to === undefined ? undefined : { kind: 'engine', from: engine, to, because: failure.message };
}
