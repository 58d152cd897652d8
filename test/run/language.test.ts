/** Holds whole workflows, of any structure, to what a reference interpreter says they come to. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Milestone } from '../../src/model/event.ts';
import { stepOfKey } from '../../src/model/ids.ts';
import type { Workflow } from '../../src/model/workflow.ts';
import { planWorkflow } from '../../src/plan/plan.ts';
import { evaluate, toText } from '../../src/workflow/evaluate.ts';
import { readWorkflow } from '../../src/workflow/workflow.ts';
import { draw, runs } from '../support/seed.ts';
import { worldAt } from '../workflow/fixtures.ts';
import { fileOf, type Made, type MadeWorkflow, workflows } from './language/drawn.ts';
import { decisionAt, failsAt, interpret } from './language/reference.ts';
import { failing, fine, planOf, type Rig, start } from './rig.ts';

const world = worldAt(import.meta.dirname);

function read(made: MadeWorkflow): Workflow {
  const { workflow, diagnostics } = readWorkflow({ path: 'w.yml', text: fileOf(made, 'true') }, world);
  expect(diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
  if (workflow === undefined) throw new Error('it was not read');
  return workflow;
}

function stepsById(made: readonly Made[]): readonly (readonly [string, Made])[] {
  return made.flatMap((step) => [[step.id, step] as const, ...stepsById(step.loop?.steps ?? [])]);
}

/** One life of a run, from the milestones that are there. */
async function live(
  made: MadeWorkflow,
  workflow: Workflow,
  answered: boolean,
  history: readonly Milestone[] = [],
) {
  const byId = new Map(stepsById([...made.steps, ...made.finally]));
  const rig: Rig = start({
    workflow,
    history,
    script: (job) => {
      const step = byId.get(stepOfKey(job.step));
      if (step === undefined) throw new Error(`${job.step} is no step`);
      const ends = rig.journal.filter((m) => m.type === 'step-failed' && m.step === job.step);
      const own = ends.slice(ends.findLastIndex((m) => m.type === 'step-failed' && m.final) + 1);
      const nth = own.filter((m) => m.type === 'step-failed' && m.failure.reason !== 'interrupted').length;
      return failsAt(step, job.step, nth)
        ? { ...failing('exit-code', { 'exit-code': 1 }), values: { 'exit-code': 1 } }
        : fine({ 'exit-code': 0 });
    },
    ports: {
      evaluate,
      toText,
      ...(answered ? { askGate: async ({ step }) => ({ decision: decisionAt(step), by: 'me' }) } : {}),
    },
  });
  const { end } = await rig.result();
  return { end, statuses: rig.statuses(), journal: rig.journal };
}

/** What came to its end, for good, is not begun again by whoever goes on. What a gate was decided stands, so it has one end too. */
function expectOneEnd(journal: readonly Milestone[]): void {
  const ended = new Set<string>();
  for (const m of journal) {
    if (m.type === 'step-started') expect(ended, `${m.step} begins again`).not.toContain(m.step);
    if (m.type === 'step-succeeded' || (m.type === 'step-failed' && m.final)) ended.add(m.step);
  }
}

/** Every need of a step has its end before the step begins. */
function expectOrder(workflow: Workflow, journal: readonly Milestone[]): void {
  const ended = new Set<string>();
  const needs = new Map(workflow.steps.map(({ id, needs: own }) => [String(id), own.map(String)]));
  for (const m of journal) {
    if (m.type === 'step-started' && needs.has(m.step))
      for (const need of needs.get(m.step) ?? []) expect(ended, `${m.step} after ${need}`).toContain(need);
    if (['step-succeeded', 'step-skipped', 'step-blocked', 'step-canceled'].includes(m.type) && 'step' in m)
      ended.add(m.step);
    if (m.type === 'step-failed' && m.final) ended.add(m.step);
  }
}

describe('a workflow of any structure', () => {
  test('is planned in a topological order: each batch behind those it needs', () => {
    fc.assert(
      fc.property(workflows, (made) => {
        const { plan } = planWorkflow(read(made));
        const batch = new Map(plan?.steps.map((one) => [one.step.id, one.batch]));
        for (const { step } of plan?.steps ?? []) {
          const before = step.needs.map((need) => batch.get(need) ?? Number.NaN);
          expect(batch.get(step.id)).toBe(Math.max(-1, ...before) + 1);
        }
      }),
      runs(200),
    );
  });

  test('ends, with the status of each step that the reference computes', async () => {
    await fc.assert(
      fc.asyncProperty(workflows, async (made) => {
        const workflow = read(made);
        const expected = interpret(made);
        const { end, statuses, journal } = await live(made, workflow, true);
        expect(statuses).toEqual(Object.fromEntries(expected.statuses));
        expect(end).toBe(expected.end);
        expectOrder(workflow, journal);
      }),
      runs(400),
    );
  });

  test('parks where somebody is asked, and comes to the same end when it is resumed with the answers', async () => {
    await fc.assert(
      fc.asyncProperty(workflows, async (made) => {
        const workflow = read(made);
        const expected = interpret(made);
        const parked = await live(made, workflow, false);
        expect(parked.end).toBe(expected.asked.length > 0 ? 'parked' : expected.end);
        if (parked.end !== 'parked') return;
        const { end, statuses, journal } = await live(made, workflow, true, parked.journal);
        expect(statuses).toEqual(Object.fromEntries(expected.statuses));
        expect(end).toBe(expected.end);
        expectOneEnd(journal);
      }),
      runs(200),
    );
  });

  test('comes to the same end when the runner dies after any milestone', async () => {
    await fc.assert(
      fc.asyncProperty(workflows, fc.nat(10_000), async (made, cut) => {
        const workflow = read(made);
        const whole = await live(made, workflow, true);
        const history = whole.journal.slice(0, 1 + (cut % whole.journal.length));
        const { end, statuses, journal } = await live(made, workflow, true, history);
        expect(statuses).toEqual(whole.statuses);
        expect(end).toBe(whole.end);
        if (history.at(-1)?.type !== 'run-finished') expectOneEnd(journal);
      }),
      runs(300),
    );
  });

  test('draws every construct', () => {
    const drawn = draw(workflows, 300);
    const all = drawn.flatMap(({ steps }) => stepsById(steps).map(([, step]) => step));
    const has = (which: (step: Made) => boolean) => all.filter(which).length;
    expect(has(({ loop, matrix }) => loop !== undefined && matrix !== undefined)).toBeGreaterThan(5);
    expect(has(({ loop }) => loop?.steps.some((step) => step.loop !== undefined) ?? false)).toBeGreaterThan(
      5,
    );
    expect(has(({ kind }) => kind === 'gate')).toBeGreaterThan(20);
    expect(drawn.filter((made) => interpret(made).asked.length > 0).length).toBeGreaterThan(10);
    expect(drawn.filter((made) => interpret(made).end === 'succeeded').length).toBeGreaterThan(20);
    expect(drawn.filter(({ steps }) => planOf(read({ steps, finally: [] })) !== undefined).length).toBe(
      drawn.length,
    );
  });
});
