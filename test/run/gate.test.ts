// Gates in the run room: who is asked what, which decision counts, when the run parks.
import { describe, expect, test } from 'vitest';
import { asStepKey } from '../../src/model/ids.ts';
import type { BroughtDecision } from '../../src/model/ports.ts';
import { ok } from '../../src/model/result.ts';
import type { RigOptions } from './rig.ts';
import {
  expr,
  failing,
  fakeClock,
  fakeTree,
  fine,
  gateStep,
  held,
  loopStep,
  type Rig,
  runStep,
  start,
  template,
  turn,
  workflowOf,
} from './rig.ts';

const GATE = asStepKey('ask');

/** A decision about what the gate asks now. */
function brought(rig: Rig, decision: string, more: Partial<BroughtDecision> = {}): BroughtDecision {
  const digest = rig.progress().steps.get(GATE)?.gate?.question?.digest ?? 'none';
  return { step: GATE, decision, by: 'ann', digest, ...more };
}

async function opened(rig: Rig): Promise<void> {
  while (!rig.types().includes('gate-opened ask')) await turn();
}

const resumed = (rig: Rig, of: RigOptions): Rig => start({ ...of, history: rig.journal });

describe('a gate', () => {
  test('lets the steps that do not need it finish, then parks the run', async () => {
    const steps = [
      runStep('a'),
      gateStep('ask', { needs: ['a'] }),
      runStep('b', { needs: ['ask'] }),
      runStep('c'),
    ];
    const rig = start({ workflow: workflowOf(steps, { finally: [runStep('clean')] }) });
    expect(await rig.result()).toEqual({ end: 'parked' });
    expect(rig.statuses()).toEqual({ a: 'succeeded', c: 'succeeded', ask: 'asking' });
    expect(rig.journal.at(-1)).toMatchObject({
      type: 'run-parked',
      reason: 'gate',
      resume: 'codemachine resume 20261120-141503-k7qd',
    });
    expect(rig.progress()).toMatchObject({ status: 'parked', parked: { reason: 'gate' } });
    expect(rig.made).toEqual(['a.1', 'c.1']);
  });

  test('takes a decision while other steps run, and lets go on what waits for it', async () => {
    const running = held();
    const steps = [gateStep('ask'), runStep('b', { needs: ['ask'] }), runStep('long')];
    const rig = start({
      workflow: workflowOf(steps),
      script: (job, hear, stop) => (job.step === 'long' ? running.script(job, hear, stop) : fine()),
    });
    await opened(rig);
    await rig.handle.decide(brought(rig, 'approve', { comment: 'fine' }));
    expect(rig.types()).toEqual(expect.arrayContaining(['gate-decided ask', 'step-succeeded ask']));
    while (!rig.made.includes('b.1')) await turn();
    running.end();
    expect(await rig.result()).toEqual({ end: 'succeeded' });
    expect(rig.progress().steps.get(GATE)).toMatchObject({
      values: { decision: 'approve' },
      gate: { decided: { by: 'ann', comment: 'fine' } },
    });
  });

  test('fails when it is rejected, for the reason `rejected`', async () => {
    const running = held();
    const steps = [gateStep('ask'), runStep('b', { needs: ['ask'] }), runStep('long')];
    const rig = start({
      workflow: workflowOf(steps),
      script: (job, hear, stop) => (job.step === 'long' ? running.script(job, hear, stop) : fine()),
    });
    await opened(rig);
    await rig.handle.decide(brought(rig, 'reject', { comment: 'no' }));
    running.end();
    expect(await rig.result()).toEqual({ end: 'failed' });
    expect(rig.statuses()).toMatchObject({ ask: 'failed', b: 'blocked' });
    expect(rig.progress().steps.get(GATE)).toMatchObject({
      values: { decision: 'reject' },
      failure: { reason: 'rejected', message: '`ask` was rejected by ann: no' },
    });
  });

  test('has answers that later steps read', async () => {
    const running = held();
    const fields = { why: { type: 'string', required: true, at: { start: 0, end: 0 } } } as const;
    const steps = [
      gateStep('ask', { options: ['ship', 'hold'], fields }),
      runStep('b', {
        needs: ['ask'],
        if: "steps.ask.decision === 'hold' && steps.ask.output.why === 'late'",
      }),
      runStep('long'),
    ];
    const rig = start({
      workflow: workflowOf(steps),
      script: (job, hear, stop) => (job.step === 'long' ? running.script(job, hear, stop) : fine()),
    });
    await opened(rig);
    await rig.handle.decide(brought(rig, 'approve'));
    expect(rig.types()).not.toContain('gate-decided ask');
    await rig.handle.decide(brought(rig, 'hold', { answers: { why: 'late' } }));
    running.end();
    expect(await rig.result()).toEqual({ end: 'succeeded' });
    expect(rig.statuses()).toMatchObject({ ask: 'succeeded', b: 'succeeded' });
  });

  test('takes one of two decisions that come at once', async () => {
    const running = held();
    const tree = fakeTree();
    const rig = start({
      workflow: workflowOf([gateStep('ask', { show: ['diff'] }), runStep('long')]),
      script: running.script,
      tree,
      ports: { treeAtStart: async () => ok('1:run.start') },
    });
    await opened(rig);
    await Promise.all([
      rig.handle.decide(brought(rig, 'reject')),
      rig.handle.decide(brought(rig, 'approve', { by: 'bob' })),
    ]);
    running.end();
    await rig.result();
    expect(rig.types().filter((type) => type === 'gate-decided ask')).toHaveLength(1);
    expect(rig.types().filter((type) => /^step-(succeeded|failed) ask$/.test(type))).toHaveLength(1);
  });
});

