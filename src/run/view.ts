/** Shows steps as expressions see them under `steps`. */
import type { StepId } from '../model/ids.ts';
import { asStepKey } from '../model/ids.ts';
import type { StepProgress } from '../model/progress.ts';
import type { Json, JsonObject } from '../model/result.ts';
import type { Ledger } from './ledger.ts';

/**
 * The `steps` context. One object for the whole run whose properties look when they are asked: copying the steps for
 * each expression would make a run of n steps cost n².
 */
export function stepsView(ledger: Ledger, ids: readonly StepId[]): JsonObject {
  const steps = {};
  const shown = new Map<StepId, { of: StepProgress; view: Json }>();
  for (const id of ids) {
    const get = () => {
      const of = ledger.step(asStepKey(id));
      const known = shown.get(id);
      if (known?.of === of) return known.view;
      const view = stepView(of);
      shown.set(id, { of, view });
      return view;
    };
    Object.defineProperty(steps, id, { enumerable: true, get });
  }
  return steps;
}

/** One step: `status` is always there, everything else is null where the step did not get so far. */
export function stepView(step: StepProgress): JsonObject {
  const ran = step.status === 'succeeded' || step.status === 'failed' || step.status === 'canceled';
  const values = ran ? step.values : {};
  const usage = values.usage;
  return {
    status: step.status,
    text: values.text ?? null,
    output: values.output ?? null,
    outputs: values.outputs ?? null,
    stdout: values.stdout ?? null,
    stderr: values.stderr ?? null,
    'exit-code': values['exit-code'] ?? null,
    duration: values['duration-ms'] ?? null,
    attempts: ran && step.attempt > 0 ? step.attempt : null,
    usage: usage === undefined ? null : { ...usage },
    engine: ran ? (step.engine ?? null) : null,
    model: ran ? (step.model ?? null) : null,
    session: ran ? (step.session ?? null) : null,
    decision: values.decision ?? null,
    artifacts: values.artifacts?.map((artifact) => ({ ...artifact })) ?? null,
    failure: ran && step.failure !== undefined ? { ...step.failure } : null,
  };
}
