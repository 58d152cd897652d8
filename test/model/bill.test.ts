// Holds bills to what a run says of itself: its use as status shows it and run-finished has it, and what its budget counted.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Bill,
  billOf,
  billsBy,
  type Charge,
  chargesOf,
  knownUsd,
  type Told,
} from '../../src/model/bill.ts';
import type { Milestone, MilestoneBody, Usage } from '../../src/model/event.ts';
import { foldAll } from '../../src/model/fold.ts';
import type { RunId, StepKey } from '../../src/model/ids.ts';

const RUN = '20260101-000000-bcdf' as RunId;
const at = (seq: number): string => new Date(Date.UTC(2026, 0, 1) + seq * 1000).toISOString();

/** What the database gives of a milestone. */
function toldOf(m: Milestone): Told {
  const all = m as unknown as Readonly<Record<string, unknown>>;
  const of = <T>(name: string): T | null => (all[name] as T | undefined) ?? null;
  return {
    type: m.type,
    at: m.at,
    step: of<StepKey>('step') ?? ('' as StepKey),
    attempt: of<number>('attempt'),
    engine: of<string>('engine'),
    model: of<string>('model'),
    usage: of<Usage>('usage'),
    reused: of<string>('reused'),
    reason: of<{ reason: string }>('failure')?.reason ?? null,
  };
}

const HOW = ['succeeded', 'merged', 'failed', 'interrupted', 'spawn', 'canceled', 'reused', 'dead'] as const;
type How = (typeof HOW)[number];
interface Made {
  readonly how: How;
  readonly usage: Usage | undefined;
  readonly engine: string;
}

const usages: fc.Arbitrary<Usage | undefined> = fc.option(
  fc
    .record({
      'input-tokens': fc.nat(1000),
      'output-tokens': fc.nat(1000),
      'cached-tokens': fc.nat(10),
      // Quarters add up exactly in every order.
      usd: fc.option(fc.nat(40).map((n) => n / 4)),
      priced: fc.boolean(),
    })
    .map(({ priced, ...usage }) =>
      priced && usage.usd !== null ? { ...usage, 'usd-from': 'prices' as const } : usage,
    ),
  { nil: undefined },
);
const attempts: fc.Arbitrary<Made> = fc.record({
  how: fc.constantFrom(...HOW),
  usage: usages,
  engine: fc.constantFrom('codex', 'claude-code'),
});
const histories = fc.array(fc.array(attempts, { minLength: 1, maxLength: 4 }), { maxLength: 6 });

/** What is said of one attempt. */
function saidOf(step: StepKey, attempt: number, { how, usage, engine }: Made): readonly MilestoneBody[] {
  const of = { step, attempt };
  const used = usage === undefined ? {} : { usage };
  const failed = (reason: 'exit-code' | 'interrupted' | 'spawn', more = {}): MilestoneBody => ({
    ...{ type: 'step-failed', ...of, final: false, failure: { reason, message: 'no' }, ...more },
  });
  const began: MilestoneBody = { type: 'step-started', ...of, kind: 'prompt', engine, workspace: 'shared' };
  switch (how) {
    case 'succeeded':
      return [began, { type: 'step-succeeded', ...of, ...used }];
    case 'merged':
      return [
        began,
        { type: 'change-ready', ...of, tree: 't', files: [], ...used },
        { type: 'step-succeeded', ...of, ...used },
      ];
    case 'failed':
      return [began, failed('exit-code', used)];
    case 'interrupted':
      return [began, failed('interrupted', used)];
    case 'spawn':
      return [began, failed('spawn')];
    case 'canceled':
      return [
        began,
        ...(usage === undefined ? [] : [failed('interrupted', used)]),
        { type: 'step-canceled', step, because: 'it was' },
      ];
    case 'reused':
      return [began, { type: 'step-succeeded', ...of, ...used, reused: 'cache' }];
    case 'dead':
      return [began];
  }
}

/** Milestones as a run would say them: each step its attempts, one after the other. */
function history(steps: readonly (readonly Made[])[]): readonly Milestone[] {
  const said: MilestoneBody[] = [
    { type: 'run-started', workflow: 'w', path: 'w.yml', sha256: '', inputs: {}, attempt: 1 },
    ...steps.flatMap((all, index) =>
      all.flatMap((made, turn) => saidOf(`step-${index}` as StepKey, turn + 1, made)),
    ),
  ];
  return said.map((body, index) => ({ v: 1, seq: index + 1, at: at(index), run: RUN, ...body }));
}

const charged = (milestones: readonly Milestone[]): readonly Charge[] =>
  chargesOf(RUN, 'w', milestones.map(toldOf));

function sumOf(bills: Iterable<Bill>): Record<string, number> {
  const sum = { attempts: 0, failed: 0, reported: 0, priced: 0, unknown: 0, in: 0 };
  for (const bill of bills) {
    for (const key of ['attempts', 'failed', 'reported', 'priced', 'unknown'] as const) sum[key] += bill[key];
    sum.in += bill.usage['input-tokens'];
  }
  return sum;
}

describe('a bill', () => {
  it('says the same as the run says of itself, and as its budget counted', () => {
    fc.assert(
      fc.property(histories, (steps) => {
        const milestones = history(steps);
        const progress = foldAll(milestones);
        const bill = billOf(charged(milestones));
        const { usd, ...tokens } = progress.usage ?? { usd: 0, ...billOf([]).usage };
        expect(bill.usage).toEqual(tokens);
        // One unknown cost makes the run's own sum unknown; whoever is silent is counted by the bill beside it.
        if (usd !== null) expect(bill.reported + bill.priced).toBe(usd);
        else expect(bill.unknown).toBeGreaterThan(0);
        const spent = progress.spending.by.get('run');
        expect(bill.reported + bill.priced).toBe(spent?.usd ?? 0);
        expect(bill.unknown).toBeGreaterThanOrEqual(spent?.unknown ?? 0);
      }),
    );
  });

  it('is the sum of its parts, whatever they are added up by', () => {
    fc.assert(
      fc.property(histories, (steps) => {
        const charges = charged(history(steps));
        const whole = sumOf([billOf(charges)]);
        expect(sumOf(billsBy(charges, ({ step }) => step).values())).toEqual(whole);
        expect(sumOf(billsBy(charges, ({ engine, at: when }) => engine + when).values())).toEqual(whole);
      }),
    );
  });

  it('takes what is not known for nothing nowhere', () => {
    const lone = (how: How, usage?: Usage): Bill =>
      billOf(charged(history([[{ how, usage, engine: 'codex' }]])));
    for (const how of ['failed', 'interrupted', 'canceled', 'dead', 'succeeded'] as const) {
      expect(lone(how), how).toMatchObject({ attempts: 1, unknown: 1 });
      expect(knownUsd(lone(how)), how).toBeNull();
    }
    expect(lone('spawn')).toMatchObject({ attempts: 1, unknown: 0 });
    expect(knownUsd(lone('spawn'))).toBe(0);
    expect(lone('reused').attempts).toBe(0);
    const used = { 'input-tokens': 1, 'output-tokens': 1, 'cached-tokens': 0, usd: null };
    expect(lone('merged', used)).toMatchObject({ unknown: 1, usage: { 'input-tokens': 1 } });
    expect(lone('merged', { ...used, usd: 2, 'usd-from': 'prices' })).toMatchObject({
      reported: 0,
      priced: 2,
    });
  });
});