test('a decision that cannot be committed ends the run as lost, and is no defect', async () => {
  const running = held();
  const rig = start({
    workflow: workflowOf([gateStep('ask'), runStep('long')]),
    script: running.script,
    refuse: ({ type }) => type === 'gate-decided',
  });
  await opened(rig);
  await expect(rig.handle.decide(brought(rig, 'approve'))).rejects.toThrow('another owner');
  expect(await rig.result()).toMatchObject({ end: 'lost', message: 'the run has another owner' });
});

describe('a gate that asks nobody', () => {
  test('fails where what it requires does not hold, for the reason `require`', async () => {
    const { message: _, ...silent } = gateStep('ask', { require: expr('1 > 2') });
    const rig = start({ workflow: workflowOf([silent]) });
    expect(await rig.result()).toEqual({ end: 'failed' });
    expect(rig.progress().steps.get(GATE)?.failure).toEqual({
      reason: 'require',
      message: '`require: 1 > 2` does not hold',
    });
  });

  test('goes on where it holds', async () => {
    const { message: _, ...silent } = gateStep('ask', { require: expr('true') });
    const rig = start({ workflow: workflowOf([silent, runStep('b', { needs: ['ask'] })]) });
    expect(await rig.result()).toEqual({ end: 'succeeded' });
    expect(rig.types()).not.toContain('gate-opened ask');
  });

  test('passes by `approve-if`, which is recorded, with no answers', async () => {
    const gate = gateStep('ask', { options: ['hold', 'ship', 'approve'], approveIf: expr('true') });
    const rig = start({
      workflow: workflowOf([gate], { outputs: { answers: template('${{ steps.ask.output }}') } }),
    });
    expect(await rig.result()).toEqual({ end: 'succeeded' });
    expect(rig.journal).toContainEqual(
      expect.objectContaining({ type: 'gate-decided', decision: 'approve', unasked: 'approve-if' }),
    );
    expect(rig.progress().outputs).toEqual({ answers: null });
  });

  test('fails where an expression cannot be evaluated', async () => {
    for (const spec of [
      { approveIf: expr('no.such') },
      { require: expr('no.such') },
      { show: [expr('no.such')] },
    ]) {
      const rig = start({ workflow: workflowOf([gateStep('ask', spec)]) });
      expect(await rig.result()).toEqual({ end: 'failed' });
      expect(rig.progress().steps.get(GATE)?.failure?.reason).toBe('condition');
    }
  });
});

