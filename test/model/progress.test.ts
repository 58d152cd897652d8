import { describe, expect, test } from 'vitest';
import type { Milestone, MilestoneBody } from '../../src/model/event.ts';
import { foldAll, follow } from '../../src/model/fold.ts';
import { asRunId, asStepKey } from '../../src/model/ids.ts';
import { isUsageUnknown } from '../../src/report/steps.ts';
import { ownedBefore } from '../../src/run/finish.ts';

const step = asStepKey('a');
const usage = { 'input-tokens': 5, 'output-tokens': 1, 'cached-tokens': 0, usd: 0.25 };

function history(...bodies: MilestoneBody[]): Milestone[] {
  return bodies.map((body, index) => {
    const at = new Date(Date.UTC(2026, 0, 1, 0, 0, index)).toISOString();
    return { ...body, v: 1, seq: index + 1, at, run: asRunId('20260101-000000-kkkk') };
  });
}

type Failed = Extract<MilestoneBody, { type: 'step-failed' }>;

const begun: MilestoneBody = {
  type: 'run-started',
  workflow: 'w',
  path: 'w.yml',
  sha256: '',
  inputs: {},
  attempt: 1,
};
const started = (attempt: number): MilestoneBody => ({
  type: 'step-started',
  step,
  attempt,
  kind: 'prompt',
  engine: 'codex',
  workspace: 'shared',
});
const failed = (
  attempt: number,
  final: boolean,
  reason: 'overloaded' | 'quota' | 'interrupted' = 'overloaded',
): MilestoneBody => ({
  type: 'step-failed',
  step,
  attempt,
  final,
  failure: { reason, message: '' },
  usage,
});
const resumed: MilestoneBody = { type: 'run-resumed', attempt: 2, by: 'me' };
const over: MilestoneBody = {
  ...{ type: 'run-finished', status: 'failed', 'duration-ms': 1, usage, outputs: {} },
};
const of = (...bodies: MilestoneBody[]) => foldAll(history(begun, ...bodies)).steps.get(step);

