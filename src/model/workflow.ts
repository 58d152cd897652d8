/** Says what the author of a workflow meant, with every shorthand resolved. */

import type { Budget } from './budget.ts';
import type { Concurrency } from './concurrency.ts';
import type { Expr, MatrixPatterns, Template, ValueTemplate } from './expression.ts';
import type { FailureReason } from './failure.ts';
import type { CacheSpec } from './fingerprint.ts';
import type { StepId } from './ids.ts';
import type { Json, JsonObject } from './result.ts';
import type { OtherSession } from './session.ts';
import type { GateShow } from './shown.ts';
import type { Range, SourceFile } from './source.ts';

/** What an input may be. */
export type InputType = 'string' | 'number' | 'boolean' | 'choice' | 'json';

/** An input as declared under `inputs:`. */
export interface InputSpec {
  readonly type: InputType;
  readonly description?: string;
  readonly required: boolean;
  readonly default?: Json;
  readonly options?: readonly string[];
  readonly at: Range;
}

/** What a declared output of a `run` step may be. */
export type OutputType = 'string' | 'number' | 'boolean' | 'json';

/** The engines with a dialect of their own. */
export const BUILT_IN_ENGINES = ['claude-code', 'codex', 'aider', 'opencode', 'gemini', 'goose'] as const;

/** How far an agent may reach. */
export const ACCESS_LEVELS = ['read', 'write', 'full'] as const;
/** `read` changes nothing, `write` the workspace, `full` has no sandbox. */
export type Access = (typeof ACCESS_LEVELS)[number];

/** How hard a model should think. */
export const EFFORT_LEVELS = ['low', 'medium', 'high', 'max'] as const;
export type Effort = (typeof EFFORT_LEVELS)[number];

/** When and how often an attempt is made again. Times in milliseconds. `attempts` counts the first. */
export interface Retry {
  readonly attempts: number;
  readonly delayMs: number;
  readonly backoff: 'exponential' | 'fixed';
  readonly maxDelayMs: number;
  readonly on: readonly (FailureReason | 'transient' | 'any')[];
}

/** An MCP server, handed to the engine in its own form. */
export interface McpServer {
  readonly command?: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly url?: string;
}

/** A worktree of its own for each attempt of a step. */
export interface Isolated {
  /** Globs, from the root of the shared tree, of ignored files to bring over; one that ends in `?` need not fit any. */
  readonly copy: readonly string[];
  /** Paths to link into the worktree; one that ends in `?` may be missing. */
  readonly link: readonly string[];
  /** A shell command that prepares the worktree before the attempt. */
  readonly setup?: string;
  /** `never` leaves the change where it is recorded. */
  readonly merge: 'auto' | 'never';
  /** Who resolves a conflict, and the commands that must succeed on the result. Nobody, if unsaid: the step fails. */
  readonly onConflict?: { readonly agent: PromptStep; readonly checks: readonly string[] };
}

/** Runs a step once per combination of values. */
export interface Matrix {
  /** In file order: the values, or an expression that gives their list. */
  readonly axes: Readonly<Record<string, readonly Json[] | Expr>>;
  readonly include: readonly JsonObject[];
  readonly exclude: readonly JsonObject[];
  /** How many instances run at once; absent is no limit of its own. */
  readonly maxParallel?: number;
  /** Whether the first failure starts no further instance. */
  readonly failFast: boolean;
  /** What stands in the lists above with expressions in it; there it is as it is written. */
  readonly patterns?: MatrixPatterns;
}

