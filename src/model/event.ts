/** Holds everything that can be said of a run while it happens; `schemas/event.schema.json` is the same list for others. */
import type { ScopedLimits, Unit } from './budget.ts';
import type { Applied } from './clash.ts';
import type { Holder } from './concurrency.ts';
import type { EngineVersion } from './engine-version.ts';
import type { EngineMilestone } from './event-engine.ts';
import type { Failure } from './failure.ts';
import type { Fingerprint } from './fingerprint.ts';
import type { HeadMove } from './head-move.ts';
import type { RunId, StepKey } from './ids.ts';
import type { Json, JsonObject } from './result.ts';
import type { Shown } from './shown.ts';

/** Tokens and money of one attempt, or of many added up. `usd` is null where the cost is unknown; it is never 0 for "not known". */
export interface Usage {
  readonly 'input-tokens': number;
  readonly 'output-tokens': number;
  /** Part of `input-tokens` that came from a cache. */
  readonly 'cached-tokens': number;
  readonly usd: number | null;
  /** Of one attempt: `usd` was computed from the `prices` of the configuration, for the engine did not say it. */
  readonly 'usd-from'?: 'prices';
}

/** A file that a step promised and made. */
export interface Artifact {
  readonly path: string;
  readonly sha256: string;
}

/** What an ended attempt left to be read as `steps.x`. All of it optional: a kind of step has what it has. */
export interface AttemptValues {
  readonly 'duration-ms'?: number;
  readonly 'exit-code'?: number;
  /** Last 64 KiB of standard output, trimmed at the end. */
  readonly stdout?: string;
  readonly stderr?: string;
  /** An agent's final message. */
  readonly text?: string;
  readonly output?: Json;
  readonly outputs?: JsonObject;
  readonly usage?: Usage;
  readonly engine?: string;
  readonly model?: string;
  readonly session?: string;
  readonly artifacts?: readonly Artifact[];
  /** How many iterations a loop had. */
  readonly count?: number;
  /** The option that was chosen at a gate. */
  readonly decision?: string;
  /** Of a step with `cache` that succeeded: what a later execution must come from to have the same result. */
  readonly fingerprint?: Fingerprint;
}

/** A question that is answered with a decision, typed as an input is. */
export interface GateField {
  readonly type: 'string' | 'number' | 'boolean' | 'choice' | 'json';
  readonly description?: string;
  readonly required?: boolean;
  readonly default?: Json;
  readonly options?: readonly string[];
}

/** Why nobody had to decide: the gate's own condition held, or its time was up. */
export type Unasked = 'approve-if' | 'timeout';

/** What is asked at a gate. */
export interface GateQuestion {
  readonly message: string;
  readonly options: readonly string[];
  /** SHA-256 over the message and what is shown, in hex: a decision is about this, and about nothing else. */
  readonly digest: string;
  readonly shown?: readonly Shown[];
  readonly fields?: Readonly<Record<string, GateField>>;
  readonly 'expires-at'?: string;
  /** What is decided then: one of the options, or `fail`. */
  readonly 'on-timeout'?: string;
  /** The time between reminders. */
  readonly 'remind-ms'?: number;
}

/** What was decided at a gate. */
export interface GateDecision {
  /** One of the options; `fail` where that is none of them and the time was up. */
  readonly decision: string;
  readonly by: By;
  readonly comment?: string;
  /** The fields. */
  readonly answers?: JsonObject;
  readonly unasked?: Unasked;
}

/** Who asked: a person at a terminal, another process, a signal. Shown to people, never parsed. */
export type By = string;

/** Where a result was taken from instead of being worked for. */
export type Reused = 'cache' | 'replay' | 'retry';

/** Why a run waits for somebody; of a quota it is said until when. */
export type ParkReason = 'gate' | 'quota' | 'budget' | 'pause';

/** How a run ended. */
export type RunEnd = 'succeeded' | 'failed' | 'canceled';

