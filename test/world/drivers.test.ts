/** Holds that the built program goes on under one Node, and its SQLite driver, with a run that another one began. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { DRIVER_PACKAGE } from '../../src/state/driver.ts';
import { openState } from '../../src/state/state.ts';
import { type NodeMajor, nodeBinary } from '../support/nodes.ts';
import { openRig, type Rig } from '../support/rig.ts';
import { makePlace, type Place } from './cli.ts';

// The older driver is compiled where the tests run under the Node that needs it.
const both = DRIVER_PACKAGE === 'bs3-n20';

function workflow(rig: Rig): string {
  const held = JSON.stringify(rig.script('held'));
  return `name: two-drivers
steps:
  - { id: before, run: echo before >> order }
  - { id: held, shell: sh, run: ${held} }
  - { id: after, run: echo after >> order }
`;
}

interface Turn {
  readonly starts: NodeMajor;
  readonly resumes: NodeMajor;
  readonly signal: 'SIGKILL' | 'SIGINT';
}

const TURNS: readonly Turn[] = [
  { starts: '20', resumes: '24', signal: 'SIGKILL' },
  { starts: '24', resumes: '20', signal: 'SIGKILL' },
  { starts: '20', resumes: '24', signal: 'SIGINT' },
  { starts: '24', resumes: '20', signal: 'SIGINT' },
];

async function startAndStop(place: Place, rig: Rig, { starts, signal }: Turn): Promise<void> {
  const first = place.start(nodeBinary(starts), ['run', 'flow.yml']);
  const held = await rig.child('held');
  first.child.kill(signal);
  await first.ended;
  await held.gone;
}

it.skipIf(!both)('a run that one Node began ends under another one', { timeout: 300_000 }, async () => {
  const rig = await openRig();
  onTestFinished(() => rig.close());
  const place = makePlace();
  place.write('flow.yml', workflow(rig));
  for (const [index, turn] of TURNS.entries()) {
    place.write('order', '');
    await startAndStop(place, rig, turn);
    const second = place.start(nodeBinary(turn.resumes), ['resume', '@last']);
    await (await rig.child('held')).exit(0);
    expect(await second.ended).toMatchObject({ code: 0 });
    expect(readFileSync(path.join(place.directory, 'order'), 'utf8')).toBe('before\nafter\n');

    const state = await openState(place.stateDir, { version: '0.0.0' });
    if (!state.ok) throw new Error(state.error.message);
    const runs = state.value.listRuns();
    expect(runs).toHaveLength(index + 1);
    for (const { id } of runs) expect(state.value.verify(id)).toMatchObject({ ok: true });
    state.value.close();
  }
});
