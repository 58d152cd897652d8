/** Answers which steps are certain to have ended before others start. */
import type { StepId } from '../model/ids.ts';
import type { Step } from '../model/workflow.ts';

/** Whether one step ends before another starts; `unknown` where the order itself is broken or not known. */
export type Order = 'before' | 'not-before' | 'unknown';

/** A question: does `earlier` end before `later` starts? Both by position in the list of steps. */
export interface Question {
  readonly later: number;
  readonly earlier: number;
}

/** How many steps are asked about in one sweep; a multiple of 32. */
const CHUNK = 2_048;

/**
 * Answers all questions in order. Costs one sweep over all needs per CHUNK of different earlier steps, each with a bit per
 * earlier step: walking up from each step that asks would be quadratic in a long line of steps.
 */
export function answer(steps: readonly Step[], questions: readonly Question[]): readonly Order[] {
  const graph = graphOf(steps);
  const answers = questions.map(({ later, earlier }) =>
    graph.needs[later]?.includes(earlier) ? 'before' : undefined,
  );
  const open = [
    ...new Set(questions.filter((_, i) => answers[i] === undefined).map(({ earlier }) => earlier)),
  ];
  for (let from = 0; from < open.length; from += CHUNK) {
    const bits = new Map(open.slice(from, from + CHUNK).map((step, bit) => [step, bit]));
    const isBefore = sweep(graph, bits);
    questions.forEach(({ later, earlier }, i) => {
      const bit = bits.get(earlier);
      if (answers[i] === undefined && bit !== undefined && isBefore(later, bit)) answers[i] = 'before';
    });
  }
  return questions.map(
    ({ later }, i) => answers[i] ?? (graph.unsure[later] === 1 ? 'unknown' : 'not-before'),
  );
}

/** The steps by position. `order` has each step after its needs; steps in a cycle are not in it. */
interface Graph {
  readonly needs: readonly (readonly number[])[];
  readonly order: readonly number[];
  /** 1 where an ancestor is not in the list, or the step stands in or behind a cycle. */
  readonly unsure: Uint8Array;
}

function graphOf(steps: readonly Step[]): Graph {
  const positions = new Map<StepId, number>(steps.map(({ id }, i) => [id, i]));
  const unsure = new Uint8Array(steps.length);
  const needs = steps.map((step, i) =>
    step.needs.flatMap((id) => {
      const position = positions.get(id);
      if (position === undefined) unsure[i] = 1;
      return position ?? [];
    }),
  );
  const followers: number[][] = steps.map(() => []);
  const waiting = needs.map((all) => all.length);
  for (const [i, all] of needs.entries()) for (const need of all) followers[need]?.push(i);
  const order = waiting.flatMap((count, i) => (count === 0 ? i : []));
  for (const done of order) {
    for (const follower of followers[done] ?? []) {
      if (unsure[done] === 1) unsure[follower] = 1;
      waiting[follower] = (waiting[follower] ?? 0) - 1;
      if (waiting[follower] === 0) order.push(follower);
    }
  }
  for (const [i, count] of waiting.entries()) if (count > 0) unsure[i] = 1;
  return { needs, order, unsure };
}

function sweep(
  { needs, order }: Graph,
  bits: ReadonlyMap<number, number>,
): (step: number, bit: number) => boolean {
  const words = Math.ceil(bits.size / 32);
  const reach = new Uint32Array(needs.length * words);
  for (const step of order) {
    for (const need of needs[step] ?? []) {
      for (let w = 0; w < words; w++) add(reach, step * words + w, reach[need * words + w] ?? 0);
      const bit = bits.get(need);
      if (bit !== undefined) add(reach, step * words + (bit >> 5), 1 << (bit & 31));
    }
  }
  return (step, bit) => ((reach[step * words + (bit >> 5)] ?? 0) & (1 << (bit & 31))) !== 0;
}

function add(words: Uint32Array, index: number, bits: number): void {
  words[index] = (words[index] ?? 0) | bits;
}
