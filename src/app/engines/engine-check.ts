/** Holds a workflow against what its engines can do. */
import { cannotHonour, dialectOf, type Engines, enginesFor } from '../../engines/dialects/dialects.ts';
import type { Config, Policy } from '../../model/config.ts';
import { type Diagnostic, diagnose } from '../../model/diagnostic.ts';
import { literalText } from '../../model/expression.ts';
import { agentsAmong, ownSteps, partsOf } from '../../model/parts.ts';
import { ACCESS_LEVELS, type PromptStep, type Workflow } from '../../model/workflow.ts';
import { placeOf } from '../key-place.ts';
import { checkTools } from './tool-check.ts';

/** The keys of a step that an engine of one's own can honour, with what declares it. */
const DECLARABLE: Readonly<Record<string, string>> = {
  model: 'model',
  session: 'session.continue',
  fork: 'session.fork',
};

/** Every key that an engine of its step cannot honour: found here, it costs seconds; found by the engine, a run. */
function checkEngines(workflow: Workflow, engines: Engines): readonly Diagnostic[] {
  const { source } = workflow;
  const all = agentsAmong(ownSteps(workflow));
  return all.flatMap((step) => {
    const wishes = { ...step, elsewhere: beganElsewhere(step, all) };
    return step.engines.flatMap((engine) => {
      const dialect = dialectOf(engine, engines);
      if (dialect === undefined) return [];
      return cannotHonour(dialect, wishes).map((key) => {
        const at = placeOf(source.text, step, key);
        if (key === 'access') {
          const { levels = ACCESS_LEVELS } = dialect.capabilities;
          return diagnose('access-not-declared', source.path, at, { engine, access: step.access, levels });
        }
        // Of what it cannot do by now, its declaration may say that it can.
        const declare =
          engines[engine]?.declared !== undefined && Object.hasOwn(DECLARABLE, key)
            ? `\`engines.${engine}.${DECLARABLE[key] ?? key}\``
            : undefined;
        return diagnose('engine-cannot', source.path, at, {
          ...{ engine, key, able: enginesFor(wishes, engines) },
          ...(declare === undefined ? {} : { declare }),
        });
      });
    });
  });
}

/** Whether the session in which a step goes on is known to have begun in another directory. */
function beganElsewhere({ session, workingDirectory }: PromptStep, all: readonly PromptStep[]): boolean {
  if (session === undefined || session === 'continue') return false;
  const began = all.find(({ id }) => id === session.of);
  if (began === undefined) return false;
  const [here, there] = [workingDirectory, began.workingDirectory].map((one) =>
    one === undefined ? '.' : literalText(one),
  );
  return began.isolated !== undefined || (here !== undefined && there !== undefined && here !== there);
}

/** Every engine that works under a limit in dollars, and nobody knows what it costs. */
function checkCosts(
  workflow: Workflow,
  around: readonly Workflow[],
  { prices = {}, engines }: Config,
): readonly Diagnostic[] {
  const { source, agentBudgets = {} } = workflow;
  return agentsAmong(ownSteps(workflow)).flatMap((step) => {
    const ofAgent = step.agent === undefined ? undefined : agentBudgets[step.agent];
    const budgets = [...around.map(({ budget }) => budget), ofAgent, step.budget];
    // What a policy asks is told first: with nothing but the file changed, it would be refused again.
    const by = budgets.find((budget) => budget?.knownCostBy !== undefined)?.knownCostBy;
    if (
      by === undefined &&
      !budgets.some((budget) => budget?.limits.usd !== undefined && !budget.allowUnknownCost)
    )
      return [];
    const model = step.model === undefined ? undefined : literalText(step.model);
    const isPriced = model !== undefined && Object.hasOwn(prices, model);
    return step.engines
      .filter((engine) => dialectOf(engine, engines)?.capabilities.reportsCost === false && !isPriced)
      .map((engine) =>
        diagnose(
          'unknown-cost',
          source.path,
          placeOf(source.text, step, step.model === undefined ? 'engine' : 'model'),
          {
            engine,
            ...(model === undefined ? {} : { model }),
            ...(by === undefined ? {} : { by }),
          },
        ),
      );
  });
}

