// What GitHub Actions shows of a run: groups, annotations, a job summary.
import { Buffer } from 'node:buffer';
import { expect, it } from 'vitest';
import { maskLines } from '../../src/app/github.ts';
import type { Event, Milestone, MilestoneBody } from '../../src/model/event.ts';
import { asRunId, asStepKey } from '../../src/model/ids.ts';
import { watch } from '../../src/report/changes.ts';
import { githubReporter } from '../../src/report/github.ts';
import { githubOutputs, outputLines } from '../../src/report/github-outputs.ts';
import { jobSummary, LARGEST_SUMMARY } from '../../src/report/job-summary.ts';
import { githubRunner, readKeyValues, readSummary } from '../support/github-runner.ts';
import { memory, planOf } from './support/screen.ts';

const run = asRunId('20261120-141503-bcdf');
const at = '2026-11-20T14:15:03.000Z';
let seq = 0;
const milestone = (body: MilestoneBody): Milestone => ({ v: 1, seq: ++seq, at, run, ...body }) as Milestone;
const begun = milestone({
  type: 'run-started',
  workflow: 'w',
  path: 'w.yml',
  sha256: '',
  inputs: {},
  attempt: 1,
});
const started = (step: string, attempt = 1): Event =>
  milestone({ type: 'step-started', step: asStepKey(step), attempt, kind: 'run', workspace: 'shared' });
const fine = (step: string): Milestone =>
  milestone({ type: 'step-succeeded', step: asStepKey(step), attempt: 1, 'duration-ms': 5 });
const bad = (step: string, message = `${step} is broken`): Milestone =>
  milestone({
    type: 'step-failed',
    ...{ step: asStepKey(step), attempt: 1, final: true, 'duration-ms': 5 },
    failure: { reason: 'exit-code', message },
  });
const says = (step: string, text: string): Event => ({
  ...{ v: 1, at, run, type: 'output', step: asStepKey(step), attempt: 1, stream: 'stdout', text },
});

const over = (): Milestone =>
  milestone({
    ...{ type: 'run-finished', status: 'failed', 'duration-ms': 5, outputs: {} },
    usage: { 'input-tokens': 0, 'output-tokens': 0, 'cached-tokens': 0, usd: 0 },
  });

function shown(events: readonly Event[], ...more: readonly (readonly string[] | undefined)[]) {
  const out = memory();
  const [plan, mayFail = []] = more;
  const placeOf = () => ({ file: 'w.yml', line: 7 });
  const reporter = githubReporter({
    out,
    color: false,
    plan: planOf(plan, mayFail),
    verbose: false,
    placeOf,
  });
  for (const event of events) reporter.hear(event);
  const before = out.text();
  const runner = githubRunner();
  const done = reporter.close().then(() => {
    runner.read(out.text());
    return runner;
  });
  return { before, done };
}

it('shows what the open step says at once, and keeps what others say meanwhile together', async () => {
  const { before, done } = shown([
    ...[begun, started('a'), started('b'), says('a', 'a1\n'), says('b', 'b1\n'), says('a', 'a2\n')],
    ...[says('b', 'b2\nrest'), fine('b'), says('a', 'a3\n')],
  ]);
  expect(before.split('\n')).toEqual([
    ...['w (w.yml) · run 20261120-141503-bcdf', '::group::a', '| a1', '| a2', '::endgroup::'],
    ...['::group::b', '| b1', '| b2', '| rest', '::endgroup::', 'b: succeeded in 5ms'],
    ...['::group::a (goes on)', '| a3', ''],
  ]);
  expect((await done).log).toContain('##[endgroup]');
});

it('opens no group for who says nothing', () => {
  expect(shown([begun, started('a'), fine('a')]).before).not.toContain('::group');
});

it('keeps no more of a step that waits for its group than somebody reads', () => {
  const chatty = Array.from({ length: 400 }, (_, index) => says('b', `${index} ${'x'.repeat(1000)}\n`));
  const { before } = shown([begun, started('a'), says('a', 'a1\n'), started('b'), ...chatty, fine('b')]);
  expect(before).toContain('… what came before is left out here; `codemachine logs` has it\n| ');
  expect(before).toContain('| 399 x');
  expect(before.length).toBeLessThan(300 * 1024);
});

it('annotates the file of the workflow with what failed, what may fail, and what is asked', async () => {
  const asked = milestone({
    ...{ type: 'gate-opened', step: asStepKey('ship'), message: 'ship it?', digest: '0' },
    options: ['approve', 'reject'],
  });
  const { done } = shown([begun, bad('b', 'one\ntwo'), bad('a'), asked], ['a', 'b', 'ship'], ['a']);
  const { annotations } = await done;
  const place = { file: 'w.yml', line: '7' };
  expect(annotations).toEqual([
    { kind: 'error', message: 'one\ntwo', properties: { ...place, title: 'b failed' } },
    { kind: 'warning', message: 'a is broken', properties: { ...place, title: 'a failed' } },
    {
      kind: 'notice',
      message: `ship it?\ncodemachine approve ${run} ship\ncodemachine reject ${run} ship`,
      properties: { ...place, title: 'ship asks' },
    },
  ]);
});

