/** Lists what the rooms need from outside, as the functions that `app.ts` hands in. */
import type { Clash, Lent } from './clash.ts';
import type { EngineVersion } from './engine-version.ts';
import type {
  Artifact,
  AttemptValues,
  Chatter,
  GateDecision,
  HeardChatter,
  Milestone,
  MilestoneBody,
  Reused,
} from './event.ts';
import type { Failure } from './failure.ts';
import type { CachedChange, CacheSpec, Fingerprint } from './fingerprint.ts';
import type { HeadMove } from './head-move.ts';
import type { RunId, StepKey } from './ids.ts';
import type { JsonObject, Result } from './result.ts';
import type { ShownArtifact } from './shown.ts';
import type { Access, Effort, Isolated, McpServer, OutputType } from './workflow.ts';

/** Reads the time and waits. Milliseconds since the epoch; faked in the tests of pure rooms only. */
export interface Clock {
  now(): number;
  /** Calls `then` once after `ms`; the returned function takes that back. */
  after(ms: number, then: () => void): () => void;
}

/** Says whether a path, with `/` between its parts, fits one of the globs. */
export type Match = (path: string, globs: readonly string[]) => boolean;

/** What every attempt is told, with all expressions filled in. */
interface JobCommon {
  readonly run: RunId;
  readonly step: StepKey;
  readonly attempt: number;
  /** Absolute root of the attempt's own worktree; absent where it works in the shared tree. */
  readonly root?: string;
  /** Relative to the workspace's root; `''` is the root. It must not lead out of it, which the one who starts the attempt checks. */
  readonly cwd: string;
  /** The workflow's and the step's own variables. What else a child sees is decided by the kind of attempt. */
  readonly env: Readonly<Record<string, string>>;
  /** Names in `env` whose values come from `secrets`. */
  readonly secretNames: readonly string[];
  /** Globs of the files that a good attempt leaves; absent where none are promised. */
  readonly artifacts?: readonly string[];
}

/** One attempt of a `run` step. */
export interface RunJob extends JobCommon {
  readonly kind: 'run';
  readonly script: string;
  readonly shell?: string;
  readonly outputs: Readonly<Record<string, OutputType>>;
}

/** One attempt of a `prompt` step. */
export interface PromptJob extends JobCommon {
  readonly kind: 'prompt';
  readonly engine: string;
  readonly model?: string;
  readonly effort?: Effort;
  readonly access: Access;
  readonly network?: 'on' | 'off';
  readonly tools?: { readonly allow?: readonly string[]; readonly deny?: readonly string[] };
  readonly mcp?: Readonly<Record<string, McpServer>>;
  readonly system?: string;
  readonly maxTurns?: number;
  /** US dollars that it may use at the most, for engines that hold themselves to a limit. Above 0. */
  readonly maxUsd?: number;
  readonly prompt: string;
  readonly schema?: JsonObject;
  readonly idleTimeoutMs: number;
  /** Goes on in this session of the engine, or branches off it. */
  readonly session?: { readonly id: string; readonly fork: boolean };
}

/** One attempt, ready to be made. */
export type Job = RunJob | PromptJob;

/** How an attempt ended. The values are there in both cases, as far as the attempt got. */
export type Outcome =
  | { readonly ok: true; readonly values: AttemptValues; readonly reused?: Reused }
  | { readonly ok: false; readonly failure: Failure; readonly values: AttemptValues };

/** Why an attempt is to be stopped: its time is up, the run was canceled or interrupted, its budget is used up. */
export type StopReason = 'timeout' | 'cancel' | 'interrupt' | 'budget';

/**
 * Tells an attempt to stop. `soft` fires first (SIGINT, then SIGTERM, then SIGKILL, with the pauses of the stopping ladder);
 * `hard` means at once. Each is an AbortSignal whose `reason` is a StopReason.
 */
export interface Stop {
  readonly soft: AbortSignal;
  readonly hard: AbortSignal;
}

/** What an attempt says while it runs. */
export interface Hear {
  chatter(chatter: Chatter): void;
  /** The engine named its session. */
  session(id: string, engine?: EngineVersion): void;
  /** It was found out which version the engine is, where its output does not name it. */
  version?(version: EngineVersion): void;
}

