import { expect, test } from 'vitest';
import { asStepId } from '../../src/model/ids.ts';
import type { Job } from '../../src/model/ports.ts';
import type { PromptStep } from '../../src/model/workflow.ts';
import type { Script } from './rig.ts';
import { agentStep, failing, fakeTree, fine, loopStep, matrixOf, start, workflowOf } from './rig.ts';

const looped = (spec: Partial<PromptStep> = {}, times = 3) =>
  workflowOf([
    loopStep('l', [agentStep('a', { session: 'continue', ...spec } as never)], {
      until: `loop.index === ${times}`,
    }),
  ]);

/** Opens a session at each attempt, named after it, unless it goes on in one; says what each was told. */
function conversations(told: string[], outcome: (job: Job) => ReturnType<Script> = () => fine()): Script {
  return (job, hear) => {
    const session = job.kind === 'prompt' ? job.session : undefined;
    told.push(session === undefined ? 'new' : `${session.fork ? 'fork' : 'continue'} ${session.id}`);
    hear.session(session === undefined || session.fork ? `${job.step}.${job.attempt}` : session.id);
    return outcome(job);
  };
}

test('a reader goes on in the session of its iteration before', async () => {
  const told: string[] = [];
  await start({ workflow: looped(), script: conversations(told) }).result();
  expect(told).toEqual(['new', 'continue l[1].a.1', 'continue l[1].a.1']);
});

test('a writer branches off it, so that an attempt after an undo finds it as it was', async () => {
  const told: string[] = [];
  const retry = { attempts: 2, delayMs: 1, backoff: 'fixed', maxDelayMs: 1, on: ['any'] } as const;
  const script = conversations(told, (job) =>
    job.step === 'l[2].a' && job.attempt === 1 ? failing('network') : fine(),
  );
  await start({ workflow: looped({ access: 'write', retry }), script, tree: fakeTree() }).result();
  expect(told).toEqual(['new', 'fork l[1].a.1', 'fork l[1].a.1', 'fork l[2].a.2']);
});

test('edits that were undone are not gone on from', async () => {
  const told: string[] = [];
  const script = conversations(told, (job) => (job.step === 'l[1].a' ? failing('refused') : fine()));
  const workflow = looped({ access: 'write', continueOnError: true }, 2);
  await start({ workflow, script, tree: fakeTree() }).result();
  expect(told).toEqual(['new', 'new']);
});

test('the engine that holds the session is preferred, and another one begins anew', async () => {
  const told: string[] = [];
  const engines: string[] = [];
  const script = conversations(told, (job) => {
    if (job.kind === 'prompt') engines.push(`${job.step} ${job.engine}`);
    if (job.kind === 'prompt' && job.step === 'l[1].a' && job.engine === 'codex') return failing('auth');
    return job.step === 'l[3].a' && job.attempt === 1 ? failing('auth') : fine();
  });
  await start({ workflow: looped({ engines: ['codex', 'claude-code', 'aider'] }), script }).result();
  expect(engines).toEqual([
    'l[1].a codex',
    'l[1].a claude-code',
    'l[2].a claude-code',
    'l[3].a claude-code',
    'l[3].a aider',
  ]);
  expect(told).toEqual(['new', 'new', 'continue l[1].a.2', 'continue l[1].a.2', 'new']);
});

test('a run that is resumed goes on in the same session', async () => {
  const told: string[] = [];
  const first = start({ workflow: looped(), script: conversations(told) });
  await first.result();
  const cut = first.journal.findIndex((m) => m.type === 'step-started' && m.step === 'l[2].a');
  const again: string[] = [];
  await start({
    workflow: looped(),
    history: first.journal.slice(0, cut),
    script: conversations(again),
  }).result();
  expect(again).toEqual(['continue l[1].a.1', 'continue l[1].a.1']);
});

