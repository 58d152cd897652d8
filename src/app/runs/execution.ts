/** Says what a run needs before it can go. */
import type { ScopedLimits } from '../../model/budget.ts';
import type { Config } from '../../model/config.ts';
import type { Milestone } from '../../model/event.ts';
import type { RunId } from '../../model/ids.ts';
import type { Plan } from '../../model/plan.ts';
import type { Attempt, Clock, Reporter } from '../../model/ports.ts';
import type { Workflow } from '../../model/workflow.ts';
import type { RunInput, RunPorts, Undone, UndoQuestion } from '../../run/running.ts';
import type { Lease } from '../../state/lease.ts';
import type { RunRecord } from '../../state/runs.ts';
import type { State } from '../../state/state.ts';
import type { GitWorkspace } from '../../workspace/workspace.ts';
import type { Variables } from '../facts.ts';
import type { Place } from '../place.ts';

/** Asks at the terminal what is decided at a gate. */
export type AskGate = (
  ...asked: [...Parameters<NonNullable<RunPorts['askGate']>>, GitWorkspace | undefined]
) => ReturnType<NonNullable<RunPorts['askGate']>>;

/** What stands in for the machine, where a run is only tried: the time, those who work, and what else the runner is handed. */
export interface Stage {
  readonly clock: Clock;
  /** Makes the attempts in place of those who would; `own` are they. */
  attempt(own: Attempt): Attempt;
  ports(own: RunPorts): RunPorts;
}

/** A run that is ready to go: owned, read, planned. */
export interface Execution {
  readonly place: Place;
  readonly state: State;
  readonly lease: Lease;
  readonly record: RunRecord;
  readonly workflow: Workflow;
  readonly plan: Plan;
  /** As it was when the run started. */
  readonly config: Config;
  readonly history: readonly Milestone[];
  /** As in `RunInput`: what is said with the opening, and what kind of opening it is. */
  readonly opening?: Pick<RunInput, 'prelude' | 'putBack' | 'updated' | 'retryOf' | 'resolved'>;
  readonly variables: Variables;
  readonly workspace: GitWorkspace | undefined;
  readonly env: NodeJS.ProcessEnv;
  readonly reporter: Reporter;
  readonly by: string;
  readonly keepTree?: boolean;
  /** Limits that hold from now on. */
  readonly raise?: ScopedLimits;
  readonly decideUndo?: (question: UndoQuestion) => Promise<'undo' | 'keep' | 'stop'>;
  readonly othersSince?: (at: string) => readonly RunId[];
  readonly undone?: (undone: Undone) => Promise<void>;
  /** Puts the question of a gate to whoever sits at the terminal. */
  readonly askGate?: AskGate;
  /** Says something to people about this process, not about the run. */
  readonly tell: (sentence: string) => void;
  /** Whether SIGINT, SIGTERM and SIGHUP of this process mean the run. */
  readonly signals: boolean;
  /** Stops the run from inside this process, as Ctrl-C would. */
  readonly signal?: AbortSignal;
  /** Ends the run as canceled before anything starts. */
  readonly cancel?: boolean;
  /** Whether the run parks where nothing is left but to wait for a quota; unsaid, it does in GitHub Actions. */
  readonly park?: boolean;
  readonly stage?: Stage;
}
