// A used up quota: who waits for it, how often it is asked for, and how a run parks meanwhile.
import { describe, expect, test } from 'vitest';
import type { Milestone } from '../../src/model/event.ts';
import type { RunOptions } from '../../src/run/running.ts';
import type { FakeClock, Rig, Script } from './rig.ts';
import {
  agentStep,
  failing,
  fakeClock,
  fine,
  gateStep,
  loopStep,
  matrixOf,
  reduceStep,
  runStep,
  start,
  template,
  turn,
  usesStep,
  workflowOf,
} from './rig.ts';

const START = Date.UTC(2026, 10, 20, 14, 15, 3);
const HOUR = 3_600_000;
const iso = (at: number) => new Date(at).toISOString();

function of<T extends Milestone['type']>(rig: Rig, type: T) {
  return rig.journal.filter((m): m is Extract<Milestone, { type: T }> => m.type === type);
}

/** Serves from then on. */
const servesFrom =
  (at: number, clock: FakeClock): Script =>
  (job) =>
    job.kind !== 'prompt' || clock.now() >= at ? fine() : failing('quota', { 'retry-at': iso(at) });

describe('several steps with one engine', () => {
  test('hear of its quota once, wait for it together, and one asks first', async () => {
    const clock = fakeClock(START);
    const serves = servesFrom(START + HOUR, clock);
    const inside: string[] = [];
    const beside: number[] = [];
    const script: Script = async (...job) => {
      inside.push(job[0].step);
      beside.push(inside.length);
      await turn();
      inside.pop();
      return serves(...job);
    };
    const steps = Array.from({ length: 4 }, (_, i) => agentStep(`a${i}`));
    const rig = start({ workflow: workflowOf(steps), script, clock, options: { maxParallel: 1 } });
    expect(await rig.result()).toEqual({ end: 'succeeded' });
    expect(rig.made).toEqual(['a0.1', 'a0.2', 'a1.1', 'a2.1', 'a3.1']);
    expect(of(rig, 'quota-waiting').map(({ step, until }) => [step, until])).toEqual(
      ['a0', 'a1', 'a2', 'a3'].map((step) => [step, iso(START + HOUR)]),
    );
    expect(rig.progress().engines.quotas.size).toBe(0);
  });

  test('ask one after the other where the reset was not true, and each waits no longer than its bound', async () => {
    const clock = fakeClock(START);
    // In an hour, it always says.
    const script: Script = () => failing('quota', { 'retry-at': iso(clock.now() + HOUR) });
    const steps = ['a', 'b'].map((id) => agentStep(id, { quotaWaitMs: 3 * HOUR }));
    const rig = start({ workflow: workflowOf(steps), script, clock, options: { maxParallel: 1 } });
    expect(await rig.result()).toEqual({ end: 'failed' });
    expect(clock.now()).toBeLessThanOrEqual(START + 3 * HOUR);
    expect(rig.made.length).toBeLessThanOrEqual(6);
  });

  test.each([
    ['has passed', -30_000],
    ['is always near', 5_000],
  ])('do not ask for ever, and never all of them, where the reset %s', async (_name, off) => {
    const clock = fakeClock(START);
    const script: Script = () => failing('quota', { 'retry-at': iso(clock.now() + off) });
    const steps = Array.from({ length: 6 }, (_, i) =>
      agentStep(`a${i}`, { retry: { ...agentStep('x').retry, delayMs: 100 } }),
    );
    const rig = start({ workflow: workflowOf(steps), script, clock, options: { maxParallel: 3 } });
    expect(await rig.result()).toEqual({ end: 'failed' });
    // Three ask before anybody knows; at the end each may ask once more for itself.
    expect(rig.made.length).toBeLessThanOrEqual(3 + 20 + 6);
    expect(clock.now()).toBeGreaterThan(START + 2 * HOUR);
  });

  test('of which one asked in vain are asked anew by who goes on with the run', async () => {
    const clock = fakeClock(START);
    const script: Script = () => failing('quota', { 'retry-at': iso(clock.now() - 1) });
    const first = start({ workflow: workflowOf([agentStep('a')]), script, clock });
    expect(await first.result()).toEqual({ end: 'failed' });
    let asked = 0;
    const again: Script = (...job) => (++asked < 4 ? script(...job) : fine());
    const history = [...first.journal];
    const rig = start({ workflow: workflowOf([agentStep('a')]), script: again, clock, history });
    expect(await rig.result()).toEqual({ end: 'succeeded' });
  });

  test('of other models are asked: a plan may have a limit for each', async () => {
    const clock = fakeClock(START);
    const serves = servesFrom(START + HOUR, clock);
    const script: Script = (...job) => (job[0].step === 'a' ? serves(...job) : fine());
    const steps = [agentStep('a', { model: template('opus') }), agentStep('b', { model: template('haiku') })];
    const rig = start({ workflow: workflowOf(steps), script, clock, options: { maxParallel: 1 } });
    expect(await rig.result()).toEqual({ end: 'succeeded' });
    expect(rig.made).toEqual(['a.1', 'b.1', 'a.2']);
  });

  test('go to their other engine without asking the first', async () => {
    const asked: string[] = [];
    const script: Script = (job) => {
      const engine = job.kind === 'prompt' ? job.engine : '';
      asked.push(`${job.step} ${engine}`);
      return engine === 'codex' ? failing('quota', { 'retry-at': iso(START + HOUR) }) : fine();
    };
    const engines = ['codex', 'claude-code'];
    const steps = ['a', 'b'].map((id) => agentStep(id, { engines }));
    const rig = start({ workflow: workflowOf(steps), script, options: { maxParallel: 1 } });
    expect(await rig.result()).toEqual({ end: 'succeeded' });
    expect(asked.sort()).toEqual(['a claude-code', 'a codex', 'b claude-code']);
  });

  test('with `on-quota: fallback` and no other engine do not wait for what another one waits for', async () => {
    const clock = fakeClock(START);
    const steps = [agentStep('a'), agentStep('b', { onQuota: 'fallback' })];
    const script = servesFrom(START + HOUR, clock);
    const rig = start({ workflow: workflowOf(steps), script, clock, options: { maxParallel: 1 } });
    expect(await rig.result()).toEqual({ end: 'failed' });
    expect(rig.statuses()).toEqual({ a: 'succeeded', b: 'failed' });
    expect(rig.made).toEqual(['a.1', 'b.1', 'a.2']);
  });

  test('with `on-quota: fail` hear it from the engine itself', async () => {
    const script: Script = () => failing('quota', { 'retry-at': iso(START + HOUR) });
    const steps = ['a', 'b'].map((id) => agentStep(id, { onQuota: 'fail' }));
    const rig = start({ workflow: workflowOf(steps), script, options: { maxParallel: 1 } });
    expect(await rig.result()).toEqual({ end: 'failed' });
    expect(rig.made).toEqual(['a.1', 'b.1']);
  });
});

