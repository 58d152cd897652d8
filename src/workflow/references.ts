/** Checks every expression of a workflow against what it can see. */
import { type ArgsOf, type Code, type Diagnostic, diagnose } from '../model/diagnostic.ts';
import type { Expr, Template } from '../model/expression.ts';
import type { GateStep, PromptStep, Step, Workflow } from '../model/workflow.ts';
import { answer, type Question } from './expression-ancestors.ts';
import { check, type View } from './expression-check.ts';
import { type Place, sharedContexts } from './expression-contexts.ts';
import { placeOf } from './expression-place.ts';
import { insteadOfStepProperty, typeOfStep } from './expression-steps.ts';
import { type Node, parseExpression } from './expression-syntax.ts';
import { nearest } from './suggest.ts';
import { checkModel, checkScript, checkVariables, dataIn } from './taint.ts';
import { ANY, objectOf, orNull, STRING, type Type } from './types.ts';

/** What the check has to know beside the workflow. */
export interface CheckMore {
  /** Ids of steps that are refused as a whole: references to them are not judged. */
  readonly opaque: ReadonlySet<string>;
  /** The path to put into the complaints. */
  readonly path: string;
  /** Names that env-files declare. Where it is absent and there is an env-file, any variable may be asked for. */
  readonly envFileNames?: ReadonlySet<string>;
}

/** Whose expression it is. */
interface Owner {
  /** Undefined for what belongs to the workflow itself. */
  readonly step?: Step;
  /** Its position in the main list; undefined for `finally` steps and for what belongs to the workflow. */
  readonly position?: number;
  /** The variable whose value it is, of the step's `env:`. */
  readonly variable?: string;
  readonly contexts: ReadonlyMap<string, Type>;
}

/** How many unknown names are compared with all steps; a thousand slips in a file of thousands of steps are one slip. */
const MOST_SUGGESTIONS = 100;

/** A reference whose order is still to be judged. */
interface Pending extends Question {
  readonly diagnostic: (hint: string | undefined) => Diagnostic;
}

/** What is the same for all expressions of a workflow. */
interface Check {
  readonly workflow: Workflow;
  readonly more: CheckMore;
  readonly positions: ReadonlyMap<string, number>;
  readonly types: Map<Step, Type>;
  readonly found: Diagnostic[];
  readonly pending: Pending[];
  suggestions: number;
}

/**
 * Finds everything that is wrong with the expressions of a workflow: names that do not exist or cannot be read there, steps
 * that may not have ended, comparisons that decide nothing, and data where programs are. Expressions that do not parse were
 * reported when they were read, and are passed over.
 */
export function checkExpressions(workflow: Workflow, more: CheckMore): readonly Diagnostic[] {
  const positions = new Map<string, number>(workflow.steps.map(({ id }, i) => [id, i]));
  const all: Check = { workflow, more, positions, types: new Map(), found: [], pending: [], suggestions: 0 };
  const shared = sharedContexts(workflow, false);
  const atEnd = sharedContexts(workflow, true);
  checkEnv(workflow.env, 'workflow-env', { contexts: shared }, all);
  for (const [position, step] of workflow.steps.entries())
    checkStep({ step, position, contexts: shared }, all);
  for (const step of workflow.finally) checkStep({ step, contexts: atEnd }, all);
  for (const template of Object.values(workflow.outputs))
    checkTemplate(template, 'outputs', { contexts: shared }, all);
  return [...all.found, ...judgeOrder(all)];
}

function checkStep(owner: Owner & { readonly step: Step }, all: Check): void {
  const { step } = owner;
  const { path } = all.more;
  if (step.if !== undefined) checkExpr(step.if, 'if', owner, all);
  checkEnv(ownEnv(step, all), 'env', owner, all);
  if (step.workingDirectory !== undefined)
    checkTemplate(step.workingDirectory, 'working-directory', owner, all);
  if (step.kind === 'run') {
    checkTemplate(step.script, 'run', owner, all);
    all.found.push(...checkScript(step, path));
  } else if (step.kind === 'gate') {
    checkGate(step, owner, all);
  } else {
    checkTemplate(step.prompt, 'prompt', owner, all);
    checkAgent(step, owner, all);
  }
  const resolver = step.isolated?.onConflict?.agent;
  if (resolver === undefined) return;
  // It sees what the step sees for which it works, but for that step's variables.
  const instead = { ...owner, step: { ...resolver, id: step.id } };
  checkEnv(ownEnv(resolver, all), 'env', instead, all);
  checkAgent(resolver, instead, all);
}

function checkGate(
  { message, show, approveIf, require: required }: GateStep,
  owner: Owner,
  all: Check,
): void {
  if (message !== undefined) checkTemplate(message, 'message', owner, all);
  for (const one of show) if (one !== 'diff') checkExpr(one, 'show', owner, all);
  if (approveIf !== undefined) checkExpr(approveIf, 'approve-if', owner, all);
  if (required !== undefined) checkExpr(required, 'require', owner, all);
}

function checkAgent(step: PromptStep, owner: Owner, all: Check): void {
  if (step.system !== undefined) checkTemplate(step.system, 'system', owner, all);
  if (step.model === undefined) return;
  checkTemplate(step.model, 'model', owner, all);
  all.found.push(...checkModel(step.model, all.workflow, all.more.path));
}

