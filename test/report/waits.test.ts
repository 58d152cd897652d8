// What people are told of steps that wait: for whom, and until when.
import { describe, expect, it } from 'vitest';
import type { Milestone, MilestoneBody } from '../../src/model/event.ts';
import { foldAll } from '../../src/model/fold.ts';
import { asRunId, asStepKey } from '../../src/model/ids.ts';
import type { Plan } from '../../src/model/plan.ts';
import { liveRows } from '../../src/report/live-rows.ts';
import { painter } from '../../src/report/paint.ts';
import { plainReporter } from '../../src/report/plain.ts';
import { statusJson } from '../../src/report/status.ts';
import { summary } from '../../src/report/summary.ts';
import { memory, planOf } from './support/screen.ts';

const START = Date.UTC(2026, 10, 20, 14, 15);
const iso = (seconds: number) => new Date(START + seconds * 1000).toISOString();
const a = asStepKey('a');

/** Bodies with the second after the start at which each is said. */
function told(...bodies: readonly (readonly [number, MilestoneBody])[]): readonly Milestone[] {
  return bodies.map(
    ([second, body], i) =>
      ({ v: 1, seq: i + 1, at: iso(second), run: asRunId('20261120-141500-bcdf'), ...body }) as Milestone,
  );
}

const opened: MilestoneBody = {
  ...{ type: 'run-started', workflow: 'night', path: 'night.yml', sha256: 'ab'.repeat(32) },
  ...{ inputs: {}, attempt: 1 },
};
const begun: MilestoneBody = {
  ...{ type: 'step-started', step: a, attempt: 1, kind: 'prompt', engine: 'codex', workspace: 'shared' },
};
const overloaded: MilestoneBody = {
  ...{ type: 'step-failed', step: a, attempt: 1, final: false, engine: 'codex' },
  failure: { reason: 'overloaded', message: 'at capacity' },
};
const again: MilestoneBody = {
  ...{ type: 'retry-scheduled', step: a, attempt: 2, 'retry-at': iso(10), because: 'at capacity' },
};
const rested: MilestoneBody = {
  ...{ type: 'engine-rested', engine: 'codex', until: iso(60), failures: 5, because: 'at capacity' },
};
const resting = [
  [0, opened],
  [0, begun],
  [1, overloaded],
  [1, rested],
  [1, again],
] as const;

const at = (second: number) => START + second * 1000;
const shown = (history: readonly Milestone[], second?: number, plan?: Plan) =>
  summary(foldAll(history), { color: false, plan, ...(second === undefined ? {} : { now: at(second) }) });
const live = (history: readonly Milestone[], second: number, plan?: Plan) =>
  liveRows(foldAll(history), {
    ...{ plan, newest: new Map(), paint: painter(false), now: at(second), spinner: '*', room: 22 },
  }).join('\n');

describe('a step whose engine rests', () => {
  it('is said to wait for the end of the rest, not for a time that has passed', () => {
    const history = told(...resting);
    expect(shown(history, 20)).toMatch(/a +waits until 14:16:00 UTC, codex rests/);
    expect(live(history, 20)).toMatch(/a +.*goes on in 40s, codex rests/);
    expect(statusJson(foldAll(history), { now: at(20) }).steps).toMatchObject([{ 'retry-at': iso(60) }]);
  });

  it('waits for its turn when the rest is over', () => {
    const history = told(...resting);
    expect(shown(history, 70)).toMatch(/a +waits for its turn/);
    expect(live(history, 70)).toMatch(/a +.*waits for its turn/);
  });

  it('waited, where nobody runs the run any more and the time has passed', () => {
    const history = foldAll(told(...resting));
    const text = summary({ ...history, status: 'interrupted' }, { color: false, now: at(70) });
    expect(text).toMatch(/a +waited until 14:16:00 UTC/);
  });
});

describe('an engine that is not asked for a while', () => {
  const line = 'codex is not asked until 14:16:00 UTC: it failed, the last time: at capacity';

  it('is still known after Ctrl-C, and after the death of the runner', () => {
    const stopped = told(...resting, [5, { type: 'run-interrupted', attempt: 1, by: 'SIGINT' }]);
    expect(shown(stopped)).toContain(line);
    expect(shown(stopped, 30)).toContain(line);
    expect(shown(stopped, 70)).not.toContain('is not asked');
    const dead = summary(
      { ...foldAll(told(...resting)), status: 'interrupted' },
      { color: false, now: at(30) },
    );
    expect(dead).toContain(line);
  });

  it('is nobody’s matter once the run has succeeded', () => {
    const usage = { 'input-tokens': 0, 'output-tokens': 0, 'cached-tokens': 0, usd: 0 };
    const done = told(...resting, [
      5,
      { type: 'run-finished', status: 'succeeded', 'duration-ms': 5, usage, outputs: {} },
    ]);
    expect(shown(done)).not.toContain('is not asked');
  });
});

