/** Finds agents that read what strangers wrote, hold a secret, and may reach the network: together these give the secret away. */
import { type Diagnostic, diagnose } from '../model/diagnostic.ts';
import { type Expr, type Template, templatesIn } from '../model/expression.ts';
import { ownSteps } from '../model/parts.ts';
import type { PromptStep, ReduceStep, Step, Workflow } from '../model/workflow.ts';
import { pathOf } from './expression-compare.ts';
import { childrenOf, type Node, parseExpression } from './expression-syntax.ts';
import { secretsIn } from './taint.ts';

/** Programs that bring text from elsewhere. */
const FETCHES = /(?:^|[\s;&|('"`$])(curl|wget|gh|glab|http|https|lynx|nc|ncat|aria2c)(?=[\s;&|)'"`]|$)/m;

/** What others choose of what GitHub tells a workflow: titles, texts, the branch of a fork. */
const OF_OTHERS = new Set(['event', 'head_ref']);

/** Text that strangers may have written, as the file names it, with where it comes from. */
interface Seen {
  readonly at: Expr['at'];
  readonly data: string;
  readonly from: string;
}

/** Warns of each agent step at the first thing that strangers may have written. `path` is what the complaints name. */
export function checkLethal(workflow: Workflow, path: string): readonly Diagnostic[] {
  if (workflow.secrets.length === 0) return [];
  const steps = ownSteps(workflow);
  const suspects = steps.flatMap((step): readonly (PromptStep | ReduceStep)[] => {
    if (step.kind === 'reduce') return isArmed(step.judge) ? [step] : [];
    return step.kind === 'prompt' && isArmed(step) ? [step] : [];
  });
  if (suspects.length === 0) return [];
  const sources = strangers(steps);
  return suspects.flatMap((step) => {
    const agent = step.kind === 'reduce' ? step.judge : step;
    const seen = seenIn(templatesOf(step), agent.env, sources) ?? seenOfCandidates(step, sources);
    if (seen === undefined) return [];
    const [secret = ''] = secretsIn(agent);
    const { at, data, from } = seen;
    return [diagnose('lethal-three', path, at, { step: step.id, data, from, secret })];
  });
}

/** What an agent is told in the author's words. */
function templatesOf(step: PromptStep | ReduceStep): readonly Template[] {
  const { system } = step.kind === 'reduce' ? step.judge : step;
  const told = step.kind === 'reduce' ? step.rubric : step.prompt;
  return [told, system].filter((one) => one !== undefined);
}

/** A judge reads all that its candidates wrote. */
function seenOfCandidates(
  step: PromptStep | ReduceStep,
  sources: ReadonlyMap<string, string>,
): Seen | undefined {
  const from = step.kind === 'reduce' ? sources.get(step.from) : undefined;
  if (step.kind !== 'reduce' || from === undefined) return undefined;
  return { at: step.needsAt, data: `steps.${step.from}`, from };
}

function isArmed(step: PromptStep): boolean {
  return step.network !== 'off' && secretsIn(step).size > 0;
}

/** The steps whose results strangers may have written, with where they have them from. A loop goes round, so does this. */
function strangers(steps: readonly Step[]): ReadonlyMap<string, string> {
  const sources = new Map<string, string>();
  for (let before = -1; before < sources.size; ) {
    before = sources.size;
    for (const step of steps) {
      if (sources.has(step.id)) continue;
      const from = sourceOf(step, sources);
      if (from !== undefined) sources.set(step.id, from);
    }
  }
  return sources;
}

function sourceOf(step: Step, sources: ReadonlyMap<string, string>): string | undefined {
  if (step.kind === 'prompt' || step.kind === 'reduce')
    return (seenIn(templatesOf(step), step.env, sources) ?? seenOfCandidates(step, sources))?.from;
  if (step.kind === 'uses') {
    const [inside] = strangers(ownSteps(step.part)).values();
    return inside ?? seenIn(Object.values(step.with).flatMap(templatesIn), step.env, sources)?.from;
  }
  if (step.kind !== 'run') return undefined;
  const text = step.script.parts.map((part) => (typeof part === 'string' ? part : ' ')).join('');
  const [, program] = FETCHES.exec(withoutComments(text)) ?? [];
  if (program !== undefined) return `\`${program}\` in \`${step.id}\``;
  // What a program is given it may print.
  return seenIn(Object.values(step.env), {}, sources)?.from;
}

function withoutComments(script: string): string {
  return script.replaceAll(/(^|\s)#[^\n]*/g, '$1');
}

function seenIn(
  templates: readonly Template[],
  env: Step['env'],
  sources: ReadonlyMap<string, string>,
): Seen | undefined {
  for (const { parts } of templates) {
    for (const part of parts) {
      if (typeof part === 'string') continue;
      const found = foreign(part, env, sources);
      if (found !== undefined) return { at: part.at, ...found };
    }
  }
  return undefined;
}

function foreign(
  expr: Expr,
  env: Step['env'],
  sources: ReadonlyMap<string, string>,
): Omit<Seen, 'at'> | undefined {
  const parsed = parseExpression(expr.text);
  if (!parsed.ok) return undefined;
  const open: Node[] = [parsed.value.root];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    const path = pathOf(node);
    if (path === undefined) {
      open.push(...childrenOf(node).toReversed());
      continue;
    }
    const from = originOf(path, env, sources);
    if (from !== undefined) return { data: path.join('.'), from };
  }
  return undefined;
}

function originOf(
  [root, ...rest]: readonly string[],
  env: Step['env'],
  sources: ReadonlyMap<string, string>,
): string | undefined {
  const [first = '', second = '', third = ''] = rest.map((word) => word.toLowerCase());
  switch (root?.toLowerCase()) {
    case 'github':
      return OF_OTHERS.has(first) ? `\`github.${first}\`` : undefined;
    case 'steps':
      return HARMLESS.has(second) ? undefined : sources.get(first);
    case 'loop':
      return first === 'previous' && second === 'steps' ? sources.get(third) : undefined;
    case 'env': {
      const name = Object.keys(env).find((one) => one.toLowerCase() === first);
      const template = name === undefined ? undefined : env[name];
      return template === undefined ? undefined : seenIn([template], {}, sources)?.from;
    }
    default:
      return undefined;
  }
}

/** What no stranger can write into. */
const HARMLESS = new Set([
  'status',
  'exit-code',
  'duration',
  'attempts',
  'count',
  'usage',
  'engine',
  'session',
]);
