/** The library door: what the commands do, for programs. */
import type { Diagnostic } from './model/diagnostic.ts';
import type { Event, Milestone, Usage } from './model/event.ts';
import type { RunId } from './model/ids.ts';
import type { Json, JsonObject } from './model/result.ts';

export { RefusedError } from './app/refused-error.ts';
export { type RunWorkflowOptions, runWorkflow, type WorkflowRun } from './app/runs/library-run.ts';
export { type Problem, type ValidateOptions, validate } from './app/validate/library-validate.ts';
export type { Diagnostic, Event, Json, JsonObject, Milestone, RunId, Usage };