it('says no more of a kind than GitHub shows, and all of it in the summary', async () => {
  const names = Array.from({ length: 14 }, (_, index) => `s${index}`);
  const events = [begun, ...names.map((name) => bad(name))];
  const { commands } = await shown(events, names).done;
  expect(commands.filter(({ name }) => name === 'error')).toHaveLength(10);
  const { progress, changes } = watch(events);
  const text = jobSummary(progress, { plan: planOf(names), changes });
  for (const name of names) expect(text).toContain(`${name} is broken`);
});

it('begins the summary with the root cause, then the table, what changed, the graph', () => {
  const { progress } = watch([begun, fine('a'), bad('b', 'broken & <b>'), over()]);
  const changes = new Map([[asStepKey('a'), ['x.ts']]]);
  const told = {
    plan: planOf(['a', 'b']),
    changes,
    graph: 'flowchart TD\n  s0 --> s1\n',
    stat: ' x.ts | 2 +-\n',
  };
  const text = jobSummary(progress, told);
  const order = [
    '❌ <code>w</code>: failed',
    'broken &amp; &lt;b&gt;',
    '<table>',
    ' x.ts | 2 +-',
    '```mermaid\nflowchart TD\n',
    'codemachine resume',
  ];
  const places = order.map((part) => text.indexOf(part));
  expect(places).not.toContain(-1);
  expect(places).toEqual([...places].sort((a, b) => a - b));
});

it('fits into what GitHub takes, however long the run and whatever stands there already', () => {
  const names = Array.from({ length: 2000 }, (_, index) => `s${index}`);
  const { progress } = watch([begun, ...names.map((name) => bad(name, '&'.repeat(5000))), over()]);
  const told = {
    plan: planOf(names),
    changes: new Map(),
    stat: '&'.repeat(90_000),
    graph: 'x'.repeat(40_000),
  };
  const whole = jobSummary(progress, told);
  expect(readSummary(whole, githubRunner()) === whole).toBe(true);
  for (const room of [LARGEST_SUMMARY, 100_000, 20_000, 500, 10, -5]) {
    const text = jobSummary(progress, { ...told, room });
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(Math.max(0, room));
    if (room >= 500) expect(text.slice(0, 80)).toContain('<h3>❌ <code>w</code>: failed');
  }
});

it('passes on outputs of several lines, and none that hold their own end', () => {
  const values = {
    'run-id': run,
    status: 'succeeded',
    outputs: '{"a":"1\\n2"}\nend-2\nend-3\nx',
    'cost-usd': '',
  };
  let turn = 0;
  const text = outputLines(values, () => String(turn++));
  expect(readKeyValues(text)).toEqual(values);
  expect(readKeyValues(`left=open${text}`)).toEqual({ left: 'open', ...values });
});

it('passes on no cost where a part of it is unknown, and no outputs that are too long', () => {
  const usage = { 'input-tokens': 1, 'output-tokens': 1, 'cached-tokens': 0, usd: 0.25 };
  const agent = (step: string) => [
    milestone({
      type: 'step-started',
      step: asStepKey(step),
      attempt: 1,
      kind: 'prompt',
      workspace: 'shared',
    }),
    milestone({
      type: 'step-succeeded',
      step: asStepKey(step),
      attempt: 1,
      ...(step === 'a' ? { usage } : {}),
    }),
  ];
  const cost = (...events: Milestone[]) =>
    githubOutputs(watch([begun, ...events]).progress, undefined)['cost-usd'];
  expect([cost(), cost(...agent('a')), cost(...agent('a'), ...agent('b'))]).toEqual(['0', '0.25', '']);
  const { progress } = watch([begun]);
  expect(githubOutputs({ ...progress, outputs: { a: 'x'.repeat(500_000) } }, undefined).outputs).toBe('{}');
});

it('has secrets masked by the runner, line by line, but no short words', () => {
  const runner = githubRunner();
  runner.read(maskLines(['s3cret%value', 'short', '-----BEGIN\nline-of-key\n}\n']));
  expect(runner.masks).toEqual(expect.arrayContaining(['s3cret%value', '-----BEGIN', 'line-of-key']));
  expect(runner.mask('s3cret%value } short')).toBe('*** } short');
  expect(runner.log).toEqual([]);
});
