/** Why a run failed, as its summary says it. */
import { expect, it } from 'vitest';
import type { Milestone, MilestoneBody } from '../../src/model/event.ts';
import { FAILURE_REASONS, type Failure } from '../../src/model/failure.ts';
import { asRunId, asStepKey } from '../../src/model/ids.ts';
import type { Plan } from '../../src/model/plan.ts';
import type { Step } from '../../src/model/workflow.ts';
import { watch } from '../../src/report/changes.ts';
import { summary } from '../../src/report/summary.ts';
import { tellingLines } from '../../src/report/telling-lines.ts';
import { planOf } from './support/screen.ts';

const run = asRunId('20261120-141503-bcdf');

const begun: MilestoneBody = {
  ...{ type: 'run-started', workflow: 'w', path: 'w.yml', sha256: 'ab', inputs: {}, attempt: 1 },
};
const over: MilestoneBody = {
  ...{ type: 'run-finished', status: 'failed', 'duration-ms': 1, outputs: {} },
  usage: { 'input-tokens': 0, 'output-tokens': 0, 'cached-tokens': 0, usd: 0 },
};

function started(step: string, kind = 'run', attempt = 1, engine?: string): MilestoneBody {
  const by = engine === undefined ? {} : { engine };
  return { type: 'step-started', step: asStepKey(step), attempt, kind, workspace: 'shared', ...by };
}

function failed(step: string, failure: Partial<Failure>, more: object = {}): MilestoneBody {
  const whole: Failure = { reason: 'exit-code', message: 'exit code 1', ...failure };
  return { type: 'step-failed', step: asStepKey(step), attempt: 1, final: true, failure: whole, ...more };
}

/** All of it in the same millisecond, as a step and what it is made of often end. */
function screen(bodies: readonly MilestoneBody[], mayFail: readonly string[] = [], plan?: Plan): string {
  const history = [begun, ...bodies, over].map(
    (body, index) => ({ ...body, v: 1, seq: index + 1, at: '2026-11-20T14:15:03.000Z', run }) as Milestone,
  );
  const known = bodies.flatMap((body) => ('step' in body && /^\w+$/.test(body.step) ? [body.step] : []));
  const placeOf = (key: string) => ({ file: 'w.yml', line: key.length });
  return summary(watch(history).progress, {
    ...{ color: false, plan: plan ?? planOf([...new Set(known)], mayFail), placeOf },
    tries: watch(history).tries,
  });
}

it.each(FAILURE_REASONS)('says what to do about `%s`, and what to type', (reason) => {
  const message = `something about ${reason}`;
  const text = screen([started('one'), failed('one', { reason, message })]);
  expect(text).toContain(`✖ one failed: ${message}\n    at w.yml:3\n`);
  expect(text).toMatch(/\n {4}what to do: \S.{15,}\n/);
  expect(text).toMatch(new RegExp(`next:\n(?:.*\n)*? {2}codemachine resume ${run}`));
  expect(text.split('\n').length).toBeLessThanOrEqual(24);
  for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
});

it('advises a command otherwise than an agent, and goes on with the same files where a gate was not passed', () => {
  const output = { reason: 'output', message: 'no `n`' } as const;
  expect(screen([started('one'), failed('one', output)])).toContain(
    'what to do: write what `outputs` promises',
  );
  expect(screen([started('one', 'prompt', 1, 'codex'), failed('one', output)])).toContain('in the prompt');
  const late = screen([started('one', 'gate'), failed('one', { reason: 'timeout', message: 'nobody came' })]);
  expect(late).toMatch(new RegExp(`next:\n {2}codemachine resume ${run}\n$`));
});

it('says why the outputs failed a run whose steps went well, until it is gone on with', () => {
  const message = 'output `n` could not be computed: it is not JSON';
  const ended: MilestoneBody = { ...over, failure: { reason: 'condition', message } } as MilestoneBody;
  const history = (...bodies: readonly MilestoneBody[]) =>
    bodies.map(
      (body, index) => ({ ...body, v: 1, seq: index + 1, at: '2026-11-20T14:15:03.000Z', run }) as Milestone,
    );
  const text = summary(watch(history(begun, ended)).progress, { color: false });
  expect(text).toContain(`✖ outputs failed: ${message}\n    what to do: correct the expression`);
  expect(text).toContain(`next:\n  codemachine resume ${run} --updated\n`);
  const again = watch(history(begun, ended, { type: 'run-resumed', attempt: 2, by: 'ann' }));
  expect(again.progress.failure).toBeUndefined();
});

it('prefers the advice that a failure brings', () => {
  const text = screen([started('one'), failed('one', { help: 'turn it off and on' })]);
  expect(text).toContain('what to do: turn it off and on\n');
});

it.each([
  ['a used workflow', 'uses', 'used', 'used.inner', 'body'],
  ['a matrix', 'matrix', 'm', 'm[mac]', 'exit-code'],
  ['a loop', 'loop', 'l', 'l[2].part.check', 'body'],
] as const)(
  'names the innermost step of %s, and not what failed since it did',
  (_, kind, outer, inner, reason) => {
    const text = screen([
      ...[started('before'), started(outer, kind), started(inner)],
      ...[failed(inner, { message: 'it broke' }), failed(outer, { reason, message: `${inner} failed` })],
      ...[started('clean'), failed('clean', { message: 'no' })],
    ]);
    expect(text).toContain(`✖ ${inner} failed: it broke\n    at w.yml:${inner.length}\n`);
    expect(text).toContain('also failed: clean\n');
  },
);

