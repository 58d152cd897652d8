/** Says why an attempt failed, in the words that users decide by. */

/** Every reason an attempt can fail for; persisted and matched by `retry.on`, so never renamed. */
export const FAILURE_REASONS = [
  'condition',
  'body',
  'exhausted',
  'require',
  'checks',
  'replay',
  'exit-code',
  'signal',
  'timeout',
  'idle-timeout',
  'spawn',
  'auth',
  'quota',
  'rate-limit',
  'overloaded',
  'network',
  'context-overflow',
  'refused',
  'output-cut',
  'output',
  'budget',
  'turns',
  'model',
  'denied',
  'rejected',
  'merge-conflict',
  'artifacts',
  'interrupted',
  'config',
  'internal',
] as const;

/** Why an attempt failed. */
export type FailureReason = (typeof FAILURE_REASONS)[number];

/** The reasons that time alone may heal; what `retry.on: [transient]` means. */
export const TRANSIENT_REASONS: readonly FailureReason[] = [
  'rate-limit',
  'overloaded',
  'network',
  'idle-timeout',
];

/** The reasons for which another engine may serve where this one cannot. */
export const FALLBACK_REASONS: readonly FailureReason[] = [
  'spawn',
  'auth',
  'quota',
  'rate-limit',
  'overloaded',
  'network',
  'idle-timeout',
];

/** A failed attempt: the reason, the sentence a person reads, and what to do next. */
export interface Failure {
  readonly reason: FailureReason;
  readonly message: string;
  readonly 'exit-code'?: number;
  readonly signal?: string;
  /** When the engine said that it serves again: ISO 8601, UTC. */
  readonly 'retry-at'?: string;
  /** What to do: "sign in with `claude /login`". */
  readonly help?: string;
  /** Of `spawn`: the engine's program seems to be replaced just now, as an update does, and may start in a moment. */
  readonly updating?: true;
  /** Of a merge that conflicts: the files that do. */
  readonly files?: readonly string[];
}

/** What can be done everywhere about a file that is in the way of recording a tree. */
export const UNRECORDABLE_HELP = {
  large: 'Add it to .gitignore, or move it away.',
  unreadable: 'Make it readable, or add it to .gitignore.',
} as const;

/** Says of a file in the way of a recording what else can be done here, or what instead; other failures stay as they are. */
export function adviseUnrecordable(failure: Failure, more: { also: string } | { instead: string }): Failure {
  const { help } = failure;
  if (help !== UNRECORDABLE_HELP.large && help !== UNRECORDABLE_HELP.unreadable) return failure;
  return { ...failure, help: 'also' in more ? `${help} ${more.also}` : more.instead };
}
