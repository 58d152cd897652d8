/** Says which version of an engine made an attempt. */

/** What an engine says of itself, held against the versions that were measured. */
export interface EngineVersion {
  readonly version: string;
  /** Why it is none of the measured ones, in words that follow the version; a run records that once for each version. */
  readonly untested?: string;
}