describe('a run that parks for a quota', () => {
  const options: Partial<RunOptions> = { parkQuota: true, maxParallel: 2 };
  const resumed = (
    workflow: Parameters<typeof start>[0]['workflow'],
    at: number,
    before: Rig,
    park = true,
  ) => {
    const clock = fakeClock(at);
    const script = servesFrom(START + HOUR, clock);
    const rig = start({
      ...{ workflow, clock, script, history: before.journal },
      options: { ...options, parkQuota: park },
    });
    return { rig, clock };
  };
  const first = (workflow: Parameters<typeof start>[0]['workflow']) => {
    const clock = fakeClock(START);
    return start({ workflow, clock, options, script: servesFrom(START + HOUR, clock) });
  };

  test('does what needs no engine first, says until when, and starts no timer that outlives it', async () => {
    const workflow = workflowOf([
      agentStep('a'),
      agentStep('b'),
      runStep('c'),
      runStep('d', { needs: ['c'] }),
      runStep('e', { needs: ['a'] }),
    ]);
    const rig = first(workflow);
    expect(await rig.result()).toEqual({ end: 'parked' });
    expect(rig.statuses()).toEqual({ a: 'waiting', b: 'waiting', c: 'succeeded', d: 'succeeded' });
    expect(rig.journal.at(-1)).toMatchObject({
      ...{ type: 'run-parked', reason: 'quota', until: iso(START + HOUR) },
      resume: 'codemachine resume 20261120-141503-k7qd',
    });
    expect(rig.progress().parked?.until).toBe(iso(START + HOUR));
    expect(rig.clock.next()).toBe(false);
  });

  test('parks again where it is resumed too early, and asks nobody', async () => {
    const workflow = workflowOf([agentStep('a')]);
    const { rig } = resumed(workflow, START + HOUR / 2, await parked(workflow));
    expect(await rig.result()).toEqual({ end: 'parked' });
    expect(rig.made).toEqual([]);
    expect(rig.journal.at(-1)).toMatchObject({ type: 'run-parked', until: iso(START + HOUR) });
  });

  test('does first what a runner that died had left', async () => {
    const workflow = workflowOf([agentStep('a'), runStep('c')]);
    const clock = fakeClock(START);
    const before = start({
      workflow,
      clock,
      options: { ...options, maxParallel: 1 },
      script: servesFrom(START + HOUR, clock),
    });
    await before.result();
    const cut = before.journal.findIndex(({ type }) => type === 'quota-waiting');
    const { rig } = resumed(workflow, START + HOUR / 2, {
      ...before,
      journal: before.journal.slice(0, cut + 1),
    });
    expect(await rig.result()).toEqual({ end: 'parked' });
    expect(rig.made).toEqual(['c.1']);
    expect(rig.statuses()).toEqual({ a: 'waiting', c: 'succeeded' });
    expect(rig.journal.at(-1)?.type).toBe('run-parked');
    expect(of(rig, 'run-parked')).toHaveLength(1);
  });

  test('waits in the process where it is resumed to wait', async () => {
    const workflow = workflowOf([agentStep('a')]);
    const { rig, clock } = resumed(workflow, START + HOUR / 2, await parked(workflow), false);
    expect(await rig.result()).toEqual({ end: 'succeeded' });
    expect(clock.now()).toBe(START + HOUR);
  });

  test('goes on at once where the reset has passed', async () => {
    const workflow = workflowOf([agentStep('a'), agentStep('b')]);
    const { rig, clock } = resumed(workflow, START + 2 * HOUR, await parked(workflow));
    expect(await rig.result()).toEqual({ end: 'succeeded' });
    expect(clock.waits.filter((ms) => ms > 0)).toEqual([]);
  });

  test('goes on by itself where the reset comes while others work', async () => {
    const clock = fakeClock(START);
    const workflow = workflowOf([agentStep('a'), runStep('long')]);
    const serves = servesFrom(START + HOUR, clock);
    const script: Script = (...job) => {
      if (job[0].step !== 'long') return serves(...job);
      return new Promise((resolve) => clock.after(2 * HOUR, () => resolve(fine())));
    };
    const rig = start({ workflow, clock, script, options });
    expect(await rig.result()).toEqual({ end: 'succeeded' });
    expect(of(rig, 'run-parked')).toEqual([]);
    expect(of(rig, 'step-succeeded').map(({ step }) => step)).toEqual(['a', 'long']);
  });

  test.each([
    ['a loop', [loopStep('l', [agentStep('a')], { max: 1, onExhausted: 'continue' })]],
    ['a matrix', [agentStep('m', { matrix: matrixOf({ n: [1, 2] }) })]],
    [
      'a judge',
      [
        agentStep('m', { matrix: matrixOf({ n: [1, 2] }), engines: ['codex'] }),
        reduceStep('r', 'm', { mode: 'summarize' }),
      ],
    ],
  ])('does so from inside %s', async (_name, steps) => {
    const workflow = workflowOf(steps);
    const clock = fakeClock(START);
    const serves = servesFrom(START + HOUR, clock);
    const script: Script = (...job) =>
      job[0].kind === 'prompt' && job[0].engine === 'codex' ? fine({ text: 't' }) : serves(...job);
    const before = start({ workflow, clock, options, script });
    expect(await before.result()).toEqual({ end: 'parked' });
    expect(before.journal.at(-1)).toMatchObject({ reason: 'quota', until: iso(START + HOUR) });
    const again = resumed(workflow, START + HOUR, before);
    await again.rig.result();
    expect(again.rig.made.length).toBeGreaterThan(0);
    expect(of(again.rig, 'run-parked')).toHaveLength(1);
  });

  test('says that a decision is missing where one is, since that can come sooner', async () => {
    const workflow = workflowOf([agentStep('a'), gateStep('g')]);
    const rig = first(workflow);
    expect(await rig.result()).toEqual({ end: 'parked' });
    expect(rig.journal.at(-1)).toMatchObject({ type: 'run-parked', reason: 'gate' });
  });

  test('and is canceled while others still work says so once of each, of what waits inside of others too', async () => {
    const clock = fakeClock(START);
    const serves = servesFrom(START + HOUR, clock);
    const script: Script = (job, hear, stop) => {
      if (job.step === 'long')
        return new Promise((resolve) =>
          stop.soft.addEventListener('abort', () => resolve(failing('signal'))),
        );
      if (job.kind === 'prompt' && job.engine === 'codex') return fine({ text: 't' });
      return serves(job, hear, stop);
    };
    const steps = [
      agentStep('m', { matrix: matrixOf({ n: [1, 2] }), engines: ['codex'] }),
      reduceStep('r', 'm', { mode: 'summarize' }),
      loopStep('l', [agentStep('a')], { max: 2, onExhausted: 'continue' }),
      usesStep('u', workflowOf([agentStep('inner')])),
      runStep('long'),
    ];
    const rig = start({
      workflow: workflowOf(steps),
      clock,
      script,
      options: { ...options, maxParallel: 4 },
    });
    while (of(rig, 'quota-waiting').length < 3) await turn();
    for (let i = 0; i < 5; i++) await turn();
    rig.handle.stop('cancel', 'a test');
    expect(await rig.result()).toEqual({ end: 'canceled' });
    const canceled = of(rig, 'step-canceled').map(({ step }) => step);
    expect(canceled.sort()).toEqual(['l', 'l[1].a', 'long', 'r', 'r:judge', 'u', 'u.inner']);
    expect(rig.journal.at(-1)?.type).toBe('run-finished');
  });

  test('can be canceled while others still work', async () => {
    const clock = fakeClock(START);
    const serves = servesFrom(START + HOUR, clock);
    const script: Script = (job, hear, stop) =>
      job.step === 'long'
        ? new Promise((resolve) => stop.soft.addEventListener('abort', () => resolve(failing('signal'))))
        : serves(job, hear, stop);
    const rig = start({ workflow: workflowOf([agentStep('a'), runStep('long')]), clock, script, options });
    while (of(rig, 'quota-waiting').length === 0) await turn();
    await turn();
    rig.handle.stop('cancel', 'a test');
    expect(await rig.result()).toEqual({ end: 'canceled' });
    expect(rig.statuses()).toEqual({ a: 'canceled', long: 'canceled' });
  });

  async function parked(workflow: Parameters<typeof start>[0]['workflow']): Promise<Rig> {
    const rig = first(workflow);
    expect(await rig.result()).toEqual({ end: 'parked' });
    return rig;
  }
});
