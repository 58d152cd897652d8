import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Milestone } from '../../src/model/event.ts';
import type { Step, Workflow } from '../../src/model/workflow.ts';
import { runs } from '../support/seed.ts';
import type { FakeTree, Script } from './rig.ts';
import { agentStep, failing, fakeTree, fine, held, runStep, start, workflowOf } from './rig.ts';

const CONDITIONS = [
  undefined,
  undefined,
  'true',
  'false',
  'always()',
  'failure()',
  'success()',
  '!failure()',
] as const;

interface Drawn {
  readonly needs: readonly number[];
  readonly condition: (typeof CONDITIONS)[number];
  readonly fails: boolean;
  readonly continueOnError: boolean;
}

const drawn = fc.record({
  needs: fc.array(fc.nat(20), { maxLength: 3 }),
  condition: fc.constantFrom(...CONDITIONS),
  fails: fc.boolean(),
  continueOnError: fc.boolean(),
});

/** A graph of shell steps with one writing agent in it, at `writer`. */
function build(steps: readonly Drawn[], writer: number): Workflow {
  const built = steps.map((step, index): Step => {
    const needs = index === 0 ? [] : [...new Set(step.needs.map((need) => `s${need % index}`))];
    const spec = { needs, continueOnError: step.continueOnError };
    const withIf = step.condition === undefined ? spec : { ...spec, if: step.condition };
    return index === writer % steps.length
      ? agentStep(`s${index}`, { ...withIf, access: 'write' })
      : runStep(`s${index}`, withIf);
  });
  return workflowOf(built, { finally: [runStep('f')] });
}

/** What language.md says, as short as it can be said. */
function reference(workflow: Workflow, fails: (id: string) => boolean): Record<string, string> {
  const status: Record<string, string> = {};
  const failedBefore: Record<string, boolean> = {};
  for (const step of workflow.steps) {
    const needs = workflow.steps.filter((other) => step.needs.includes(other.id));
    const success = needs.every(
      (n) =>
        ['succeeded', 'skipped'].includes(status[n.id] ?? '') ||
        (status[n.id] === 'failed' && n.continueOnError),
    );
    const failure = needs.some(
      (n) => failedBefore[n.id] || (status[n.id] === 'failed' && !n.continueOnError),
    );
    failedBefore[step.id] = failure;
    const text = step.if?.text;
    const asked = {
      true: success,
      false: false,
      'always()': true,
      'failure()': failure,
      'success()': success,
      '!failure()': !failure,
    };
    const runs = text === undefined ? success : asked[text as keyof typeof asked];
    status[step.id] = runs ? (fails(step.id) ? 'failed' : 'succeeded') : success ? 'skipped' : 'blocked';
  }
  return status;
}

/** Steps add their name to the tree; the writing agent fails with its edits left behind. */
function scriptFor(tree: FakeTree, fails: (id: string) => boolean): Script {
  return (job) => {
    if (job.kind === 'prompt') tree.files.set('shared', `${tree.files.get('shared') ?? ''}+`);
    tree.files.set(job.step, 'was here');
    return fails(job.step) ? failing('exit-code') : fine();
  };
}

interface Moment {
  readonly journal: readonly Milestone[];
  readonly files: ReadonlyMap<string, string>;
}

/** Runs to the end; gives each moment at which the runner could have died: what was committed, and the tree then. */
async function record(workflow: Workflow, from: Moment, tree: FakeTree, fails: (id: string) => boolean) {
  tree.files.clear();
  for (const [path, text] of from.files) tree.files.set(path, text);
  const moments: Moment[] = [];
  const rig = start({
    workflow,
    tree,
    history: from.journal,
    script: scriptFor(tree, fails),
    refuse: () => {
      // Just before the next milestone: everything that was done since the last one is in the tree, and not said.
      moments.push({ journal: [...rig.journal], files: new Map(tree.files) });
      return false;
    },
  });
  const result = await rig.result();
  moments.push({ journal: [...rig.journal], files: new Map(tree.files) });
  return { rig, moments, result };
}

