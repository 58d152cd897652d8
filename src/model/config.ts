/** Says what `.codemachine/config.yml` may set. */

import type { Budget, Price, Unit } from './budget.ts';
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

/** A rule with the line that says it, as `file:line`. */
export interface Ruled<T> {
  readonly value: T;
  readonly from: string;
}

/** What workflows may ask for. */
export interface Policy {
  /** The engines that may be used: one list per file that has one, each of which must have an engine. */
  readonly engines?: readonly Ruled<readonly string[]>[];
  readonly maxAccess?: Ruled<Access>;
  /** The narrowest limits of a run, each with its line. */
  readonly budget?: {
    readonly limits: Budget['limits'];
    readonly onExceed?: Budget['onExceed'];
    readonly from: Readonly<Partial<Record<Unit, string>>>;
  };
  /** Makes warnings errors. */
  readonly strict?: Ruled<boolean>;
}

/** The whole configuration, repository's and user's merged. */
export interface Config {
  readonly engines: Readonly<Record<string, EngineConfig>>;
  readonly defaults: StepDefaults;
  readonly retention?: Retention;
  /** By model, for engines that report no cost. */
  readonly prices?: Readonly<Record<string, Price>>;
  /** What workflows may ask for here, the narrowest of both files. */
  readonly policy?: Policy;
}

/** What holds when nothing is configured. */
export const NO_CONFIG: Config = { engines: {}, defaults: {} };
