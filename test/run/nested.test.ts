// Whatever lies in what: a run that dies anywhere, and is resumed at any pace, ends as one that was never disturbed.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Step } from '../../src/model/workflow.ts';
import { runs } from '../support/seed.ts';
import {
  failing,
  fine,
  loopStep,
  matrixOf,
  type Rig,
  runStep,
  type Script,
  start,
  usesStep,
  workflowOf,
} from './rig.ts';
import { fakeWorld, ISOLATED } from './worktrees.ts';

interface Drawn {
  readonly kind: 'run' | 'loop' | 'uses';
  readonly times: number;
  readonly instances: number;
  readonly most: number;
  readonly isolated: boolean;
  readonly chained: boolean;
  readonly fails: boolean;
  readonly body: readonly Drawn[];
}

const { list } = fc.letrec<{ step: Drawn; list: readonly Drawn[] }>((tie) => ({
  step: fc.record({
    kind: fc.constantFrom('run', 'loop', 'uses'),
    times: fc.integer({ min: 1, max: 2 }),
    instances: fc.nat(3),
    most: fc.nat(2),
    isolated: fc.boolean(),
    chained: fc.boolean(),
    fails: fc.nat(7).map((n) => n === 0),
    body: fc.oneof({ maxDepth: 2 }, fc.constant([]), tie('list')),
  }),
  list: fc.array(tie('step'), { minLength: 1, maxLength: 3 }),
}));

function build(drawn: readonly Drawn[], prefix = 's'): readonly Step[] {
  return drawn.map((one, index): Step => {
    const id = `${prefix}${index}`;
    const values = Array.from({ length: one.instances }, (_, n) => n);
    const spec = {
      needs: one.chained && index > 0 ? [`${prefix}${index - 1}`] : [],
      continueOnError: one.fails,
      ...(one.instances === 0
        ? {}
        : { matrix: matrixOf({ n: values }, one.most === 0 ? {} : { maxParallel: one.most }) }),
    };
    const apart = one.isolated ? { isolated: ISOLATED } : {};
    if (one.kind === 'run' || one.body.length === 0) return runStep(id, { ...spec, ...apart });
    if (one.kind === 'uses') {
      const last = one.times === 1 ? [] : lastOf(one.body, `${id}-last`);
      return usesStep(id, workflowOf(build(one.body, `${id}-`), { finally: last }), spec);
    }
    return loopStep(id, build(one.body, `${id}-`), { ...spec, until: `loop.index === ${one.times}` });
  });
}

/** The `finally` of a part: its first step, in a part of its own where it is a loop. */
function lastOf([first]: readonly Drawn[], id: string): readonly Step[] {
  if (first === undefined) return [];
  const [step] = build([{ ...first, chained: false, fails: false, body: [] }], id);
  if (step === undefined) return [];
  return first.kind === 'run' ? [step] : [usesStep(`${id}-part`, workflowOf([step]))];
}

/** A workflow of what was drawn, and what its steps do. */
function worldOf(drawn: readonly Drawn[]) {
  const failed = new Set<string>();
  const mark = (steps: readonly Drawn[], prefix = 's'): void =>
    steps.forEach((one, index) => {
      if (one.fails) failed.add(`${prefix}${index}`);
      mark(one.body, `${prefix}${index}-`);
    });
  mark(drawn);
  const script: Script = (job, _hear, stop) => {
    if (stop.soft.aborted) return failing('signal', { signal: 'SIGINT' });
    const id =
      job.step
        .replace(/\[[^\]]*\]/g, '')
        .split('.')
        .at(-1) ?? '';
    return failed.has(id) ? failing('exit-code') : fine();
  };
  return {
    workflow: workflowOf(build(drawn), { finally: lastOf(drawn, 'last') }),
    script,
    ports: fakeWorld().ports,
  };
}

/** Lives until a milestone, then is stopped. */
function stopped(
  world: ReturnType<typeof worldOf>,
  kind: 'cancel' | 'interrupt',
  at: number,
  maxParallel: number,
): Rig {
  let count = 0;
  const rig: Rig = start({
    ...world,
    options: { maxParallel },
    refuse: () => {
      if (++count === at) rig.handle.stop(kind, 'a test');
      return false;
    },
  });
  return rig;
}

const stops = fc.record({
  drawn: list,
  at: fc.integer({ min: 2, max: 40 }),
  maxParallel: fc.integer({ min: 1, max: 4 }),
});

test('leaves nothing without an end when it is canceled', async () => {
  await fc.assert(
    fc.asyncProperty(stops, async ({ drawn, at, maxParallel }) => {
      const rig = stopped(worldOf(drawn), 'cancel', at, maxParallel);
      await rig.result();
      const ends = new Set(['succeeded', 'failed', 'skipped', 'blocked', 'canceled']);
      expect(Object.entries(rig.statuses()).filter(([, status]) => !ends.has(status))).toEqual([]);
    }),
    runs(150),
  );
});

test('ends the same when it is interrupted and resumed', async () => {
  await fc.assert(
    fc.asyncProperty(stops, async ({ drawn, at, maxParallel }) => {
      const world = worldOf(drawn);
      const whole = start({ ...world, options: { maxParallel } });
      await whole.result();
      const first = stopped(world, 'interrupt', at, maxParallel);
      if ((await first.result()).end !== 'interrupted') return;
      const again = start({ ...world, history: first.journal, options: { maxParallel } });
      expect((await again.result()).end).toBe('succeeded');
      expect(again.statuses()).toEqual(whole.statuses());
    }),
    runs(150),
  );
});

test('ends the same wherever its runner dies', async () => {
  const cases = fc.record({ drawn: list, cut: fc.nat(), maxParallel: fc.integer({ min: 1, max: 4 }) });
  await fc.assert(
    fc.asyncProperty(cases, async ({ drawn, cut, maxParallel }) => {
      const world = worldOf(drawn);
      const whole = start({ ...world, options: { maxParallel } });
      const end = (await whole.result()).end;
      expect(end).toBe('succeeded');
      const history = whole.journal.slice(0, 1 + (cut % (whole.journal.length - 1)));
      const again = start({ ...world, history, options: { maxParallel } });
      expect((await again.result()).end).toBe(end);
      expect(again.statuses()).toEqual(whole.statuses());
      const done = new Set(history.flatMap((m) => (m.type === 'step-succeeded' ? [String(m.step)] : [])));
      // What failed is made again, and `finally` comes after everything.
      const failed = Object.values(whole.statuses()).includes('failed');
      const counts = (made: string): boolean =>
        done.has(made.replace(/\.\d+$/, '')) && !(failed && made.includes('last'));
      expect(again.made.filter(counts)).toEqual([]);
    }),
    runs(150),
  );
});