describe('resume', () => {
  test('from any moment of any run, twice: same statuses, same tree, no succeeded step made again', async () => {
    const graphs = fc.array(drawn, { minLength: 1, maxLength: 8 });
    const cuts = fc.tuple(fc.nat(1000), fc.nat(1000));
    await fc.assert(
      fc.asyncProperty(graphs, fc.nat(7), cuts, async (steps, writer, [first, second]) => {
        const workflow = build(steps, writer);
        const fails = (id: string) => id !== 'f' && (steps[Number(id.slice(1))]?.fails ?? false);
        const tree = fakeTree();
        const whole = await record(workflow, { journal: [], files: new Map() }, tree, fails);
        const expected = { ...reference(workflow, fails), f: 'succeeded' };
        expect(whole.rig.statuses()).toEqual(expected);
        let { moments } = whole;
        for (const cut of [first, second]) {
          const moment = moments[cut % moments.length] as Moment;
          const done = new Set(
            moment.journal.flatMap((m) => (m.type === 'step-succeeded' && m.step !== 'f' ? [m.step] : [])),
          );
          const resumed = await record(workflow, moment, tree, fails);
          expect(resumed.result.end).toBe(whole.result.end);
          expect(resumed.rig.statuses()).toEqual(expected);
          expect(new Map([...tree.files].sort())).toEqual(
            new Map([...(whole.moments.at(-1)?.files ?? [])].sort()),
          );
          expect(resumed.rig.made.filter((made) => done.has(made.split('.')[0] as never))).toEqual([]);
          moments = resumed.moments;
        }
      }),
      runs(300),
    );
  });

  test('of a succeeded run does nothing and says nothing', async () => {
    const workflow = workflowOf([runStep('a')]);
    const first = start({ workflow });
    await first.result();
    const again = start({ workflow, history: first.journal });
    expect((await again.result()).end).toBe('succeeded');
    expect(again.journal).toHaveLength(first.journal.length);
  });

  test('of a failed run gives fresh attempts, numbered on, and decides anew what was blocked', async () => {
    const workflow = workflowOf([runStep('a', { retry: retryTwice }), runStep('b', { needs: ['a'] })]);
    const first = start({ workflow, script: () => failing('exit-code') });
    await first.result();
    const again = start({
      workflow,
      history: first.journal,
      script: (job) => (job.step === 'a' && job.attempt === 3 ? failing('exit-code') : fine()),
    });
    expect(await again.result()).toEqual({ end: 'succeeded' });
    expect(again.made).toEqual(['a.3', 'a.4', 'b.1']);
    expect(again.journal[first.journal.length]).toMatchObject({
      type: 'run-resumed',
      attempt: 2,
      by: 'a test',
    });
  });

  test('an interruption does not count as an attempt', async () => {
    const workflow = workflowOf([runStep('a', { retry: retryTwice })]);
    const first = start({ workflow, script: held().script });
    while (first.made.length === 0) await new Promise(setImmediate);
    first.handle.stop('interrupt', 'SIGINT');
    await first.result();
    const again = start({
      workflow,
      history: first.journal,
      script: (job) => (job.attempt < 3 ? failing('exit-code') : fine()),
    });
    expect(await again.result()).toEqual({ end: 'succeeded' });
    expect(again.made).toEqual(['a.2', 'a.3']);
  });

  test('a wait that was cut off goes on to its time, with the engine and the count it had', async () => {
    const workflow = workflowOf([agentStep('a')]);
    const until = new Date(Date.UTC(2026, 10, 20, 15)).toISOString();
    const first = start({ workflow, script: () => failing('quota', { 'retry-at': until }) });
    while (first.clock.waits.length === 0) await new Promise(setImmediate);
    first.handle.stop('interrupt', 'SIGINT');
    await first.handle.done;
    const again = start({ workflow, history: first.journal });
    expect(await again.result()).toEqual({ end: 'succeeded' });
    const begun = again.journal.findLast((m) => m.type === 'step-started');
    expect(begun?.at).toBe(until);
  });

  test('a skipped step is decided anew only behind a step that ran again', async () => {
    const steps = [
      runStep('a'),
      runStep('b', { needs: ['a'], if: "steps.a.text === 'yes'" }),
      runStep('c'),
      runStep('d', { needs: ['c'], if: "steps.c.text === 'never'" }),
    ];
    const workflow = workflowOf(steps);
    const first = start({ workflow, script: (job) => (job.step === 'a' ? failing('exit-code') : fine()) });
    await first.result();
    const again = start({ workflow, history: first.journal, script: () => fine({ text: 'yes' }) });
    await again.result();
    expect(again.statuses()).toEqual({ a: 'succeeded', b: 'succeeded', c: 'succeeded', d: 'skipped' });
    expect(again.types().slice(first.journal.length)).not.toContain('step-skipped d');
  });

  test('what a resumed run shows of a step is what the live one showed', async () => {
    const { stepView } = await import('../../src/run/view.ts');
    const { foldAll } = await import('../../src/model/fold.ts');
    const usage = { 'input-tokens': 1, 'output-tokens': 2, 'cached-tokens': 0, usd: 1 };
    const rig = start({
      workflow: workflowOf([agentStep('a')]),
      script: () => fine({ text: 't', output: { x: 1 }, usage, session: 's' }),
    });
    await rig.result();
    const step = foldAll(rig.journal).steps.get('a' as never);
    expect(step && stepView(step)).toMatchObject({
      status: 'succeeded',
      text: 't',
      output: { x: 1 },
      usage,
      attempts: 1,
    });
  });
});

const retryTwice = { attempts: 2, delayMs: 1, backoff: 'fixed', maxDelayMs: 1, on: ['exit-code'] } as const;