describe('what was shown', () => {
  const of = (tree = fakeTree()) => {
    tree.files.set('other', 'o');
    tree.files.set('shown', 'old');
    const steps = [
      runStep('a'),
      gateStep('ask', { needs: ['a'], show: ['diff', expr('steps.a.stdout')] }),
      runStep('b', { needs: ['ask'] }),
    ];
    const options: RigOptions = {
      workflow: workflowOf(steps),
      tree,
      script: (job) => {
        if (job.step === 'a') tree.files.set('shown', 'new');
        return fine({ stdout: 'said' });
      },
      ports: { treeAtStart: async () => ok([...tree.recordings.keys()][0]) },
    };
    return { tree, options };
  };

  test('is the change since the start of the run, and the values', async () => {
    const { options } = of();
    const rig = start(options);
    expect(await rig.result()).toEqual({ end: 'parked' });
    expect(rig.progress().steps.get(GATE)?.gate?.question).toMatchObject({
      message: 'go on after ask?',
      shown: [
        { show: 'diff', diff: { files: ['shown'] } },
        { show: 'steps.a.stdout', value: 'said' },
      ],
    });
  });

  test('is not asked again at a resume while it is the same; other files do not matter', async () => {
    const { options, tree } = of();
    const rig = start(options);
    await rig.result();
    tree.files.set('other', 'changed');
    const second = resumed(rig, options);
    expect(await second.result()).toEqual({ end: 'parked' });
    expect(second.types().filter((type) => type === 'gate-opened ask')).toHaveLength(1);
    expect(second.progress().steps.get(GATE)?.attempt).toBe(1);
  });

  test('is asked anew at a resume when it has changed, though it was decided', async () => {
    const { options, tree } = of();
    const rig = start(options);
    await rig.result();
    const decision = brought(rig, 'approve');
    const { step, ...said } = decision;
    rig.journal.push({
      ...{
        v: 1,
        seq: rig.journal.length + 1,
        at: rig.journal[0]?.at ?? '',
        run: rig.journal[0]?.run as never,
      },
      ...{ type: 'gate-decided', step, decision: said.decision, by: said.by },
    });
    tree.files.set('shown', 'sneaked in');
    const second = resumed(rig, options);
    expect(await second.result()).toEqual({ end: 'parked' });
    expect(second.types().filter((type) => type === 'gate-opened ask')).toHaveLength(2);
    expect(second.progress().steps.get(GATE)?.gate?.decided).toBeUndefined();
    expect(second.made).toEqual([]);
  });

  test('counts when it is the same: a resume goes on from the decision', async () => {
    const { options } = of();
    const rig = start(options);
    await rig.result();
    rig.journal.push({
      ...{
        v: 1,
        seq: rig.journal.length + 1,
        at: rig.journal[0]?.at ?? '',
        run: rig.journal[0]?.run as never,
      },
      ...{ type: 'gate-decided', step: GATE, decision: 'approve', by: 'ann' },
    });
    const second = resumed(rig, options);
    expect(await second.result()).toEqual({ end: 'succeeded' });
    expect(second.made).toEqual(['b.1']);
  });

  test('is what a decision is about: one about something else is not taken, and the gate asks anew', async () => {
    const running = held();
    const { options, tree } = of();
    const rig = start({
      ...options,
      workflow: workflowOf([...options.workflow.steps, runStep('long')]),
      script: (job, hear, stop) =>
        job.step === 'long' ? running.script(job, hear, stop) : (options.script?.(job, hear, stop) ?? fine()),
    });
    await opened(rig);
    const seen = brought(rig, 'approve');
    tree.files.set('shown', 'sneaked in');
    await Promise.all([rig.handle.decide(seen), rig.handle.decide(seen)]);
    expect(rig.types().filter((type) => type === 'gate-opened ask')).toHaveLength(2);
    expect(rig.types()).not.toContain('gate-decided ask');
    // It answers the question before.
    await rig.handle.decide(seen);
    expect(rig.types()).not.toContain('gate-decided ask');
    await rig.handle.decide(brought(rig, 'approve'));
    expect(rig.types()).toContain('gate-decided ask');
    running.end();
    expect(await rig.result()).toEqual({ end: 'succeeded' });
  });
});