/** What every step has, whatever its kind. `needs` is always explicit: the list order is already written in. */
export interface StepCommon {
  readonly id: StepId;
  /** Whether the file names the id itself, so that expressions may refer to it. */
  readonly declared: boolean;
  readonly name?: string;
  /** The whole step in the file. */
  readonly at: Range;
  readonly needs: readonly StepId[];
  /** Where the needs are written: the `needs` key's value, else the step's first key. */
  readonly needsAt: Range;
  readonly if?: Expr;
  /** Whether `if` calls a status function and so decides for itself. */
  readonly ifDecides: boolean;
  /** Workflow, loop and step env merged; the step's wins. Secrets appear only here. */
  readonly env: Readonly<Record<string, Template>>;
  readonly workingDirectory?: Template;
  /** Per attempt; undefined is no limit. */
  readonly timeoutMs?: number;
  readonly retry: Retry;
  readonly continueOnError: boolean;
  /** Globs, from the root of the attempt's tree, of files that the step promises; at least one. Only of what makes attempts. */
  readonly artifacts?: readonly Template[];
  /** A name that no other step of any run may have while an attempt is made. */
  readonly concurrency?: Template;
  readonly matrix?: Matrix;
  /** Paths whose values stand in the file around the step, as `matrix.os`: they are no data. */
  readonly written?: readonly string[];
  /** Absent where the step works in the shared tree. */
  readonly isolated?: Isolated;
  /** Absent where the step is always made. Only of what makes attempts. */
  readonly cache?: CacheSpec;
}

/** A shell command. */
export interface RunStep extends StepCommon {
  readonly kind: 'run';
  readonly script: Template;
  /** `bash` where there is one else `sh` when undefined; `sh`, `bash`, `pwsh`, `python`, `node`, or a template with `{0}`. */
  readonly shell?: string;
  readonly outputs: Readonly<Record<string, OutputType>>;
}

/** What to do when the engine's plan is used up. */
export type OnQuota = 'wait' | 'fallback' | 'fail';

/** A prompt for an agent. */
export interface PromptStep extends StepCommon {
  readonly kind: 'prompt';
  /** The name under `agents:`, when the step names one. */
  readonly agent?: string;
  readonly prompt: Template;
  /** At least one, in the order in which they are tried. */
  readonly engines: readonly string[];
  readonly model?: Template;
  readonly effort?: Effort;
  readonly access: Access;
  /** Whether the file says the access level anywhere for this step. */
  readonly accessSaid: boolean;
  readonly network?: 'on' | 'off';
  readonly tools?: { readonly allow?: readonly string[]; readonly deny?: readonly string[] };
  readonly mcp?: Readonly<Record<string, McpServer>>;
  readonly system?: Template;
  readonly maxTurns?: number;
  /** Of all its attempts together; its agent's is the workflow's to know. */
  readonly budget?: Budget;
  readonly idleTimeoutMs: number;
  /** The JSON Schema of the answer. */
  readonly output?: JsonObject;
  readonly onQuota?: OnQuota;
  readonly quotaWaitMs: number;
  /** False for `undo: never`. */
  readonly undo: boolean;
  /** Of a step whose agent or engine an axis of its matrix names, or an input that is a choice: the step as it is for each value. What stands here is the first. */
  readonly variants?: {
    readonly axis: string;
    readonly of?: 'inputs';
    readonly steps: Readonly<Record<string, PromptStep>>;
  };
  /** Goes on in the session of this step's iteration before, or in another step's; absent where each attempt opens a new one. */
  readonly session?: 'continue' | OtherSession;
}

/** A checkpoint at which somebody, or something, decides. It makes one attempt, and starts nothing. */
export interface GateStep extends StepCommon {
  readonly kind: 'gate';
  /** Absent where nobody is asked: then there is `require`. */
  readonly message?: Template;
  readonly show: readonly GateShow[];
  /** At least one; `reject` fails the step, every other one lets it succeed. */
  readonly options: readonly string[];
  /** Questions to answer with the decision. */
  readonly fields: Readonly<Record<string, InputSpec>>;
  /** How long a decision is waited for; for ever where that is not said. */
  readonly gateTimeoutMs?: number;
  /** What is decided then: one of the options, or `fail`. */
  readonly onTimeout: string;
  /** The time between reminders. */
  readonly remindMs?: number;
  /** Passes the gate without asking. */
  readonly approveIf?: Expr;
  /** Must hold, or the gate fails before anybody is asked. */
  readonly require?: Expr;
}