/** Makes one attempt. Never rejects for anything the world does; a rejection is a defect of ours. */
export type Attempt = (job: Job, hear: Hear, stop: Stop) => Promise<Outcome>;

/** A plug for an agent CLI. */
export interface Engine {
  readonly name: string;
  attempt(job: PromptJob, hear: Hear, stop: Stop): Promise<Outcome>;
}

/** A recording of the workspace's tree. */
export interface Recording {
  /** A commit under `refs/codemachine/<run-id>/`. */
  readonly tree: string;
  /** Paths that differ from the recording it was compared with; empty where there was none. */
  readonly files: readonly string[];
  /** HEAD, its branch or one that a rebase moves is not where it was in that recording. */
  readonly headMoved?: true;
}

/** The workspace's tree as a thing that can be recorded and put back. */
export interface Workspace {
  /** Records the tree as it is. `since` is the recording that the files are compared with and the new one descends from. */
  record(run: RunId, label: string, since?: string): Promise<Result<Recording, Failure>>;
  /**
   * Puts the tree back to `to`. `from` is the recording of the tree as it is now. Only paths that differ between the two are
   * touched; gives those paths. One of them that somebody edited since `from` was recorded is not overwritten but an error,
   * unless it is as `to` says already, or as the recording `found` holds it.
   */
  restore(to: string, from: string, found?: string): Promise<Result<readonly string[], Failure>>;
  /** Paths that differ between two recordings. */
  changed(from: string, to: string): Promise<Result<readonly string[], Failure>>;
  /** The difference between two recordings as a patch for people; binary files are named. Without it, nobody is shown changes. */
  diff?(from: string, to: string): Promise<Result<string, Failure>>;
  /**
   * Records the tree of another run's recording under a name of this run, so that it lives as long. `since` as in `record`. An error
   * where the recording is gone.
   */
  adopt?(run: RunId, label: string, recording: string, since?: string): Promise<Result<Recording, Failure>>;
  /** Paths that are in a recording and not in another one. */
  lost?(from: string, to: string): Promise<Result<readonly string[], Failure>>;
  /** How HEAD, and the branch it was on, moved between two recordings; undefined where they did not. Absent where there is no HEAD. */
  moved?(from: string, to: string): Promise<Result<HeadMove | undefined, Failure>>;
}

/** A working tree of one attempt alone. */
export interface Worktree {
  /** Absolute. */
  readonly root: string;
  /** Records it as it is; `since` as in `Workspace.record`. */
  record(run: RunId, label: string, since?: string): Promise<Result<Recording, Failure>>;
  /** Puts files beside others for whoever works there; the given function takes them away again, before it is recorded. */
  lend?(files: readonly Lent[]): Promise<Result<() => Promise<void>, Failure>>;
  /** Takes it away. Whatever of it matters has been recorded before. */
  remove(): Promise<Result<undefined, Failure>>;
}

/** What a worktree is made of. */
export interface WorktreeOf {
  readonly run: RunId;
  /** The name of the attempt's directory, which names the worktree's too. */
  readonly directory: string;
  /** The recording of the shared tree that it starts as. */
  readonly from: string;
  /** Globs of files that are brought over although git ignores them, from the root of the shared tree; one that ends in `?` need not fit any. */
  readonly copy: readonly string[];
  /** Paths that become links into the shared tree; one that ends in `?` may be missing. */
  readonly link: readonly string[];
}

/** Three recordings to be merged, with the name under which the result is recorded. */
export interface MergeOf {
  readonly run: RunId;
  readonly label: string;
  /** What both sides started from. */
  readonly base: string;
  /** The shared tree as it is. */
  readonly ours: string;
  /** What the attempt made of its worktree. */
  readonly theirs: string;
  /** `stay`: what one side adds to a directory that the other moved stays where it is; a conflict without it. */
  readonly directories?: 'stay';
}

/**
 * What a merge came to. `tree` is a recording that descends from `ours`. With `conflicts` (paths, sorted) nothing may be put in
 * place: the files of `tree` then hold git's conflict markers.
 */
