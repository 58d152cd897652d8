/** What the summary offers for a run over its budget. */
import { expect, it } from 'vitest';
import type { Milestone, MilestoneBody } from '../../src/model/event.ts';
import { foldAll } from '../../src/model/fold.ts';
import { asRunId, asStepKey } from '../../src/model/ids.ts';
import { summary } from '../../src/report/summary.ts';

const run = asRunId('20261120-141503-bcdf');
const one = asStepKey('one');
const usage = { 'input-tokens': 20, 'output-tokens': 5, 'cached-tokens': 0, usd: 2 };

const begun: MilestoneBody = {
  ...{ type: 'run-started', workflow: 'w', path: 'w.yml', sha256: 'ab', inputs: {}, attempt: 1 },
  budget: { run: { usd: 1 }, 'step:one': { tokens: 10 }, 'step:other': { usd: 9 } },
};
const started: MilestoneBody = {
  ...{ type: 'step-started', step: one, attempt: 1, kind: 'prompt', engine: 'codex', workspace: 'shared' },
};
const stopped: MilestoneBody = { type: 'run-interrupted', attempt: 1, by: 'SIGINT' };
const failed = (reason: 'interrupted' | 'exit-code' | 'budget'): MilestoneBody => ({
  ...{ type: 'step-failed', step: one, attempt: 1, final: reason !== 'interrupted' },
  ...{ failure: { reason, message: 'it ended' }, usage },
});
const over = (status: 'failed' | 'canceled'): MilestoneBody => ({
  ...{ type: 'run-finished', status, 'duration-ms': 1, usage, outputs: {} },
});

function offered(...bodies: readonly MilestoneBody[]): string | undefined {
  const history = bodies.map(
    (body, index) => ({ ...body, v: 1, seq: index + 1, at: '2026-11-20T14:15:03.000Z', run }) as Milestone,
  );
  const text = summary(foldAll(history), { color: false });
  return /next:\n {2}(.*)/.exec(text)?.[1];
}

it('offers more to spend where an interrupted run has spent what it may', () => {
  expect(offered(begun, started, failed('interrupted'), stopped)).toBe(
    `codemachine resume ${run} --budget usd=4,step:one.tokens=50`,
  );
});

it('leaves out the budget of a step that is done', () => {
  const done: MilestoneBody = { type: 'step-succeeded', step: one, attempt: 1, text: '', usage };
  expect(offered(begun, started, done, stopped)).toBe(`codemachine resume ${run} --budget usd=4`);
});

it('raises the budget of what is inside a loop that goes on', () => {
  const inside = asStepKey('loop[1].one');
  const bodies: MilestoneBody[] = [
    { ...begun, budget: { 'step:loop.one': { usd: 1 } } } as MilestoneBody,
    { ...{ type: 'step-started', step: asStepKey('loop'), attempt: 1, kind: 'loop', workspace: 'shared' } },
    { ...started, step: inside } as MilestoneBody,
    { type: 'step-succeeded', step: inside, attempt: 1, text: '', usage },
    stopped,
  ];
  expect(offered(...bodies)).toBe(`codemachine resume ${run} --budget step:loop.one.usd=4`);
});

it('offers it where the budget failed the run, and not where something else did', () => {
  const more = ' --budget usd=4,step:one.tokens=50';
  expect(offered(begun, started, failed('budget'), over('failed'))).toBe(`codemachine resume ${run}${more}`);
  expect(offered(begun, started, failed('exit-code'), over('failed'))).toBe(`codemachine resume ${run}`);
});

it('offers nothing more where enough is left', () => {
  const { budget: _, ...free } = begun as Extract<MilestoneBody, { type: 'run-started' }>;
  expect(offered(free, started, failed('interrupted'), stopped)).toBe(`codemachine resume ${run}`);
});

it('offers both where the mistake of a command may stand in the workflow file', () => {
  const command = { ...started, kind: 'run' } as MilestoneBody;
  const history = [begun, command, failed('exit-code'), over('failed')].map(
    (body, index) => ({ ...body, v: 1, seq: index + 1, at: '2026-11-20T14:15:03.000Z', run }) as Milestone,
  );
  const text = summary(foldAll(history), { color: false });
  expect(text).toContain(`  codemachine resume ${run}\n  codemachine resume ${run} --updated\n`);
  expect(text).toContain('with `--updated` if you mend the workflow');
});
