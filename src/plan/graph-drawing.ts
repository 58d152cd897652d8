/** Draws a plan in the languages of Mermaid and Graphviz. */
import type { StepId } from '../model/ids.ts';
import type { Plan, PlannedStep } from '../model/plan.ts';
import type { StandingOf } from '../model/standing.ts';
import type { Step, Workflow } from '../model/workflow.ts';
import { templateText } from './graph-json.ts';
import { standings } from './graph-standing.ts';
import { isolationLines, reachesFull, winnerLines } from './isolation.ts';
import { linksOf } from './links.ts';

/** What stands around a label in Mermaid. */
const SHAPES: Readonly<Record<Step['kind'], readonly [string, string]>> = {
  run: ['[', ']'],
  prompt: ['([', '])'],
  gate: ['{{', '}}'],
  loop: ['[[', ']]'],
  uses: ['[[', ']]'],
  reduce: ['[\\', '/]'],
};

const DOT_SHAPES: Readonly<Partial<Record<Step['kind'], string>>> = {
  gate: ', shape=hexagon',
  reduce: ', shape=invtrapezium',
};

/**
 * A Mermaid flowchart. Names stand in labels only: as identifiers, `end` and `o…` already mean something there.
 * @param standingOf how the steps stand, for the chart of a run
 */
export function drawMermaid(plan: Plan, standingOf?: StandingOf): string {
  const lines = ['flowchart TD'];
  const drawn = standings();
  forEachStep(plan, (step, name, way) => {
    const sign = drawn.add(name, standingOf?.(way));
    const label = mermaidText(`${sign}${labelOf(step)}`);
    const [open, close] = SHAPES[step.kind];
    lines.push(`  ${name}${open}"${label}"${close}`);
  });
  forEachNeed(plan, (from, to) => lines.push(`  ${from} --> ${to}`));
  forEachBody(plan, (loop, label, members) => {
    lines.push(
      `  subgraph ${loop}_body["${mermaidText(label)}"]`,
      ...members.map((name) => `    ${name}`),
      '  end',
    );
    lines.push(`  ${loop} -.-> ${loop}_body`);
  });
  const full = namesOf(plan, reachesFull);
  const write = namesOf(
    plan,
    (step) => step.kind === 'prompt' && step.access === 'write' && !reachesFull(step),
  );
  const isolated = namesOf(plan, (step) => step.isolated !== undefined);
  if (full.length > 0)
    lines.push('  classDef full stroke:#d00,stroke-width:3px', `  class ${full.join(',')} full`);
  if (write.length > 0) lines.push('  classDef write stroke-width:2px', `  class ${write.join(',')} write`);
  if (isolated.length > 0)
    lines.push('  classDef isolated stroke-dasharray:5 5', `  class ${isolated.join(',')} isolated`);
  lines.push(...drawn.lines());
  return `${lines.join('\n')}\n`;
}

/** A Graphviz digraph. */
export function drawDot(plan: Plan, workflow: Workflow): string {
  const lines = [`digraph "${dotText(workflow.name)}" {`, '  node [shape=box];'];
  forEachStep(plan, (step, name) => {
    const styles = [
      ...(step.kind === 'prompt' ? ['rounded'] : []),
      ...(step.isolated === undefined ? [] : ['dashed']),
    ].join(',');
    const style = styles === '' ? '' : `, style=${styles.includes(',') ? `"${styles}"` : styles}`;
    const shape = DOT_SHAPES[step.kind] ?? '';
    const color = reachesFull(step) ? ', color=red, penwidth=2' : '';
    lines.push(`  ${name} [label="${dotText(labelOf(step))}"${shape}${style}${color}];`);
  });
  forEachNeed(plan, (from, to) => lines.push(`  ${from} -> ${to};`));
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
  if (step.kind === 'uses') return [step.id, `uses ${step.file}`, ...isolation].join('\n');
  if (step.kind === 'gate') return [step.id, step.options.join(', ')].join('\n');
  if (step.kind === 'reduce')
    return [step.id, `${step.mode} of ${step.from}`, ...winnerLines(step)].join('\n');
  const model = step.model === undefined ? '' : ` · ${templateText(step.model)}`;
  return [step.id, `${step.engines.join(', ')}${model} · ${step.access}`, ...isolation].join('\n');
}

