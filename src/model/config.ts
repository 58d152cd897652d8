/** Says what `.codemachine/config.yml` may set. */

import type { Budget, Price, Unit } from './budget.ts';
import type { FailureReason } from './failure.ts';
import type { Access, Retry } from './workflow.ts';

/** What can be read from the JSON lines of a declared engine. */
export type MappedField =
  | 'text'
  | 'session'
  | 'input-tokens'
  | 'output-tokens'
  | 'cached-tokens'
  | 'usd'
  | 'error'
  | 'model';

/** What makes a program of one's own an engine. What is left out has its default. */
export interface DeclaredEngine {
  /** How the prompt is handed over: by default `stdin`; else its path stands for `{prompt-file}`. */
  readonly prompt?: 'stdin' | 'file';
  /** What standard output is: by default `text`, the answer itself. */
  readonly output?: 'text' | 'jsonl';
  /** Where each field stands in the JSON lines: keys joined by dots. */
  readonly map?: Readonly<Partial<Record<MappedField, string>>>;
  /** The arguments that set a level; those that are not here it does not have. */
  readonly access?: Readonly<Partial<Record<Access, readonly string[]>>>;
  /** The arguments that go on in a session, or branch off it, where `{session}` stands for its id. */
  readonly session?: Readonly<Partial<Record<'continue' | 'fork', readonly string[]>>>;
  /** The arguments that choose a model, where `{model}` stands for its name. */
  readonly model?: readonly string[];
  /** How its failures look: regular expressions over the ends of both streams, tried in order. */
  readonly failure?: readonly FailurePattern[];
}

/** How one kind of failure looks. */
export interface FailurePattern {
  /** In the syntax of RE2. */
  readonly match: string;
  readonly reason: FailureReason;
}

/** How an engine is reached on this machine. */
export interface EngineConfig {
  /** The command line that replaces the engine's own; the first word is the program. */
  readonly command?: readonly string[];
  /** The file that says `command`, as it is shown to people. */
  readonly commandFrom?: string;
  /** Added to the engine's environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Names of the caller's variables that pass to it beside its own; in the user's own configuration alone. */
  readonly pass?: readonly string[];
  /** How many attempts of this engine run at once. */
  readonly maxParallel?: number;
  /** There for every engine that is not built in, and for no other. */
  readonly declared?: DeclaredEngine;
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

/** What a command of `notify` may wait for: milestones, and `run-finished` by how it ended. */
export const NOTIFY_WORDS = [
  'run-started',
  'run-resumed',
  'gate-opened',
  'gate-reminded',
  'quota-waiting',
  'budget-exceeded',
  'step-failed',
  'run-parked',
  'run-finished',
  'run-succeeded',
  'run-failed',
  'run-canceled',
] as const;

/** One of them. */
export type NotifyWord = (typeof NOTIFY_WORDS)[number];

/** A command that is started when something happens to a run. */
export interface Notification {
  readonly on: readonly NotifyWord[];
  /** A script, as under `run` of a step that names no shell. */
  readonly run: string;
  readonly timeoutMs: number;
  /** The file that says it, as it is shown to people. */
  readonly from: string;
  /** It is the repository's: it goes with the run, where the user's own stays on their machine. */
  readonly ofRepository: boolean;
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
    /** The line of a limit in dollars beside which nothing lets unknown costs pass. */
    readonly knownCostBy?: string;
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
  /** The repository's first. */
  readonly notify?: readonly Notification[];
}

/** What holds when nothing is configured. */
export const NO_CONFIG: Config = { engines: {}, defaults: {} };