// Those of the workflow were checked under their names; an alias may give a value to another variable, one that takes no data.
function ownEnv(step: Step, { workflow }: Check): Step['env'] {
  const inherited = workflow.env;
  const own = Object.entries(step.env).filter(
    ([name, template]) => !Object.hasOwn(inherited, name) || inherited[name] !== template,
  );
  return Object.fromEntries(own);
}

function checkEnv(env: Readonly<Record<string, Template>>, place: Place, owner: Owner, all: Check): void {
  for (const [variable, template] of Object.entries(env)) {
    checkTemplate(template, place, place === 'env' ? { ...owner, variable } : owner, all);
  }
  all.found.push(...checkVariables(env, all.more.path));
}

function checkTemplate(template: Template, place: Place, owner: Owner, all: Check): void {
  for (const part of template.parts) if (typeof part !== 'string') checkExpr(part, place, owner, all);
}

function checkExpr(expr: Expr, place: Place, owner: Owner, all: Check): void {
  const parsed = parseExpression(expr.text);
  if (!parsed.ok) return;
  const at = (node: Node) => placeOf(node, parsed.value, expr, all.workflow.source.text);
  const report = <C extends Code>(code: C, node: Node, args: ArgsOf<C>) => {
    all.found.push(diagnose(code, all.more.path, at(node), args));
  };
  const view: View = {
    place,
    opaque: owner.step !== undefined && all.more.opaque.has(owner.step.id),
    context: (name) => (name === 'env' ? envOf(owner, all) : (owner.contexts.get(name) ?? ANY)),
    step: (id, node) => stepFor(id, node, owner, all, { report, at }),
    hint: (subject, name) => hintFor(subject, name, all),
    secretVariables: () => secretsIn(owner.step),
    report,
  };
  check(parsed.value.root, view);
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

const NO_SECRETS: ReadonlySet<string> = new Set();

function secretsIn(step: Step | undefined): ReadonlySet<string> {
  if (step === undefined) return NO_SECRETS;
  const names = Object.entries(step.env).filter(([, { parts }]) =>
    parts.some(
      (part) => typeof part !== 'string' && /\bsecrets\b/i.test(part.text) && dataIn(part) !== undefined,
    ),
  );
  return names.length === 0 ? NO_SECRETS : new Set(names.map(([name]) => name));
}

/** Says things about a place of the expression at hand. */
interface Pen {
  readonly report: View['report'];
  readonly at: (node: Node) => Diagnostic['at'];
}

function stepFor(name: string, node: Node, owner: Owner, all: Check, pen: Pen): Type | undefined {
  const { workflow, more, positions } = all;
  const id = name.toLowerCase();
  if (owner.step?.id === id) {
    pen.report('self-reference', node, { id });
    return undefined;
  }
  if (more.opaque.has(id)) return ANY;
  const earlier = positions.get(id);
  const step = earlier === undefined ? undefined : workflow.steps[earlier];
  if (step === undefined || earlier === undefined) {
    reportUnknownStep(id, node, owner, all, pen);
    return undefined;
  }
  if (!step.declared) {
    pen.report('unknown-step', node, { id, known: [], hint: `give the step that is meant \`id: ${id}\`` });
    return undefined;
  }
  if (owner.step !== undefined && owner.position !== undefined) {
    const args = { id, step: owner.step.id };
    const diagnostic = (hint: string | undefined) =>
      diagnose('step-not-before', more.path, pen.at(node), {
        ...args,
        ...(hint === undefined ? {} : { hint }),
      });
    all.pending.push({ later: owner.position, earlier, diagnostic });
  }
  const known = all.types.get(step);
  const type = known ?? typeOfStep(step);
  if (known === undefined) all.types.set(step, type);
  return type;
}

function reportUnknownStep(id: string, node: Node, owner: Owner, all: Check, pen: Pen): void {
  const { workflow, more } = all;
  if (workflow.finally.some((step) => step.declared && step.id === id)) {
    const hint = 'steps of `finally` run at the very end, and nothing reads them';
    pen.report('step-not-before', node, { id, step: owner.step?.id ?? 'outputs', hint });
    return;
  }
  const known = all.suggestions++ < MOST_SUGGESTIONS ? workflow.steps.filter(({ declared }) => declared) : [];
  const ids = known.filter((step) => step !== owner.step).map((step) => step.id);
  const near = nearest(id, [...ids, ...more.opaque]);
  pen.report('unknown-step', node, { id, known: ids, ...(near === undefined ? {} : { near }) });
}

function judgeOrder({ workflow, pending }: Check): readonly Diagnostic[] {
  const answers = answer(workflow.steps, pending);
  const wrong = pending.filter((_, i) => answers[i] === 'not-before');
  const turned = answer(
    workflow.steps,
    wrong.map(({ later, earlier }) => ({ later: earlier, earlier: later })),
  );
  return wrong.map(({ diagnostic, earlier, later }, i) => {
    const [id, own] = [workflow.steps[earlier]?.id, workflow.steps[later]?.id];
    return diagnostic(
      turned[i] === 'before'
        ? `\`${id}\` runs after \`${own}\`: write it above, or read another step`
        : undefined,
    );
  });
}

function hintFor(subject: string, name: string, { workflow, positions }: Check): string | undefined {
  const [context, id, property] = subject.split('.');
  if (context === 'steps' && id !== undefined) {
    const step = workflow.steps[positions.get(id) ?? -1];
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
