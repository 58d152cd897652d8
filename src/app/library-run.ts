/** Runs a workflow for programs. */
import type { Event } from '../model/event.ts';
import type { RunId } from '../model/ids.ts';
import type { Json, JsonObject } from '../model/result.ts';
import { printDiagnostics } from '../report/squiggle.ts';
import type { Refusal } from './refusal.ts';
import { start } from './start.ts';

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
  readonly maxParallel?: number;
  readonly failFast?: boolean;
  /** Directory of a recording to answer from instead of engines. */
  readonly replay?: string;
  /** Hears milestones, each after it was stored, and chatter. Must not throw. */
  readonly onEvent?: (event: Event) => void;
  /** Interrupts the run, which can then be resumed. */
  readonly signal?: AbortSignal;
}

/** How a run ended. */
export interface WorkflowRun {
  readonly run: RunId;
  /** `interrupted`: `codemachine resume` goes on. `lost`: another process took the run over. */
  readonly status: 'succeeded' | 'failed' | 'canceled' | 'interrupted' | 'lost' | 'refused';
  /** The workflow's `outputs`; empty unless the run ended. */
  readonly outputs: JsonObject;
  readonly message?: string;
}

/**
 * Runs a workflow as `codemachine run` does, checkpoints included.
 * @param workflow a path, or a name in `.codemachine/workflows`
 * @throws an Error with everything that is wrong when the run is refused before it starts
 */
export async function runWorkflow(workflow: string, options: RunWorkflowOptions = {}): Promise<WorkflowRun> {
  const { inputs = {}, onEvent, cwd, stateDir, signal, maxParallel, failFast, replay } = options;
  let outputs: JsonObject = {};
  const ended = await start({
    workflow,
    inputs,
    env: options.env ?? process.env,
    by: 'runWorkflow',
    flags: {
      ...(maxParallel === undefined ? {} : { maxParallel }),
      ...(failFast === undefined ? {} : { failFast }),
      ...(replay === undefined ? {} : { replay }),
    },
    reporter: () =>
      Promise.resolve({
        hear: (event: Event) => {
          if (event.type === 'run-finished') outputs = event.outputs;
          onEvent?.(event);
        },
        close: () => Promise.resolve(),
      }),
    warn: () => Promise.resolve(),
    tell: () => undefined,
    signals: false,
    ...(cwd === undefined ? {} : { cwd }),
    ...(stateDir === undefined ? {} : { stateDir }),
    ...(signal === undefined ? {} : { signal }),
  });
  if (!ended.ok) throw new Error(sentence(ended.error));
  const { record, end, message } = ended.value;
  return { run: record.id, status: end, outputs, ...(message === undefined ? {} : { message }) };
}

function sentence({ message, help, diagnostics, sources }: Refusal): string {
  const shown =
    diagnostics === undefined ? '' : printDiagnostics(diagnostics, sources ?? new Map(), { color: false });
  return [shown.trimEnd(), message, help].filter(Boolean).join('\n');
}