/**
 * Main steps are `s0`, `s1`, …, those of a loop's body or a used workflow `s1_0`, …; those of `finally` are `f0`, `f1`, …, of a used
 * workflow's `s1_f0`, …
 */
function forEachStep(plan: Plan, visit: (step: Step, name: string, way: readonly StepId[]) => void): void {
  const visitAll = (list: Plan, names: Names, around: readonly StepId[]): void => {
    for (const { planned, name } of namedSteps(list, names)) {
      const way = [...around, planned.step.id];
      visit(planned.step, name, way);
      if (planned.body !== undefined) visitAll(planned.body, inside(name), way);
    }
  };
  visitAll(plan, OUTERMOST, []);
}

/** How the steps of a list are called, and those of its `finally`. */
interface Names {
  readonly step: (index: number) => string;
  readonly last: (index: number) => string;
}

const OUTERMOST: Names = { step: (index) => `s${index}`, last: (index) => `f${index}` };

function inside(name: string): Names {
  return { step: (index) => `${name}_${index}`, last: (index) => `${name}_f${index}` };
}

function namedSteps(
  list: Plan,
  names: Names,
): readonly { readonly planned: PlannedStep; readonly name: string }[] {
  return [
    ...list.steps.map((planned) => ({ planned, name: names.step(planned.index) })),
    ...list.last.map((planned) => ({ planned, name: names.last(planned.index) })),
  ];
}

/** Each body: the name of its step, what is written over it, the names of the steps. An inner one comes after its outer. */
function forEachBody(
  list: Plan,
  visit: (around: string, label: string, members: readonly string[]) => void,
  names = OUTERMOST,
): void {
  for (const { planned, name } of namedSteps(list, names)) {
    const { step, body } = planned;
    if (body === undefined) continue;
    const label = step.kind === 'uses' ? `part of ${step.id}` : `body of ${step.id}`;
    visit(
      name,
      label,
      namedSteps(body, inside(name)).map((member) => member.name),
    );
    forEachBody(body, visit, inside(name));
  }
}

/** The steps of `finally` are a chain behind every step that nobody needs. */
function forEachNeed(plan: Plan, visit: (from: string, to: string) => void): void {
  const visitAll = (list: Plan, names: Names): void => {
    const { needs, dependents } = linksOf(list.steps.map(({ step }) => step));
    for (const [index, some] of needs.entries())
      for (const need of some) visit(names.step(need), names.step(index));
    for (const { planned, name } of namedSteps(list, names))
      if (planned.body !== undefined) visitAll(planned.body, inside(name));
    if (list.last.length === 0) return;
    for (const [index, after] of dependents.entries())
      if (after.length === 0) visit(names.step(index), names.last(0));
    for (let index = 1; index < list.last.length; index++) visit(names.last(index - 1), names.last(index));
  };
  visitAll(plan, OUTERMOST);
}

function namesOf(plan: Plan, wanted: (step: Step) => boolean): string[] {
  const names: string[] = [];
  forEachStep(plan, (step, name) => {
    if (wanted(step)) names.push(name);
  });
  return names;
}

/**
 * Mermaid has no backslash escapes; characters are written by number between `#` and `;`, and its labels are HTML. In whatever else
 * stands for itself, `%%{` would be taken for a directive, quoted or not, and a lone CR for the end of the line.
 */
function mermaidText(text: string): string {
  return text
    .replace(/\r?\n/g, '\n')
    .replace(/[#"<>&\\`;%{}]/g, (letter) => `#${letter.codePointAt(0)};`)
    .replace(/[^\P{C}\n]|[\u2028\u2029]/gu, ' ')
    .replaceAll('\n', '<br>');
}

function dotText(text: string): string {
  return text.replace(/[\\"]/g, (letter) => `\\${letter}`).replace(/\r?\n/g, '\\n');
}
