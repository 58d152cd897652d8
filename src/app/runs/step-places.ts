/** Finds the line in which the step of an execution is written. */
import path from 'node:path';
import { wayTo } from '../../model/ids.ts';
import { locator } from '../../model/source.ts';
import type { Step, Workflow } from '../../model/workflow.ts';
import type { PlaceOf, StepPlace } from '../../report/run-annotations.ts';

/**
 * Finds the line of a step, in the used workflow that it stands in, or else, where that file is outside of the repository, the line
 * that uses it.
 * @param file the workflow's own, from the root, or absolute
 */
export function placesIn(workflow: Workflow, file: string): PlaceOf {
  const locators = new Map<string, ReturnType<typeof locator>>();
  return (key) => {
    let list: readonly Step[] = [...workflow.steps, ...workflow.finally];
    let [at, source] = [file, workflow.source];
    let place: StepPlace | undefined;
    for (const id of wayTo(key)) {
      const step = list.find((one) => one.id === id);
      if (step === undefined) return place;
      const locate = locators.get(at) ?? locator(source.text);
      locators.set(at, locate);
      place = { file: at, line: locate(step.at.start).line };
      list = step.kind === 'loop' ? step.steps : [];
      if (step.kind !== 'uses') continue;
      at = path.join(path.dirname(file), step.file);
      if (at.startsWith('..')) return place;
      list = [...step.part.steps, ...step.part.finally];
      source = step.part.source;
    }
    return place;
  };
}
