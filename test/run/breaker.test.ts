// Engines that fail again and again are left alone for a while; who waits for them goes elsewhere or waits.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Milestone } from '../../src/model/event.ts';
import type { Job } from '../../src/model/ports.ts';
import { FIRST_REST_MS, LONGEST_REST_MS } from '../../src/run/breaker.ts';
import { runs } from '../support/seed.ts';
import type { Rig, Script } from './rig.ts';
import {
  agentStep,
  failing,
  fakeClock,
  fakeTree,
  fine,
  loopStep,
  matrixOf,
  reduceStep,
  start,
  template,
  turn,
  usesStep,
  workflowOf,
} from './rig.ts';

const START = Date.UTC(2026, 10, 20, 14, 15, 3);

function of<T extends Milestone['type']>(rig: Rig, type: T) {
  return rig.journal.filter((m): m is Extract<Milestone, { type: T }> => m.type === type);
}

function engineOf(job: Job): string {
  return job.kind === 'prompt' ? job.engine : '';
}

const steps = (many: number, spec: Parameters<typeof agentStep>[1] = {}) =>
  Array.from({ length: many }, (_, i) => agentStep(`a${i}`, spec));

/** Resolves for all of them in the same moment, when so many have come. */
function together(many: number): () => Promise<void> {
  let come = 0;
  let go: () => void = () => undefined;
  const all = new Promise<void>((resolve) => {
    go = resolve;
  });
  return () => {
    if (++come === many) go();
    return all;
  };
}

