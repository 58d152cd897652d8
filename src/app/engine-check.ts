/** Holds a workflow against what its engines can do. */
import { cannotHonour, dialectOf, enginesFor } from '../engines/dialects/dialects.ts';
import type { Config } from '../model/config.ts';
import { type Diagnostic, diagnose } from '../model/diagnostic.ts';
import { literalText } from '../model/expression.ts';
import { ACCESS_LEVELS, agentSteps, type Workflow } from '../model/workflow.ts';
import { placeOf } from './key-place.ts';

/** Every key that an engine of its step cannot honour: found here, it costs seconds; found by the engine, a run. */
function checkEngines(workflow: Workflow): readonly Diagnostic[] {
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

/** Every engine that works under a limit in dollars, and nobody knows what it costs. */
function checkCosts(workflow: Workflow, { prices = {} }: Config): readonly Diagnostic[] {
  const { source, budget: ofRun, agentBudgets = {} } = workflow;
  return agentSteps(workflow).flatMap((step) => {
    const ofAgent = step.agent === undefined ? undefined : agentBudgets[step.agent];
    const binding = [ofRun, ofAgent, step.budget].some(
      (budget) => budget?.limits.usd !== undefined && !budget.allowUnknownCost,
    );
    if (!binding) return [];
    const model = step.model === undefined ? undefined : literalText(step.model);
    const isPriced = model !== undefined && Object.hasOwn(prices, model);
    return step.engines
      .filter((engine) => dialectOf(engine)?.capabilities.reportsCost === false && !isPriced)
      .map((engine) =>
        diagnose(
          'unknown-cost',
          source.path,
          placeOf(source.text, step, step.model === undefined ? 'engine' : 'model'),
          {
            engine,
            ...(model === undefined ? {} : { model }),
          },
        ),
      );
  });
}

/** What the policy of this machine, or of the repository, does not allow. */
function checkPolicy(workflow: Workflow, { policy }: Config): readonly Diagnostic[] {
  const { source } = workflow;
  if (policy === undefined) return [];
  return agentSteps(workflow).flatMap((step) => {
    const denied = (key: string, asked: string, allowed: string, from: string): Diagnostic =>
      diagnose('policy-denies', source.path, placeOf(source.text, step, key), { key, asked, allowed, from });
    const engines = (policy.engines ?? []).flatMap(({ value, from }) =>
      step.engines
        .filter((engine) => !value.includes(engine))
        .map((engine) => denied('engine', engine, value.join(', '), from)),
    );
    const most = policy.maxAccess;
    const wide =
      most !== undefined && ACCESS_LEVELS.indexOf(step.access) > ACCESS_LEVELS.indexOf(most.value)
        ? [denied('access', step.access, most.value, most.from)]
        : [];
    return [...engines, ...wide];
  });
}

/** Everything that is to be said of a workflow's agents. */
export function checkAgents(workflow: Workflow, config: Config): readonly Diagnostic[] {
  return [...checkEngines(workflow), ...checkCosts(workflow, config), ...checkPolicy(workflow, config)];
}
