/** Shows a plan to people, batch by batch. */
import type { Plan, PlannedStep } from '../model/plan.ts';
import type { PromptStep, Step, Workflow } from '../model/workflow.ts';
import { isWriter } from '../model/workflow.ts';
import { allowance, allowanceLines } from './allowance.ts';
import { duration, HOUR } from './duration.ts';
import { templateText } from './graph-json.ts';
import { mergedTogether } from './isolation.ts';
import { linksOf, topologicalOrder } from './links.ts';
import { missing, reach, rowOf } from './reach.ts';

const MOST_NAMED = 5;
const MOST_OF_COMMAND = 40;

/** Needs that follow from the order of the list are not shown: saying them would make every line of a chain longer. */
export function graphText(plan: Plan, workflow: Workflow, emphasize: (text: string) => string): string {
  const width = Math.min(40, Math.max(0, ...steps(plan).map((step) => step.id.length)));
  const heldBack = heldBackBy(plan);
  const together = mergedTogether(plan);
  const line = (step: Step, above: Step | undefined, mates: readonly Step[] = []) => {
    const facts = [
      ...factsOf(step, above, emphasize),
      ...isolationFacts(step, mates, emphasize),
      ...(heldBack.get(step.id) ?? []),
    ];
    return `  ${step.id.padEnd(width)}  ${facts.join(' · ')}`;
  };
  const lines = [
    `${workflow.name}: ${count(plan.steps.length, 'step')} in ${count(plan.batches.length, 'batch', 'batches')}`,
    ...allowanceLines(workflow),
    ...concurrencyLines(workflow),
  ];
  const byBatch: PlannedStep[][] = plan.batches.map(() => []);
  for (const planned of plan.steps) byBatch[planned.batch]?.push(planned);
  for (const [batch, members] of byBatch.entries()) {
    lines.push('', `batch ${batch + 1}`);
    for (const planned of members) {
      const text = line(planned.step, plan.steps[planned.index - 1]?.step, together[batch]);
      lines.push(planned.leftOut ? `${text} · left out` : text, ...bodyLines(planned, emphasize, '    '));
    }
    const names = together[batch]?.map((step) => step.id) ?? [];
    if (names.length > 0) lines.push(`  merged in this order when the last has ended: ${named(names)}`);
  }
  if (plan.last.length > 0) lines.push('', 'finally, whatever happened');
  for (const planned of plan.last)
    lines.push(
      line(planned.step, plan.last[planned.index - 1]?.step),
      ...bodyLines(planned, emphasize, '    '),
    );
  if (plan.criticalPath.length > 1) lines.push('', `longest path: ${shortened(plan.criticalPath)}`);
  return `${lines.join('\n')}\n`;
}

const WAYS = {
  queue: 'a run waits for those before it',
  'cancel-previous': 'a run cancels those before it',
  fail: 'a run is refused while another goes on',
} as const;

function concurrencyLines({ concurrency }: Workflow): string[] {
  if (concurrency === undefined) return [];
  return [`group ${templateText(concurrency.group)}: ${WAYS[concurrency.onConflict]}`];
}

/** The body of a loop, or a used workflow, in the order in which it can run. */
function bodyLines({ body }: PlannedStep, emphasize: (text: string) => string, indent: string): string[] {
  if (body === undefined) return [];
  const width = Math.min(40, Math.max(...steps(body).map((step) => step.id.length)));
  const together = mergedTogether(body);
  const main = [...body.steps]
    .sort((a, b) => a.batch - b.batch || a.index - b.index)
    .flatMap((planned) => {
      const { step, index, batch } = planned;
      const above = body.steps[index - 1]?.step;
      const facts = [
        ...factsOf(step, above, emphasize),
        ...isolationFacts(step, together[batch] ?? [], emphasize),
      ];
      const text = `${indent}${step.id.padEnd(width)}  ${facts.join(' · ')}`;
      return [text, ...bodyLines(planned, emphasize, `${indent}  `)];
    });
  const last = body.last.flatMap((planned) => {
    const { step } = planned;
    const facts = [...factsOf(step, undefined, emphasize), ...isolationFacts(step, [], emphasize)];
    const text = `${indent}${step.id.padEnd(width)}  finally · ${facts.join(' · ')}`;
    return [text, ...bodyLines(planned, emphasize, `${indent}  `)];
  });
  return [...main, ...last];
}

