/** Holds a workflow against what its engines can do. */
import { cannotHonour, dialectOf, enginesFor } from '../engines/dialects/dialects.ts';
import { type Diagnostic, diagnose } from '../model/diagnostic.ts';
import { agentSteps, type Workflow } from '../model/workflow.ts';
import { placeOf } from './key-place.ts';

/** Every key that an engine of its step cannot honour: found here, it costs seconds; found by the engine, a run. */
export function checkEngines(workflow: Workflow): readonly Diagnostic[] {
  const { source } = workflow;
  return agentSteps(workflow).flatMap((step) =>
    step.engines.flatMap((engine) => {
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
