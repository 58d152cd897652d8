/** Proves that a recorded conversation comes back the same, elsewhere and without an engine, and that another question does not. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeMasker } from '../../src/engines/mask.ts';
import { type RecordDeps, recording } from '../../src/engines/record.ts';
import { type AgentAttempt, toLocal, toPortable } from '../../src/engines/recorded.ts';
import { type ReplayDeps, replaying } from '../../src/engines/replay.ts';
import type { Chatter } from '../../src/model/event.ts';
import { asRunId, asStepKey } from '../../src/model/ids.ts';
import type { Hear, Outcome, PromptJob, Stop } from '../../src/model/ports.ts';
import { ok } from '../../src/model/result.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'codemachine-replay-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const name = (step: string, attempt: number): string => `${step}-0a1b2c3d.${attempt}`;
const paths = { workspace: '/home/me/project', home: '/home/me' };
const otherPaths = { workspace: '/builds/7/project', home: '/root' };

const job: PromptJob = {
  run: asRunId('20261120-141503-k7qd'),
  step: asStepKey('plan'),
  attempt: 1,
  cwd: '',
  env: { TOKEN: 'hidden-value' },
  secretNames: ['TOKEN'],
  kind: 'prompt',
  engine: 'claude-code',
  model: 'opus',
  access: 'write',
  prompt: 'Look at /home/me/project/src in run 20261120-141503-k7qd.\nSecond line.\n',
  schema: { type: 'object', properties: { a: {} } },
  idleTimeoutMs: 1000,
};

const success: Outcome = {
  ok: true,
  values: {
    text: 'Wrote /home/me/project/a.txt',
    output: { file: '/home/me/project/a.txt' },
    usage: { 'input-tokens': 12, 'output-tokens': 3, 'cached-tokens': 1, usd: 0.25 },
    session: 's-1',
  },
};
const overloaded: Outcome = {
  ok: false,
  failure: { reason: 'overloaded', message: 'try later' },
  values: {},
};

function running(reason?: string): Stop {
  const soft = new AbortController();
  if (reason !== undefined) soft.abort(reason);
  return { soft: soft.signal, hard: new AbortController().signal };
}

/** An ear that keeps what it hears. */
function ear(): Hear & { readonly heard: unknown[] } {
  const heard: unknown[] = [];
  return { heard, chatter: (chatter) => heard.push(chatter), session: (id) => heard.push(id) };
}

/** An agent that says two things and ends as told. */
function agent(outcome: Outcome): AgentAttempt {
  return async (asked, hear) => {
    const of = { step: asked.step, attempt: asked.attempt };
    hear.session('s-1');
    hear.chatter({
      type: 'said',
      what: 'text',
      text: 'working in /home/me/project',
      ...of,
    } satisfies Chatter);
    return outcome;
  };
}

async function record(
  outcome: Outcome,
  asked: PromptJob = job,
  more: Partial<RecordDeps> = {},
): Promise<Outcome> {
  return recording(dir, agent(outcome), { name, paths, ...more })(asked, ear(), running());
}

function replay(
  asked: PromptJob = job,
  more: Partial<ReplayDeps> = {},
  hear: Hear = ear(),
): Promise<Outcome> {
  const diff = async (a: string, b: string): Promise<string> => `-${a}+${b}`;
  return replaying(dir, { name, paths, diff, ...more })(asked, hear, running());
}

test('gives the outcome, the usage and what was said, marked as replayed', async () => {
  expect(await record(success)).toEqual(success);
  const hear = ear();
  expect(await replay(job, {}, hear)).toEqual({ ...success, reused: 'replay' });
  expect(hear.heard).toEqual([
    's-1',
    { type: 'said', what: 'text', text: 'working in /home/me/project', step: 'plan', attempt: 1 },
  ]);
  expect(readdirSync(path.join(dir, 'plan-0a1b2c3d.1')).sort()).toEqual([
    'answer.json',
    'events.jsonl',
    'request.json',
  ]);
});

