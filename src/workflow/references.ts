/** Checks every expression of a workflow against what it can see. */
import { type ArgsOf, type Code, type Diagnostic, diagnose } from '../model/diagnostic.ts';
import { type Expr, type Template, templatesIn } from '../model/expression.ts';
import { agentsAmong, ownSteps } from '../model/parts.ts';
import type { Range } from '../model/source.ts';
import type {
  GateStep,
  InputSpec,
  LoopStep,
  Matrix,
  PromptStep,
  ReduceStep,
  RunStep,
  Step,
  UsesStep,
  Workflow,
} from '../model/workflow.ts';
import { findUnreachable, isCondition, judgeCondition } from './conditions.ts';
import { check, type View } from './expression-check.ts';
import { type Place, sharedContexts } from './expression-contexts.ts';
import { hintFor } from './expression-hints.ts';
import { type List, placesIn } from './expression-lists.ts';
import { judgeOrder } from './expression-order.ts';
import { placeOf } from './expression-place.ts';
import { type Node, parseExpression } from './expression-syntax.ts';
import { typeOfMatrix } from './matrix.ts';
import { misfitOfType, rememberOutputs } from './part-types.ts';
import { type Check, type CheckMore, type Owner, typeOf } from './references-ground.ts';
import { checkSession } from './sessions.ts';
import { stepFor } from './step-references.ts';
import { checkModel, checkScript, checkVariables, secretsIn } from './taint.ts';
import { ANY, NUMBER, objectOf, orNull, STRING, type Type, withMember } from './types.ts';

/**
 * Finds everything that is wrong with the expressions of a workflow: names that do not exist or cannot be read there, steps
 * that may not have ended, comparisons that decide nothing, and data where programs are. Expressions that do not parse were
 * reported when they were read, and are passed over.
 */
export function checkExpressions(workflow: Workflow, more: CheckMore): readonly Diagnostic[] {
  const main: List = { steps: workflow.steps };
  const places = placesIn(main);
  const all: Check = {
    workflow,
    more,
    main,
    places,
    types: new Map(),
    found: [],
    pending: [],
    closed: new Set(),
    suggestions: 0,
  };
  const inherited = workflow.env;
  const shared = sharedContexts(workflow, false);
  const atEnd = sharedContexts(workflow, true);
  checkEnv(workflow.env, 'workflow-env', { list: main, inherited, contexts: shared }, all);
  const group = workflow.concurrency?.group;
  if (group !== undefined) checkTemplate(group, 'group', { list: main, inherited, contexts: shared }, all);
  for (const [position, step] of workflow.steps.entries())
    checkStep({ step, list: main, position, inherited, contexts: shared }, all);
  for (const step of workflow.finally) checkStep({ step, list: main, inherited, contexts: atEnd }, all);
  const outputs = Object.entries(workflow.outputs).map(([name, { parts }]) => {
    const [only] = parts;
    const owner = { list: main, inherited, contexts: shared };
    return [name, typeof only === 'object' ? checkExpr(only, 'outputs', owner, all) : ANY] as const;
  });
  rememberOutputs(workflow, new Map(outputs));
  return [...all.found, ...judgeOrder(all.pending), ...findUnreachable(workflow, all)];
}

function checkStep(before: Owner & { readonly step: Step }, all: Check): void {
  const { step } = before;
  if (step.if !== undefined) checkExpr(step.if, 'if', before, all);
  const owner = insideMatrix(before, all);
  checkEnv(ownEnv(step, owner), 'env', owner, all);
  if (step.workingDirectory !== undefined)
    checkTemplate(step.workingDirectory, 'working-directory', owner, all);
  for (const glob of step.artifacts ?? []) checkTemplate(glob, 'artifacts', owner, all);
  if (step.concurrency !== undefined) checkTemplate(step.concurrency, 'concurrency', owner, all);
  if (step.kind === 'run') {
    checkProgram(step, owner, all);
  } else if (step.kind === 'gate') {
    checkGate(step, owner, all);
  } else if (step.kind === 'loop') {
    checkLoop(step, owner, all);
  } else if (step.kind === 'reduce') {
    checkReduce(step, owner, all);
  } else if (step.kind === 'uses') {
    checkWith(step, owner, all);
  } else {
    checkTemplate(step.prompt, 'prompt', owner, all);
    checkAgent(step, owner, all);
    checkSession(step, owner, all);
    for (const variant of Object.values(step.variants?.steps ?? {})) checkVariant(step, variant, owner, all);
  }
  const resolver = step.isolated?.onConflict?.agent;
  if (resolver === undefined) return;
  // It sees what the step sees for which it works, but for that step's variables.
  const instead = { ...owner, step: { ...resolver, id: step.id } };
  checkEnv(ownEnv(resolver, owner), 'env', instead, all);
  checkAgent(resolver, instead, all);
}

