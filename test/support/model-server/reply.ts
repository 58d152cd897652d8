// What a scripted model can do next, before a protocol puts it into bytes.

/**
 * Tokens of every complete reply, whatever it says: 1,000 fresh input, 200 read from cache, 100 output. Anthropic counts
 * the cached ones beside the input (`input_tokens` 1000), OpenAI inside it (`input_tokens` 1200).
 */
export const usagePerReply = { input: 1000, cached: 200, output: 100 } as const;

/** How a provider says no before it begins to answer. */
export type Refusal =
  | '400'
  | '401'
  | '403'
  | '404'
  | '429'
  | '500'
  | '503'
  | '529'
  | 'context-overflow'
  | 'credit-too-low'
  | 'usage-limit';

/** A reply that arrives whole. */
export type CompleteReply =
  | { kind: 'say'; text: string; thinking?: string; end?: 'stop' | 'refusal' | 'cut' }
  | { kind: 'answer'; value: unknown }
  | { kind: 'shell'; command: string }
  | { kind: 'write'; path: string; content: string };

/** One reply of the scripted model. */
export type Reply =
  | CompleteReply
  | { kind: 'hang' }
  | { kind: 'stall'; text: string }
  | { kind: 'drop'; text: string }
  | { kind: 'overload'; text: string }
  | { kind: 'refuse'; how: Refusal; retryAfter?: number; resetsAt: number };