test('is the same question in another run, in another place; the answer speaks of that place', async () => {
  await record(success);
  const run = asRunId('20270101-000000-zzzz');
  const prompt = 'Look at /builds/7/project/src in run 20270101-000000-zzzz.\nSecond line.\n';
  const outcome = await replay({ ...job, run, prompt }, { paths: otherPaths });
  expect(outcome).toMatchObject({ ok: true, values: { text: 'Wrote /builds/7/project/a.txt' } });
  for (const file of readdirSync(dir, { recursive: true, encoding: 'utf8' }).filter((one) =>
    one.includes('.json'),
  )) {
    expect(readFileSync(path.join(dir, file), 'utf8')).not.toMatch(/home\/me|20261120-141503/);
  }
});

test('a question that differs fails with what differs', async () => {
  await record(success);
  const asked = { ...job, model: 'sonnet', prompt: 'Something else.\n' };
  const outcome = await replay(asked);
  expect(outcome).toMatchObject({ ok: false, failure: { reason: 'replay' }, values: {} });
  const message = outcome.ok ? '' : outcome.failure.message;
  expect(message).toContain('model: recorded "opus", asked now "sonnet"');
  expect(message).toContain(
    '-Look at <codemachine:workspace>/src in run <codemachine:run>.\nSecond line.\n+Something else.',
  );
});

test('another engine, schema or system prompt is another question; the order of keys is not', async () => {
  await record(success, { ...job, schema: { type: 'object', required: [] } });
  expect((await replay({ ...job, schema: { required: [], type: 'object' } })).ok).toBe(true);
  for (const asked of [
    { ...job, engine: 'codex' },
    { ...job, schema: { type: 'array' } },
    { ...job, schema: { type: 'object', required: [] }, system: 'be brief' },
  ]) {
    expect(await replay(asked)).toMatchObject({ ok: false, failure: { reason: 'replay' } });
  }
});

test('a question that was not recorded fails by name', async () => {
  await record(success);
  const outcome = await replay({ ...job, step: asStepKey('other') });
  expect(outcome.ok ? '' : outcome.failure.message).toContain('no answer for the step other');
  const nowhere = await replaying(path.join(dir, 'missing'), { name, paths, diff: async () => '' })(
    job,
    ear(),
    running(),
  );
  expect(nowhere).toMatchObject({ ok: false, failure: { reason: 'replay' } });
});

test('each attempt has its own answer; a cut off one is none; a success is given again', async () => {
  await record(overloaded);
  const cut: AgentAttempt = () => Promise.reject(new Error('the power went'));
  await expect(
    recording(dir, cut, { name, paths })({ ...job, attempt: 2 }, ear(), running()),
  ).rejects.toThrow('the power went');
  await record(success, { ...job, attempt: 3 });
  expect(await replay()).toEqual(overloaded);
  expect(await replay({ ...job, attempt: 2 })).toMatchObject({ ok: true, reused: 'replay' });
  expect(await replay({ ...job, attempt: 3 })).toMatchObject({ ok: true, reused: 'replay' });
});

test('beyond a recorded failure there is no answer', async () => {
  await record(overloaded);
  const outcome = await replay({ ...job, attempt: 2 });
  expect(outcome.ok ? '' : outcome.failure.message).toContain('only 1 answers');
});

test('recording again forgets the attempts that were made before', async () => {
  await record(overloaded);
  await record(success, { ...job, attempt: 2 });
  await record(success);
  expect(readdirSync(dir)).toEqual(['plan-0a1b2c3d.1']);
});

test('an attempt that was interrupted or canceled is no answer, one that timed out is', async () => {
  for (const [reason, answered] of [
    ['interrupt', false],
    ['cancel', false],
    ['timeout', true],
  ] as const) {
    await recording(dir, agent(overloaded), { name, paths })(job, ear(), running(reason));
    expect(existsSync(path.join(dir, 'plan-0a1b2c3d.1/answer.json'))).toBe(answered);
  }
});

test('the change to the tree is kept as bytes and made again before the answer', async () => {
  const patch = Buffer.from([1, 2, 0, 255]);
  const watchTree: NonNullable<RecordDeps['watchTree']> = async () => ok(async () => ok(patch));
  await record(success, job, { watchTree });
  const applied: Uint8Array[] = [];
  const applyPatch: NonNullable<ReplayDeps['applyPatch']> = async (bytes) => ok(applied.push(bytes));
  expect((await replay(job, { applyPatch })).ok).toBe(true);
  expect(applied.map((bytes) => Buffer.from(bytes))).toEqual([patch]);
  expect(await replay()).toMatchObject({
    ok: false,
    failure: { reason: 'replay', help: expect.stringContaining('git init') },
  });
  const refused = await replay(job, {
    applyPatch: async () => ({ ok: false, error: { reason: 'replay', message: 'does not fit' } }),
  });
  expect(refused).toMatchObject({ ok: false, failure: { message: 'does not fit' } });
});

