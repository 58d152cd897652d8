/** Says what the state of a run is: what its milestones come to. */
import type { EngineStands } from './engine-stands.ts';
import type {
  AttemptValues,
  GateDecision,
  GateQuestion,
  MilestoneBody,
  ParkReason,
  Reused,
  RunEnd,
  Usage,
} from './event.ts';
import type { Failure } from './failure.ts';
import type { HeadMove } from './head-move.ts';
import type { RunId, StepKey } from './ids.ts';
import type { JsonObject } from './result.ts';
import type { Spending } from './spending.ts';

/** How a step ended. */
export type StepEnd = 'succeeded' | 'failed' | 'skipped' | 'blocked' | 'canceled';

/**
 * Where a step is. `waiting` is between two attempts; `merging` is done in a worktree, its change not yet in the shared tree;
 * `asking` is a gate at which somebody is to decide, or has decided since the run parked.
 */
export type StepStatus = 'pending' | 'running' | 'waiting' | 'merging' | 'asking' | StepEnd;

/** An engine that a step went on from. */
export interface Tried {
  readonly engine: string;
  /** Absent where it was not asked because it rested. */
  readonly failure?: Failure;
}

/** A gate as the milestones tell it. */
export interface GateProgress {
  /** What was asked last; absent where nobody had to be asked. */
  readonly question?: GateQuestion & { readonly at: string };
  /** When somebody was reminded last, ISO 8601. */
  readonly remindedAt?: string;
  /** What was decided about the question. */
  readonly decided?: GateDecision & { readonly at: string };
}

/** The recordings of one attempt: commits under `refs/codemachine/<run-id>/`. */
export interface AttemptTrees {
  readonly before?: string;
  readonly after?: string;
  /** How HEAD moved between the two, in the shared tree. */
  readonly head?: HeadMove;
  /** It changed files of its own worktree between the two. */
  readonly differs?: true;
  /** Whether the tree was put back to `before` since. */
  readonly undone: boolean;
  /** Both are recordings of the attempt's own worktree: nothing of it was ever in the shared tree but by `merge`. */
  readonly isolated?: true;
  /** Somebody chose to keep what it left: it is not undone any more, and the next attempt goes on from there. */
  readonly kept?: true;
  /** What it made of its own worktree is the step's result: it waits to be merged, and is never made again. */
  readonly ready?: true;
  /** The shared tree before and after the change was merged; `done` once it stands there. */
  readonly merge?: { readonly from: string; readonly tree: string; readonly done: boolean };
  /** When somebody brought its change into the tree with a command, ISO 8601; whether files hold markers since. */
  readonly applied?: { readonly at: string; readonly conflicts: boolean };
  /** Files in conflict of which somebody has chosen a side. */
  readonly taken?: readonly string[];
}

/** One execution of a step with a matrix. */
export interface MatrixInstance {
  readonly key: StepKey;
  /** What `matrix` holds. */
  readonly matrix: JsonObject;
}