function steps({ steps: main, last }: Plan): readonly Step[] {
  return [...main, ...last].map((planned) => planned.step);
}

function factsOf(step: Step, above: Step | undefined, emphasize: (text: string) => string): string[] {
  const facts = [...ownFacts(step, emphasize), ...matrixFacts(step)];
  const implied = step.needs.length === 1 && step.needs[0] === above?.id;
  if (step.needs.length > 0 && !implied) facts.push(`needs ${step.needs.join(', ')}`);
  if (step.if !== undefined) facts.push(`if ${step.if.text.trim()}`);
  const asked = step.kind === 'prompt' || step.kind === 'reduce';
  const usual = asked ? 3 : 1;
  if (step.retry.attempts !== usual) facts.push(count(step.retry.attempts, 'attempt'));
  if (step.timeoutMs !== undefined && !(asked && step.timeoutMs === HOUR)) {
    facts.push(`timeout ${duration(step.timeoutMs)}`);
  }
  if (step.continueOnError) facts.push('may fail');
  if (step.cache !== undefined) facts.push(cacheFact(step.cache));
  if (step.concurrency !== undefined) facts.push(`one at a time: ${templateText(step.concurrency)}`);
  return facts;
}

function cacheFact({ inputs, env }: NonNullable<Step['cache']>): string {
  const counts = [...inputs, ...env];
  return counts.length === 0 ? 'cached' : `cached by ${named(counts)}`;
}

function ownFacts(step: Step, emphasize: (text: string) => string): string[] {
  switch (step.kind) {
    case 'run':
      return ['run'];
    case 'prompt':
      return agentFacts(step, emphasize);
    case 'gate':
      return gateFacts(step);
    case 'loop':
      return loopFacts(step);
    case 'reduce':
      return reduceFacts(step, emphasize);
    case 'uses':
      return usesFacts(step);
  }
}

function loopFacts({ max, until, while: condition, onExhausted }: Extract<Step, { kind: 'loop' }>): string[] {
  return [
    `loop, at most ${count(max, 'time')}`,
    ...(condition === undefined ? [] : [`while ${condition.text.trim()}`]),
    ...(until === undefined ? [] : [`until ${until.text.trim()}`]),
    ...(onExhausted === 'continue' ? ['goes on when exhausted'] : []),
  ];
}

function reduceFacts(
  { mode, from, judge, checks }: Extract<Step, { kind: 'reduce' }>,
  emphasize: (text: string) => string,
): string[] {
  return [
    `${mode} of ${from}`,
    ...(checks.length === 0 ? [] : [count(checks.length, 'check')]),
    `judged by ${judge.agent ?? 'an agent'} (${engineFacts(judge, emphasize).join(', ')})`,
  ];
}

function usesFacts({ file, with: given }: Extract<Step, { kind: 'uses' }>): string[] {
  const names = Object.keys(given);
  return [`uses ${file}`, ...(names.length === 0 ? [] : [`with ${named(names)}`])];
}

function matrixFacts({ matrix }: Step): string[] {
  if (matrix === undefined) return [];
  const axes = Object.entries(matrix.axes).map(([name, axis]) =>
    'text' in axis ? `${name}: ${axis.text.trim()}` : `${name}: ${axis.length}`,
  );
  const more = matrix.include.length === 0 ? [] : [`include: ${matrix.include.length}`];
  const most = matrix.maxParallel === undefined ? '' : `, ${matrix.maxParallel} at once`;
  return [`matrix (${[...axes, ...more].join(', ')})${most}`];
}

function gateFacts(step: Extract<Step, { kind: 'gate' }>): string[] {
  const { message, options, gateTimeoutMs, onTimeout, approveIf, require: required } = step;
  const facts = [message === undefined ? 'gate' : `gate: asks for ${options.join(' or ')}`];
  if (required !== undefined) facts.push(`requires ${required.text.trim()}`);
  if (approveIf !== undefined) facts.push(`passes if ${approveIf.text.trim()}`);
  if (gateTimeoutMs !== undefined) facts.push(`${onTimeout} after ${duration(gateTimeoutMs)}`);
  return facts;
}

