import { expect, test } from 'vitest';
import type { StepKey } from '../../src/model/ids.ts';
import { asRunId, asStepKey } from '../../src/model/ids.ts';
import type { NameClaim } from '../../src/run/running.ts';
import { agentStep, failing, fakeTree, matrixOf, runStep, start, template, turn, workflowOf } from './rig.ts';

const OTHER = { run: asRunId('20261120-141400-bcdf'), step: asStepKey('elsewhere') };
const RUN = asRunId('20261120-141503-k7qd');

/** Names as the state directory has them; another run has those in `taken`. */
function names(taken = new Set<string>()) {
  const lines = new Map<string, StepKey[]>();
  const claim = (name: string, step: StepKey): NameClaim => {
    const line = lines.get(name) ?? [];
    lines.set(name, line);
    line.push(step);
    return {
      holder: () => {
        if (taken.has(name)) return OTHER;
        const [first] = line;
        return first === undefined || first === step ? undefined : { run: RUN, step: first };
      },
      release: () => {
        const at = line.indexOf(step);
        if (at >= 0) line.splice(at, 1);
      },
    };
  };
  return { claim, taken, left: () => [...lines.values()].flat() };
}

const named = (name: string) => ({ concurrency: template(name) });

test('steps of one name never overlap, and who waits takes no place', async () => {
  const { claim, left } = names();
  const busy = new Map<string, number>();
  let most = 0;
  const steps = ['a', 'b', 'c'].map((id) => runStep(id, named('deploy')));
  const rig = start({
    workflow: workflowOf([...steps, runStep('free'), runStep('other', { needs: ['free'] })]),
    options: { maxParallel: 2 },
    ports: { claim },
    script: async (job) => {
      const name = job.step.length === 1 ? 'deploy' : job.step;
      busy.set(name, (busy.get(name) ?? 0) + 1);
      if (name === 'deploy') most = Math.max(most, busy.get(name) ?? 0);
      await turn();
      busy.set(name, (busy.get(name) ?? 0) - 1);
      return { ok: true, values: {} };
    },
  });
  expect((await rig.result()).end).toBe('succeeded');
  expect(most).toBe(1);
  expect(rig.made.slice(0, 3).sort()).toEqual(['a.1', 'free.1', 'other.1']);
  const waited = new Set(rig.types().filter((type) => type.startsWith('step-waiting')));
  expect([...waited].sort()).toEqual(['step-waiting b', 'step-waiting c']);
  expect(left()).toEqual([]);
});

test('a name may be made of values, and instances of a matrix wait for each other', async () => {
  const { claim } = names();
  const step = runStep('t', {
    ...named('x-${{ matrix.zone }}'),
    matrix: matrixOf({ zone: ['a', 'b'], n: [1, 2] }),
  });
  const rig = start({ workflow: workflowOf([step]), ports: { claim } });
  await rig.result();
  expect(rig.types().filter((type) => type.startsWith('step-waiting'))).toEqual([
    'step-waiting t[a,2]',
    'step-waiting t[b,2]',
  ]);
});

test('a name that cannot be computed fails its step', async () => {
  const { claim } = names();
  const rig = start({
    workflow: workflowOf([runStep('a', named('${{ nothing.here }}')), runStep('b', named("${{ '' }}"))]),
    ports: { claim },
  });
  expect((await rig.result()).end).toBe('failed');
  expect(rig.statuses()).toEqual({ a: 'failed', b: 'failed' });
  expect(rig.made).toEqual([]);
});

test('it says for whom it waits, goes on when the name is free, and can be canceled and paused meanwhile', async () => {
  const { claim, taken, left } = names(new Set(['deploy']));
  const workflow = workflowOf([runStep('a', named('deploy'))]);
  const canceled = start({ workflow, ports: { claim } });
  await turn();
  await turn();
  expect(canceled.progress().steps.get(asStepKey('a'))).toMatchObject({
    status: 'waiting',
    because: 'waits for elsewhere of run 20261120-141400-bcdf, which has `deploy`',
  });
  canceled.handle.stop('cancel', 'a test');
  expect((await canceled.result()).end).toBe('canceled');
  const paused = start({ workflow, ports: { claim } });
  await turn();
  paused.handle.pause();
  expect((await paused.result()).end).toBe('parked');
  expect(left()).toEqual([]);
  taken.clear();
  const resumed = start({ workflow, ports: { claim }, history: paused.journal });
  expect((await resumed.result()).end).toBe('succeeded');
});

test('it is taken before the tree, for each attempt, and given back whatever comes of it', async () => {
  const { claim, left } = names();
  const retry = { attempts: 2, delayMs: 1, backoff: 'fixed', maxDelayMs: 1, on: ['any'] } as const;
  const rig = start({
    workflow: workflowOf([
      agentStep('writer', { access: 'write', ...named('tree'), retry }),
      runStep('reader', named('tree')),
      agentStep('writer-too', { access: 'write', ...named('other'), needs: ['writer'] }),
    ]),
    tree: fakeTree(),
    ports: { claim },
    options: { maxParallel: 1 },
    script: (job) =>
      job.step === 'writer' && job.attempt === 1 ? failing('network') : { ok: true, values: {} },
  });
  expect((await rig.result()).end).toBe('succeeded');
  expect([...rig.made].sort()).toEqual(['reader.1', 'writer-too.1', 'writer.1', 'writer.2']);
  expect(left()).toEqual([]);
});
