/** Shows steps as expressions see them under `steps`. */
import type { Usage } from '../model/event.ts';
import type { StepKey } from '../model/ids.ts';
import { iterationPrefix } from '../model/ids.ts';
import type { StepProgress } from '../model/progress.ts';
import { lastIteration } from '../model/progress.ts';
import type { Json, JsonObject } from '../model/result.ts';
import type { LoopStep, Step } from '../model/workflow.ts';
import type { Frame } from './frame.ts';
import { keyIn } from './frame.ts';
import type { Ledger } from './ledger.ts';

/** A list of steps with what its keys begin with. */
type List = Pick<Frame, 'prefix' | 'planned'>;

/**
 * The `steps` context. One object for a whole frame whose properties look when they are asked: copying the steps for
 * each expression would make a run of n steps cost n².
 * @param outer what the frame around it shows; its own steps stand above those
 */
export function stepsView(ledger: Ledger, lists: readonly List[], outer?: JsonObject): JsonObject {
  const steps: JsonObject = Object.defineProperties({}, Object.getOwnPropertyDescriptors(outer ?? {}));
  for (const list of lists) {
    for (const { step } of list.planned) {
      const own = keyIn(list, step);
      show(steps, step, viewer(ledger, own));
      if (step.kind === 'loop') showBody(ledger, steps, step, () => made(ledger, step, own));
    }
  }
  return steps;
}

/** The steps of an iteration as the one after it sees them: all empty where there was none. */
export function previousView(ledger: Ledger, list: List): JsonObject {
  const steps: JsonObject = {};
  for (const { step } of list.planned) {
    const key = keyIn(list, step);
    const ran = () => ledger.progress.steps.has(key);
    const view = viewer(ledger, key);
    show(steps, step, () => (ran() ? view() : { ...stepView(ledger.step(key)), status: null }));
  }
  return steps;
}

function show(steps: JsonObject, { id }: Step, get: () => Json): void {
  Object.defineProperty(steps, id, { enumerable: true, configurable: true, get });
}

function viewer(ledger: Ledger, key: StepKey): () => JsonObject {
  let shown: { of: StepProgress; view: JsonObject } | undefined;
  return () => {
    const of = ledger.step(key);
    // Those of a matrix change without it.
    if (of.instances !== undefined) return viewOf(ledger, key);
    if (shown?.of !== of) shown = { of, view: stepView(of) };
    return shown.view;
  };
}

function viewOf(ledger: Ledger, key: StepKey): JsonObject {
  const of = ledger.step(key);
  return of.instances === undefined ? stepView(of) : matrixView(ledger, of);
}

/** Of a matrix: its instances, in its order. */
function matrixView(ledger: Ledger, matrix: StepProgress): JsonObject {
  const instances = (matrix.instances ?? []).map(({ key, matrix: values }) => {
    const { status, text, output, outputs, stdout, 'exit-code': code = null } = stepView(ledger.step(key));
    return {
      key,
      matrix: values,
      ...{ status, text, output, outputs, stdout, 'exit-code': code },
    } as JsonObject;
  });
  return { ...stepView(matrix), instances };
}

/** After a loop, a step of its body is its last execution, with the list of all. Every body step of bodies inside, too. */
function showBody(ledger: Ledger, steps: JsonObject, loop: LoopStep, loops: () => readonly StepKey[]): void {
  for (const step of loop.steps) {
    const keys = () =>
      loops().flatMap((key) => iterations(ledger, key).map((prefix) => keyIn({ prefix }, step)));
    show(steps, step, () => {
      const executions = keys().filter((key) => ledger.progress.steps.has(key));
      const views = executions.map((key) => viewOf(ledger, key));
      const last = views.at(-1) ?? {
        ...stepView(ledger.step(keyIn({ prefix: '' }, step))),
        status: 'skipped',
      };
      return { ...last, executions: views };
    });
    if (step.kind === 'loop')
      showBody(ledger, steps, step, () => keys().flatMap((key) => made(ledger, step, key)));
  }
}

/** Under which keys a step was made: of a matrix those of its instances. */
function made(ledger: Ledger, step: Step, key: StepKey): readonly StepKey[] {
  return step.matrix === undefined ? [key] : (ledger.step(key).instances ?? []).map((one) => one.key);
}

function iterations(ledger: Ledger, loop: StepKey): readonly string[] {
  const last = lastIteration(ledger.step(loop));
  return Array.from({ length: last }, (_, index) => iterationPrefix(loop, index + 1));
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
    count: values.count ?? null,
    instances: null,
    duration: values['duration-ms'] ?? null,
    attempts: ran && step.attempt > 0 ? step.attempt : null,
    usage: usage === undefined ? null : usageView(usage),
    engine: ran ? (step.engine ?? null) : null,
    model: ran ? (step.model ?? null) : null,
    session: ran ? (step.session ?? null) : null,
    decision: values.decision ?? null,
    artifacts: values.artifacts?.map((artifact) => ({ ...artifact })) ?? null,
    failure: ran && step.failure !== undefined ? { ...step.failure } : null,
  };
}

/** Where a cost comes from is for bills. */
function usageView({ 'usd-from': _, ...usage }: Usage): JsonObject {
  return usage;
}
