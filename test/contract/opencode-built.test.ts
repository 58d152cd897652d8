// OpenCode driven by the built program: a session over two steps, a runner that is killed, a resume.
//
// It takes a minute, so `npm run soak -- engines` has it alone.
import { existsSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';

import { runPattern } from '../../src/engines/mark.ts';
import { findMarked } from '../../src/engines/process.ts';
import { built } from '../support/built.ts';
import { cli, eventsOf, startCli } from '../support/cli.ts';
import { engineBinary } from '../support/engines.ts';
import { opencodeEnv } from '../support/model-server/environments.ts';
import { type ModelServer, startModelServer } from '../support/model-server/model-server.ts';
import { makeProject, type Project } from '../support/repository.ts';

let server: ModelServer;
let project: Project;
const binary = engineBinary('opencode');
const missing = binary.path === undefined ? ` (skipped: ${binary.reason})` : '';
const whole = process.env.CODEMACHINE_TEST_ALL === '1';
const left = missing === '' && !whole ? ' (skipped: left to `npm run soak -- engines`)' : missing;

const waits = ': > ready; while [ ! -e go ]; do sleep 0.05; done; echo woke';
const FLOW = `
name: two
defaults: { engine: opencode, access: full }
steps:
  - id: plan
    prompt: 'SCENARIO:text {"say":"planned"}'
  - id: do
    session: { continue: plan }
    prompt: 'SCENARIO:shell ${JSON.stringify({ command: waits, say: '$output' })}'
`;

beforeAll(async () => {
  built();
  server = await startModelServer();
  project = makeProject({ 'flow.yml': FLOW, '.gitignore': 'ready\ngo\n' });
  opencodeEnv(server, project.home);
  const command = [binary.path ?? 'opencode'];
  project.write('.codemachine/config.yml', stringify({ engines: { opencode: { command } } }));
});
afterAll(async () => {
  await server.close();
  project.remove();
});

describe.skipIf(!whole || binary.path === undefined)(`opencode, built${left}`, () => {
  it('goes on in a session from step to step; killed with its runner it leaves nobody, and is resumed', async () => {
    let run = '';
    const first = startCli(project, ['run', 'flow.yml', '--json'], {
      onLine: (line) => {
        run = (JSON.parse(line) as { run?: string }).run ?? run;
      },
    });
    const ready = path.join(project.root, 'ready');
    await expect.poll(() => existsSync(ready), { timeout: 300_000 }).toBe(true);
    first.child.kill('SIGKILL');
    expect((await first.ended).signal).toBe('SIGKILL');
    await expect.poll(() => findMarked(runPattern(run))).toEqual([]);
    project.write('go', '');
    const second = await cli(project, ['resume', run, '--json']);
    expect({ code: second.code, stderr: second.stderr }).toMatchObject({ code: 0 });
    const done = eventsOf(second.stdout).find((one) => one.type === 'step-succeeded' && one.step === 'do');
    expect(done).toMatchObject({ text: 'woke', engine: 'opencode', model: 'local/scripted' });
    const asked = server.requests.filter(({ scenario }) => scenario === 'shell').at(-1);
    expect(asked?.prompts[0]).toContain('planned');
  });
});
