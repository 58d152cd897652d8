// Reads what a template says about itself, and counts what it asks for.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { checkedFile } from '../../src/app/check.ts';
import { locate } from '../../src/app/place.ts';
import { graph } from '../../src/plan/graph.ts';
import { EXAMPLES } from './example.ts';

/** As much of a step as counting takes. */
interface Step {
  readonly id: string;
  readonly if?: string;
  readonly run?: string;
  readonly prompt?: string;
  readonly agent?: string;
  readonly matrix?: Readonly<Record<string, string>>;
  readonly loop?: { readonly max: number; readonly steps: readonly Step[] };
  readonly output?: {
    readonly properties?: Readonly<Record<string, { minItems?: number; maxItems?: number }>>;
  };
}

/** As much of a workflow as is compared with what it says. */
export interface Template {
  readonly name: string;
  /** What it does, in one line. */
  readonly does: string;
  /** When to use it and what it costs: one paragraph, in the lines of the file. */
  readonly about: string;
  readonly budget: Readonly<Record<'usd' | 'tokens' | 'time', string | number>>;
  readonly steps: readonly Step[];
  /** All of them, those of loops and of `finally` too. */
  readonly all: readonly Step[];
  readonly agents: Readonly<
    Record<string, { readonly engine: string | readonly string[]; readonly access: string }>
  >;
  readonly text: string;
}

/** Reads a template, and throws where it does not begin as templates do. */
export function templateOf(name: string): Template {
  const text = readFileSync(path.join(EXAMPLES, `${name}.yml`), 'utf8');
  const opening = /^# (?<does>[^\n]+)\n#\n(?<about>(?:# [^\n]+\n)+)\n# yaml-language-server: /.exec(
    text,
  )?.groups;
  if (opening === undefined)
    throw new Error(`${name}.yml: a line, a paragraph, then the schema stand at its top`);
  const file = parse(text, { merge: true }) as Omit<Template, 'all'> & { finally?: readonly Step[] };
  const inside = (steps: readonly Step[]): readonly Step[] =>
    steps.flatMap((step) => [step, ...inside(step.loop?.steps ?? [])]);
  return {
    name,
    does: opening.does ?? '',
    about: (opening.about ?? '').replace(/^# /gm, '').trim(),
    budget: file.budget,
    steps: file.steps,
    all: inside([...file.steps, ...(file.finally ?? [])]),
    agents: file.agents,
    text,
  };
}

/** How often agents are asked in a run that succeeds, at least and at most. */
export function asked({ steps, all }: Template): readonly [number, number] {
  return sum(steps.map((step) => askedBy(step, all)));
}

function askedBy(step: Step, all: readonly Step[]): readonly [number, number] {
  const inner =
    step.loop === undefined ? ([1, 1] as const) : sum(step.loop.steps.map((one) => askedBy(one, all)));
  if (step.prompt === undefined && step.loop === undefined) return [0, 0];
  const [least, most] = timesOf(step, all);
  return [step.if === undefined ? least * inner[0] : 0, most * inner[1]];
}

/** Of a matrix over a list that an agent gives, as many as its schema allows. */
function timesOf(step: Step, all: readonly Step[]): readonly [number, number] {
  if (step.loop !== undefined) return [1, step.loop.max];
  if (step.matrix === undefined) return [1, 1];
  const [, from, property] =
    /steps\.([a-z-]+)\.output\.([a-z]+)/.exec(Object.values(step.matrix)[0] ?? '') ?? [];
  const { minItems, maxItems } =
    all.find(({ id }) => id === from)?.output?.properties?.[property ?? ''] ?? {};
  if (minItems === undefined || maxItems === undefined)
    throw new Error(`${step.id}: nobody knows how many instances there are`);
  return [minItems, maxItems];
}

const sum = (counts: readonly (readonly [number, number])[]): readonly [number, number] =>
  counts.reduce<readonly [number, number]>(([a, b], [c, d]) => [a + c, b + d], [0, 0]);

/** Its plan as Mermaid, as `codemachine plan --graph mermaid` draws it. */
export async function drawn(name: string): Promise<string> {
  const file = path.join(EXAMPLES, `${name}.yml`);
  const checked = await checkedFile(locate({}, process.env), file, process.env);
  if (!checked.ok) throw new Error(checked.error.message);
  return graph(checked.value.plan, checked.value.workflow, 'mermaid');
}