describe('five transient failures in a row', () => {
  test('make an engine rest; after that one attempt tries alone, and then all go on', async () => {
    const clock = fakeClock(START);
    const at: number[] = [];
    let inside = 0;
    const beside: number[] = [];
    const five = together(5);
    const script: Script = async () => {
      at.push(clock.now() - START);
      await five();
      if (clock.now() < START + FIRST_REST_MS) return failing('overloaded');
      beside.push(++inside);
      // Long enough for everybody else to come by.
      await new Promise<void>((resolve) => clock.after(10_000, resolve));
      inside--;
      return fine();
    };
    const options = { maxParallel: 5 };
    const rig = start({ workflow: workflowOf(steps(9)), script, clock, options });
    expect(await rig.result()).toEqual({ end: 'succeeded' });
    const [rested, ...more] = of(rig, 'engine-rested');
    expect(more).toEqual([]);
    expect(rested).toMatchObject({
      engine: 'claude-code',
      failures: 5,
      because: 'it was overloaded',
      until: new Date(START + FIRST_REST_MS).toISOString(),
    });
    // Nobody asked meanwhile, neither those who had failed nor those who had not begun.
    expect(at.slice(0, 5)).toEqual([0, 0, 0, 0, 0]);
    expect(at[5]).toBe(FIRST_REST_MS);
    expect(at.filter((ms) => ms === FIRST_REST_MS)).toHaveLength(1);
    expect(beside[0]).toBe(1);
    expect(Math.max(...beside)).toBe(5);
    expect(rig.progress().engines.rests.size).toBe(0);
  });

  test('of an engine that the configuration declares count as any others', async () => {
    const many = steps(5, { engines: ['my-agent', 'codex'] });
    const script: Script = (job) => (engineOf(job) === 'my-agent' ? failing('network') : fine());
    let inside = 0;
    let most = 0;
    const counted: Script = async (job, hear, stop) => {
      const own = engineOf(job) === 'my-agent' ? 1 : 0;
      inside += own;
      most = Math.max(most, inside);
      await turn();
      inside -= own;
      return script(job, hear, stop);
    };
    const options = { maxParallel: 5, engineParallel: { 'my-agent': 2 } };
    const rig = start({ workflow: workflowOf(many), script: counted, options });
    expect(await rig.result()).toEqual({ end: 'succeeded' });
    expect(most).toBe(2);
    expect(of(rig, 'engine-rested')).toMatchObject([{ engine: 'my-agent', failures: 5 }]);
  });

  test('four and a success do not', async () => {
    let asked = 0;
    const script: Script = () => (++asked % 5 === 0 ? fine() : failing('network'));
    const many = steps(3, { retry: { ...agentStep('x').retry, attempts: 9 } });
    const rig = start({ workflow: workflowOf(many), script, options: { maxParallel: 1 } });
    expect(await rig.result()).toEqual({ end: 'succeeded' });
    expect(of(rig, 'engine-rested')).toEqual([]);
  });

  test('what the model itself answered breaks the row, however bad the answer', async () => {
    let asked = 0;
    const script: Script = () => (++asked === 5 ? failing('refused') : failing('network'));
    const many = steps(3, { continueOnError: true });
    const rig = start({ workflow: workflowOf(many), script, options: { maxParallel: 1 } });
    await rig.result();
    expect(asked).toBe(8);
    expect(of(rig, 'engine-rested')).toEqual([]);
  });

  test('that go on after the rest make it twice as long, up to a bound', async () => {
    const step = agentStep('a', {
      retry: { ...agentStep('x').retry, attempts: 12, delayMs: 1, maxDelayMs: 1 },
    });
    const rig = start({ workflow: workflowOf([step]), script: () => failing('overloaded') });
    expect(await rig.result()).toEqual({ end: 'failed' });
    const lengths = of(rig, 'engine-rested').map(({ at, until }) => Date.parse(until) - Date.parse(at));
    expect(lengths).toEqual([
      ...[1, 2, 4, 8].map((times) => times * FIRST_REST_MS),
      ...[LONGEST_REST_MS, LONGEST_REST_MS, LONGEST_REST_MS, LONGEST_REST_MS],
    ]);
    expect(of(rig, 'engine-rested').map(({ failures }) => failures)).toEqual([5, 1, 1, 1, 1, 1, 1, 1]);
  });

  test('are one row: what was begun before the rest and fails in it makes it no longer', async () => {
    const clock = fakeClock(START);
    const six = together(6);
    const script: Script = async (job) => {
      await six();
      if (job.attempt > 1) return fine();
      if (job.step === 'a5') await new Promise<void>((resolve) => clock.after(FIRST_REST_MS / 2, resolve));
      return failing('overloaded');
    };
    const rig = start({ workflow: workflowOf(steps(6)), script, clock, options: { maxParallel: 6 } });
    expect(await rig.result()).toEqual({ end: 'succeeded' });
    expect(of(rig, 'engine-rested')).toHaveLength(1);
  });

  test('of which the last names a later time make it rest until then', async () => {
    const until = new Date(START + 40 * 60_000).toISOString();
    const script: Script = (job) =>
      job.attempt > 1 ? fine() : failing('rate-limit', job.step === 'a4' ? { 'retry-at': until } : {});
    const rig = start({ workflow: workflowOf(steps(5)), script, options: { maxParallel: 1 } });
    expect(await rig.result()).toEqual({ end: 'succeeded' });
    expect(of(rig, 'engine-rested')).toMatchObject([{ until }]);
    expect(of(rig, 'step-succeeded')[0]?.at).toBe(until);
  });

  test('hold where `quota-wait` is short: that is for quotas', async () => {
    const clock = fakeClock(START);
    const at: number[] = [];
    const script: Script = () => {
      at.push(clock.now() - START);
      return clock.now() < START + FIRST_REST_MS ? failing('overloaded') : fine();
    };
    const many = steps(9, { quotaWaitMs: 10_000 });
    const rig = start({ workflow: workflowOf(many), script, clock, options: { maxParallel: 1 } });
    expect(await rig.result()).toEqual({ end: 'succeeded' });
    expect(of(rig, 'engine-rested')).toHaveLength(1);
    expect(at.filter((ms) => ms < FIRST_REST_MS)).toEqual([0, 0, 0, 0, 0]);
  });

  test('hold where a rest is named that nobody waits for: who has no other engine fails without asking', async () => {
    const until = new Date(START + 20 * 60_000).toISOString();
    const script: Script = (job) =>
      job.step === 'a9' ? fine() : failing('rate-limit', { 'retry-at': until });
    const none = { retry: { ...agentStep('x').retry, attempts: 1 }, quotaWaitMs: 10_000 };
    const all = [...steps(8, none), agentStep('a8', { quotaWaitMs: 30 * 60_000 })];
    const rig = start({ workflow: workflowOf(all), script, options: { maxParallel: 1 } });
    expect(await rig.result()).toEqual({ end: 'failed' });
    // The one that has the time waits for it, and asks.
    expect(rig.made.filter((one) => !one.startsWith('a8'))).toHaveLength(5);
    expect(rig.made).toContain('a8.1');
    expect(rig.progress().steps.get('a7' as never)?.failure).toMatchObject({
      reason: 'rate-limit',
      message: expect.stringMatching(/claude-code rests after 5 failures in a row.*no longer than 15m/),
      'retry-at': until,
    });
  });

  test('and a time that one of them names are waited for, up to 15 minutes, whatever `quota-wait` says', async () => {
    const named = (minutes: number): Script => {
      const until = new Date(START + minutes * 60_000).toISOString();
      return (job) => (job.attempt > 1 ? fine() : failing('rate-limit', { 'retry-at': until }));
    };
    const workflow = workflowOf([agentStep('a', { quotaWaitMs: 1_000 })]);
    expect(await start({ workflow, script: named(14) }).result()).toEqual({ end: 'succeeded' });
    const late = start({ workflow, script: named(16) });
    expect(await late.result()).toEqual({ end: 'failed' });
    expect(late.progress().steps.get('a' as never)?.failure?.message).toMatch(/no longer than 15m/);
  });

  test('let those who have another engine go there at once, without asking the first', async () => {
    const asked: string[] = [];
    const five = together(5);
    const script: Script = async (job) => {
      asked.push(`${job.step} ${engineOf(job)}`);
      await five();
      return engineOf(job) === 'codex' ? failing('overloaded') : fine();
    };
    const engines = ['codex', 'claude-code'];
    const clock = fakeClock(START);
    const rig = start({
      workflow: workflowOf(steps(7, { engines })),
      script,
      clock,
      options: { maxParallel: 5 },
    });
    expect(await rig.result()).toEqual({ end: 'succeeded' });
    expect(asked.filter((one) => one.endsWith('codex'))).toHaveLength(5);
    expect(asked).toContain('a6 claude-code');
    expect(rig.made).toContain('a6.1');
    expect(of(rig, 'engine-changed')).toHaveLength(7);
    expect(of(rig, 'engine-changed')[0]).toMatchObject({
      ...{ from: 'codex', to: 'claude-code' },
      because: 'codex rests after 5 failures in a row: it was overloaded',
    });
    expect(clock.now()).toBe(START);
  });

  test('are still known when the run is resumed', async () => {
    const first = start({
      workflow: workflowOf(steps(5)),
      script: () => failing('network'),
      options: { maxParallel: 5 },
    });
    while (of(first, 'engine-rested').length === 0) await turn();
    const history = [...first.journal];
    first.handle.stop('interrupt', 'a test');
    await first.handle.done;
    const [{ until } = { until: '' }] = of(first, 'engine-rested');
    const clock = fakeClock(START + 1000);
    const begun: number[] = [];
    const rig = start({
      ...{ workflow: workflowOf(steps(5)), history, clock },
      script: () => {
        begun.push(clock.now());
        return fine();
      },
    });
    expect(await rig.result()).toEqual({ end: 'succeeded' });
    expect(Math.min(...begun)).toBe(Date.parse(until));
  });

  test('once the model works for the one who tries, nobody waits for the end of that attempt', async () => {
    const clock = fakeClock(START);
    let end: () => void = () => undefined;
    const all = new Promise<void>((resolve) => {
      end = resolve;
    });
    const served: string[] = [];
    const script: Script = async (job, hear) => {
      if (clock.now() < START + FIRST_REST_MS) return failing('overloaded');
      served.push(job.step);
      const usage = { 'input-tokens': 1, 'output-tokens': 1, 'cached-tokens': 0, usd: null };
      hear.chatter({ type: 'said', what: 'usage', usage, step: job.step, attempt: job.attempt });
      if (served.length === 3) end();
      // The first ends only when the others have begun.
      await all;
      return fine();
    };
    const rig = start({ workflow: workflowOf(steps(5)), script, clock, options: { maxParallel: 5 } });
    expect(await rig.result()).toEqual({ end: 'succeeded' });
  });

  test('a cancel ends those who wait', async () => {
    const rig = start({
      workflow: workflowOf(steps(6)),
      script: () => failing('network'),
      options: { maxParallel: 5 },
    });
    while (of(rig, 'engine-rested').length === 0) await turn();
    await turn();
    rig.handle.stop('cancel', 'a test');
    expect(await rig.result()).toEqual({ end: 'canceled' });
    expect(new Set(Object.values(rig.statuses()))).toEqual(new Set(['canceled']));
  });
});

