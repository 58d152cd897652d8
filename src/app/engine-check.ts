/** Holds a workflow against what its engines can do. */
import { cannotHonour, dialectOf, enginesFor } from '../engines/dialects/dialects.ts';
import { type Diagnostic, diagnose } from '../model/diagnostic.ts';
import type { Range } from '../model/source.ts';
import type { PromptStep, Workflow } from '../model/workflow.ts';

/** Every key that an engine of its step cannot honour: found here, it costs seconds; found by the engine, a run. */
export function checkEngines(workflow: Workflow): readonly Diagnostic[] {
  const { source } = workflow;
  return [...workflow.steps, ...workflow.finally].flatMap((step) =>
    step.kind !== 'prompt'
      ? []
      : step.engines.flatMap((engine) => {
          const dialect = dialectOf(engine);
          if (dialect === undefined) return [];
          return cannotHonour(dialect, step).map((key) =>
            diagnose('engine-cannot', source.path, placeOf(source.text, step, key), {
              engine,
              key,
              able: enginesFor(step),
            }),
          );
        }),
  );
}

/** The key where the step itself says it, else the step's first line: then its agent says it. */
function placeOf(text: string, step: PromptStep, key: string): Range {
  const { start, end } = step.at;
  const body = text.slice(start, end);
  const found = new RegExp(`^[ \\t-]*(${key})[ \\t]*:`, 'm').exec(body);
  if (found?.[1] !== undefined) {
    const at = start + found.index + found[0].indexOf(found[1]);
    return { start: at, end: at + key.length };
  }
  const line = body.indexOf('\n');
  return { start, end: line === -1 ? end : start + line };
}
