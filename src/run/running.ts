/** Holds what everybody who works on a run shares. */

import type { Price, ScopedLimits } from '../model/budget.ts';
import type { Holder } from '../model/concurrency.ts';
import type {
  AttemptValues,
  Chatter,
  GateDecision,
  GateQuestion,
  Milestone,
  MilestoneBody,
  Updated,
} from '../model/event.ts';
import type { Failure } from '../model/failure.ts';
import type { HeadMove } from '../model/head-move.ts';
import type { RunId, StepKey } from '../model/ids.ts';
import type { Plan } from '../model/plan.ts';
import type { Attempt, Cache, Clock, Emit, Isolation, LookAtKept, Match, Workspace } from '../model/ports.ts';
import type { Json, JsonObject, Result } from '../model/result.ts';
import type { Evaluate } from '../model/scope.ts';
import type { Workflow } from '../model/workflow.ts';
import type { Breaker } from './breaker.ts';
import type { Budgets } from './budgets.ts';
import type { MergedByHand } from './by-hand.ts';
import type { Frame } from './frame.ts';
import type { Gates } from './gates.ts';
import type { Ledger } from './ledger.ts';
import type { Limited } from './limits.ts';
import type { Phase } from './phase.ts';

/** What the runner needs from outside. */
export interface RunPorts {
  readonly emit: Emit;
  readonly attempt: Attempt;
  /** Undefined outside a git repository; then nothing is recorded or undone. */
  readonly workspace: Workspace | undefined;
  /** Undefined outside a git repository, where no step is isolated. */
  readonly isolation?: Isolation;
  /** Names an attempt's directory: one part of a path, another for each attempt. Needed where there is `isolation`. */
  readonly attemptDirectory?: (step: StepKey, attempt: number) => string;
  readonly evaluate: Evaluate;
  /** A value as it stands inside a longer text. */
  readonly toText: (value: Json) => string;
  /** Decides which of the changed files `changed()` means. */
  readonly match?: Match;
  readonly hashFiles: (globs: readonly string[]) => Json;
  /** Undefined where nothing is taken from earlier executions, nor kept for later ones. */
  readonly cache?: Cache;
  readonly clock: Clock;
  /** Gives numbers in [0, 1). */
  readonly random: () => number;
  readonly chatter: (chatter: Chatter) => void;
  /** Asks for a name that only one step of all runs may have at a time. */
  readonly claim?: (name: string, step: StepKey) => NameClaim;
  /** SHA-256 of a value's canonical JSON, in hex. */
  readonly digest: (value: Json) => string;
  /** What the order of the candidates of a blind judge is shuffled from, undefined for that of the matrix; from the run's id where nobody says. */
  readonly shuffleSeed?: (reduce: StepKey) => string | undefined;
  /** The recording of the shared tree at the start of the run; undefined where none was made. */
  readonly treeAtStart?: () => Promise<Result<string | undefined, Failure>>;
  /** What an attempt had used of which only a transcript is left. Without it that is not known. */
  readonly heardOf?: (of: {
    readonly step: StepKey;
    readonly attempt: number;
    readonly engine: string;
  }) => Pick<AttemptValues, 'usage' | 'model'>;
  /** Needed where a gate shows kept files. */
  readonly lookAtKept?: LookAtKept;
  /** Puts the question of a gate to somebody who sits there, until `gone`; undefined where they went away instead of answering. */
  readonly askGate?: (asked: AskedGate, gone: AbortSignal) => Promise<GivenAnswer | undefined>;
  /** Takes secrets out of a milestone; identity where the workflow has none. */
  readonly mask?: (body: MilestoneBody) => MilestoneBody;
}

/** A gate whose question is put at a terminal. */
export interface AskedGate {
  readonly step: StepKey;
  readonly question: GateQuestion;
}

/** What somebody answered at a terminal; the answers fit the fields of the gate. */
export type GivenAnswer = Omit<GateDecision, 'unasked'>;

/** A place in the line for a name. */
export interface NameClaim {
  /** Who has the name; undefined where we do. */
  holder(): Holder | undefined;
  /** Gives the place up, or the name. */
  release(): void;
}

/** What is known before the run, for expressions and variables. */
export interface RunFacts {
  readonly inputs: JsonObject;
  /** `sha`, `branch`, `dirty`. */
  readonly git: JsonObject;
  readonly github: JsonObject;
  readonly secrets: Readonly<Record<string, string>>;
  readonly envFile: Readonly<Record<string, string>>;
  /** What the env-files of used workflows hold, by the path of the workflow's source; absent where there are none. */
  readonly partEnvFiles?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** The workflow file as people are shown it. */
  readonly path: string;
}

