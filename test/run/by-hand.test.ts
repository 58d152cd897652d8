import { describe, expect, test } from 'vitest';
import { asStepKey } from '../../src/model/ids.ts';
import type { Script } from './rig.ts';
import { agentStep, failing, fine, runStep, start, workflowOf } from './rig.ts';
import type { World } from './worktrees.ts';
import { fakeWorld, ISOLATED } from './worktrees.ts';

const USAGE = { 'input-tokens': 1, 'output-tokens': 1, 'cached-tokens': 0, usd: 1 };
const isolated = (id: string, more = {}) => agentStep(id, { access: 'write', isolated: ISOLATED, ...more });

/** Agents write the same file. */
function both(world: World, more: Script = () => fine({ usage: USAGE, text: 'done' })): Script {
  return (job, hear, stop) => {
    if (job.kind === 'prompt') world.filesOf(job).set('both', job.step);
    return more(job, hear, stop);
  };
}

const MERGE = { step: asStepKey('b'), attempt: 1, from: 'without', tree: 'with', files: ['both'] };

describe('a change that was merged by hand', () => {
  const workflow = workflowOf([
    isolated('a'),
    isolated('b'),
    runStep('blocked', { needs: ['b'] }),
    runStep('kept', { needs: ['a'] }),
  ]);

  test('is said with the opening, with the result of its work; what waited for it goes on', async () => {
    const world = fakeWorld();
    const first = start({ workflow, script: both(world), ports: world.ports });
    expect(await first.result()).toEqual({ end: 'failed' });
    expect(first.statuses()).toMatchObject({ b: 'failed', blocked: 'blocked' });
    expect(first.journal.find((m) => m.type === 'step-failed')).toMatchObject({
      failure: { files: ['both'] },
    });
    const again = start({
      workflow,
      history: first.journal,
      script: both(world, () => failing('output')),
      ports: world.ports,
      opening: { resolved: [MERGE] },
    });
    await again.result();
    expect(again.types().slice(first.journal.length, first.journal.length + 4)).toEqual([
      'run-resumed',
      ...['merge-started b', 'change-merged b', 'step-succeeded b'],
    ]);
    expect(again.made).toEqual(['blocked.1']);
    const said = again.journal.findLast((m) => m.type === 'step-succeeded');
    expect(said).toMatchObject({ step: 'b', attempt: 1, text: 'done', usage: USAGE });
    expect(said).not.toHaveProperty('tree');
    expect(again.progress().usage).toMatchObject({ usd: 3 });
    expect(again.progress().steps.get(asStepKey('b'))).toMatchObject({ usage: { usd: 1 } });
    expect(world.tree.files.get('both')).toBe('a');
  });

  test('has what was skipped behind it decided anew', async () => {
    const world = fakeWorld();
    const allowed = workflowOf([
      isolated('a'),
      isolated('b', { continueOnError: true }),
      runStep('skipped', { needs: ['b'], if: "steps.b.status === 'succeeded'" }),
      runStep('wrong'),
    ]);
    const script = both(world, (job) => (job.step === 'wrong' ? failing('exit-code') : fine()));
    const first = start({ workflow: allowed, script, ports: world.ports });
    await first.result();
    expect(first.statuses()).toMatchObject({ b: 'failed', skipped: 'skipped' });
    const opening = { resolved: [MERGE] };
    const again = start({ workflow: allowed, history: first.journal, ports: world.ports, opening });
    expect(await again.result()).toEqual({ end: 'succeeded' });
    expect(again.made).toEqual(expect.arrayContaining(['skipped.1', 'wrong.2']));
  });

  test('of which nothing is wanted merges nothing', async () => {
    const world = fakeWorld();
    const first = start({ workflow, script: both(world), ports: world.ports });
    await first.result();
    const opening = { resolved: [{ ...MERGE, files: [] }] };
    const again = start({ workflow, history: first.journal, ports: world.ports, opening });
    expect(await again.result()).toEqual({ end: 'succeeded' });
    expect(again.types().filter((type) => type === 'change-merged b')).toEqual([]);
  });
});
