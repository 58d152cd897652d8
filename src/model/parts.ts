/** Tells the files of a workflow apart: its own, and those that it uses. */
import { type StepId, type StepKey, wayTo } from './ids.ts';
import { allSteps, type PromptStep, type Step, type Workflow } from './workflow.ts';

type Lists = Pick<Workflow, 'steps' | 'finally'>;

/** The workflow, then each that it uses, itself or through others: each once. */
export function partsOf(workflow: Workflow): readonly Workflow[] {
  const found = new Set([workflow]);
  // The set grows while it is walked.
  for (const one of found) for (const step of ownSteps(one)) if (step.kind === 'uses') found.add(step.part);
  return [...found];
}

/** Every step that stands in the workflow's own file, those of loops and of `finally` included, in file order. */
export function ownSteps({ steps, finally: last }: Lists): readonly Step[] {
  const all = (list: readonly Step[]): readonly Step[] =>
    list.flatMap((step) => {
      if (step.kind === 'loop') return [step, ...all(step.steps)];
      return step.kind === 'prompt' && step.variants !== undefined
        ? Object.values(step.variants.steps)
        : [step];
    });
  return all([...steps, ...last]);
}

/** The step whose execution a key names; for a resolution of its conflict the step that had it. Undefined where there is none. */
export function stepAt({ steps, finally: last }: Lists, key: StepKey): Step | undefined {
  let list: readonly Step[] = [...steps, ...last];
  let found: Step | undefined;
  for (const id of wayTo(key)) {
    found = stepOf(list, id);
    if (found === undefined) return undefined;
    list = found.kind === 'loop' ? found.steps : [];
    if (found.kind === 'uses') list = [...found.part.steps, ...found.part.finally];
  }
  return found;
}

function stepOf(list: readonly Step[], id: StepId): Step | undefined {
  return list.find((step) => step.id === id);
}

/** Every step that an agent works on, those who judge or resolve conflicts and those of used workflows included. */
export function agentSteps(workflow: Workflow): readonly PromptStep[] {
  return agentsAmong(allSteps(workflow));
}

/** Those of some steps, bodies left aside, that an agent works on; those who judge or resolve conflicts included. */
export function agentsAmong(steps: readonly Step[]): readonly PromptStep[] {
  return steps.flatMap((step) => {
    if (step.kind === 'reduce') return [step.judge];
    const resolver = step.isolated?.onConflict?.agent;
    return [...(step.kind === 'prompt' ? [step] : []), ...(resolver === undefined ? [] : [resolver])];
  });
}
