import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { planWorkflow } from '../../src/plan/plan.ts';
import { agent, shell, shells, workflow } from './steps.ts';

describe('batches', () => {
  test('a batch is one past the deepest of its needs; ties keep the order of the file', () => {
    const { plan, diagnostics } = planWorkflow(shells({ a: [], b: ['a'], c: [], d: ['b', 'c'], e: ['c'] }));
    expect(diagnostics).toEqual([]);
    expect(plan?.batches).toEqual([['a', 'c'], ['b', 'e'], ['d']]);
    expect(plan?.criticalPath).toEqual(['a', 'b', 'd']);
    expect(plan?.steps.map((step) => step.remaining)).toEqual([3, 2, 2, 1, 1]);
  });

  test('steps may stand below those that need them', () => {
    expect(planWorkflow(shells({ last: ['first'], first: [] })).plan?.batches).toEqual([['first'], ['last']]);
  });

  test('every step stands after its needs, and remaining shrinks along each need', () => {
    const graph = fc.array(fc.array(fc.nat(40), { maxLength: 4 }), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(graph, (drawn) => {
        const needs = drawn.map((own, index) => [
          ...new Set(own.filter((need) => need < index).map((need) => `s${need}`)),
        ]);
        const { plan } = planWorkflow(
          shells(Object.fromEntries(needs.map((own, index) => [`s${index}`, own]))),
        );
        for (const { step, batch, remaining } of plan?.steps ?? []) {
          for (const id of step.needs) {
            const need = plan?.steps.find((other) => other.step.id === id);
            expect(need?.batch).toBeLessThan(batch);
            expect(need?.remaining).toBeGreaterThan(remaining);
          }
        }
        expect(plan?.criticalPath).toHaveLength(plan?.batches.length ?? -1);
      }),
    );
  });
});

describe('cycles', () => {
  const cyclesOf = (needs: Record<string, string[]>) =>
    planWorkflow(shells(needs)).diagnostics.map(({ code, at, message }) => ({ code, at: at.start, message }));

  test('are reported once, from the step that stands first, at its needs', () => {
    expect(cyclesOf({ before: [], a: ['c', 'before'], b: ['a'], c: ['b'], after: ['c'] })).toEqual([
      { code: 'cycle', at: 15, message: 'these steps wait for each other: a → b → c → a' },
    ]);
    expect(planWorkflow(shells({ a: ['b'], b: ['a'] })).plan).toBeUndefined();
  });

  test('that have nothing to do with each other are reported each', () => {
    expect(cyclesOf({ a: ['b'], b: ['a'], c: ['d', 'a'], d: ['c'] }).map(({ at }) => at)).toEqual([5, 25]);
  });

  test('a need on oneself is the reader’s to report', () => {
    expect(planWorkflow(shells({ a: ['a'] })).plan?.batches).toEqual([['a']]);
  });
});

describe('parallel writers', () => {
  const found = (...steps: Parameters<typeof workflow>[0]) =>
    planWorkflow(workflow(steps)).diagnostics.map((d) => [d.code, d.at.start, d.related?.[0]?.at.start]);

  test('are an error at the later one, with the earlier as related place', () => {
    expect(found(agent(0, 'a', []), shell(1, 'x', []), agent(2, 'b', ['x']))).toEqual([
      ['parallel-writers', 20, 0],
    ]);
  });

  test('in order are none, near or far, whichever stands first', () => {
    expect(found(agent(0, 'a', []), shell(1, 'x', ['a']), agent(2, 'b', ['x']))).toEqual([]);
    expect(found(agent(0, 'b', ['x']), shell(1, 'x', ['a']), agent(2, 'a', []))).toEqual([]);
  });

  test('beside readers and shell steps are none', () => {
    expect(found(agent(0, 'a', []), agent(1, 'b', [], { access: 'read' }), shell(2, 'c', []))).toEqual([]);
  });

  test('conditions are not weighed, and undo: never changes nothing', () => {
    const condition = { if: { text: 'false', at: { start: 0, end: 0 } } };
    expect(found(agent(0, 'a', [], condition), agent(1, 'b', [], { undo: false }))).toHaveLength(1);
  });

  test('each one is named once, beyond the width of a word of bits too', () => {
    const many = Array.from({ length: 100 }, (_, i) =>
      agent(i, `s${i}`, i === 0 || i === 99 ? [] : [`s${i - 1}`]),
    );
    expect(found(...many)).toEqual([['parallel-writers', 990, 0]]);
    const none = Array.from({ length: 70 }, (_, i) => agent(i, `s${i}`, []));
    expect(found(...none)).toHaveLength(69);
  });
});

describe('10,000 steps', () => {
  const count = 10_000;
  test.each([
    ['in a chain', (i: number) => (i === 0 ? [] : [`s${i - 1}`])],
    ['side by side', () => []],
    ['in a wide middle', (i: number) => (i === 0 ? [] : i === count - 1 ? ids.slice(0, -1) : ['s0'])],
  ])('%s are planned', (_name, needs) => {
    const steps = Array.from({ length: count }, (__, i) => shell(i, `s${i}`, needs(i)));
    expect(planWorkflow(workflow(steps)).plan?.steps).toHaveLength(count);
  });
  const ids = Array.from({ length: count }, (_, i) => `s${i}`);

  test('that all write, in a chain and in a cycle, are planned and refused', () => {
    const steps = Array.from({ length: count }, (_, i) => agent(i, `s${i}`, i === 0 ? [] : [`s${i - 1}`]));
    expect(planWorkflow(workflow(steps)).plan?.batches).toHaveLength(count);
    const cycle = [agent(0, 's0', [`s${count - 1}`]), ...steps.slice(1)];
    expect(planWorkflow(workflow(cycle)).diagnostics).toHaveLength(1);
  });
});