/** What going on with other files than before made of a run. */
export interface Updated {
  /** Of the workflow file that the run goes on with. */
  readonly sha256: string;
  readonly inputs: JsonObject;
  /** Steps that had a result, and run again because they, or what is before them, changed. */
  readonly again: readonly StepKey[];
  /** Steps that the file has no more. */
  readonly gone: readonly StepKey[];
}

interface OfStep {
  readonly step: StepKey;
}
interface OfAttempt extends OfStep {
  /** Counts from 1 and grows by one for retries, fallbacks and interruptions alike. */
  readonly attempt: number;
}

interface SnapshotFields extends OfAttempt {
  /** The recording: a commit under `refs/codemachine/<run-id>/`. The first of an attempt is its start, the second its end. */
  readonly tree: string;
  /** Paths that differ from the recording before it. */
  readonly files: readonly string[];
}

/** What a milestone says, without the columns every milestone has. Past tense; committed before anybody hears it. */
export type MilestoneBody =
  | {
      readonly type: 'run-started';
      readonly workflow: string;
      readonly path: string;
      readonly sha256: string;
      readonly inputs: JsonObject;
      readonly attempt: number;
      /** The run whose results this one takes over: what follows with `reused: 'retry'` is of that run. */
      readonly 'retry-of'?: RunId;
      /** What may be spent, by what it binds. */
      readonly budget?: ScopedLimits;
    }
  | ({
      readonly type: 'run-resumed';
      readonly attempt: number;
      readonly by: By;
      /** Steps whose newest attempt left edits that somebody chose to keep: the next attempt goes on from them. */
      readonly kept?: readonly StepKey[];
      /** Limits that hold from now on, where they are others than before. */
      readonly budget?: ScopedLimits;
    } & Partial<Updated>)
  | { readonly type: 'run-interrupted'; readonly attempt: number; readonly by: By }
  | {
      readonly type: 'run-parked';
      readonly reason: ParkReason;
      readonly resume: string;
      readonly until?: string;
    }
  | {
      readonly type: 'run-finished';
      readonly status: RunEnd;
      readonly 'duration-ms': number;
      readonly usage: Usage;
      readonly outputs: JsonObject;
      readonly failure?: Failure; // why the outputs could not be computed
    }
  | ({
      readonly type: 'step-started';
      readonly kind: string;
      /** Of a used workflow: its inputs, defaults filled in. */
      readonly inputs?: JsonObject;
      readonly engine?: string;
      readonly model?: string;
      /** The name under `agents:`. */
      readonly agent?: string;
      readonly workspace: 'shared' | 'isolated';
    } & OfAttempt)
  | ({
      readonly type: 'session-opened';
      readonly engine: string;
      readonly session: string;
      /** Why it is a new one, where the step was to go on in another. */
      readonly because?: string;
    } & Partial<EngineVersion> &
      OfAttempt)
  | ({ readonly type: 'step-succeeded'; readonly reused?: Reused } & OfAttempt & AttemptValues)
  | ({
      readonly type: 'step-failed';
      readonly final: boolean;
      readonly failure: Failure;
      /** In an iteration that a retry took over. */
      readonly reused?: 'retry';
    } & OfAttempt &
      AttemptValues)
  | ({ readonly type: 'step-skipped' | 'step-blocked' | 'step-canceled'; readonly because: string } & OfStep)
  | ({ readonly type: 'retry-scheduled'; readonly 'retry-at': string; readonly because: string } & OfAttempt)
  | EngineMilestone
  | ({ readonly type: 'loop-decided'; readonly iteration: number; readonly again: boolean } & OfStep)
  | ({
      readonly type: 'matrix-expanded';
      readonly instances: readonly StepKey[];
      readonly combinations: readonly JsonObject[];
    } & OfStep)
  /** What a judge is shown, in its order. `blind`: it sees letters instead of keys. */
  | ({
      readonly type: 'candidates-shown';
      readonly candidates: readonly StepKey[];
      readonly blind: boolean;
      /** SHA-256 over all that is shown, in hex: a verdict is about this, and about nothing else. */
      readonly digest: string;
    } & OfStep)
  | {
      readonly type: 'budget-exceeded';
      /** `run`, `step:<id>` or `agent:<name>`. */
      readonly scope: string;
      /** What is counted: US dollars, tokens, milliseconds. */
      readonly unit?: Unit;
      readonly spent: number;
      readonly limit: number;
    }
  /** `head` says how HEAD moved since the attempt began, with the newest commits. */
  | ({
      readonly type: 'snapshot-taken';
      readonly 'by-hand'?: true;
      readonly head?: HeadMove;
    } & SnapshotFields)
  | ({ readonly type: 'tree-restored'; readonly 'by-hand'?: true } & SnapshotFields)
  /** An isolated attempt ended well; `tree` is what it made, which waits for its turn to be merged. What it says is its result. */
  | ({ readonly type: 'change-ready'; readonly reused?: Reused } & SnapshotFields & AttemptValues)
  /** The shared tree, `from`, is about to become `tree`: who finds this without `change-merged` finishes it. */
  | ({ readonly type: 'merge-started'; readonly from: string } & SnapshotFields)
  | ({ readonly type: 'change-merged' } & SnapshotFields)
  /** Somebody brought an attempt's change into the tree with a command. The step stays as it ended. */
  | ({ readonly type: 'change-applied' } & Applied & SnapshotFields)
  /** A result was there that could have been taken from the cache, and its change does not fit the tree: the step is made. */
  | ({ readonly type: 'cache-missed'; readonly because: string } & OfAttempt)
  | ({ readonly type: 'gate-opened' } & GateQuestion & OfStep)
  | ({ readonly type: 'gate-reminded'; readonly message: string } & OfStep)
  | ({ readonly type: 'gate-decided' } & GateDecision & OfStep)
  /** Another step has the name that this one takes before each attempt. */
  | ({
      readonly type: 'step-waiting';
      readonly concurrency: string;
      readonly 'held-by': Holder;
    } & OfStep);