/** A list of steps that is run again and again. It makes no attempts of its own, and knows no retries: its body does. */
export interface LoopStep extends StepCommon {
  readonly kind: 'loop';
  /** At most so many iterations, from 1. */
  readonly max: number;
  /** Read after the body: true ends the loop. There is this, or `while`, or both. */
  readonly until?: Expr;
  /** Read before the body: false ends the loop. */
  readonly while?: Expr;
  /** What it is when neither ended it. */
  readonly onExhausted: 'fail' | 'continue';
  /** The body. */
  readonly steps: readonly Step[];
}

/** What is made of the instances of a matrix. */
export const REDUCE_MODES = ['compare', 'summarize', 'best-of'] as const;
export type ReduceMode = (typeof REDUCE_MODES)[number];

/**
 * Makes one result of a matrix's instances. `isolated`, of `best-of` alone, says how the candidates' trees are made again for the
 * checks, and how the winner's change is merged.
 */
export interface ReduceStep extends StepCommon {
  readonly kind: 'reduce';
  /** The matrix step; in the same list, and certain to have ended. */
  readonly from: StepId;
  readonly mode: ReduceMode;
  /** Who judges. It only reads; its prompt is made of the candidates. */
  readonly judge: PromptStep;
  /** What the judge is to go by. */
  readonly rubric?: Template;
  /** Of `best-of`: shell commands that a candidate must pass. */
  readonly checks: readonly string[];
}

/** Another workflow, run as a step. Like a loop it makes no attempts of its own, and knows no retries: its part does. */
export interface UsesStep extends StepCommon {
  readonly kind: 'uses';
  /** The file of the part, from the directory of the outermost workflow's file; begins with `./` or `../`. */
  readonly file: string;
  /** The workflow that stands there: read once, however often it is used. */
  readonly part: Workflow;
  /** Its inputs. */
  readonly with: Readonly<Record<string, ValueTemplate>>;
  /** Those of the step's variables that it says itself: they stand above the part's own. */
  readonly given: readonly string[];
}

/** A step of which attempts are made: something is started. */
export type WorkStep = RunStep | PromptStep;

/** One step of a workflow. */
export type Step = WorkStep | GateStep | LoopStep | ReduceStep | UsesStep;

/** A whole workflow. */
export interface Workflow {
  readonly source: SourceFile;
  /** SHA-256 of the source's UTF-8 bytes, hex. */
  readonly sha256: string;
  readonly name: string;
  readonly description?: string;
  readonly inputs: Readonly<Record<string, InputSpec>>;
  /** Names that `env` and `env-file` declare, which the `env` context may be asked for. */
  readonly env: Readonly<Record<string, Template>>;
  readonly envFiles: readonly { readonly path: string; readonly optional: boolean; readonly at: Range }[];
  readonly secrets: readonly { readonly name: string; readonly at: Range }[];
  readonly maxParallel?: number;
  readonly concurrency?: Concurrency;
  readonly budget?: Budget;
  /** By the name of the agent, of those that have one. */
  readonly agentBudgets?: Readonly<Record<string, Budget>>;
  readonly steps: readonly Step[];
  readonly finally: readonly Step[];
  readonly outputs: Readonly<Record<string, Template>>;
  /** The other files the workflow is made of (prompt files, schema files), by the path written in it; stored with a run. */
  readonly files: Readonly<Record<string, string>>;
}

/** Whether a step may change files of the shared tree on purpose, so that it runs alone there, is recorded and undone. */
export function isWriter(step: Step): step is PromptStep {
  return step.kind === 'prompt' && step.access !== 'read' && step.isolated === undefined;
}

/**
 * Every step of a list, each loop followed by its body, each used workflow by its part, each step with variants as those, in the
 * order of the files.
 */
export function withBodies(steps: readonly Step[]): readonly Step[] {
  return steps.flatMap((step) => {
    if (step.kind === 'loop') return [step, ...withBodies(step.steps)];
    if (step.kind === 'uses') return [step, ...allSteps(step.part)];
    return step.kind === 'prompt' && step.variants !== undefined
      ? Object.values(step.variants.steps)
      : [step];
  });
}

/** Every step of a workflow, those of loops, of used workflows and of `finally` included. */
export function allSteps({ steps, finally: last }: Pick<Workflow, 'steps' | 'finally'>): readonly Step[] {
  return withBodies([...steps, ...last]);
}
