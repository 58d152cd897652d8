/** Shows that the order of steps is known right, near and far, in large workflows too. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { asStepId } from '../../../src/model/ids.ts';
import type { Step } from '../../../src/model/workflow.ts';
import { answer } from '../../../src/workflow/expression-ancestors.ts';

/** Steps of which only the needs matter, given by position. */
function line(needs: readonly (readonly number[])[]): Step[] {
  const id = (i: number) => asStepId(`s${i}`);
  return needs.map((all, i) => ({ id: id(i), needs: all.map(id) }) as unknown as Step);
}

test('as a walk up from each step would find it', () => {
  const graph = fc
    .integer({ min: 1, max: 40 })
    .chain((size) =>
      fc.tuple(
        ...Array.from({ length: size }, (_, i) =>
          fc.subarray([...Array(i).keys()], { maxLength: Math.min(i, 3) }),
        ),
      ),
    );
  fc.assert(
    fc.property(graph, (needs) => {
      const ancestors: Set<number>[] = [];
      for (const all of needs) {
        ancestors.push(new Set(all.flatMap((need) => [need, ...(ancestors[need] ?? [])])));
      }
      const questions = needs.flatMap((_, later) => needs.map((__, earlier) => ({ later, earlier })));
      const expected = questions.map(({ later, earlier }) =>
        ancestors[later]?.has(earlier) ? 'before' : 'not-before',
      );
      expect(answer(line(needs), questions)).toEqual(expected);
    }),
  );
});

test('more different steps are asked about than one sweep takes', () => {
  const size = 6_000;
  const needs = Array.from({ length: size }, (_, i) => (i === 0 || i === size - 1 ? [] : [i - 1]));
  const questions = needs.map((_, i) => ({ later: size - 2, earlier: i }));
  const answers = answer(line(needs), questions);
  expect(answers.slice(0, size - 2).every((each) => each === 'before')).toBe(true);
  expect(answers.slice(size - 2)).toEqual(['not-before', 'not-before']);
});

test('behind a cycle or an unknown need nothing is certain', () => {
  const steps = line([[], [2], [1], [1], [99], [4]]);
  const ask = (later: number) => answer(steps, [{ later, earlier: 0 }]);
  for (const later of [1, 2, 3, 4, 5]) expect(ask(later), `${later}`).toEqual(['unknown']);
  expect(answer(steps, [{ later: 3, earlier: 1 }])).toEqual(['before']);
});