/** The version of the event union. */
export const EVENT_VERSION = 1;

/** A milestone as the journal holds it. `at` is ISO 8601 in UTC with milliseconds. */
export type Milestone = MilestoneBody & {
  readonly v: typeof EVENT_VERSION;
  readonly seq: number;
  readonly at: string;
  readonly run: RunId;
};

/** Whether a command said it while nobody ran the run: its time is not the run's, and it tells nothing of how the owner ended. */
export function isByHand(m: MilestoneBody): boolean {
  return m.type === 'change-applied' || ('by-hand' in m && m['by-hand'] === true);
}

/** What an agent is doing right now. */
export type SaidWhat = 'text' | 'thinking' | 'tool-call' | 'tool-result' | 'file-change' | 'usage' | 'retry';

/** What is worth watching and not worth keeping: it goes to transcripts and reporters, never to the journal. */
export type Chatter =
  | ({ readonly type: 'output'; readonly stream: 'stdout' | 'stderr'; readonly text: string } & OfAttempt)
  | ({
      readonly type: 'said';
      readonly what: SaidWhat;
      readonly text?: string;
      readonly tool?: string;
      readonly usage?: Usage;
    } & OfAttempt);

/** Chatter as it is heard. */
export type HeardChatter = Chatter & {
  readonly v: typeof EVENT_VERSION;
  readonly at: string;
  readonly run: RunId;
};

/** One line of `--json`. */
export type Event = Milestone | HeardChatter;

/** Nothing spent: where adding up starts. */
export const NO_USAGE: Usage = { 'input-tokens': 0, 'output-tokens': 0, 'cached-tokens': 0, usd: 0 };

/** Adds usage up. One unknown cost makes the sum unknown: a sum that leaves it out would be a bill nobody saw coming. */
export function addUsage(a: Usage, b: Usage): Usage {
  return {
    'input-tokens': a['input-tokens'] + b['input-tokens'],
    'output-tokens': a['output-tokens'] + b['output-tokens'],
    'cached-tokens': a['cached-tokens'] + b['cached-tokens'],
    usd: a.usd === null || b.usd === null ? null : a.usd + b.usd,
  };
}
