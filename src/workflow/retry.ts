/** Reads when an attempt is made again. */
import type { FailureReason } from '../model/failure.ts';
import type { Retry } from '../model/workflow.ts';
import { durationMs } from './scalars.ts';
import { child, type Node, oneOrMany } from './tree.ts';

const DELAY_MS = 10_000;
const MAX_DELAY_MS = 300_000;
const ATTEMPTS = 3;

type Reason = Retry['on'][number];

const ON: Readonly<Record<'run' | 'prompt', readonly Reason[]>> = {
  prompt: ['transient'],
  run: ['exit-code', 'signal', 'timeout'],
};

/** What `retry` says, filled in for a kind of step; undefined where it is not written. An empty `on` stands for "as the kind has it". */
export function readRetry(node: Node | undefined, kind: 'run' | 'prompt' | undefined): Retry | undefined {
  if (node?.kind !== 'map') return undefined;
  const attempts = child(node, 'attempts');
  const backoff = child(node, 'backoff');
  const on = oneOrMany(child(node, 'on')).flatMap((item) =>
    item.kind === 'scalar' && typeof item.value === 'string' ? [item.value as FailureReason] : [],
  );
  return {
    attempts: attempts?.kind === 'scalar' && typeof attempts.value === 'number' ? attempts.value : ATTEMPTS,
    delayMs: durationOf(child(node, 'delay')) ?? DELAY_MS,
    backoff: backoff?.kind === 'scalar' && backoff.value === 'fixed' ? 'fixed' : 'exponential',
    maxDelayMs: durationOf(child(node, 'max-delay')) ?? MAX_DELAY_MS,
    on: on.length > 0 || kind === undefined ? on : ON[kind],
  };
}

/** What holds where neither step, agent nor `defaults` say: the config's word, else three attempts for agents and one for `run`. */
export function defaultRetry(configured: Retry | undefined, kind: 'run' | 'prompt'): Retry {
  if (configured !== undefined)
    return configured.on.length > 0 ? configured : { ...configured, on: ON[kind] };
  return {
    attempts: kind === 'prompt' ? ATTEMPTS : 1,
    delayMs: DELAY_MS,
    backoff: 'exponential',
    maxDelayMs: MAX_DELAY_MS,
    on: ON[kind],
  };
}

function durationOf(node: Node | undefined): number | undefined {
  return node?.kind === 'scalar' && typeof node.value === 'string' ? durationMs(node.value) : undefined;
}