/** What cannot be read there at all is no data. */
function checkProgram(step: RunStep, owner: Owner, all: Check): void {
  const before = all.found.length;
  checkTemplate(step.script, 'run', owner, all);
  const away = all.found.slice(before).filter(({ code }) => code === 'context-not-here');
  const isAway = ({ at }: Diagnostic) => away.some((one) => at.start <= one.at.start && one.at.end <= at.end);
  all.found.push(...checkScript(step, all.more.path).filter((data) => !isAway(data)));
}

/** The axes are read once for all instances; everything but `if` once for each. */
function insideMatrix<O extends Owner & { readonly step: Step }>(owner: O, all: Check): O {
  const { matrix } = owner.step;
  if (matrix === undefined) return owner;
  for (const axis of Object.values(matrix.axes)) if ('text' in axis) checkExpr(axis, 'matrix', owner, all);
  for (const template of patternTemplates(matrix)) checkTemplate(template, 'matrix', owner, all);
  return { ...owner, contexts: new Map([...owner.contexts, ['matrix', typeOfMatrix(matrix)]]) };
}

/** What a used workflow is given has to fit what it declares, as far as that is known. */
function checkWith(step: UsesStep, owner: Owner, all: Check): void {
  for (const [name, value] of Object.entries(step.with)) {
    const whole = 'template' in value && value.template.whole ? value.template.parts[0] : undefined;
    if (typeof whole !== 'object') {
      for (const template of templatesIn(value)) checkTemplate(template, 'with', owner, all);
      const spec = step.part.inputs[name];
      if (spec !== undefined && 'template' in value) judgeInput(name, spec, STRING, value.template.at, all);
      continue;
    }
    const type = checkExpr(whole, 'with', owner, all);
    const spec = step.part.inputs[name];
    if (spec !== undefined) judgeInput(name, spec, type, whole.at, all);
  }
}

function judgeInput(input: string, spec: InputSpec, type: Type, at: Range, all: Check): void {
  const problem = misfitOfType(spec, type);
  if (problem !== undefined) all.found.push(diagnose('bad-input', all.more.path, at, { input, problem }));
}

function patternTemplates({ patterns }: Matrix): readonly Template[] {
  const { axes = {}, include = [], exclude = [] } = patterns ?? {};
  const maps = [...include, ...exclude].flatMap((one) => Object.values(one));
  return [...Object.values(axes).flat(), ...maps].flatMap(templatesIn);
}

/** `until` is read when the body has ended, `while` before it begins. */
function checkLoop(step: LoopStep, owner: Owner, all: Check): void {
  const list: List = {
    steps: step.steps,
    within: { loop: step, list: owner.list, position: owner.position },
  };
  const body = typesOf(step.steps, all);
  const previous = objectOf({ steps: objectOf(body) });
  const contexts = new Map([...owner.contexts, ['loop', objectOf({ index: NUMBER, previous })] as const]);
  if (step.while !== undefined) checkExpr(step.while, 'while', { ...owner, contexts }, all);
  if (step.until !== undefined) {
    const { position: _, ...after } = owner;
    checkExpr(step.until, 'until', { ...after, list, contexts }, all);
  }
  for (const [position, inner] of step.steps.entries())
    checkStep({ step: inner, list, position, inherited: step.env, contexts }, all);
}

/** What an iteration shows the next one; all of it is empty in the first. */
function typesOf(steps: readonly Step[], all: Check): ReadonlyMap<string, Type> {
  const named = steps.filter(({ declared }) => declared);
  return new Map(
    named.map((step) => {
      const type = all.more.opaque.has(step.id) ? ANY : typeOf(step, all);
      return [step.id, withMember(type, 'status', (status) => orNull(status))];
    }),
  );
}

function checkGate(
  { message, show, approveIf, require: required }: GateStep,
  owner: Owner,
  all: Check,
): void {
  if (message !== undefined) checkTemplate(message, 'message', owner, all);
  for (const one of show) {
    if (one === 'diff') continue;
    if ('artifacts' in one) checkTemplate(one.artifacts, 'show', owner, all);
    else checkExpr(one, 'show', owner, all);
  }
  if (approveIf !== undefined) checkExpr(approveIf, 'approve-if', owner, all);
  if (required !== undefined) checkExpr(required, 'require', owner, all);
}