describe('time', () => {
  const long = held;

  test('decides where nobody did, and reminds before', async () => {
    const running = long();
    const gate = gateStep('ask', { gateTimeoutMs: 100, remindMs: 40, onTimeout: 'approve' });
    const rig = start({
      workflow: workflowOf([gate, runStep('b', { needs: ['ask'] }), runStep('long')]),
      script: (job, hear, stop) => (job.step === 'long' ? running.script(job, hear, stop) : fine()),
    });
    await opened(rig);
    while (!rig.types().includes('step-succeeded b')) {
      await turn();
      rig.clock.next();
    }
    running.end();
    expect(await rig.result()).toEqual({ end: 'succeeded' });
    expect(rig.types().filter((type) => type === 'gate-reminded ask')).toHaveLength(2);
    expect(rig.progress().steps.get(GATE)?.gate?.decided).toMatchObject({
      decision: 'approve',
      unasked: 'timeout',
    });
  });

  test('that is over when the run is gone on with decides then', async () => {
    const gate = gateStep('ask', { gateTimeoutMs: 100, onTimeout: 'reject' });
    const workflow = workflowOf([gate, runStep('b', { needs: ['ask'] })]);
    const rig = start({ workflow });
    expect(await rig.result()).toEqual({ end: 'parked' });
    const later = fakeClock(rig.clock.now() + 1000);
    const second = start({ workflow, history: rig.journal, clock: later });
    expect(await second.result()).toEqual({ end: 'failed' });
    expect(second.progress().steps.get(GATE)?.failure).toMatchObject({ reason: 'rejected' });
  });

  test('fails the gate with `on-timeout: fail`, and it is asked anew when the run is gone on with', async () => {
    const gate = gateStep('ask', { gateTimeoutMs: 100, onTimeout: 'fail' });
    const workflow = workflowOf([gate]);
    const rig = start({ workflow });
    await rig.result();
    const second = start({ workflow, history: rig.journal, clock: fakeClock(rig.clock.now() + 1000) });
    expect(await second.result()).toEqual({ end: 'failed' });
    expect(second.progress().steps.get(GATE)).toMatchObject({ failure: { reason: 'timeout' }, values: {} });
    const third = start({ workflow, history: second.journal, clock: fakeClock(rig.clock.now() + 2000) });
    expect(await third.result()).toEqual({ end: 'parked' });
    expect(third.progress().steps.get(GATE)).toMatchObject({ status: 'asking', attempt: 2 });
  });
});

