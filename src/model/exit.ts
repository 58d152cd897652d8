/** Lists the exit codes, which are part of the contract with scripts and CI. */

/** What `codemachine` exits with. 130 and 143 stand for an interruption by SIGINT and SIGTERM. */
export const EXIT = {
  succeeded: 0,
  failed: 1,
  /** Refused before anything ran: a bad file, input, usage or state. */
  refused: 2,
  /** Waiting for somebody or something: gate, quota, budget, pause. */
  parked: 3,
  canceled: 4,
  /** A defect of ours. */
  defect: 70,
  interrupted: 130,
  terminated: 143,
} as const;

/** One of the exit codes. */
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