describe('a run that is gone on with and waits at once', () => {
  const goesOn: MilestoneBody = { type: 'run-resumed', attempt: 2, by: 'a terminal' };
  const said = (history: readonly Milestone[]) => {
    const out = memory();
    const reporter = plainReporter({
      out,
      color: false,
      verbose: false,
      plan: undefined,
      history: history.slice(0, -1),
    });
    for (const m of history.slice(-1)) reporter.hear(m);
    return out.text();
  };

  it('says who waits, for what, and until when', () => {
    const quota: MilestoneBody = {
      ...{ type: 'quota-waiting', step: asStepKey('b'), engine: 'claude-code', until: iso(3600) },
    };
    const text = said(told(...resting, [2, quota], [5, goesOn]));
    expect(text).toContain('night goes on');
    expect(text).toMatch(/a: attempt 2 starts in 55s, at 14:16:00 UTC, codex rests\n/);
    expect(text).toMatch(/b: waits for the quota of claude-code; goes on in 59m 55s, at 15:15:00 UTC\n/);
    expect(text).toContain('codex is not asked until 14:16:00 UTC');
  });

  it('names a few of many, and nobody whose time has passed', () => {
    const many = Array.from({ length: 9 }, (_, i): readonly [number, MilestoneBody] => [
      2,
      { type: 'quota-waiting', step: asStepKey(`s${i}`), engine: 'claude-code', until: iso(3600) },
    ]);
    const text = said(told([0, opened], ...many, [5, goesOn]));
    expect(text.match(/waits for the quota/g)).toHaveLength(5);
    expect(text).toContain('and 4 more steps wait');
    expect(said(told([0, opened], ...many, [4000, goesOn]))).not.toMatch(/quota|wait/);
  });
});

describe('a step that could start', () => {
  const plan = (() => {
    const all = planOf(['w', 'r', 'x']) as Plan;
    const kinds = {
      w: { kind: 'prompt', access: 'full', undo: true, needs: [] },
      r: { kind: 'run', needs: [] },
      x: { kind: 'run', needs: ['r'] },
    } as Record<string, object>;
    const steps = all.steps.map((one) => ({ ...one, step: { ...one.step, ...kinds[one.step.id] } }));
    return { ...all, steps } as Plan;
  })();
  const key = asStepKey('w');
  const works: MilestoneBody = {
    ...{ type: 'step-started', step: key, attempt: 1, kind: 'prompt', engine: 'codex', workspace: 'shared' },
  };
  const before: MilestoneBody = {
    ...{ type: 'snapshot-taken', step: key, attempt: 1, tree: 'aa', files: [] },
  };

  it('says which agent has the tree alone', () => {
    const history = told([0, opened], [0, works], [0, before]);
    const text = shown(history, 5, plan);
    expect(text).toMatch(/r +waits for w, which works alone in the tree/);
    expect(text).toMatch(/x +not started/);
    expect(live(history, 5, plan)).toMatch(/r +waits for w, which works alone in the tree/);
  });

  it('says so too where nothing is recorded of the tree, as outside of a git repository', () => {
    expect(shown(told([0, opened], [0, works]), 5, plan)).toMatch(/r +waits for w, which works alone/);
  });

  it('says for whom an agent waits that wants it alone', () => {
    const reads: MilestoneBody = {
      ...{ type: 'step-started', step: asStepKey('r'), attempt: 1, kind: 'run', workspace: 'shared' },
    };
    expect(shown(told([0, opened], [0, reads]), 5, plan)).toMatch(
      /w +waits until r has ended: it works alone/,
    );
  });

  it('and does not is not started where nobody runs the run', () => {
    const history = told(...[[0, opened] as const, [0, works] as const, [0, before] as const], [
      5,
      { type: 'run-interrupted', attempt: 1, by: 'SIGINT' },
    ]);
    expect(shown(history, undefined, plan)).toMatch(/r +not started/);
  });
});
