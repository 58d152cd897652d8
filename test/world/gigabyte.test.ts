/** Holds that a flood of output passes through the built program whole, and without filling its memory. */
import { createHash } from 'node:crypto';
import { createReadStream, readFileSync, rmSync } from 'node:fs';
import { expect, it, onTestFinished } from 'vitest';
import { openState } from '../../src/state/state.ts';
import { noise } from '../support/noise.ts';
import { openRig } from '../support/rig.ts';
import { makePlace } from './cli.ts';

const MIB = 1024 * 1024;
const TIMES = 1024;

/** The most memory a process ever had, in MB; `VmHWM` of proc(5) is in KiB. */
function peakMB(pid: number): number {
  const [, kib] = /^VmHWM:\s*(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return (Number(kib) * 1024) / 1e6;
}

async function sha256(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file, { highWaterMark: MIB })) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

it.skipIf(process.platform !== 'linux')(
  'a step with a secret declared prints 1 GiB: its log is the stream, and our memory stays under 150 MB',
  { timeout: 300_000 },
  async () => {
    const rig = await openRig();
    onTestFinished(() => rig.close());
    const place = makePlace();
    const block = noise(MIB);
    const printed = createHash('sha256');
    for (let i = 0; i < TIMES; i++) printed.update(block);
    place.write('block', block);
    place.write(
      'flow.yml',
      `name: flood
secrets: [TOKEN]
steps:
  - { id: flood, run: 'yes block | head -n ${TIMES} | xargs cat', shell: sh }
  - { id: held, shell: sh, run: ${JSON.stringify(rig.script('held'))} }
`,
    );
    const run = place.start(process.execPath, ['run', 'flow.yml'], { TOKEN: 'not-in-the-flood-0123456789' });
    // Its peak can be read while it lives: the second step begins when the first one's output is all written.
    const held = await rig.child('held');
    const peak = peakMB(run.child.pid ?? 0);
    await held.exit(0);
    expect(await run.ended).toMatchObject({ code: 0 });

    const state = await openState(place.stateDir, { version: '0.0.0' });
    if (!state.ok) throw new Error(state.error.message);
    const id = state.value.listRuns()[0]?.id;
    const [log] = id === undefined ? [] : (state.value.logs(id)[0]?.files ?? []);
    state.value.close();
    expect(log).toMatchObject({ name: 'stdout.log', size: MIB * TIMES });
    expect(await sha256(log?.path ?? '')).toBe(printed.digest('hex'));
    rmSync(log?.path ?? '');
    process.stdout.write(`peak memory of the runner: ${peak.toFixed(0)} MB\n`);
    expect(peak).toBeLessThan(150);
  },
);