/**
 * Why an attempt's edits may or may not be undone at resume. `crashed`: the runner died during the attempt and nobody
 * knows who wrote what since. `edited`: the tree was recorded at the attempt's end, and `files` were changed after that.
 */
export interface UndoQuestion {
  readonly step: StepKey;
  readonly attempt: number;
  readonly why: 'crashed' | 'edited';
  /** What an undo would put back; for `edited` only those that somebody changed since. */
  readonly files: readonly string[];
  /**
   * The attempt's change was being merged when the runner died: `undo` finishes that, over what `files` hold now, and
   * `keep` merges anew with what they hold.
   */
  readonly merging?: true;
  /** Somebody, or the attempt, moved HEAD since the attempt began: an undo moves it back. */
  readonly head?: HeadMove;
  /** Other runs that worked in the same tree since the attempt began; absent for none. */
  readonly others?: readonly RunId[];
}

/** What a resume took out of the tree. */
export interface Undone {
  readonly step: StepKey;
  readonly attempt: number;
  /** It was replaced by the attempt's change, whose merge the resume finished. */
  readonly merging?: true;
  /** What was put back. */
  readonly files: readonly string[];
  /** The recording of the tree as it was found. */
  readonly found: string;
  /** Whether that is the attempt's end. */
  readonly whole?: true;
  /** How HEAD had moved, which it did back. */
  readonly head?: HeadMove;
}

/** What the person who starts the run chose. */
export interface RunOptions {
  /** How many attempts run at once, at least 1. */
  readonly maxParallel: number;
  /** How many attempts of an engine run at once, by engine; absent is no limit of its own. */
  readonly engineParallel?: Readonly<Record<string, number>>;
  readonly failFast: boolean;
  /** Whether the run parks when nothing is left but to wait for a quota; else it waits in this process. */
  readonly parkQuota?: boolean;
  /** By model, for engines that report no cost. */
  readonly prices?: Readonly<Record<string, Price>>;
  /** Limits that hold from now on instead of those the run had. */
  readonly raised?: ScopedLimits;
  /** Who starts or resumes the run. */
  readonly by: string;
  /** Resume on the tree as it is: nothing is undone. */
  readonly keepTree?: boolean;
  /** Asked at resume before an undo that may take away what a person wants. Without it: crashed is undone if nobody else seems to have worked since, edited stops. */
  readonly decideUndo?: (question: UndoQuestion) => Promise<'undo' | 'keep' | 'stop'>;
  /** The other runs that have worked in the same tree since then (ISO 8601, UTC). */
  readonly othersSince?: (at: string) => readonly RunId[];
  /** Hears of each undo at resume, so that people can be told what went and where it is kept. */
  readonly undone?: (undone: Undone) => Promise<void>;
}

/** Everything a run is made of. */
export interface RunInput {
  readonly run: RunId;
  readonly workflow: Workflow;
  readonly plan: Plan;
  /** Every milestone of the run so far, as committed; empty for a new run. */
  readonly history: readonly Milestone[];
  /** Results taken over from another run, said in the same commit as the opening. */
  readonly prelude?: readonly MilestoneBody[];
  /**
   * Puts the tree back right after the opening, which is what tells the next owner that it has to be; gives what is to be said of
   * it. An error is the sentence why nothing may start. What else is left open is looked for behind it.
   */
  readonly putBack?: () => Promise<Result<readonly MilestoneBody[], string>>;
  /** Changes that collided and were merged in the checkout since, said in the same commit as the opening. */
  readonly resolved?: readonly MergedByHand[];
  /** What going on with other files than before makes of the run. */
  readonly updated?: Updated;
  /** The run whose results the prelude takes over. */
  readonly retryOf?: RunId;
  readonly ports: RunPorts;
  readonly facts: RunFacts;
  readonly options: RunOptions;
}

/** A run that is under way. */
export interface Running {
  readonly input: RunInput;
  readonly ledger: Ledger;
  /** The main list. */
  readonly main: Frame;
  /** `finally`. */
  readonly last: Frame;
  /** When the run was first started, as committed. */
  startedAt(): string;
  readonly limited: Limited;
  /** Which engines serve. */
  readonly breaker: Breaker;
  /** Whether steps of this phase that wait for a quota let the run park. */
  parksAt(phase: Phase): boolean;
  /** The gates at which a decision is waited for. */
  readonly gates: Gates;
  /** What may be spent. */
  readonly budgets: Budgets;
  /** A defect of ours: everything stops, and it is thrown when all is recorded. */
  defect(error: unknown): void;
}