describe('a runner that dies at any moment', () => {
  const steps = [
    runStep('a'),
    gateStep('ask', { needs: ['a'], show: [expr('steps.a.status')] }),
    loopStep(
      'rounds',
      [runStep('work'), gateStep('good', { needs: ['work'], options: ['yes', 'again', 'reject'] })],
      { needs: ['ask'], until: "steps.good.decision === 'yes'" },
    ),
    runStep('b', { needs: ['rounds'] }),
    gateStep('late', { needs: ['b'], approveIf: expr('true') }),
  ];
  const workflow = workflowOf(steps, { finally: [runStep('f')] });
  const decisionOf = (step: string): string =>
    step === 'ask' ? 'approve' : step.includes('[1]') ? 'again' : 'yes';
  const run = (history?: Rig['journal']): Rig =>
    start({
      workflow,
      ...(history === undefined ? {} : { history }),
      ports: { askGate: async ({ step }) => ({ decision: decisionOf(step), by: 'me' }) },
    });

  test('leaves no decision out and takes none twice', async () => {
    const whole = run();
    expect(await whole.result()).toEqual({ end: 'succeeded' });
    const decided = (rig: Rig) => rig.types().filter((type) => type.startsWith('gate-decided'));
    expect(decided(whole)).toHaveLength(4);
    for (let cut = 1; cut < whole.journal.length; cut++) {
      const before = whole.journal.slice(0, cut);
      const done = new Set(before.flatMap((m) => (m.type === 'step-succeeded' ? [m.step as string] : [])));
      const rig = run(before);
      expect(await rig.result(), `cut at ${cut}`).toEqual({ end: 'succeeded' });
      expect(rig.statuses(), `cut at ${cut}`).toEqual(whole.statuses());
      expect([...decided(rig)].sort(), `cut at ${cut}`).toEqual([...decided(whole)].sort());
      expect(
        rig.made.filter((made) => done.has(made.replace(/\.\d+$/, ''))),
        `cut at ${cut}`,
      ).toEqual([]);
    }
  });
});

describe('a run that is gone on with', () => {
  test('keeps what was decided: a rejected gate stays rejected', async () => {
    const running = held();
    const workflow = workflowOf([gateStep('ask'), runStep('long')]);
    const rig = start({ workflow, script: running.script });
    await opened(rig);
    await rig.handle.decide(brought(rig, 'reject'));
    running.end();
    expect(await rig.result()).toEqual({ end: 'failed' });
    const second = start({ workflow, history: rig.journal });
    expect(await second.result()).toEqual({ end: 'failed' });
    expect(second.progress().steps.get(GATE)).toMatchObject({ status: 'failed', attempt: 2 });
    expect(second.types().filter((type) => type === 'gate-opened ask')).toHaveLength(1);
  });

  test('asks again at a gate that was canceled', async () => {
    const running = held();
    const workflow = workflowOf([gateStep('ask'), runStep('long')]);
    const rig = start({ workflow, script: running.script });
    await opened(rig);
    rig.handle.stop('cancel', 'somebody');
    expect(await rig.result()).toEqual({ end: 'canceled' });
    expect(rig.statuses()).toMatchObject({ ask: 'canceled' });
    const second = start({ workflow, history: rig.journal });
    expect(await second.result()).toEqual({ end: 'parked' });
    expect(second.statuses()).toEqual({ ask: 'asking', long: 'succeeded' });
  });

  test('still asks after an interrupt', async () => {
    const running = held();
    const workflow = workflowOf([gateStep('ask'), runStep('long')]);
    const rig = start({ workflow, script: running.script });
    await opened(rig);
    rig.handle.stop('interrupt', 'SIGINT');
    expect(await rig.result()).toEqual({ end: 'interrupted' });
    expect(rig.statuses()).toMatchObject({ ask: 'asking' });
    const second = start({ workflow, history: rig.journal });
    expect(await second.result()).toEqual({ end: 'parked' });
    expect(second.types().filter((type) => type === 'gate-opened ask')).toHaveLength(1);
  });
});