test('a reader has no patch, and an empty change none either', async () => {
  const watchTree: NonNullable<RecordDeps['watchTree']> = async () => ok(async () => ok(Buffer.alloc(0)));
  await record(success, job, { watchTree });
  await record(
    success,
    { ...job, step: asStepKey('look'), access: 'read' },
    {
      watchTree: () => Promise.reject(new Error('a reader changes nothing')),
    },
  );
  expect(readdirSync(dir, { recursive: true }).filter((file) => String(file).endsWith('.patch'))).toEqual([]);
});

test('no secret is in any file, and the masked question is still the same question', async () => {
  const masker = makeMasker(['hidden-value']);
  const asked = { ...job, prompt: 'Use hidden-value.', system: 'hidden-value' };
  const said: Outcome = {
    ok: true,
    values: { text: 'I used hidden-value', output: { key: 'hidden-value' } },
  };
  const watchTree: NonNullable<RecordDeps['watchTree']> = async () =>
    ok(async () => ok(Buffer.from('+hidden-value\n')));
  await record(said, asked, { masker, watchTree });
  for (const file of readdirSync(path.join(dir, 'plan-0a1b2c3d.1'))) {
    expect(readFileSync(path.join(dir, 'plan-0a1b2c3d.1', file), 'utf8')).not.toContain('hidden-value');
  }
  const outcome = await replay(asked, { masker, applyPatch: async () => ok(undefined) });
  expect(outcome).toMatchObject({ ok: true, values: { text: 'I used ***' } });
});

test('a damaged recording is a sentence', async () => {
  mkdirSync(path.join(dir, 'plan-0a1b2c3d.1'));
  writeFileSync(path.join(dir, 'plan-0a1b2c3d.1/answer.json'), '{"v":1,');
  const outcome = await replay();
  expect(outcome).toMatchObject({ ok: false, failure: { reason: 'replay' } });
  expect(outcome.ok ? '' : outcome.failure.message).toContain('cannot be read');
});

test.each([
  ['{"type":"step-succeeded","step":"plan","attempt":1}', 'no agent says "step-succeeded"'],
  ['{"type":"said"', 'JSON'],
  ['null', 'cannot be read'],
])('events that no agent gave are not heard: %s', async (line, words) => {
  await record(success);
  writeFileSync(path.join(dir, 'plan-0a1b2c3d.1', 'events.jsonl'), `${line}\n`, { flag: 'a' });
  const hear = ear();
  const outcome = await replay(job, {}, hear);
  expect(outcome).toMatchObject({
    ok: false,
    failure: { reason: 'replay', message: expect.stringContaining(words) },
  });
  expect(hear.heard).toEqual([]);
});

test('an attempt that is stopped before it answers changes nothing', async () => {
  await record(success, job, { watchTree: async () => ok(async () => ok(Buffer.from('patch'))) });
  const applyPatch = (): Promise<never> => Promise.reject(new Error('not asked'));
  const diff = async (): Promise<string> => '';
  const attempt = replaying(dir, { name, paths, diff, applyPatch });
  expect(await attempt(job, ear(), running('interrupt'))).toMatchObject({
    failure: { reason: 'interrupted' },
  });
});

test('paths and ids come back as they were, and names that only begin alike are left', () => {
  const run = asRunId('20261120-141503-k7qd');
  const locals = { run, paths };
  const portable = toPortable(locals)(
    '/home/me/project/x /home/me/project2 /home/me /home/melanie /home/me.bak /home/me.',
  );
  expect(portable).toBe(
    '<codemachine:workspace>/x <codemachine:home>/project2 <codemachine:home> /home/melanie /home/me.bak <codemachine:home>.',
  );
  const part = fc.oneof(
    fc.constantFrom('/home/me', '/home/me/project', run, '/', '.', 'x', '$&', ' '),
    fc.string(),
  );
  fc.assert(
    fc.property(fc.array(part), (parts) => {
      const text = parts.join('');
      expect(toLocal(locals)(toPortable(locals)({ deep: [text] }))).toEqual({ deep: [text] });
    }),
  );
});