function agentFacts(step: Extract<Step, { kind: 'prompt' }>, emphasize: (text: string) => string): string[] {
  const { variants } = step;
  if (variants !== undefined) {
    const who = Object.entries(variants.steps).map(
      ([name, one]) => `${name}: ${engineFacts(one, emphasize).join(', ')}`,
    );
    return [`prompt per ${variants.axis} (${who.join('; ')})`];
  }
  const agent = step.agent === undefined ? 'prompt' : `prompt (${step.agent})`;
  const undo = isWriter(step) && !step.undo ? ['never undone'] : [];
  const budget = step.budget === undefined ? [] : [`budget ${allowance(step.budget, 'it')}`];
  return [agent, ...engineFacts(step, emphasize), ...undo, ...budget];
}

function engineFacts(step: PromptStep, emphasize: (text: string) => string): string[] {
  const model = step.model === undefined ? [] : [`model ${templateText(step.model)}`];
  const effort = step.effort === undefined ? [] : [`effort ${step.effort}`];
  const access = step.access === 'full' ? emphasize('FULL ACCESS, no sandbox') : step.access;
  return [step.engines.join(', else '), ...model, ...effort, access];
}

function isolationFacts(
  { isolated, kind }: Step,
  mates: readonly Step[],
  emphasize: (text: string) => string,
): string[] {
  if (isolated === undefined) return [];
  const { merge, setup, onConflict } = isolated;
  const merged = mates.length > 0 ? 'merged with its batch' : 'merged when it ends';
  const facts =
    kind === 'reduce' ? [`the winner is ${merged}`] : ['isolated', merge === 'never' ? 'not merged' : merged];
  if (setup !== undefined && kind !== 'reduce') facts.push(`setup ${command(setup)}`);
  if (onConflict !== undefined) {
    const { agent, checks } = onConflict;
    const checked = checks.length === 0 ? '' : `, then ${count(checks.length, 'check')}`;
    facts.push(
      `conflicts to ${agent.agent ?? 'an agent'} (${engineFacts(agent, emphasize).join(', ')})${checked}`,
    );
  }
  return facts;
}

/** A command in one short line. */
function command(text: string): string {
  const [first = ''] = text.trim().split('\n', 1);
  const short = first.length > MOST_OF_COMMAND ? first.slice(0, MOST_OF_COMMAND) : first;
  return short === text.trim() ? short : `${short.trimEnd()} …`;
}

function named(names: readonly string[]): string {
  return names.length > MOST_NAMED ? `${names.slice(0, MOST_NAMED).join(', ')}, …` : names.join(', ');
}

/**
 * What could run beside a writing agent and is held back while it runs. A step in a tree of its own is not, once it has
 * started; but it starts from the tree as it is, and half an edit is nothing to start from.
 */
function heldBackBy(plan: Plan): ReadonlyMap<string, readonly string[]> {
  const writers: PlannedStep[] = plan.steps.filter(({ step }) => isWriter(step) && step.undo);
  const result = new Map<string, readonly string[]>();
  if (writers.length === 0) return result;
  const links = linksOf(plan.steps.map(({ step }) => step));
  const order = topologicalOrder(links);
  const column = plan.steps.map((_, index) => index);
  const before = reach(order, links.needs, column, column.length);
  const after = reach([...order].reverse(), links.dependents, column, column.length);
  const isApart = (index: number) => plan.steps[index]?.step.isolated !== undefined;
  const apart = rowOf(column.filter(isApart), column.length);
  const shared = rowOf(
    column.filter((index) => !isApart(index)),
    column.length,
  );
  for (const { step, index } of writers) {
    const beside = (except: Uint32Array) => {
      const rows = [before.rows[index], after.rows[index], except];
      const found = missing(rows, index, column.length, MOST_NAMED + 1);
      return named(found.map((other) => plan.steps[other]?.step.id ?? ''));
    };
    const [held, starts] = [beside(apart), beside(shared)];
    const whom = [...(held === '' ? [] : [held]), ...(starts === '' ? [] : [`the start of ${starts}`])];
    if (whom.length > 0) result.set(step.id, [`runs alone, holding back ${whom.join(', and ')}`]);
  }
  return result;
}

function shortened(path: readonly string[]): string {
  const most = 12;
  if (path.length <= most) return path.join(' → ');
  const left = path.length - most;
  return [...path.slice(0, most - 1), `… ${left} more …`, path.at(-1)].join(' → ');
}

function count(n: number, one: string, many = `${one}s`): string {
  return `${n} ${n === 1 ? one : many}`;
}