describe('in the body of a loop', () => {
  const body = [runStep('work'), gateStep('ask', { needs: ['work'], options: ['good', 'again', 'reject'] })];
  const rounds = loopStep('rounds', body, { until: "steps.ask.decision === 'good'" });
  const inRound = (rig: Rig, round: number, decision: string): BroughtDecision => {
    const step = asStepKey(`rounds[${round}].ask`);
    const digest = rig.progress().steps.get(step)?.gate?.question?.digest ?? 'none';
    return { step, decision, by: 'ann', digest };
  };
  const asksIn = async (rig: Rig, round: number): Promise<void> => {
    while (!rig.types().includes(`gate-opened rounds[${round}].ask`)) await turn();
  };

  test('the run parks there, and goes on in that iteration', async () => {
    const workflow = workflowOf([rounds, runStep('after', { needs: ['rounds'] }), runStep('beside')]);
    const rig = start({ workflow });
    expect(await rig.result()).toEqual({ end: 'parked' });
    expect(rig.statuses()).toMatchObject({ 'rounds[1].ask': 'asking', beside: 'succeeded' });
    const [first] = rig.journal;
    const seq = rig.journal.length + 1;
    const { step, decision, by } = inRound(rig, 1, 'again');
    rig.journal.push({
      ...{ v: 1, seq, at: first?.at ?? '', run: first?.run as never },
      ...{ type: 'gate-decided', step, decision, by },
    });
    const second = start({ workflow, history: rig.journal });
    expect(await second.result()).toEqual({ end: 'parked' });
    expect(second.made).toEqual(['rounds[2].work.1']);
    expect(second.statuses()).toMatchObject({ 'rounds[1].ask': 'succeeded', 'rounds[2].ask': 'asking' });
  });

  test('a decision lets the loop go on while other steps run', async () => {
    const running = held();
    const rig = start({
      workflow: workflowOf([rounds, runStep('after', { needs: ['rounds'] }), runStep('long')]),
      script: (job, hear, stop) => (job.step === 'long' ? running.script(job, hear, stop) : fine()),
    });
    await asksIn(rig, 1);
    await rig.handle.decide(inRound(rig, 1, 'again'));
    await asksIn(rig, 2);
    await rig.handle.decide(inRound(rig, 2, 'good'));
    while (!rig.made.includes('after.1')) await turn();
    running.end();
    expect(await rig.result()).toEqual({ end: 'succeeded' });
    expect([...rig.made].sort()).toEqual(['after.1', 'long.1', 'rounds[1].work.1', 'rounds[2].work.1']);
  });

  test('who rejects fails the loop; who cancels the run cancels both', async () => {
    const running = held();
    const steps = [rounds, runStep('long')];
    const script: RigOptions['script'] = (job, hear, stop) =>
      job.step === 'long' ? running.script(job, hear, stop) : fine();
    const rig = start({ workflow: workflowOf(steps), script });
    await asksIn(rig, 1);
    await rig.handle.decide(inRound(rig, 1, 'reject'));
    running.end();
    expect(await rig.result()).toEqual({ end: 'failed' });
    expect(rig.statuses()).toMatchObject({ rounds: 'failed', 'rounds[1].ask': 'failed' });
    const parked = start({ workflow: workflowOf([rounds]) });
    expect(await parked.result()).toEqual({ end: 'parked' });
    const ended = start({ workflow: workflowOf([rounds]), history: parked.journal });
    ended.handle.stop('cancel', 'somebody');
    expect(await ended.result()).toEqual({ end: 'canceled' });
    expect(ended.statuses()).toMatchObject({ rounds: 'canceled' });
  });
});

