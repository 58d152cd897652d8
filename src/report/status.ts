/** Shows one run to programs. */
import type { Plan } from '../model/plan.ts';
import type { Progress, StepProgress } from '../model/progress.ts';
import type { Json, JsonObject } from '../model/result.ts';
import type { Changes } from './changes.ts';
import { stepsInOrder } from './steps.ts';

/** A run as `status --json` prints it; what is not known is not there. */
export function statusJson(
  progress: Progress,
  options: { plan?: Plan | undefined; changes?: Changes } = {},
): JsonObject {
  const { run, status, workflow, path, sha256, inputs, attempt, startedAt, lastAt, usage, outputs, parked } =
    progress;
  return known({
    run,
    status,
    workflow,
    path,
    sha256,
    inputs,
    attempt,
    'started-at': startedAt,
    'changed-at': lastAt,
    usage: usage === undefined ? undefined : { ...usage },
    outputs,
    parked: parked === undefined ? undefined : { ...parked },
    steps: stepsInOrder(progress, options.plan).map((step) => stepJson(step, options.changes?.get(step.key))),
  });
}

function stepJson(step: StepProgress, files: readonly string[] | undefined): JsonObject {
  return known({
    step: step.key,
    status: step.status,
    attempt: step.attempt,
    kind: step.kind,
    engine: step.engine,
    model: step.model,
    session: step.session,
    'started-at': step.startedAt,
    'ended-at': step.endedAt,
    'duration-ms': step.values['duration-ms'],
    'exit-code': step.values['exit-code'],
    failure: step.failure === undefined ? undefined : { ...step.failure },
    because: step.because,
    'retry-at': step.retryAt,
    usage: step.usage === undefined ? undefined : { ...step.usage },
    files,
  });
}

function known(fields: Readonly<Record<string, Json | undefined>>): JsonObject {
  return Object.fromEntries(
    Object.entries(fields).filter((entry): entry is [string, Json] => entry[1] !== undefined),
  );
}
