/** Says what was probably meant by a property that is not there. */
import type { Workflow } from '../model/workflow.ts';
import type { StepPlace } from './expression-lists.ts';
import { insteadOfStepProperty } from './expression-steps.ts';
import { nearest } from './suggest.ts';

/** Why a property is not there, when there is more to say than a near name. */
export function hintFor(
  subject: string,
  name: string,
  { workflow, places }: { readonly workflow: Workflow; readonly places: ReadonlyMap<string, StepPlace> },
): string | undefined {
  const [context, id, property] = subject.split('.');
  if (context === 'steps' && id !== undefined) {
    const step = places.get(id)?.step;
    if (step === undefined) return undefined;
    if (property === undefined) return insteadOfStepProperty(step, name);
    const declarable =
      property === 'outputs' && step.kind === 'run' && nearest(name, Object.keys(step.outputs)) === undefined;
    return declarable ? `declare it under the \`outputs:\` of \`${id}\`: \`${name}: string\`` : undefined;
  }
  if (property !== undefined || id !== undefined) return undefined;
  if (context === 'run' && name === 'status') return 'a run has a status in `finally` only';
  const known: Readonly<Record<string, readonly string[]>> = {
    inputs: Object.keys(workflow.inputs),
    secrets: workflow.secrets.map((secret) => secret.name),
  };
  const names = context === undefined ? undefined : known[context];
  if (context === 'env') return undefined;
  return names === undefined || nearest(name, names) !== undefined
    ? undefined
    : `declare it under \`${context}:\``;
}