describe('at a terminal', () => {
  test('the question is asked there, and asked anew when what it shows has changed', async () => {
    const tree = fakeTree();
    const asked: string[] = [];
    const rig = start({
      workflow: workflowOf([runStep('a'), gateStep('ask', { needs: ['a'], show: ['diff'] })]),
      tree,
      ports: {
        treeAtStart: async () => ok([...tree.recordings.keys()][0]),
        askGate: async ({ question }) => {
          asked.push(question.digest);
          if (asked.length === 1) {
            const shown = question.shown?.[0]?.diff;
            expect(shown?.files).toEqual(['shown']);
            tree.files.set('shown', 'again');
          }
          return { decision: 'approve', by: 'me' };
        },
      },
      script: () => {
        tree.files.set('shown', 'new');
        return fine();
      },
    });
    expect(await rig.result()).toEqual({ end: 'succeeded' });
    expect(asked).toHaveLength(2);
  });

  test('who goes away instead of answering leaves it to others', async () => {
    const rig = start({
      workflow: workflowOf([gateStep('ask')]),
      ports: { askGate: async () => undefined },
    });
    expect(await rig.result()).toEqual({ end: 'parked' });
  });

  test('a pause takes the question back', async () => {
    const rig = start({
      workflow: workflowOf([gateStep('ask')]),
      ports: {
        askGate: (_asked, signal) =>
          new Promise((resolve) => signal.addEventListener('abort', () => resolve(undefined))),
      },
    });
    await opened(rig);
    rig.handle.pause();
    expect(await rig.result()).toEqual({ end: 'parked' });
    expect(rig.journal.at(-1)).toMatchObject({ type: 'run-parked', reason: 'pause' });
  });

  test('a decision from elsewhere takes the question back', async () => {
    let gone = false;
    const rig = start({
      workflow: workflowOf([gateStep('ask')]),
      ports: {
        askGate: (_asked, signal) =>
          new Promise((resolve) => {
            signal.addEventListener('abort', () => {
              gone = true;
              resolve(undefined);
            });
          }),
      },
    });
    await opened(rig);
    await rig.handle.decide(brought(rig, 'approve'));
    expect(await rig.result()).toEqual({ end: 'succeeded' });
    expect(gone).toBe(true);
  });
});

describe('pause', () => {
  test('lets what runs come to its end, then parks, without `finally`', async () => {
    const running = held();
    const steps = [runStep('a'), runStep('b', { needs: ['a'] })];
    const workflow = workflowOf(steps, { finally: [runStep('clean')] });
    const rig = start({ workflow, script: running.script });
    await running.started;
    rig.handle.pause();
    running.end();
    expect(await rig.result()).toEqual({ end: 'parked' });
    expect(rig.statuses()).toEqual({ a: 'succeeded' });
    expect(rig.journal.at(-1)).toMatchObject({ type: 'run-parked', reason: 'pause' });
    const second = start({ workflow, history: rig.journal });
    expect(await second.result()).toEqual({ end: 'succeeded' });
    expect(second.made).toEqual(['b.1', 'clean.1']);
  });

  test('does not wait for the time of a retry', async () => {
    const retry = { attempts: 2, delayMs: 1e9, backoff: 'fixed', maxDelayMs: 1e9, on: ['any'] } as const;
    const clock = fakeClock();
    const rig = start({
      workflow: workflowOf([runStep('a', { retry })]),
      script: () => failing('exit-code'),
      clock,
    });
    while (clock.waits.length === 0) await turn();
    rig.handle.pause();
    expect(await rig.handle.done).toEqual({ end: 'parked' });
    expect(rig.statuses()).toEqual({ a: 'waiting' });
  });

  test('before the last of `finally` parks there', async () => {
    const running = held();
    const workflow = workflowOf([runStep('a')], { finally: [runStep('x'), runStep('y')] });
    const rig = start({
      workflow,
      script: (job, hear, stop) => (job.step === 'x' ? running.script(job, hear, stop) : fine()),
    });
    await running.started;
    rig.handle.pause();
    running.end();
    expect(await rig.result()).toEqual({ end: 'parked' });
    const second = start({ workflow, history: rig.journal });
    expect(await second.result()).toEqual({ end: 'succeeded' });
    expect(second.made).toEqual(['y.1']);
  });

  test('that comes when all is done changes nothing', async () => {
    const running = held();
    const rig = start({ workflow: workflowOf([runStep('a')]), script: running.script });
    await running.started;
    rig.handle.pause();
    running.end();
    expect(await rig.result()).toEqual({ end: 'succeeded' });
  });
});