/** One step as the milestones tell it. */
export interface StepProgress {
  readonly key: StepKey;
  readonly status: StepStatus;
  /** Number of the newest attempt; 0 before the first. */
  readonly attempt: number;
  /** Failed attempts of the present engine that count against `retry.attempts`; interruptions and used up quotas do not. */
  readonly counted: number;
  /** Attempts in a row for which the program of the present engine could not be started while it was replaced. */
  readonly updates?: number;
  /** The engines that were given up, in order, with what they failed for last. */
  readonly tried?: readonly Tried[];
  readonly kind?: string;
  readonly engine?: string;
  readonly model?: string;
  readonly session?: string;
  readonly startedAt?: string;
  /** Which attempt of the run began what is there; absent once the run was reopened after its end. */
  readonly startedIn?: number;
  readonly endedAt?: string;
  /** What `steps.x` shows; of the newest ended attempt. */
  readonly values: AttemptValues;
  readonly failure?: Failure;
  /** When the next attempt starts, ISO 8601. */
  readonly retryAt?: string;
  /** When the step began to wait for the quota of its present engine, ISO 8601; over all its waits. */
  readonly quotaSince?: string;
  readonly because?: string;
  readonly trees: Readonly<Record<number, AttemptTrees>>;
  /** Of a loop that has decided: after which iteration it did last, from 1, and whether another one follows. */
  readonly loop?: { readonly iteration: number; readonly again: boolean };
  /** Of a matrix that was expanded: its instances, in its order. */
  readonly instances?: readonly MatrixInstance[];
  /** Of a used workflow that was begun: its inputs. */
  readonly inputs?: JsonObject;
  readonly gate?: GateProgress;
  /** Of a reduce whose judge was asked: what it was shown last. */
  readonly shown?: {
    readonly candidates: readonly StepKey[];
    readonly digest: string;
    readonly at: string;
  };
  /** A result of the cache did not fit the tree: none is taken any more. */
  readonly cacheMissed?: true;
  /** Where the result was taken from, when nobody worked for it. */
  readonly reused?: Reused;
  /** What was spent, all attempts added up; nothing for what was reused. */
  readonly usage?: Usage;
  /** An agent worked in one of its attempts, and nobody said what it used. */
  readonly silent?: true;
  /** Which attempt of the run decided the present status. */
  readonly decidedIn: number;
}

/** Where a run is. */
export type RunStatus = 'new' | 'running' | 'interrupted' | 'parked' | RunEnd;

/** Whether a run came to its end; going on with it gives what failed another chance. */
export function isEnded(status: RunStatus): status is RunEnd {
  return status === 'succeeded' || status === 'failed' || status === 'canceled';
}

/** A run as its milestones tell it. */
export interface Progress {
  readonly run?: RunId;
  readonly status: RunStatus;
  readonly workflow?: string;
  readonly path?: string;
  readonly sha256?: string;
  readonly inputs: JsonObject;
  /** The run whose results this one took over. */
  readonly retryOf?: RunId;
  /** The newest version of each engine that was said to be none of the measured ones. */
  readonly untested?: Readonly<Record<string, string>>;
  /** Counts resumes, from 1; 0 before the run started. */
  readonly attempt: number;
  readonly seq: number;
  readonly startedAt?: string;
  /** When the newest milestone was written. */
  readonly lastAt?: string;
  readonly steps: ReadonlyMap<StepKey, StepProgress>;
  /** All attempts added up; absent until one has been reported. */
  readonly usage?: Usage;
  /** Agents worked and did not say what they used. */
  readonly silent?: true;
  /** What counts against budgets, and the budgets. */
  readonly spending: Spending;
  /** How those engines stand that are not known to serve. */
  readonly engines: EngineStands;
  readonly outputs?: JsonObject;
  /** Of a run that ended: why its outputs could not be computed. */
  readonly failure?: Failure;
  readonly parked?: { readonly reason: ParkReason; readonly resume: string; readonly until?: string };
}

/** The iteration that a loop is in, or was in last; 1 where it has none yet. */
export function lastIteration({ loop }: Pick<StepProgress, 'loop'>): number {
  if (loop === undefined) return 1;
  return loop.again ? loop.iteration + 1 : loop.iteration;
}

/** Whether a step's work is done and its change did not merge: whoever merges it by hand need not have it made again. */
export function isUnmerged({ status, failure, attempt, trees }: StepProgress): boolean {
  const ended = status === 'failed' || status === 'waiting';
  return ended && failure?.reason === 'merge-conflict' && trees[attempt]?.ready === true;
}

/** How the instances of a matrix are said. */
export function expansion(
  step: StepKey,
  instances: readonly MatrixInstance[],
): Extract<MilestoneBody, { type: 'matrix-expanded' }> {
  return {
    type: 'matrix-expanded',
    step,
    instances: instances.map(({ key }) => key),
    combinations: instances.map(({ matrix }) => matrix),
  };
}

/** A step of which nothing has happened. */
export function untouched(key: StepKey): StepProgress {
  return { key, status: 'pending', attempt: 0, counted: 0, values: {}, trees: {}, decidedIn: 0 };
}