describe('an engine that could not serve', () => {
  test('is named in the failure of the last one, with what it failed for', async () => {
    const script: Script = (job) =>
      engineOf(job) === 'codex'
        ? failing('auth', { message: 'not signed in' })
        : failing('overloaded', { message: 'too busy' });
    const engines = ['codex', 'claude-code'];
    const rig = start({ workflow: workflowOf([agentStep('a', { engines })]), script });
    expect(await rig.result()).toEqual({ end: 'failed' });
    expect(rig.progress().steps.get('a' as never)?.failure).toMatchObject({
      reason: 'overloaded',
      message: 'too busy (3 attempts); tried before claude-code: codex (auth: not signed in)',
    });
  });

  test('what its attempts used is on the bill, and its session stays behind', async () => {
    const usage = { 'input-tokens': 10, 'output-tokens': 5, 'cached-tokens': 0, usd: 0.25 };
    const sessions: unknown[] = [];
    const script: Script = (job, hear) => {
      if (job.kind === 'prompt') sessions.push([job.engine, job.session]);
      if (job.step === 'first') {
        hear.session('s-1');
        return fine({ usage });
      }
      return engineOf(job) === 'codex' ? { ...failing('auth'), values: { usage } } : fine({ usage });
    };
    const first = agentStep('first', { engines: ['codex'] });
    const engines = ['codex', 'claude-code'];
    const second = agentStep('second', {
      ...{
        engines,
        needs: ['first'],
        session: { of: first.id, fork: false, at: first.at },
        prompt: template('go on'),
      },
    });
    const rig = start({ workflow: workflowOf([first, second]), script });
    expect(await rig.result()).toEqual({ end: 'succeeded' });
    expect(rig.progress().usage?.usd).toBe(0.75);
    expect(rig.progress().spending.by.get('run')?.usd).toBe(0.75);
    expect(sessions).toEqual([
      ['codex', undefined],
      ['codex', { id: 's-1', fork: false }],
      ['claude-code', undefined],
    ]);
  });

  test('leaves nothing of its edits in the tree for the one that takes over', async () => {
    const tree = fakeTree();
    const found: string[][] = [];
    const script: Script = (job) => {
      found.push([...tree.files.keys()]);
      tree.files.set(`by-${engineOf(job)}`, 'edited');
      return engineOf(job) === 'codex' ? failing('overloaded') : fine();
    };
    const step = agentStep('a', { engines: ['codex', 'claude-code'], access: 'write' });
    const rig = start({ workflow: workflowOf([step]), script, tree });
    expect(await rig.result()).toEqual({ end: 'succeeded' });
    expect(found).toEqual([[], [], [], []]);
    expect([...tree.files.keys()]).toEqual(['by-claude-code']);
  });
});

