/** What reporters owe whoever reads them: everything, whole lines, cheaply, even when the reader goes away. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { expect, it } from 'vitest';
import type { Event, MilestoneBody } from '../../src/model/event.ts';
import { asRunId, asStepKey } from '../../src/model/ids.ts';
import { watch } from '../../src/report/changes.ts';
import { jobSummary } from '../../src/report/job-summary.ts';
import { jsonlReporter } from '../../src/report/jsonl.ts';
import { plainReporter } from '../../src/report/plain.ts';
import { type RunRow, runsJson, runsTable } from '../../src/report/runs.ts';
import { statusJson } from '../../src/report/status.ts';
import { summary } from '../../src/report/summary.ts';
import { compiled } from '../support/ts.ts';
import { memory, planOf } from './support/screen.ts';

const run = asRunId('20261120-141503-bcdf');
const at = '2026-11-20T14:15:03.000Z';
const one = asStepKey('one');

let seq = 0;
const milestone = (body: MilestoneBody): Event => ({ v: 1, seq: ++seq, at, run, ...body }) as Event;
const output = (step: string, text: string, stream: 'stdout' | 'stderr' = 'stdout'): Event => ({
  v: 1,
  at,
  run,
  type: 'output',
  step: asStepKey(step),
  attempt: 1,
  stream,
  text,
});
const begun = milestone({
  type: 'run-started',
  workflow: 'w',
  path: 'w.yml',
  sha256: '',
  inputs: {},
  attempt: 1,
});
const running = milestone({ type: 'step-started', step: one, attempt: 1, kind: 'run', workspace: 'shared' });
const ended = milestone({ type: 'step-succeeded', step: one, attempt: 1, 'duration-ms': 5 });

it('prints the union and nothing else, as it was heard', async () => {
  const out = memory();
  const reporter = jsonlReporter(out);
  const events = [begun, running, output('one', 'a\u2028\ud83d\n\x1b[2J'), ended];
  for (const event of events) reporter.hear(event);
  await reporter.close();
  const lines = out.text().split('\n');
  expect(lines.pop()).toBe('');
  expect(lines.map((line) => JSON.parse(line) as Event)).toEqual(events);
});

it.each([true, false])('outlives a reader that goes away (json: %s)', async (json) => {
  const script = await compiled(path.join(import.meta.dirname, 'support/viewer.ts'));
  const options = JSON.stringify({ events: '-', json, color: false });
  const child = spawn(process.execPath, [script, options], {
    env: { PATH: process.env.PATH },
    stdio: 'pipe',
  });
  const said: string[] = [];
  child.stderr.setEncoding('utf8').on('data', (text: string) => said.push(text));
  const over = once(child, 'close');
  child.stdin.write(`${JSON.stringify(begun)}\n`);
  await once(child.stdout, 'data');
  child.stdout.destroy();
  await once(child.stdout, 'close');
  for (let i = 0; i < 2000; i++)
    child.stdin.write(`${JSON.stringify(output('one', `${'x'.repeat(100)}\n`))}\n`);
  child.stdin.end();
  expect(await over).toEqual([0, null]);
  expect(said.join('')).toBe('closed\n');
});

it('keeps lines whole while steps talk at the same time, and shows what is left when they end', async () => {
  const out = memory();
  const reporter = plainReporter({ out, color: false, plan: undefined, verbose: false });
  reporter.hear(output('one', 'a'));
  reporter.hear(output('two', 'c'));
  reporter.hear(output('one', 'x', 'stderr'));
  reporter.hear(output('one', 'b\r'));
  reporter.hear(output('two', 'd\nrest'));
  reporter.hear(output('one', '\nmore'));
  reporter.hear(ended);
  expect(out.text()).toBe('two | cd\none | ab\none | more\none | x\none: succeeded in 5ms\n');
  await reporter.close();
  expect(out.text()).toContain('\ntwo | rest\n');
});

it('cleans a line as a whole, however it was cut', async () => {
  const out = memory();
  const reporter = plainReporter({ out, color: false, plan: undefined, verbose: false });
  for (const character of '\x1b]0;title\x07\x1b[2Jtext\n') reporter.hear(output('one', character));
  expect(out.text()).toBe('one | text\n');
  await reporter.close();
});

it('passes a line that never ends on in pieces', async () => {
  const out = memory();
  const reporter = plainReporter({ out, color: false, plan: undefined, verbose: false });
  for (let i = 0; i < 100; i++) reporter.hear(output('one', 'x'.repeat(16 * 1024)));
  expect(out.text().split('\n')).toHaveLength(26);
  expect(out.text().replace(/one \| |\n/g, '')).toBe('x'.repeat(100 * 16 * 1024));
  await reporter.close();
});

it('writes once for each thing it hears, at most', async () => {
  const out = memory();
  const reporter = plainReporter({ out, color: true, plan: undefined, verbose: false });
  for (let i = 0; i < 100_000; i++) reporter.hear(output(`s${i % 10}`, `line ${i}\nhalf`));
  expect(out.writes()).toBe(100_000);
  await reporter.close();
  expect(out.text().match(/line \d+/g)).toHaveLength(100_000);
});

it('says nothing of a run of which nothing was heard', async () => {
  const out = memory();
  await plainReporter({ out, color: false, plan: planOf(['a']), verbose: false }).close();
  expect(out.text()).toBe('');
});

it('forgets changed files that were put back, and keeps those that were not', () => {
  const files = watch();
  const hear = (body: MilestoneBody) => files.hear(milestone(body) as Parameters<typeof files.hear>[0]);
  const snapshot = (attempt: number, tree: string, ...paths: string[]) =>
    hear({ type: 'snapshot-taken', step: one, attempt, tree, files: paths });
  snapshot(1, 'a', 'mine.md');
  snapshot(1, 'b', 'x.ts');
  expect(files.changes.get(one)).toEqual(['x.ts']);
  hear({ type: 'tree-restored', step: one, attempt: 1, tree: 'a', files: ['x.ts'] });
  expect(files.changes.get(one)).toBeUndefined();
  snapshot(2, 'c');
  snapshot(2, 'd', 'z.ts');
  snapshot(3, 'e');
  snapshot(3, 'f', 'y.ts', 'z.ts');
  expect(files.changes.get(one)).toEqual(['y.ts', 'z.ts']);
});

it('gives the same summary to those who look later', async () => {
  const events = [
    begun,
    running,
    ended,
    milestone({
      type: 'run-finished',
      status: 'succeeded',
      'duration-ms': 5,
      usage: { 'input-tokens': 0, 'output-tokens': 0, 'cached-tokens': 0, usd: 0 },
      outputs: {},
    }),
  ];
  const out = memory();
  const reporter = plainReporter({ out, color: false, plan: planOf(['one']), verbose: false });
  const later = watch();
  for (const event of events) {
    reporter.hear(event);
    later.hear(event as Parameters<typeof later.hear>[0]);
  }
  await reporter.close();
  const text = summary(later.progress, { color: false, plan: planOf(['one']), changes: later.changes });
  expect(out.text().endsWith(`\n\n${text}`)).toBe(true);
});

it('shows what a dead owner left as interrupted, and a live run with its time so far', () => {
  const left = watch([begun, running] as Parameters<typeof watch>[0]).progress;
  const dead = summary({ ...left, status: 'interrupted' }, { color: false });
  expect(dead).toContain('w was interrupted');
  expect(dead).toMatch(/one +interrupted/);
  expect(dead).toContain(`codemachine resume ${run}`);
  const live = summary(left, { color: false, now: Date.parse(at) + 65_000 });
  expect(live).toContain('w runs for 1m 05s');
  expect(live).toMatch(/one +1m 05s/);
  expect(live).not.toContain('next:');
});

it.each([
  ['no numbers', {}],
  ['noughts', { usage: { 'input-tokens': 0, 'output-tokens': 0, 'cached-tokens': 0, usd: null } }],
])('says that nobody knows what was used where the agents gave %s', (_, said) => {
  const asked = milestone({ ...running, kind: 'prompt' } as never);
  const { progress } = watch([begun, asked, { ...ended, ...said }] as Parameters<typeof watch>[0]);
  expect(summary(progress, { color: false })).toContain('\nused: unknown\n');
  const forGithub = jobSummary(progress, { plan: undefined, changes: new Map() });
  expect(forGithub).toContain('<b>Cost:</b> unknown');
  expect(forGithub).not.toContain('0 tokens');
});

it('counts what was interrupted as that, also where no row is left for it', () => {
  const names = Array.from({ length: 62 }, (_, index) => `s${index}`);
  const failure = { reason: 'interrupted', message: 'stopped' };
  const events = [
    begun,
    ...names.map((step) => ({ ...running, step })),
    ...names
      .slice(0, 50)
      .map((step) =>
        milestone({ type: 'step-failed', step: asStepKey(step), attempt: 1, final: false, failure } as never),
      ),
  ];
  const left = watch(events as Parameters<typeof watch>[0]).progress;
  const text = summary({ ...left, status: 'interrupted' }, { color: false, plan: planOf(names) });
  expect(text).toContain('and 51 interrupted: `codemachine status ');
  expect(text).not.toContain('waiting');
});

const row = (more: Partial<RunRow>): RunRow => ({
  id: run,
  name: 'fix\x1b[2J-issue',
  path: 'w.yml',
  workspace: '/here',
  status: 'running',
  createdAt: at,
  changedAt: at,
  owned: true,
  ...more,
});

it('lists runs', () => {
  const rows = [row({}), row({ owned: false }), row({ status: 'failed', owned: false })];
  expect(runsTable(rows, { now: Date.parse(at) + 300_000, color: false, here: '/here' })).toBe(
    [
      'RUN                   STATUS       STARTED  WORKFLOW',
      '20261120-141503-bcdf  running      5m ago   fix-issue',
      '20261120-141503-bcdf  interrupted  5m ago   fix-issue',
      '20261120-141503-bcdf  failed       5m ago   fix-issue',
      '',
    ].join('\n'),
  );
  expect(runsTable([], { now: 0, color: false, here: '/here' })).toContain('codemachine run');
  expect(runsJson(rows).map(({ status }) => status)).toEqual(['running', 'interrupted', 'failed']);
});

it('shows a run to programs without what is not known', () => {
  const { progress } = watch([begun, running, ended] as Parameters<typeof watch>[0]);
  expect(statusJson(progress, { plan: planOf(['one', 'two']), changes: new Map([[one, ['x']]]) })).toEqual({
    run,
    status: 'running',
    workflow: 'w',
    path: 'w.yml',
    sha256: '',
    inputs: {},
    attempt: 1,
    'started-at': at,
    'changed-at': at,
    steps: [
      {
        step: 'one',
        status: 'succeeded',
        attempt: 1,
        kind: 'run',
        'started-at': at,
        'ended-at': at,
        'duration-ms': 5,
        files: ['x'],
      },
      { step: 'two', status: 'pending', attempt: 0 },
    ],
  });
});
