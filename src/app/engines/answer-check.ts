/** Holds the schemas that agents are to answer in against JSON Schema itself. */
import { type Diagnostic, diagnose } from '../../model/diagnostic.ts';
import { ownSteps, partsOf } from '../../model/parts.ts';
import type { Workflow } from '../../model/workflow.ts';
import { placeOf } from '../key-place.ts';

/** Every `output` that is no JSON Schema: an engine would refuse it, or worse, obey half of it. Loads a compiler only where there is one. */
export async function checkAnswers(workflow: Workflow): Promise<readonly Diagnostic[]> {
  const all: Diagnostic[] = [];
  for (const part of partsOf(workflow)) all.push(...(await checkOwn(part)));
  return all;
}

async function checkOwn(workflow: Workflow): Promise<readonly Diagnostic[]> {
  const { source } = workflow;
  const found: Diagnostic[] = [];
  const seen = new Set<string>();
  for (const step of ownSteps(workflow)) {
    // One step that several agents do is one mistake.
    if (seen.has(step.id)) continue;
    seen.add(step.id);
    if (step.kind !== 'prompt' || step.output === undefined) continue;
    const { schemaProblem } = await import('../../workflow/answer.ts');
    const problem = schemaProblem(step.output);
    if (problem === undefined) continue;
    found.push(diagnose('bad-schema', source.path, placeOf(source.text, step, 'output'), { problem }));
  }
  return found;
}
