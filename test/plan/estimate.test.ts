// Shows what a plan takes by what its steps took before, and that what nobody knows is never nothing.
import { describe, expect, test } from 'vitest';
import type { StepId } from '../../src/model/ids.ts';
import { asStepId } from '../../src/model/ids.ts';
import type { Spent } from '../../src/model/plan.ts';
import type { Step } from '../../src/model/workflow.ts';
import { estimate } from '../../src/plan/estimate.ts';
import { agentStep, gateStep, loopStep, planOf, runStep, workflowOf } from '../run/rig.ts';

function estimated(steps: readonly Step[], known: Readonly<Record<string, readonly Spent[]>>) {
  const spent = new Map<StepId, readonly Spent[]>(
    Object.entries(known).map(([id, all]) => [asStepId(id), all]),
  );
  return estimate(planOf(workflowOf(steps)), spent);
}

describe('an estimate', () => {
  test('is the median, along the path that takes longest', () => {
    const steps = [
      runStep('a'),
      agentStep('fast', { needs: ['a'] }),
      agentStep('slow', { needs: ['a'] }),
      runStep('end', { needs: ['fast', 'slow'] }),
    ];
    const found = estimated(steps, {
      a: [{ ms: 10 }, { ms: 1000 }, { ms: 30 }],
      fast: [{ ms: 5, usd: 0.5 }],
      slow: [
        { ms: 100, usd: 1 },
        { ms: 200, usd: 2 },
      ],
      end: [{ ms: 1 }],
    });
    expect(found.steps).toEqual({
      a: { ms: 30, usd: 0, of: 3 },
      fast: { ms: 5, usd: 0.5, of: 1 },
      slow: { ms: 150, usd: 1.5, of: 2 },
      end: { ms: 1, usd: 0, of: 1 },
    });
    expect(found).toMatchObject({ ms: 181, usd: 2, path: ['a', 'slow', 'end'] });
    expect(found.unknown).toEqual({ time: [], cost: [] });
  });

  test('names what nobody knows, and counts it as nothing nowhere', () => {
    const steps = [
      agentStep('silent'),
      agentStep('never', { needs: ['silent'] }),
      gateStep('ask', { needs: ['never'] }),
      loopStep('round', [agentStep('inner')], { needs: ['ask'], until: 'true' }),
    ];
    const found = estimated(steps, {
      silent: [{ ms: 7 }],
      inner: [{ ms: 1, usd: 1 }],
      round: [{ ms: 3 }],
    });
    expect(found.steps['silent']).toEqual({ ms: 7, of: 1 });
    expect(found.steps['never']).toEqual({ of: 0 });
    expect(found.unknown).toEqual({ time: ['never'], cost: ['silent', 'never', 'round'] });
    expect(found.ms).toBe(10);
  });

  test('knows the cost of a loop from what the whole of it came to', () => {
    const steps = [
      loopStep('round', [agentStep('inner')], { until: 'true' }),
      agentStep('fan', { needs: ['round'] }),
    ];
    const found = estimated(steps, {
      round: [
        { ms: 30, usd: 3 },
        { ms: 10, usd: 1 },
      ],
      fan: [{ ms: 40, usd: 4 }],
    });
    expect(found.steps).toEqual({ round: { ms: 20, usd: 2, of: 2 }, fan: { ms: 40, usd: 4, of: 1 } });
    expect(found).toMatchObject({ ms: 60, usd: 6, unknown: { time: [], cost: [] } });
  });

  test('leaves out what is left out', () => {
    const plan = planOf(workflowOf([runStep('a'), runStep('b', { needs: ['a'] })]));
    const [a, b] = plan.steps;
    if (a === undefined || b === undefined) throw new Error('two steps');
    const spent = new Map([
      [asStepId('a'), [{ ms: 5 }]],
      [asStepId('b'), [{ ms: 7 }]],
    ]);
    const found = estimate({ ...plan, steps: [a, { ...b, leftOut: true }] }, spent);
    expect(found).toMatchObject({ ms: 5, path: ['a'] });
  });
});
