/** Draws a plan in the languages of Mermaid and Graphviz. */
import type { Plan } from '../model/plan.ts';
import type { Step, Workflow } from '../model/workflow.ts';
import { templateText } from './graph-json.ts';
import { isolationLines, reachesFull, winnerLines } from './isolation.ts';
import { type Links, linksOf } from './links.ts';

/** What stands around a label in Mermaid. */
const SHAPES: Readonly<Record<Step['kind'], readonly [string, string]>> = {
  run: ['[', ']'],
  prompt: ['([', '])'],
  gate: ['{{', '}}'],
  loop: ['[[', ']]'],
  reduce: ['[\\', '/]'],
};

const DOT_SHAPES: Readonly<Partial<Record<Step['kind'], string>>> = {
  gate: ', shape=hexagon',
  reduce: ', shape=invtrapezium',
};

/** A Mermaid flowchart. Names stand in labels only: as identifiers, `end` and `o…` already mean something there. */
export function drawMermaid(plan: Plan, workflow: Workflow): string {
  const lines = ['flowchart TD'];
  forEachStep(plan, workflow, (step, name) => {
    const label = mermaidText(labelOf(step));
    const [open, close] = SHAPES[step.kind];
    lines.push(`  ${name}${open}"${label}"${close}`);
  });
  forEachNeed(plan, workflow, (from, to) => lines.push(`  ${from} --> ${to}`));
  forEachBody(plan, (loop, label, members) => {
    lines.push(
      `  subgraph ${loop}_body["${mermaidText(label)}"]`,
      ...members.map((name) => `    ${name}`),
      '  end',
    );
    lines.push(`  ${loop} -.-> ${loop}_body`);
  });
  const full = namesOf(plan, workflow, reachesFull);
  const write = namesOf(
    plan,
    workflow,
    (step) => step.kind === 'prompt' && step.access === 'write' && !reachesFull(step),
  );
  const isolated = namesOf(plan, workflow, (step) => step.isolated !== undefined);
  if (full.length > 0)
    lines.push('  classDef full stroke:#d00,stroke-width:3px', `  class ${full.join(',')} full`);
  if (write.length > 0) lines.push('  classDef write stroke-width:2px', `  class ${write.join(',')} write`);
  if (isolated.length > 0)
    lines.push('  classDef isolated stroke-dasharray:5 5', `  class ${isolated.join(',')} isolated`);
  return `${lines.join('\n')}\n`;
}

/** A Graphviz digraph. */
export function drawDot(plan: Plan, workflow: Workflow): string {
  const lines = [`digraph "${dotText(workflow.name)}" {`, '  node [shape=box];'];
  forEachStep(plan, workflow, (step, name) => {
    const styles = [
      ...(step.kind === 'prompt' ? ['rounded'] : []),
      ...(step.isolated === undefined ? [] : ['dashed']),
    ].join(',');
    const style = styles === '' ? '' : `, style=${styles.includes(',') ? `"${styles}"` : styles}`;
    const shape = DOT_SHAPES[step.kind] ?? '';
    const color = reachesFull(step) ? ', color=red, penwidth=2' : '';
    lines.push(`  ${name} [label="${dotText(labelOf(step))}"${shape}${style}${color}];`);
  });
  forEachNeed(plan, workflow, (from, to) => lines.push(`  ${from} -> ${to};`));
  forEachBody(plan, (loop, label, members) => {
    lines.push(`  subgraph cluster_${loop} {`, `    label="${dotText(label)}";`);
    lines.push(`    ${loop}; ${members.join('; ')};`, '  }', `  ${loop} -> ${members[0]} [style=dotted];`);
  });
  lines.push('}');
  return `${lines.join('\n')}\n`;
}

function labelOf(step: Step): string {
  const matrix = step.matrix === undefined ? [] : [`per ${Object.keys(step.matrix.axes).join(', ')}`];
  const isolation = [...matrix, ...isolationLines(step)];
  if (step.kind === 'run') return [step.id, ...isolation].join('\n');
  if (step.kind === 'loop') return [step.id, `at most ${step.max} times`, ...isolation].join('\n');
  if (step.kind === 'gate') return [step.id, step.options.join(', ')].join('\n');
  if (step.kind === 'reduce')
    return [step.id, `${step.mode} of ${step.from}`, ...winnerLines(step)].join('\n');
  const model = step.model === undefined ? '' : ` · ${templateText(step.model)}`;
  return [step.id, `${step.engines.join(', ')}${model} · ${step.access}`, ...isolation].join('\n');
}

/** Main steps are `s0`, `s1`, …, those of a loop's body `s1_0`, …; those of `finally` are `f0`, `f1`, … */
function forEachStep(plan: Plan, workflow: Workflow, visit: (step: Step, name: string) => void): void {
  const visitAll = (list: Plan, name: (index: number) => string): void => {
    for (const { step, index, body } of list.steps) {
      visit(step, name(index));
      if (body !== undefined) visitAll(body, (inner) => `${name(index)}_${inner}`);
    }
  };
  visitAll(plan, (index) => `s${index}`);
  for (const [index, step] of workflow.finally.entries()) visit(step, `f${index}`);
}

/** The body of each loop: the loop's name, what is written over it, the names of the steps. An inner one comes after its outer. */
function forEachBody(
  list: Plan,
  visit: (loop: string, label: string, members: readonly string[]) => void,
  nameOf: (index: number) => string = (index) => `s${index}`,
): void {
  for (const { step, index, body } of list.steps) {
    if (body === undefined) continue;
    const loop = nameOf(index);
    const inner = (position: number) => `${loop}_${position}`;
    visit(
      loop,
      `body of ${step.id}`,
      body.steps.map((planned) => inner(planned.index)),
    );
    forEachBody(body, visit, inner);
  }
}

/** The steps of `finally` are a chain behind every step that nobody needs. */
function forEachNeed(plan: Plan, workflow: Workflow, visit: (from: string, to: string) => void): void {
  const visitAll = (list: Plan, name: (index: number) => string): Links => {
    const links = linksOf(list.steps.map(({ step }) => step));
    for (const [index, needs] of links.needs.entries())
      for (const need of needs) visit(name(need), name(index));
    for (const { body, index } of list.steps) {
      if (body !== undefined) visitAll(body, (inner) => `${name(index)}_${inner}`);
    }
    return links;
  };
  const links = visitAll(plan, (index) => `s${index}`);
  if (workflow.finally.length === 0) return;
  for (const [index, dependents] of links.dependents.entries())
    if (dependents.length === 0) visit(`s${index}`, 'f0');
  for (let index = 1; index < workflow.finally.length; index++) visit(`f${index - 1}`, `f${index}`);
}

function namesOf(plan: Plan, workflow: Workflow, wanted: (step: Step) => boolean): string[] {
  const names: string[] = [];
  forEachStep(plan, workflow, (step, name) => {
    if (wanted(step)) names.push(name);
  });
  return names;
}

/** Mermaid has no backslash escapes; characters are written by number between `#` and `;`, and its labels are HTML. */
function mermaidText(text: string): string {
  return text.replace(/[#"<>&\\`;]/g, (letter) => `#${letter.codePointAt(0)};`).replace(/\r?\n/g, '<br>');
}

function dotText(text: string): string {
  return text.replace(/[\\"]/g, (letter) => `\\${letter}`).replace(/\r?\n/g, '\\n');
}