describe('a program that is being replaced', () => {
  const updating = () => failing('spawn', { message: 'it is not there', updating: true });

  test('is waited for within seconds, and costs no retry', async () => {
    const script: Script = (job) => {
      if (job.attempt < 4) return updating();
      return job.attempt < 6 ? failing('overloaded') : fine();
    };
    const rig = start({ workflow: workflowOf([agentStep('a')]), script });
    expect(await rig.result()).toEqual({ end: 'succeeded' });
    expect(rig.made).toHaveLength(6);
    expect(rig.clock.waits).toEqual([500, 1000, 2000, 10_000, 20_000]);
    expect(of(rig, 'retry-scheduled').map(({ because }) => because)).toContain('it is not there');
  });

  test('and does not come back is what the step fails for, or what another engine takes over from', async () => {
    const alone = start({ workflow: workflowOf([agentStep('a')]), script: updating });
    expect(await alone.result()).toEqual({ end: 'failed' });
    expect(alone.made).toHaveLength(5);
    expect(alone.progress().steps.get('a' as never)?.failure).toMatchObject({
      reason: 'spawn',
      message: 'it is not there (5 attempts)',
    });
    const script: Script = (job) => (engineOf(job) === 'codex' ? updating() : fine());
    const step = agentStep('a', { engines: ['codex', 'claude-code'] });
    const two = start({ workflow: workflowOf([step]), script });
    expect(await two.result()).toEqual({ end: 'succeeded' });
    expect(two.made).toHaveLength(6);
  });

  test('is counted over a death of the runner too', async () => {
    const first = start({ workflow: workflowOf([agentStep('a')]), script: updating });
    await first.result();
    const cut = first.journal.findIndex((m) => m.type === 'retry-scheduled' && m.attempt === 4);
    const history = first.journal.slice(0, cut + 1);
    const rig = start({ workflow: workflowOf([agentStep('a')]), script: updating, history });
    expect(await rig.result()).toEqual({ end: 'failed' });
    expect(rig.made).toEqual(['a.4', 'a.5']);
  });
});