/** Limits that an engine is held to worse than they read, or not at all. */
function checkLimits(
  workflow: Workflow,
  around: readonly Workflow[],
  root: Workflow,
  { prices = {}, engines }: Config,
): readonly Diagnostic[] {
  const { source, agentBudgets = {} } = workflow;
  return agentsAmong(ownSteps(workflow)).flatMap((step) => {
    const ofAgent = step.agent === undefined ? undefined : agentBudgets[step.agent];
    const all = [...around.map(({ budget }) => budget), ofAgent, step.budget];
    // By `pause`, what runs comes to its end when the run has spent its budget, whatever its engine says.
    const ending = [
      ...around.map((one) => (one === root && one.budget?.onExceed !== 'fail' ? undefined : one.budget)),
      ...[ofAgent, step.budget],
    ];
    const at = placeOf(source.text, step, 'engine');
    const model = step.model === undefined ? undefined : literalText(step.model);
    const isPriced = model !== undefined && Object.hasOwn(prices, model);
    return step.engines.flatMap((engine) => {
      const dialect = dialectOf(engine, engines);
      if (dialect === undefined) return [];
      const { usage, reportsCost, limitsCost } = dialect.capabilities;
      if (usage === 'none' && !reportsCost && all.some((one) => one?.limits.tokens !== undefined))
        return [diagnose('budget-uncounted', source.path, at, { engine })];
      const isBlind = usage === 'end' && limitsCost !== true && (reportsCost || isPriced);
      return isBlind && ending.some((one) => one?.limits.usd !== undefined)
        ? [diagnose('budget-between-attempts', source.path, at, { engine })]
        : [];
    });
  });
}

/** What the policy of this machine, or of the repository, does not allow. */
function checkPolicy(workflow: Workflow, policy: Policy): readonly Diagnostic[] {
  const { source } = workflow;
  return agentsAmong(ownSteps(workflow)).flatMap((step) => {
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

/** Gives the text of a file of the workspace, by its path from the root; undefined where there is none that can be read. */
export type InTree = (file: string) => string | undefined;

/** Engines, each where it is first named, that a file of the workspace could have carry their keys elsewhere. */
function checkSteering(workflow: Workflow, engines: Engines, inTree: InTree): readonly Diagnostic[] {
  const { source } = workflow;
  const steps = agentsAmong(ownSteps(workflow));
  const named = [...new Set(steps.flatMap((step) => step.engines))];
  return named.flatMap((engine) => {
    const { files = [], says } = dialectOf(engine, engines)?.steeredBy ?? {};
    const step = steps.find((one) => one.engines.includes(engine));
    if (says === undefined || step === undefined) return [];
    return files.flatMap((file) => {
      const found = says.exec(inTree(file) ?? '')?.[0];
      if (found === undefined) return [];
      const at = placeOf(source.text, step, 'engine');
      return [diagnose('engine-steered', source.path, at, { engine, file, says: found })];
    });
  });
}

/** Everything that is to be said of the agents of a workflow, and of those that it uses. */
export function checkAgents(
  workflow: Workflow,
  config: Config,
  inTree: InTree = () => undefined,
): readonly Diagnostic[] {
  const all = partsOf(workflow);
  return all
    .flatMap((part) => {
      // What binds a workflow binds those that it uses.
      const around = all.filter((one) => partsOf(one).includes(part));
      return [
        ...checkEngines(part, config.engines),
        ...checkTools(part, config.engines),
        ...checkCosts(part, around, config),
        ...checkSteering(part, config.engines, inTree),
        ...checkLimits(part, around, workflow, config),
      ];
    })
    .concat(deniedBy(workflow, config.policy));
}

/** What the policy does not allow, of a workflow or of those that it uses. */
export function deniedBy(workflow: Workflow, policy: Policy | undefined): readonly Diagnostic[] {
  return policy === undefined ? [] : partsOf(workflow).flatMap((part) => checkPolicy(part, policy));
}
