// Folds runs that took over results of another one, or go on with other files.
import { describe, expect, it } from 'vitest';
import type { Milestone, MilestoneBody } from '../../src/model/event.ts';
import { foldAll } from '../../src/model/fold.ts';
import { asRunId, asStepKey } from '../../src/model/ids.ts';

const RUN = asRunId('20261120-141504-k7qd');
const OLD = asRunId('20261120-141503-k7qd');
const A = asStepKey('a');
const B = asStepKey('b');
const usage = { 'input-tokens': 10, 'output-tokens': 2, 'cached-tokens': 0, usd: 0.01 };

function history(...bodies: readonly MilestoneBody[]): readonly Milestone[] {
  return bodies.map((body, index) => ({
    ...{ v: 1, seq: index + 1, at: '2026-11-20T14:15:03.123Z', run: RUN },
    ...body,
  }));
}

const opening: MilestoneBody = {
  ...{ type: 'run-started', workflow: 'w', path: 'w.yml', sha256: 'old', inputs: {}, attempt: 1 },
  'retry-of': OLD,
};
const taken: MilestoneBody = {
  ...{ type: 'step-succeeded', step: A, attempt: 3, reused: 'retry' },
  ...{ text: 'done', usage, engine: 'claude-code', model: 'm', session: 's' },
};

describe('a retry', () => {
  it('has the results that it took over, and pays nothing for them', () => {
    const { steps, usage: spent, retryOf } = foldAll(history(opening, taken));
    expect(retryOf).toBe(OLD);
    expect(spent).toBeUndefined();
    expect(steps.get(A)).toMatchObject({
      ...{
        status: 'succeeded',
        attempt: 3,
        reused: 'retry',
        engine: 'claude-code',
        model: 'm',
        session: 's',
      },
      values: { text: 'done', usage },
    });
    expect(steps.get(A)?.usage).toBeUndefined();
  });

  it('keeps them when it is resumed', () => {
    const resumed = foldAll(history(opening, taken, { type: 'run-resumed', attempt: 2, by: 'me' }));
    expect(resumed.steps.get(A)).toMatchObject({ status: 'succeeded', session: 's' });
  });
});

describe('an update', () => {
  const updated: MilestoneBody = {
    ...{ type: 'run-resumed', attempt: 2, by: 'me', sha256: 'new', inputs: { who: 'me' } },
    ...{ again: [A], gone: [B] },
  };
  const worked: readonly MilestoneBody[] = [
    { type: 'step-started', step: A, attempt: 1, kind: 'prompt', workspace: 'shared' },
    { type: 'snapshot-taken', step: A, attempt: 1, tree: 't1', files: [] },
    { type: 'snapshot-taken', step: A, attempt: 1, tree: 't2', files: ['x'] },
    { type: 'step-succeeded', step: A, attempt: 1, text: 'done', usage },
    { type: 'step-succeeded', step: B, attempt: 1 },
  ];

  it('takes results away, and neither their number nor their bill', () => {
    const { steps, sha256, inputs, usage: spent } = foldAll(history(opening, ...worked, updated));
    expect({ sha256, inputs }).toEqual({ sha256: 'new', inputs: { who: 'me' } });
    expect(spent).toEqual(usage);
    expect([...steps.keys()]).toEqual([A]);
    expect(steps.get(A)).toEqual({
      ...{ key: A, status: 'pending', attempt: 1, counted: 0, values: {}, decidedIn: 0, usage },
      trees: { 1: { before: 't1', after: 't2', undone: false } },
    });
  });

  it('gives up a merge that was cut off', () => {
    const merging: readonly MilestoneBody[] = [
      { type: 'step-started', step: A, attempt: 1, kind: 'prompt', workspace: 'isolated' },
      { type: 'change-ready', step: A, attempt: 1, tree: 'e', files: ['x'] },
      { type: 'merge-started', step: A, attempt: 1, from: 's', tree: 'm', files: ['x'] },
    ];
    const half = foldAll(history(opening, ...merging)).steps.get(A);
    expect(half?.trees[1]?.merge).toMatchObject({ done: false });
    const { steps } = foldAll(history(opening, ...merging, updated));
    expect(steps.get(A)).toMatchObject({ status: 'pending', trees: { 1: { after: 'e' } } });
    expect(steps.get(A)?.trees[1]).not.toHaveProperty('merge');
  });

  it('leaves alone what it does not name', () => {
    const named = { ...updated, again: [], gone: [] } as MilestoneBody;
    const { steps } = foldAll(history(opening, ...worked, named));
    expect(steps.get(A)).toMatchObject({ status: 'succeeded', values: { text: 'done' } });
    expect(steps.get(B)).toMatchObject({ status: 'succeeded' });
  });
});