test('without the word each iteration opens one', async () => {
  const told: string[] = [];
  const { session: _, ...plain } = agentStep('a');
  const workflow = workflowOf([loopStep('l', [plain], { until: 'loop.index === 2' })]);
  await start({ workflow, script: conversations(told) }).result();
  expect(told).toEqual(['new', 'new']);
});

const other = (of: string, fork = false) => ({ of: asStepId(of), fork, at: { start: 0, end: 0 } });

test('a step goes on in the session of another one, or branches off it', async () => {
  const told: string[] = [];
  const workflow = workflowOf([
    agentStep('plan'),
    agentStep('read', { needs: ['plan'], session: other('plan') }),
    agentStep('write', { needs: ['read'], access: 'write', session: other('plan') }),
    agentStep('many', {
      needs: ['write'],
      session: other('write', true),
      matrix: matrixOf({ n: [1, 2] }, { maxParallel: 1 }),
    }),
  ]);
  await start({ workflow, script: conversations(told), tree: fakeTree() }).result();
  expect(told).toEqual(['new', 'continue plan.1', 'fork plan.1', 'fork write.1', 'fork write.1']);
});

test('an attempt after an undo begins with the session as it was', async () => {
  const told: string[] = [];
  const retry = { attempts: 2, delayMs: 1, backoff: 'fixed', maxDelayMs: 1, on: ['any'] } as const;
  const script = conversations(told, (job) =>
    job.step === 'b' && job.attempt === 1 ? failing('network') : fine(),
  );
  const steps = [
    agentStep('a'),
    agentStep('b', { needs: ['a'], access: 'write', retry, session: other('a') }),
    agentStep('c', { needs: ['b'], session: other('b') }),
  ];
  await start({ workflow: workflowOf(steps), script, tree: fakeTree() }).result();
  expect(told).toEqual(['new', 'fork a.1', 'fork a.1', 'continue b.2']);
});

test('in a loop it is that of the same iteration, after it that of the last', async () => {
  const told: string[] = [];
  const body = [
    agentStep('a', { session: other('before', true) }),
    agentStep('b', { needs: ['a'], session: other('a') }),
  ];
  const workflow = workflowOf([
    agentStep('before'),
    loopStep('l', body, { needs: ['before'], until: 'loop.index === 2' }),
    agentStep('after', { needs: ['l'], session: other('b') }),
  ]);
  await start({ workflow, script: conversations(told) }).result();
  expect(told).toEqual([
    'new',
    'fork before.1',
    'continue l[1].a.1',
    'fork before.1',
    'continue l[2].a.1',
    'continue l[2].a.1',
  ]);
});

test('a session that is not there, or that another engine holds, is said to be opened anew', async () => {
  const told: string[] = [];
  const engines = ['codex', 'claude-code'];
  const steps = [
    agentStep('skipped', { if: 'false' }),
    agentStep('a', { needs: ['skipped'], session: other('skipped') }),
    agentStep('b', { needs: ['a'], engines, session: other('a') }),
  ];
  const script = conversations(told, (job) =>
    job.kind === 'prompt' && job.step === 'b' && job.engine === 'claude-code' ? failing('auth') : fine(),
  );
  const reversed = steps.map((step) =>
    step.id === 'b' ? { ...step, engines: ['claude-code', 'codex'] } : step,
  );
  const rig = start({ workflow: workflowOf(reversed as never), script });
  await rig.result();
  const opened = rig.journal.flatMap((m) =>
    m.type === 'session-opened' ? [[m.step, m.engine, m.because]] : [],
  );
  expect(opened).toEqual([
    ['a', 'claude-code', '`skipped` has no session'],
    ['b', 'claude-code', undefined],
    ['b', 'codex', 'the session to go on in is one of claude-code'],
  ]);
  const prefers = start({ workflow: workflowOf(steps), script: conversations([]) });
  await prefers.result();
  expect(prefers.progress().steps.get('b' as never)?.engine).toBe('claude-code');
});
