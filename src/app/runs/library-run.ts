/** Runs a workflow for programs. */
import type { Event } from '../../model/event.ts';
import type { RunId } from '../../model/ids.ts';
import type { Json, JsonObject } from '../../model/result.ts';
import { refusedError } from '../refused-error.ts';
import type { RunFlags } from './record.ts';
import { absoluteFlags, type StartOptions, start } from './start.ts';

/** What a program says about a run. */
export interface RunWorkflowOptions {
  /** Values of the workflow's inputs. */
  readonly inputs?: Readonly<Record<string, Json>>;
  /** Where to look for the workflow and the repository; default: the process's own directory. */
  readonly cwd?: string;
  /** Default: `.codemachine/state` of the repository. */
  readonly stateDir?: string;
  /** What children may inherit; default: the process's own. */
  readonly env?: NodeJS.ProcessEnv;
  /** How many steps run at once: a whole number from 1. */
  readonly maxParallel?: number;
  readonly failFast?: boolean;
  /** Directory of a recording to answer from instead of engines. */
  readonly replay?: string;
  /**
   * Hears milestones, each after it was stored, and chatter. What it throws interrupts the run, which is recorded and can be
   * resumed, and is what `runWorkflow` rejects with then; it hears nothing more.
   */
  readonly onEvent?: (event: Event) => void;
  /** Interrupts the run, which can then be resumed. */
  readonly signal?: AbortSignal;
}

/** How a run ended. */
export interface WorkflowRun {
  readonly run: RunId;
  /**
   * `interrupted`: `codemachine resume` goes on. `parked`: somebody is to decide, or paused it; `resume` goes on after that. `lost`: nothing more could be recorded, because another process took the run
   * over or its state directory failed; `message` says which.
   */
  readonly status: 'succeeded' | 'failed' | 'canceled' | 'interrupted' | 'parked' | 'lost';
  /** The workflow's `outputs`; empty unless the run ended. */
  readonly outputs: JsonObject;
  readonly message?: string;
}

/**
 * Runs a workflow as `codemachine run` does, checkpoints included.
 * @param workflow a path, or a name in `.codemachine/workflows`
 * @throws RefusedError with everything that is wrong when the run is refused before it starts; TypeError for options that are none;
 * what `onEvent` throws
 */
export async function runWorkflow(workflow: string, options: RunWorkflowOptions = {}): Promise<WorkflowRun> {
  const flags = checked(workflow, options);
  const listener = listen(options.onEvent);
  const { signal } = options;
  const ended = await start({
    ...placed(options),
    workflow,
    inputs: options.inputs ?? {},
    env: options.env ?? process.env,
    by: 'runWorkflow',
    flags,
    reporter: () => Promise.resolve({ hear: listener.hear, close: () => Promise.resolve() }),
    warn: () => Promise.resolve(),
    tell: () => undefined,
    signals: false,
    signal: signal === undefined ? listener.threw : AbortSignal.any([signal, listener.threw]),
  });
  if (!ended.ok) throw refusedError(ended.error);
  if (listener.threw.aborted) throw listener.threw.reason;
  const { record, end, message } = ended.value;
  // Only a resumed run is refused after it was found.
  if (end === 'refused') throw refusedError({ message: message ?? 'the run was refused' });
  const outputs = listener.outputs();
  return { run: record.id, status: end, outputs, ...(message === undefined ? {} : { message }) };
}

/** Programs without types reach this too; what they meant is better asked here than found by a crash inside. */
function checked(workflow: unknown, { maxParallel, failFast, replay, cwd }: RunWorkflowOptions): RunFlags {
  if (typeof workflow !== 'string' || workflow === '')
    throw new TypeError('runWorkflow needs a workflow: a path, or a name in .codemachine/workflows');
  if (maxParallel !== undefined && (!Number.isInteger(maxParallel) || maxParallel < 1))
    throw new TypeError(`maxParallel must be a whole number from 1, and is ${String(maxParallel)}`);
  const flags = {
    ...(maxParallel === undefined ? {} : { maxParallel }),
    ...(failFast === undefined ? {} : { failFast }),
    ...(replay === undefined ? {} : { replay }),
  };
  return absoluteFlags(flags, cwd ?? process.cwd());
}

function placed({ cwd, stateDir }: RunWorkflowOptions): Pick<StartOptions, 'cwd' | 'stateDir'> {
  return { ...(cwd === undefined ? {} : { cwd }), ...(stateDir === undefined ? {} : { stateDir }) };
}

interface Listener {
  readonly hear: (event: Event) => void;
  /** Aborted, with what was thrown as its reason, once `onEvent` has thrown. */
  readonly threw: AbortSignal;
  readonly outputs: () => JsonObject;
}

/** Journals have no use for a listener that throws: it would look as if nothing could be stored any more. */
function listen(onEvent: ((event: Event) => unknown) | undefined): Listener {
  const stop = new AbortController();
  let outputs: JsonObject = {};
  const failed = (error: unknown): void => stop.abort(error ?? new Error('onEvent threw nothing'));
  return {
    hear: (event) => {
      if (event.type === 'run-finished') outputs = event.outputs;
      if (stop.signal.aborted) return;
      try {
        const answer = onEvent?.(event);
        // An async function fits the type; unheard, its rejection would end the program with the run half stopped.
        if (answer instanceof Promise) answer.catch(failed);
      } catch (error) {
        failed(error);
      }
    },
    threw: stop.signal,
    outputs: () => outputs,
  };
}