export interface Merged {
  readonly tree: string;
  /** Paths that differ from `ours`. */
  readonly files: readonly string[];
  readonly conflicts: readonly string[];
  /** The same, conflict by conflict. Of one without markers, who changes none of its paths has not decided it. Absent for none. */
  readonly clashes?: readonly Clash[];
  /** Ignored files of the user's where `tree` has others, sorted: nothing may be put in place before they are moved away. */
  readonly ignored?: readonly string[];
}

/** Worktrees beside the shared tree, and the way back from them. */
export interface Isolation {
  /** Makes a worktree. One that an earlier owner left in its place is taken away first. */
  open(what: WorktreeOf): Promise<Result<Worktree, Failure>>;
  /** The worktree that an earlier owner of the run left; undefined where it is gone. */
  find(run: RunId, directory: string): Promise<Result<Worktree | undefined, Failure>>;
  /** Clears up after a removal that was cut off, where `find` finds nothing any more. For the owner of the run alone. */
  clear?(run: RunId, directory: string): Promise<Result<undefined, Failure>>;
  /** Merges without touching any working tree: `Workspace.restore(merged.tree, ours)` puts the result in place. */
  merge(what: MergeOf): Promise<Result<Merged, Failure>>;
  /** Those of the paths that hold conflict markers in a recording. Without it, no resolution of a conflict is taken. */
  unresolved?(tree: string, paths: readonly string[]): Promise<Result<readonly string[], Failure>>;
}

/** A result of an earlier execution, masked as it was recorded. */
export interface CachedResult {
  readonly run: RunId;
  readonly step: StepKey;
  readonly values: AttemptValues & { readonly fingerprint: Fingerprint };
  /** An artifact that is not there any more: the result cannot be taken. */
  readonly lost?: string;
}

/** What earlier executions did to files, newest first. */
export interface KnownChanges {
  /** Those of the same key, and those that came from the same. */
  readonly own: readonly CachedChange[];
  /** Some of each other one of the same workflow. */
  readonly others: readonly (CachedChange & { readonly step: StepKey })[];
}

/** One execution in one run. */
export interface ExecutionOf {
  readonly run: RunId;
  readonly step: StepKey;
}

/** What earlier executions came to. */
export interface Cache {
  /** What an execution would come from now, with the files as they are; the error is half a sentence why it cannot be known. */
  fingerprint(job: Job, step: CachedStep): Promise<Result<Fingerprint, string>>;
  /** The results that came from the same, newest first; one whose artifacts are not all there says so. */
  find(fingerprint: Fingerprint): Promise<readonly CachedResult[]>;
  /** What the newest executions did to the files: of the same key, or that came from the same, or others of the workflow. */
  changes(of: CachedResult, as: ExecutionOf): KnownChanges;
}

/** What of a step counts beside what an attempt of it is told. */
export interface CachedStep {
  readonly cache: CacheSpec;
  readonly isolated?: Isolated;
}

/** A file that an execution kept. */
export type KeptBy = Artifact & { readonly step: StepKey };

/**
 * Looks at those of the kept files that fit a glob, and at what the shared tree has in their place. The error is of the glob, which may
 * have been filled in just now, or of a copy that is gone.
 */
export type LookAtKept = (
  glob: string,
  kept: readonly KeptBy[],
) => Promise<Result<readonly ShownArtifact[], Failure>>;

/** The funnel: stores a milestone, and lets it be heard when the disk has it. Rejects when the run has another owner by now. */
export type Emit = (milestone: MilestoneBody) => Promise<Milestone>;

/** A decision about a gate, as somebody brings it. Its answers fit the fields of the gate. */
export interface BroughtDecision extends Omit<GateDecision, 'unasked'> {
  readonly step: StepKey;
  /** Of the question that it answers. */
  readonly digest: string;
}

/** Something a process that does not own the run asked of it. */
export type RunRequest = { readonly id: number; readonly by: string } & (
  | { readonly kind: 'cancel' | 'pause' }
  | { readonly kind: 'decide'; readonly decision: BroughtDecision }
);

/** Somebody who listens to a run. Exhaustive over the union; must not throw. */
export interface Reporter {
  hear(event: Milestone | HeardChatter): void;
  /** Leaves the place to somebody who is asked something there; the function takes it back. Absent where nothing is drawn over. */
  aside?(): Promise<() => void>;
  /** The run is over for this process; resolves when everything is written. */
  close(): Promise<void>;
}