/** The judge sees what the step sees, and the variables of its agent beside those of the step. */
function checkReduce(step: ReduceStep, owner: Owner, all: Check): void {
  if (step.rubric !== undefined) checkTemplate(step.rubric, 'rubric', owner, all);
  const instead = { ...owner, step: { ...step.judge, id: step.id } };
  const checked = { ...owner, inherited: { ...owner.inherited, ...step.env } };
  checkEnv(ownEnv(step.judge, checked), 'env', instead, all);
  checkAgent(step.judge, instead, all);
}

/** What another agent of the same step brings along beside what was checked. */
function checkVariant(step: PromptStep, variant: PromptStep, owner: Owner, all: Check): void {
  checkEnv(ownEnv(variant, { ...owner, inherited: { ...owner.inherited, ...step.env } }), 'env', owner, all);
  const { system, model, ...rest } = variant;
  const more = { ...(system === step.system ? {} : { system }), ...(model === step.model ? {} : { model }) };
  checkAgent({ ...rest, ...more } as PromptStep, owner, all);
}

function checkAgent(step: PromptStep, owner: Owner, all: Check): void {
  if (step.system !== undefined) checkTemplate(step.system, 'system', owner, all);
  if (step.model === undefined) return;
  checkTemplate(step.model, 'model', owner, all);
  all.found.push(...checkModel(step.model, all.workflow, all.more.path));
}

// Those were checked under their names; an alias may give a value to another variable, one that takes no data.
function ownEnv(step: Step, { inherited }: Owner): Step['env'] {
  const own = Object.entries(step.env).filter(
    ([name, template]) => !Object.hasOwn(inherited, name) || inherited[name] !== template,
  );
  return Object.fromEntries(own);
}

function checkEnv(env: Readonly<Record<string, Template>>, place: Place, owner: Owner, all: Check): void {
  for (const [variable, template] of Object.entries(env)) {
    checkTemplate(template, place, place === 'env' ? { ...owner, variable } : owner, all);
  }
  // What does not belong to a shell reaches the engines too.
  const agents = owner.step?.kind !== 'run' && agentsAmong(ownSteps(all.workflow)).length > 0;
  all.found.push(...checkVariables(env, all.more.path, agents));
}

function checkTemplate(template: Template, place: Place, owner: Owner, all: Check): void {
  for (const part of template.parts) if (typeof part !== 'string') checkExpr(part, place, owner, all);
}

function checkExpr(expr: Expr, place: Place, owner: Owner, all: Check): Type {
  const parsed = parseExpression(expr.text);
  if (!parsed.ok) return ANY;
  const at = (node: Node) => placeOf(node, parsed.value, expr, all.workflow.source.text);
  const report = <C extends Code>(code: C, node: Node, args: ArgsOf<C>) => {
    all.found.push(diagnose(code, all.more.path, at(node), args));
  };
  const types = isCondition(place) ? new Map<Node, Type>() : undefined;
  const view: View = {
    place,
    ...(types === undefined ? {} : { types }),
    opaque: owner.step !== undefined && all.more.opaque.has(owner.step.id),
    isInside: (name) => (name === 'loop' || name === 'matrix') && owner.contexts.has(name),
    context: (name) => (name === 'env' ? envOf(owner, all) : (owner.contexts.get(name) ?? ANY)),
    step: (id, node) => stepFor(id, node, owner, all, { report, at }),
    hint: (subject, name) => hintFor(subject, name, all),
    hasGit: all.more.hasGit,
    secretVariables: () => secretsIn(owner.step),
    report,
  };
  const before = all.found.length;
  const type = check(parsed.value.root, view);
  // What is wrong in itself is not judged by what it comes to.
  if (types !== undefined && all.found.length === before)
    judgeCondition({ root: parsed.value.root, expr, place, types }, owner, all);
  return type;
}

// While the variables of a step are computed, those are there that have no expression or stand above.
function envOf({ step, variable }: Owner, { workflow, more }: Check): Type {
  const all = Object.entries(step?.env ?? {});
  const above = all.findIndex(([name]) => name === variable);
  const fixed = ({ parts }: Template) => parts.every((part) => typeof part === 'string');
  const seen = above === -1 ? all : all.filter(([, template], i) => i < above || fixed(template));
  const names = [...seen.map(([name]) => name), ...(more.envFileNames ?? [])];
  const declared = objectOf(new Map(names.map((name) => [name, STRING])));
  const unknown = workflow.envFiles.length > 0 && more.envFileNames === undefined;
  return unknown ? { ...declared, rest: orNull(STRING) } : declared;
}
