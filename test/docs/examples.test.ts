// Runs every example by replay, and looks at what each of them is there to show.
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Event } from '../../src/model/event.ts';
import { cli } from '../support/cli.ts';
import { makeProject } from '../support/repository.ts';
import { EXAMPLE_NAMES, EXAMPLES, inputsOf, replayed } from './example.ts';

/** The events of one type, in order. */
function told<T extends Event['type']>(events: readonly Event[], type: T): Extract<Event, { type: T }>[] {
  return events.filter((event): event is Extract<Event, { type: T }> => event.type === type);
}

/** The steps that were started, in order. */
const started = (events: readonly Event[]) => told(events, 'step-started').map(({ step }) => step);

/** The steps that a plan puts side by side. */
async function batchesOf(name: string): Promise<readonly (readonly string[])[]> {
  const { project } = await replayed(name);
  const { stdout } = await cli(project, ['plan', name, ...inputsOf(name), '--graph', 'json']);
  return (JSON.parse(stdout) as { batches: string[][] }).batches;
}

test('all examples are valid, without a warning', async () => {
  const files = EXAMPLE_NAMES.map((name) => path.join(EXAMPLES, `${name}.yml`));
  const { code, stdout, stderr } = await cli(makeProject(), ['validate', '--strict', ...files]);
  expect({ code, stderr }, stdout).toEqual({ code: 0, stderr: '' });
});