it('shows why a loop went round that came to no good end', () => {
  const check = { id: 'check', continueOnError: true };
  const loop = { id: 'l', kind: 'loop', continueOnError: false, steps: [check] } as unknown as Step;
  const plan = { steps: [{ step: loop }], batches: [], criticalPath: [], last: [] } as unknown as Plan;
  const bodies = [
    ...[started('l', 'loop'), started('l[1].check'), failed('l[1].check', { message: 'first' })],
    ...[started('l[2].check'), failed('l[2].check', { message: 'second' }, { stderr: 'expected 3\ngot 4' })],
    failed('l', { reason: 'exhausted', message: '`until` never held' }),
  ];
  const text = screen(bodies, [], plan);
  expect(text).toContain(
    '✖ l failed: `until` never held\n    at w.yml:1\n    last: l[2].check failed: second\n',
  );
  expect(text).toContain('    | expected 3\n    | got 4\n    what to do: raise `max`');
  expect(text).toContain(`next:\n  codemachine resume ${run} --updated\n`);
});

it('holds nothing against a step inside of one that may fail', () => {
  const loop = [started('l', 'loop'), started('l[1].check'), failed('l[1].check', { message: 'inner' })];
  const bodies = [...loop, failed('l', { reason: 'body', message: 'as the step inside' })];
  expect(screen(bodies, ['l'])).not.toContain('what to do');
  const after = [...bodies, started('ship'), failed('ship', { message: 'real' })];
  expect(screen(after, ['l'])).toContain('✖ ship failed: real\n');
  expect(screen(after, ['l'])).not.toContain('also failed');
});

it.each([
  [['exit code 1', 'exit code 1'], 'exit-code', '2 attempts, each failed alike'],
  [['exit code 1', 'exit code 2'], 'exit-code', '2 attempts, each failed: exit-code'],
  [['503', '503', 'broken'], 'network', '3 attempts: 2 × network, then exit-code'],
] as const)('says of %j whether the attempts failed for the same reason', (messages, reason, words) => {
  const bodies = messages.flatMap((message, index) => [
    started('one', 'run', index + 1),
    failed('one', { message, reason: message === 'broken' ? 'exit-code' : reason }, { attempt: index + 1 }),
  ]);
  expect(screen(bodies)).toContain(`    at w.yml:3 · ${words}\n`);
});

it('names the engines where another one took over', () => {
  const bodies = [
    ...[started('one', 'prompt', 1, 'codex'), failed('one', { reason: 'quota' }, { engine: 'codex' })],
    started('one', 'prompt', 2, 'claude-code'),
    failed('one', { reason: 'auth' }, { engine: 'claude-code', attempt: 2 }),
  ];
  const text = screen(bodies);
  expect(text).toContain('2 attempts: codex quota, then claude-code auth\n');
  expect(text).toContain(`next:\n  codemachine doctor\n  codemachine resume ${run}\n`);
});

it('shows the lines that say something', () => {
  const npm = 'npm error Lifecycle script `test` failed with error:\nnpm error code 1\nnpm error path /x';
  expect(tellingLines({ stdout: '2 passing\n1 failing\n  1) adds', stderr: npm }, 6)).toEqual([
    '2 passing',
    '1 failing',
    '  1) adds',
  ]);
  expect(tellingLines({ stderr: npm }, 2)).toEqual(['npm error code 1', 'npm error path /x']);
  expect(tellingLines({ stdout: 'a\nb\nc', stderr: 'x\ny' }, 3)).toEqual(['c', 'x', 'y']);
  expect(tellingLines({ stdout: 'a', stderr: 'x\ny\nz' }, 2)).toEqual(['y', 'z']);
  expect(tellingLines({ text: 'I give up\nreally' }, 2)).toEqual(['I give up', 'really']);
});

it('folds what is long, and leaves nothing out where all is asked for', () => {
  const bodies = Array.from({ length: 30 }, (_, index) => [
    started(`s${index}`),
    { type: 'step-succeeded', step: asStepKey(`s${index}`), attempt: 1 } as MilestoneBody,
  ]).flat();
  const history = [begun, ...bodies, over].map(
    (body, index) => ({ ...body, v: 1, seq: index + 1, at: '2026-11-20T14:15:03.000Z', run }) as Milestone,
  );
  const { progress } = watch(history);
  const changes = new Map([[asStepKey('s1'), Array.from({ length: 12 }, (_, index) => `f${index}.ts`)]]);
  const folded = summary(progress, { color: false, changes });
  expect(folded).toContain(`  and 19 succeeded: \`codemachine status ${run} --all\`\n`);
  expect(folded).toContain(`f7.ts and 2 more: \`codemachine status ${run} --all\`\n`);
  expect(folded.split('\n').length).toBeLessThanOrEqual(24);
  const all = summary(progress, { color: false, changes, all: true });
  expect(all).toContain('✔ s29');
  expect(all).not.toContain(' more');
});