describe('`max-parallel` of an engine', () => {
  /** Steps of one engine or with a fallback, alone, in a matrix, in a loop, in a used workflow, chosen among by a judge. */
  const shapes = fc.record({
    alone: fc.array(fc.record({ both: fc.boolean(), fails: fc.boolean() }), { maxLength: 5 }),
    matrix: fc.integer({ min: 1, max: 4 }),
    loop: fc.integer({ min: 1, max: 3 }),
    most: fc.record({ codex: fc.integer({ min: 1, max: 3 }), claude: fc.integer({ min: 1, max: 3 }) }),
    places: fc.integer({ min: 1, max: 9 }),
  });

  test('holds over all of a run, whoever asks for it', async () => {
    let reached = 0;
    await fc.assert(
      fc.asyncProperty(shapes, async ({ alone, matrix, loop, most, places }) => {
        const inside = new Map<string, number>();
        const script: Script = async (job) => {
          const engine = engineOf(job);
          const now = (inside.get(engine) ?? 0) + 1;
          inside.set(engine, now);
          const limit = engine === 'codex' ? most.codex : most.claude;
          expect(now, engine).toBeLessThanOrEqual(limit);
          if (now === limit && limit > 1) reached++;
          await turn();
          inside.set(engine, now - 1 < 0 ? 0 : (inside.get(engine) ?? 1) - 1);
          if (job.step.startsWith('alone') && engine === 'codex' && alone[Number(job.step.slice(5))]?.fails)
            return failing('auth');
          return fine({ text: 't', output: { summary: 's' } });
        };
        const both = ['codex', 'claude-code'];
        const part = workflowOf([agentStep('inner'), agentStep('other', { engines: both })]);
        const steps = [
          ...alone.map((one, i) =>
            agentStep(`alone${i}`, one.both ? { engines: both } : { engines: ['codex'] }),
          ),
          agentStep('m', {
            matrix: matrixOf({ n: Array.from({ length: matrix }, (_, i) => i) }),
            engines: both,
          }),
          reduceStep('r', 'm', { mode: 'summarize' }),
          loopStep('l', [agentStep('body', { engines: both })], {
            max: loop,
            onExhausted: 'continue',
            while: 'true',
          }),
          usesStep('u', part),
        ];
        const rig = start({
          ...{ workflow: workflowOf(steps), script },
          options: { maxParallel: places, engineParallel: { codex: most.codex, 'claude-code': most.claude } },
        });
        await rig.result();
      }),
      runs(60),
    );
    expect(reached).toBeGreaterThan(20);
  });
});