describe('by replay', () => {
  test.each(EXAMPLE_NAMES)('%s succeeds', async (name) => {
    const { end, events } = await replayed(name);
    expect({ code: end.code, last: events.at(-1) }, end.stderr).toMatchObject({
      code: 0,
      last: { type: 'run-finished', status: 'succeeded' },
    });
  });

  test('linear does one thing after the other, and gives the commit message', async () => {
    const { events, project } = await replayed('linear');
    expect(started(events)).toEqual(['plan', 'change', 'check', 'summary']);
    expect(project.read('count.js')).toContain('toLowerCase');
    expect(events.at(-1)).toMatchObject({
      outputs: { message: expect.stringMatching(/^Count words without regard to capital letters\n\n/) },
    });
  });

  test('the agents of parallel-agents work in trees of their own, and are merged in the order of the file', async () => {
    const { events, project } = await replayed('parallel-agents');
    expect(told(events, 'step-started')).toMatchObject([
      { step: 'first', workspace: 'isolated' },
      { step: 'second', workspace: 'isolated' },
      { step: 'check', workspace: 'shared' },
    ]);
    expect(told(events, 'change-merged')).toMatchObject([
      { step: 'first', files: ['receipt.js'] },
      { step: 'second', files: ['receipt.js'] },
    ]);
    expect(project.git('worktree', 'list', '--porcelain').match(/^worktree /gm)).toHaveLength(1);
  });

  test('the judge of best-fix is shown who passed the checks, and the change of the best one lands', async () => {
    const { events, project } = await replayed('best-fix');
    expect(told(events, 'candidates-shown')).toMatchObject([
      { step: 'pick', candidates: ['fix[modest]', 'fix[thorough]'], blind: true },
    ]);
    expect(told(events, 'change-merged')).toMatchObject([{ step: 'pick' }]);
    expect(project.read('slug.js')).toContain('match(');
    expect(events.at(-1)).toMatchObject({ outputs: { winner: 'fix[modest]' } });
  });

  test('the agent of looped-fix is told what the tests said, and goes on in its session', async () => {
    const { events } = await replayed('looped-fix');
    expect(told(events, 'loop-decided')).toMatchObject([
      { step: 'build', iteration: 1, again: true },
      { step: 'build', iteration: 2, again: false },
    ]);
    expect(events.at(-1)).toMatchObject({ outputs: { iterations: 2 } });
  });

  test('gated-release puts out what the recorded decision says, as it is called there', async () => {
    const { events, project } = await replayed('gated-release');
    expect(started(events)).toEqual(['ready', 'test', 'changes', 'notes', 'release', 'publish']);
    expect(told(events, 'gate-decided')).toMatchObject([{ step: 'release', decision: 'release' }]);
    expect(project.read('RELEASED')).toBe('1.4.0 (stable)\n');
  });

  test('hotfix deploys the commit that was tested, and nothing before somebody has approved', async () => {
    const { events, project } = await replayed('hotfix');
    expect(started(events).slice(-3)).toEqual(['tests', 'release', 'deploy']);
    const at = (type: Event['type'], step: string) =>
      events.findIndex((event) => event.type === type && 'step' in event && event.step === step);
    expect(at('gate-decided', 'release')).toBeGreaterThan(at('step-succeeded', 'tests'));
    expect(at('step-started', 'deploy')).toBeGreaterThan(at('gate-decided', 'release'));
    expect(told(events, 'gate-decided').find(({ step }) => step === 'release')).toMatchObject({
      decision: 'approve',
      comment: 'The cent is back.',
    });
    expect(project.read('DEPLOYED')).toBe(project.git('rev-parse', 'change'));
  });

  test('feature goes round until the tests pass, then has both reviews made in one batch', async () => {
    const { events } = await replayed('feature');
    expect(told(events, 'loop-decided').map(({ again }) => again)).toEqual([true, false]);
    expect(await batchesOf('feature')).toContainEqual(['compatibility', 'performance']);
    expect(told(events, 'gate-decided')).toMatchObject([
      { step: 'accept', decision: 'approve', by: '`approve-if`' },
    ]);
  });

  test('review-pr looks into its questions and runs the tests at once, on the merge of both, and goes back', async () => {
    const { events, project } = await replayed('review-pr');
    expect(told(events, 'matrix-expanded')).toMatchObject([{ step: 'validate', instances: { length: 2 } }]);
    expect(await batchesOf('review-pr')).toContainEqual(['validate', 'test']);
    expect(started(events).slice(-3)).toEqual(['audit', 'verdict', 'back-to-where-it-began']);
    expect(project.git('branch', '--format', '%(refname:short)').trim().split('\n')).toEqual([
      'change',
      'main',
    ]);
    expect(project.git('branch', '--show-current').trim()).toBe('change');
  });

  test('docs-sync changes the documentation alone', async () => {
    const { events, project } = await replayed('docs-sync');
    expect(started(events)).toEqual(['since', 'find', 'update', 'kept', 'check']);
    expect(project.git('diff', '--name-only').trim()).toBe('README.md');
    expect(events.at(-1)).toMatchObject({ outputs: { updated: true } });
  });

  test('overnight goes on with another engine where a quota is used up, and commits each item', async () => {
    const { events, project } = await replayed('overnight');
    expect(told(events, 'engine-changed')).toMatchObject([
      { step: 'night[1].code', from: 'claude-code', to: 'codex' },
      { step: 'night[2].code', from: 'claude-code', to: 'codex' },
    ]);
    expect(told(events, 'step-failed').map(({ failure }) => failure.reason)).toEqual(['quota', 'quota']);
    expect(project.git('log', '--format=%s', 'main..HEAD').trim().split('\n')).toHaveLength(2);
    expect(project.git('branch', '--show-current')).toMatch(/^overnight\//);
    expect(project.read('BACKLOG.md')).not.toContain('- [ ]');
  });

  test('checked-packages uses one workflow for each package', async () => {
    const { events } = await replayed('checked-packages');
    expect(events.at(-1)).toMatchObject({ outputs: { labels: 'left@1.2.0, right@0.9.1' } });
  });
});

test('the tests of the examples pass', async () => {
  const end = await cli(makeProject(), ['test', EXAMPLES]);
  expect({ code: end.code, stderr: end.stderr }, end.stdout).toEqual({ code: 0, stderr: '' });
});