describe('the fold', () => {
  test('fed one by one is the same as at once', () => {
    const all = history(begun, started(1), failed(1, false), started(2), {
      type: 'step-succeeded',
      step,
      attempt: 2,
      text: 'done',
      usage,
    });
    const follower = follow();
    for (const milestone of all) follower.hear(milestone);
    expect(follower.progress).toEqual(foldAll(all));
    expect(follower.progress.usage).toMatchObject({ 'input-tokens': 10, usd: 0.5 });
  });

  test('counts what counts against retry.attempts', () => {
    expect(of(started(1), failed(1, false))?.counted).toBe(1);
    expect(of(started(1), failed(1, false, 'interrupted'))?.counted).toBe(0);
    expect(of(started(1), failed(1, false, 'quota'))?.counted).toBe(0);
    expect(
      of(started(1), failed(1, false), {
        type: 'engine-changed',
        step,
        attempt: 2,
        from: 'codex',
        to: 'x',
        because: '',
      }),
    ).toMatchObject({ counted: 0, engine: 'x' });
  });

  test('going on with a run that was parked or cut off leaves failed what failed for good', () => {
    const blocked: MilestoneBody = { type: 'step-blocked', step, because: '' };
    const parked: MilestoneBody = { type: 'run-parked', reason: 'gate', resume: '' };
    for (const between of [[], [parked], [{ type: 'run-interrupted', attempt: 1, by: 'me' } as const]]) {
      const going = [...between, resumed];
      expect(of(started(1), failed(1, true), ...going)).toMatchObject({ status: 'failed', attempt: 1 });
      expect(of(blocked, ...going)?.status).toBe('blocked');
      expect(of({ type: 'step-canceled', step, because: '' }, ...going)?.status).toBe('pending');
      expect(of(started(1), failed(1, false), ...going)?.status).toBe('waiting');
    }
    // Nobody's work is lost by going on twice, and other files are another chance.
    expect(of(started(1), failed(1, true), over, resumed, parked, resumed)?.status).toBe('pending');
    expect(of(started(1), failed(1, true), { ...resumed, sha256: 'new' })?.status).toBe('pending');
  });

  test('what lies in something that failed for good, or was done for it, stays as it is; what was done for another is not final', () => {
    const body = (key: string): MilestoneBody => ({
      ...(failed(1, true) as object as Failed),
      step: asStepKey(key),
    });
    const canceled = (key: string): MilestoneBody => ({
      ...{ type: 'step-canceled', step: asStepKey(key), because: '' },
    });
    const statuses = (...bodies: MilestoneBody[]) =>
      Object.fromEntries(
        [...foldAll(history(begun, ...bodies, resumed)).steps].map(([key, one]) => [key, one.status]),
      );
    expect(statuses(body('m[b]'), canceled('m[c]'), body('m'))).toEqual({
      ...{ 'm[b]': 'failed', 'm[c]': 'canceled', m: 'failed' },
    });
    expect(statuses(canceled('l[1].a'), body('p:judge'), body('x.on-conflict'))).toEqual({
      ...{ 'l[1].a': 'pending', 'p:judge': 'pending', 'x.on-conflict': 'pending' },
    });
    expect(statuses(body('p:judge'), body('p'), body('x.on-conflict'), body('x'))).toEqual({
      ...{ 'p:judge': 'failed', p: 'failed', 'x.on-conflict': 'failed', x: 'failed' },
    });
  });

  test('a resume of an ended run gives what had ended fresh attempts with the first engine, and nothing to what had not', () => {
    expect(of(started(1), failed(1, true), over, resumed)).toMatchObject({
      status: 'pending',
      counted: 0,
      attempt: 1,
    });
    expect(of(started(1), failed(1, true), over, resumed)?.engine).toBeUndefined();
    const waiting = of(
      started(1),
      failed(1, false),
      { type: 'retry-scheduled', step, attempt: 2, 'retry-at': 'then', because: '' },
      resumed,
    );
    expect(waiting).toMatchObject({ status: 'waiting', counted: 1, retryAt: 'then', engine: 'codex' });
    expect(of(started(1), resumed)?.status).toBe('running');
    expect(of({ type: 'step-skipped', step, because: '' }, resumed)?.status).toBe('skipped');
  });

  test('the waits for a quota are counted from the first, until it serves', () => {
    const wait = (until: string): MilestoneBody => ({ type: 'quota-waiting', step, engine: 'codex', until });
    const twice = [
      started(1),
      failed(1, false, 'quota'),
      wait('x'),
      started(2),
      failed(2, false, 'quota'),
      wait('y'),
    ];
    expect(of(...twice)).toMatchObject({ quotaSince: '2026-01-01T00:00:03.000Z', retryAt: 'y' });
    expect(
      of(...twice, started(3), { type: 'step-succeeded', step, attempt: 3 })?.quotaSince,
    ).toBeUndefined();
  });

  describe('of a change that waits to be merged', () => {
    const isolated: MilestoneBody = { ...started(1), workspace: 'isolated' } as MilestoneBody;
    const shot = (tree: string): MilestoneBody => ({
      type: 'snapshot-taken',
      step,
      attempt: 1,
      tree,
      files: [],
    });
    const ready: MilestoneBody = {
      type: 'change-ready',
      step,
      attempt: 1,
      tree: 'e',
      files: [],
      usage,
      text: 't',
    };
    const done: MilestoneBody = { type: 'step-succeeded', step, attempt: 1, usage, text: 't' };
    const whole = [isolated, shot('w'), shot('e'), ready];

    test('counts what it cost once, whatever comes of it', () => {
      const conflict: MilestoneBody = {
        ...{ type: 'step-failed', step, attempt: 1, final: true, usage },
        failure: { reason: 'merge-conflict', message: '' },
      };
      const canceled: MilestoneBody = { type: 'step-canceled', step, because: '' };
      for (const end of [[done], [conflict], [canceled, resumed, done]]) {
        const progress = foldAll(history(begun, ...whole, ...end));
        expect(progress.usage).toEqual(usage);
        expect(progress.steps.get(step)?.usage).toEqual(usage);
      }
    });

    test('is ready still when the run is gone on with, even where it was canceled; a conflict is made again', () => {
      expect(of(...whole)).toMatchObject({ status: 'merging', values: { text: 't' } });
      expect(of(...whole, resumed)?.status).toBe('merging');
      const canceled = of(...whole, { type: 'step-canceled', step, because: '' }, resumed);
      expect(canceled).toMatchObject({ status: 'merging', attempt: 1, values: { text: 't' } });
      expect(canceled?.trees[1]).toMatchObject({ before: 'w', after: 'e', isolated: true });
      expect(of(...whole, failed(1, true), over, resumed)?.status).toBe('pending');
      expect(of(...whole, failed(1, true), resumed)?.status).toBe('failed');
      expect(of(isolated, { type: 'step-canceled', step, because: '' }, resumed)?.status).toBe('pending');
    });

    test('knows a merge that was begun from one that is done', () => {
      const begunMerge: MilestoneBody = {
        type: 'merge-started',
        step,
        attempt: 1,
        from: 's',
        tree: 'm',
        files: [],
      };
      const merged: MilestoneBody = { type: 'change-merged', step, attempt: 1, tree: 'm', files: [] };
      expect(of(...whole, begunMerge)?.trees[1]?.merge).toEqual({ from: 's', tree: 'm', done: false });
      expect(of(...whole, begunMerge, merged)?.trees[1]?.merge).toEqual({ from: 's', tree: 'm', done: true });
    });
  });

  test("edits that somebody kept are the newest attempt's, until the next one", () => {
    const shot: MilestoneBody = { type: 'snapshot-taken', step, attempt: 1, tree: 'b', files: [] };
    const kept: MilestoneBody = { ...resumed, kept: [step] } as MilestoneBody;
    expect(of(started(1), shot, kept)?.trees[1]).toMatchObject({ before: 'b', kept: true });
    expect(of(started(1), shot, kept, shot)?.trees[1]).toMatchObject({ after: 'b', kept: true });
    expect(of(started(1), shot, kept, started(2))?.trees[2]).toBeUndefined();
  });

  test('what a command says while nobody runs the run takes none of its time', () => {
    const of = { step, attempt: 1, tree: 'x', files: ['f'] } as const;
    const before = history(begun, started(1));
    const said = history(begun, started(1), { type: 'run-interrupted', attempt: 1, by: 'x' });
    const late = (all: readonly Milestone[], ...bodies: MilestoneBody[]): Milestone[] => [
      ...all,
      ...bodies.map((body, index) => {
        const end = all.at(-1) as Milestone;
        return { ...end, ...body, seq: end.seq + 1 + index, at: '2026-01-02T00:00:00.000Z' } as Milestone;
      }),
    ];
    const byHand: MilestoneBody[] = [
      { type: 'snapshot-taken', ...of, 'by-hand': true },
      { type: 'snapshot-taken', ...of, 'by-hand': true },
      { type: 'tree-restored', ...of, 'by-hand': true },
      { type: 'change-applied', ...of, conflicts: ['f'] },
    ];
    for (const all of [before, said]) {
      const progress = foldAll(late(all, ...byHand));
      expect(progress.lastAt).toBe(all.at(-1)?.at);
      expect(progress.spending.by.get('run')?.time ?? 0).toBeLessThan(60_000);
      expect(ownedBefore(late(all, ...byHand))).toBeLessThan(60_000);
      expect(progress.steps.get(step)?.trees[1]).toMatchObject({
        undone: true,
        applied: { at: '2026-01-02T00:00:00.000Z', conflicts: true },
      });
    }
  });

  test('an attempt that was refused leaves nothing unknown, one that worked and said nothing does', () => {
    const silent = (attempt: number, final: boolean, reason: 'auth' | 'overloaded'): MilestoneBody => ({
      ...{ type: 'step-failed', step, attempt, final, failure: { reason, message: '' } },
    });
    const isUnknown = (...bodies: MilestoneBody[]) => {
      const found = of(...bodies);
      return found === undefined ? undefined : isUsageUnknown(found);
    };
    expect(isUnknown(started(1), silent(1, true, 'auth'))).toBe(false);
    expect(isUnknown(started(1), silent(1, true, 'overloaded'))).toBe(true);
    expect(isUnknown(started(1), silent(1, false, 'overloaded'), started(2), silent(2, true, 'auth'))).toBe(
      true,
    );
  });

  test('recordings are kept by attempt: the first is the start, the second the end', () => {
    const shot = (tree: string): MilestoneBody => ({
      type: 'snapshot-taken',
      step,
      attempt: 1,
      tree,
      files: [],
    });
    const trees = [started(1), shot('b'), shot('a')];
    expect(of(...trees)?.trees[1]).toEqual({ before: 'b', after: 'a', undone: false });
    expect(
      of(...trees, { type: 'tree-restored', step, attempt: 1, tree: 'b', files: [] })?.trees[1]?.undone,
    ).toBe(true);
  });
});
