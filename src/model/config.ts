/** Says what `.codemachine/config.yml` may set. */

import type { Access, Retry } from './workflow.ts';

/** How an engine is reached on this machine. */
export interface EngineConfig {
  /** The command line that replaces the engine's own; the first word is the program. */
  readonly command?: readonly string[];
  /** The file that says `command`, as it is shown to people. */
  readonly commandFrom?: string;
  /** Added to the engine's environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** How many attempts of this engine run at once. */
  readonly maxParallel?: number;
}

/** Defaults for steps that do not say; below the workflow's own `defaults`. Durations in milliseconds. */
export interface StepDefaults {
  readonly timeoutMs?: number;
  readonly shell?: string;
  readonly workingDirectory?: string;
  readonly engine?: readonly string[];
  readonly model?: string;
  readonly access?: Access;
  readonly retry?: Retry;
}

/** How long runs are kept, for those who clear up. */
export interface Retention {
  readonly days?: number;
  /** How many of the newest. */
  readonly runs?: number;
}

/** The whole configuration, repository's and user's merged. */
export interface Config {
  readonly engines: Readonly<Record<string, EngineConfig>>;
  readonly defaults: StepDefaults;
  readonly retention?: Retention;
}

/** What holds when nothing is configured. */
export const NO_CONFIG: Config = { engines: {}, defaults: {} };
