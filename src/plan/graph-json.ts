/** Shows a plan to programs; the shape is part of the contract. */
import { literalText, type Template, type ValueTemplate } from '../model/expression.ts';
import type { CacheOutlook, Estimate, Estimated, Plan } from '../model/plan.ts';
import type { Json, JsonObject } from '../model/result.ts';
import type {
  GateStep,
  Isolated,
  LoopStep,
  Matrix,
  PromptStep,
  ReduceStep,
  Step,
  UsesStep,
  Workflow,
} from '../model/workflow.ts';
import { allowanceJson } from './allowance.ts';
import { mergedTogether } from './isolation.ts';

/** What is known from earlier runs. */
interface Known {
  readonly estimated?: Estimated;
  readonly cache?: Readonly<Record<string, CacheOutlook>>;
  readonly conditions?: Readonly<Record<string, boolean>>;
}

/**
 * Steps of `finally` have no batch: they run one after the other when everything else has ended. `merges` lists the isolated
 * steps that are merged in that order when the last of them has ended.
 */
export function graphJson(
  plan: Plan,
  workflow: Workflow,
  { estimated, cache = {}, conditions = {} }: Known = {},
): JsonObject {
  const steps = describeSteps(plan);
  const merges = mergedTogether(plan).filter((group) => group.length > 0);
  return {
    workflow: workflow.name,
    ...(workflow.concurrency === undefined
      ? {}
      : {
          concurrency: {
            group: templateText(workflow.concurrency.group),
            'on-conflict': workflow.concurrency.onConflict,
          },
        }),
    ...(workflow.budget === undefined ? {} : { budget: allowanceJson(workflow.budget) }),
    ...(workflow.agentBudgets === undefined
      ? {}
      : { 'agent-budgets': budgetsOfAgents(workflow.agentBudgets) }),
    batches: plan.batches,
    steps,
    'critical-path': plan.criticalPath,
    ...(merges.length === 0 ? {} : { merges: merges.map((group) => group.map((step) => step.id)) }),
    ...finallyOf(plan),
    ...(estimated === undefined ? {} : { estimate: estimateJson(estimated) }),
    ...(Object.keys(conditions).length === 0 ? {} : { conditions }),
    ...(Object.keys(cache).length === 0 ? {} : { cache: outlookJson(cache) }),
  };
}

function outlookJson(cache: NonNullable<Known['cache']>): JsonObject {
  const each = Object.entries(cache).map(([id, { run, open, because }]): readonly [string, Json] => [
    id,
    { 'taken-from': run ?? null, ...(open === true ? { known: false } : {}), because },
  ]);
  return Object.fromEntries(each);
}

function estimateJson({ steps, ms, usd, unknown, path }: Estimated): JsonObject {
  const each = Object.entries(steps).map(([id, one]) => [id, estimateOf(one)] as const);
  const whole = { 'duration-ms': ms, usd, unknown, 'critical-path': path };
  return { ...whole, steps: Object.fromEntries(each) };
}

/** Null where nobody knows. */
function estimateOf({ ms, usd, of }: Estimate): JsonObject {
  return { 'duration-ms': ms ?? null, usd: usd ?? null, of };
}

function budgetsOfAgents(budgets: NonNullable<Workflow['agentBudgets']>): JsonObject {
  return Object.fromEntries(Object.entries(budgets).map(([name, budget]) => [name, allowanceJson(budget)]));
}

function finallyOf({ last }: Plan): JsonObject {
  return last.length === 0 ? {} : { finally: last.map(({ step }) => step.id) };
}

/** The steps of a list by id; a loop has those of its body in it, a used workflow its own. */
function describeSteps(plan: Plan): Record<string, Json> {
  const steps: Record<string, Json> = {};
  for (const { step, batch, leftOut, body } of plan.steps) {
    steps[step.id] = {
      ...describe(step),
      needs: step.needs,
      batch,
      ...(leftOut ? { 'left-out': true } : {}),
      ...bodyOf(body),
    };
  }
  for (const { step, body } of plan.last)
    steps[step.id] = { ...describe(step), needs: [], finally: true, ...bodyOf(body) };
  return steps;
}

function bodyOf(body: Plan | undefined): JsonObject {
  return body === undefined ? {} : { batches: body.batches, steps: describeSteps(body), ...finallyOf(body) };
}

