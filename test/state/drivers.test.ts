/** Holds that a run which one Node started can go on under another one, which brings another SQLite driver. */
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { DRIVER_PACKAGE } from '../../src/state/driver.ts';
import { type NodeMajor, nodeBinary } from '../support/nodes.ts';
import { startOwner } from './support/child.ts';
import { scratch } from './support/place.ts';
import { runId } from './support/samples.ts';

const NODES: readonly NodeMajor[] = ['20', '24', '20', '22'];
const DRIVERS = ['bs3-n20', 'better-sqlite3', 'bs3-n20', 'better-sqlite3'];

// The older driver is compiled where the tests run under the Node that needs it.
const both = DRIVER_PACKAGE === 'bs3-n20';

it.skipIf(!both)('one database is opened in turn by both drivers', { timeout: 300_000 }, async () => {
  const dir = path.join(scratch(), 'state');
  const run = runId(1);
  const used: (string | undefined)[] = [];
  for (const [turn, major] of NODES.entries()) {
    const child = await startOwner({ node: nodeBinary(major) });
    onTestFinished(() => child.kill());
    const answer = await child.tell({ do: 'open', dir });
    expect(answer.error).toBeUndefined();
    used.push(answer.driver);
    if (turn === 0) expect(await child.tell({ do: 'create', run })).toEqual({ created: true });
    expect(await child.tell({ do: 'acquire', run })).toEqual({ epoch: turn + 1 });
    expect(await child.tell({ do: 'commit', count: 5 })).toEqual({ seq: 5 * (turn + 1) });
    expect(await child.tell({ do: 'verify', run })).toEqual({ milestones: 5 * (turn + 1) });
    // Every other owner dies with its write-ahead log unmerged.
    if (turn % 2 === 0) await child.kill();
    else await child.tell({ do: 'release' });
  }
  expect(used).toEqual(DRIVERS);
});
