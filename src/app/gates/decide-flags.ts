/** Holds the words for the arguments and flags that the commands have in common that decide at gates. */

/** Which run. */
export const RUN_ARG = {
  ignoreStdin: true,
  description: 'run id, the beginning of one, or @last',
  required: true,
} as const;

/** Which gate. */
export const GATE_ARG = {
  ignoreStdin: true,
  description: 'key of the gate; the only open one where it is not named',
} as const;

/** What is said with a decision. */
export const COMMENT_FLAG = { char: 'm', description: 'what is recorded with the decision' } as const;

/** Whether the run goes on at once. */
export const RESUME_FLAG = { description: 'go on with a parked run at once' } as const;

/** One answer. */
export const FIELD_FLAG = {
  char: 'f',
  description: 'an answer to a question of the gate: name=value, or name=@file',
  multiple: true,
  multipleNonGreedy: true,
} as const;

/** How a run is shown that goes on. */
export const JSON_FLAG = {
  description: 'print one JSON object; with --resume events, one per line',
} as const;

/** The same, with more of it. */
export const VERBOSE_FLAG = {
  char: 'v',
  description: 'with --resume: show what agents think and call',
} as const;