function describe(step: Step): JsonObject {
  const common = {
    kind: step.kind,
    ...(step.name === undefined ? {} : { name: step.name }),
    ...(step.if === undefined ? {} : { if: step.if.text }),
    ...(step.timeoutMs === undefined ? {} : { 'timeout-ms': step.timeoutMs }),
    attempts: step.retry.attempts,
    ...(step.continueOnError ? { 'continue-on-error': true } : {}),
    ...(step.concurrency === undefined ? {} : { concurrency: templateText(step.concurrency) }),
    ...(step.matrix === undefined ? {} : { matrix: describeMatrix(step.matrix) }),
    ...(step.cache === undefined ? {} : { cache: { inputs: step.cache.inputs, env: step.cache.env } }),
    ...(step.isolated === undefined ? {} : { workspace: describeIsolated(step.isolated) }),
  };
  if (step.kind === 'run') return common;
  if (step.kind === 'loop') return { ...common, ...describeLoop(step) };
  if (step.kind === 'gate') return { ...common, ...describeGate(step) };
  if (step.kind === 'reduce') return { ...common, ...describeReduce(step) };
  if (step.kind === 'uses') return { ...common, ...describeUses(step) };
  return { ...common, ...describeAgent(step), ...(step.undo ? {} : { undo: 'never' }), ...budgetOf(step) };
}

function budgetOf({ budget }: PromptStep): JsonObject {
  return budget === undefined ? {} : { budget: allowanceJson(budget) };
}

function describeMatrix({ axes, include, exclude, maxParallel, failFast }: Matrix): JsonObject {
  const written = Object.entries(axes).map(
    ([name, axis]) => [name, 'text' in axis ? `\${{ ${axis.text.trim()} }}` : axis] as const,
  );
  return {
    ...(Object.fromEntries(written) as JsonObject),
    ...(include.length === 0 ? {} : { include }),
    ...(exclude.length === 0 ? {} : { exclude }),
    ...(maxParallel === undefined ? {} : { 'max-parallel': maxParallel }),
    'fail-fast': failFast,
  };
}

function describeLoop({ max, until, while: condition, onExhausted }: LoopStep): JsonObject {
  return {
    max,
    ...(until === undefined ? {} : { until: until.text.trim() }),
    ...(condition === undefined ? {} : { while: condition.text.trim() }),
    'on-exhausted': onExhausted,
  };
}

function describeReduce({ from, mode, judge, rubric, checks }: ReduceStep): JsonObject {
  return {
    from,
    mode,
    judge: describeAgent(judge),
    ...(rubric === undefined ? {} : { rubric: templateText(rubric) }),
    ...(checks.length === 0 ? {} : { checks }),
  };
}

function describeUses({ file, with: given }: UsesStep): JsonObject {
  const values = Object.entries(given).map(([name, value]) => [name, valueText(value)] as const);
  return { uses: file, ...(values.length === 0 ? {} : { with: Object.fromEntries(values) }) };
}

// The keys are those of the language.
function describeGate(step: GateStep): JsonObject {
  const { message, show, options, fields, gateTimeoutMs, onTimeout, approveIf, require: required } = step;
  if (message === undefined) return { require: required?.text ?? '' };
  const shown = show.map((one) =>
    one === 'diff' ? one : 'artifacts' in one ? templateText(one.artifacts) : one.text,
  );
  return {
    message: templateText(message),
    ...(shown.length === 0 ? {} : { show: shown }),
    options,
    ...(Object.keys(fields).length === 0 ? {} : { fields: Object.keys(fields) }),
    ...(gateTimeoutMs === undefined ? {} : { 'timeout-ms': gateTimeoutMs, 'on-timeout': onTimeout }),
    ...(approveIf === undefined ? {} : { 'approve-if': approveIf.text }),
    ...(required === undefined ? {} : { require: required.text }),
  };
}

function describeAgent(step: PromptStep): JsonObject {
  if (step.variants !== undefined) {
    const each = Object.entries(step.variants.steps).map(
      ([name, one]) => [name, describeAgent(one)] as const,
    );
    return { per: step.variants.axis, variants: Object.fromEntries(each) };
  }
  return {
    engine: step.engines,
    ...(step.agent === undefined ? {} : { agent: step.agent }),
    ...(step.model === undefined ? {} : { model: templateText(step.model) }),
    ...(step.effort === undefined ? {} : { effort: step.effort }),
    access: step.access,
  };
}

// The keys are those of the language.
function describeIsolated({ copy, link, setup, merge, onConflict }: Isolated): JsonObject {
  return {
    mode: 'isolated',
    ...(copy.length === 0 ? {} : { copy }),
    ...(link.length === 0 ? {} : { link }),
    ...(setup === undefined ? {} : { setup }),
    merge,
    ...(onConflict === undefined
      ? {}
      : { 'on-conflict': { ...describeAgent(onConflict.agent), checks: onConflict.checks } }),
  };
}

/** A template as its author wrote it. */
export function templateText(template: Template): string {
  const known = literalText(template);
  if (known !== undefined) return known;
  return template.parts
    .map((part) => (typeof part === 'string' ? part : `\${{ ${part.text.trim()} }}`))
    .join('');
}

function valueText(value: ValueTemplate): Json {
  if ('value' in value) return value.value;
  if ('template' in value) return templateText(value.template);
  if ('list' in value) return value.list.map(valueText);
  return Object.fromEntries(Object.entries(value.map).map(([name, inner]) => [name, valueText(inner)]));
}
