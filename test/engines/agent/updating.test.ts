// Programs that are replaced while they are started, as engines replace themselves.
import {
  chmodSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { agentEngine } from '../../../src/engines/agent.ts';
import { codex } from '../../../src/engines/dialects/codex.ts';
import { makeMark } from '../../../src/engines/mark.ts';
import type { Engine, Outcome } from '../../../src/model/ports.ts';
import { job } from '../dialects/streams.ts';
import { handClock } from './hand-clock.ts';

let root: string;
let bin: string;
let engine: Engine;
/** What the configuration says of codex. */
let config: { command?: readonly string[] };
beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'codemachine-updating-')));
  for (const name of ['workspace', 'tmp', 'bin', 'pkg']) mkdirSync(join(root, name));
  bin = join(root, 'bin', 'codex');
  config = {};
  engine = agentEngine(codex, {
    root: join(root, 'workspace'),
    environ: { PATH: `${join(root, 'bin')}:/usr/bin:/bin`, HOME: root },
    secrets: [],
    tmp: join(root, 'tmp'),
    config,
    clock: handClock(),
    validate: () => [],
    transcript: () => ({ write: () => undefined, close: () => undefined }),
    mark: () => makeMark(undefined, { run: `updating-${process.pid}`, epoch: 1, directory: 'one' }),
  });
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const WELL = `#!/bin/sh
cat > /dev/null
echo '{"type":"thread.started","thread_id":"t-1"}'
echo '{"type":"item.completed","item":{"type":"agent_message","text":"hello"}}'
echo '{"type":"turn.completed","usage":{"input_tokens":5,"cached_input_tokens":1,"output_tokens":2}}'
`;

function program(text: string, at = bin): void {
  writeFileSync(at, text);
  chmodSync(at, 0o755);
}

function attempt(): Promise<Outcome> {
  const never = new AbortController().signal;
  const hear = { chatter: () => undefined, session: () => undefined };
  return engine.attempt(job({}), hear, { soft: never, hard: never });
}

const updating = { ok: false, failure: { reason: 'spawn', updating: true, help: expect.any(String) } };

/** A failure that does not claim that the program comes back. */
async function forGood(reason: string): Promise<void> {
  const outcome = await attempt();
  expect(outcome).toMatchObject({ ok: false, failure: { reason } });
  expect(outcome.ok ? {} : outcome.failure).not.toHaveProperty('updating');
}

describe('a program that is being replaced', () => {
  it('as npm does it: the link leads nowhere for a moment, then to the new package', async () => {
    symlinkSync('../pkg/cli', bin);
    expect(await attempt()).toMatchObject(updating);
    program(WELL, join(root, 'pkg', 'cli'));
    expect(await attempt()).toMatchObject({ ok: true });
    unlinkSync(bin);
    expect(await attempt()).toMatchObject(updating);
  });

  it('as native updaters do it: renamed over the old one, which ends without a word', async () => {
    program(WELL, join(root, 'pkg', 'new'));
    program(`#!/bin/sh\nmv '${join(root, 'pkg', 'new')}' '${bin}'\nexit 1\n`);
    expect(await attempt()).toMatchObject(updating);
    expect(await attempt()).toMatchObject({ ok: true });
  });

  it('half written, so that a shell or Node misses its end', async () => {
    program('#!/bin/sh\nexec "/opt/cod');
    expect(await attempt()).toMatchObject(updating);
    program(`#!${process.execPath}\nrequire('/opt/gone/cli.js')`);
    expect(await attempt()).toMatchObject(updating);
    program('');
    expect(await attempt()).toMatchObject(updating);
  });

  it('still being written', async () => {
    program(WELL);
    const writer = openSync(bin, 'r+');
    const outcome = await attempt();
    closeSync(writer);
    expect(outcome).toMatchObject(updating);
  });

  it.each([126, 127])('behind a launcher that ends with %d', async (code) => {
    program(`#!/bin/sh\nexit ${code}\n`);
    expect(await attempt()).toMatchObject(updating);
  });

  it('killed before it said a word', async () => {
    program('#!/bin/sh\nkill -9 $$\n');
    expect(await attempt()).toMatchObject(updating);
  });

  it('another one than the one that worked', async () => {
    program(WELL);
    expect(await attempt()).toMatchObject({ ok: true });
    program('#!/bin/sh\nexit 3\n', join(root, 'pkg', 'new'));
    renameSync(join(root, 'pkg', 'new'), bin);
    expect(await attempt()).toMatchObject(updating);
  });
});

describe('a program that is not', () => {
  it('there is none at all', () => forGood('spawn'));

  it('its interpreter is not there', async () => {
    program('#!/opt/gone/node\n');
    await forGood('spawn');
  });

  it('it ends with a code of its own', async () => {
    program('#!/bin/sh\necho "unknown flag" >&2\nexit 2\n');
    await forGood('config');
  });

  it('it worked, then was killed', async () => {
    program(`${WELL.split('\n').slice(0, 3).join('\n')}\nkill -9 $$\n`);
    await forGood('signal');
  });

  it('it worked before as it is now', async () => {
    program(
      `#!/bin/sh\ncat > /dev/null\n[ -e '${root}/again' ] && exit 3\ntouch '${root}/again'\nsh '${root}/well'\n`,
    );
    writeFileSync(join(root, 'well'), WELL);
    expect(await attempt()).toMatchObject({ ok: true });
    await forGood('config');
  });

  it('it is told a file that is not below the directory where it starts', async () => {
    config.command = [process.execPath, 'tools/agent.js'];
    const outcome = await attempt();
    expect(outcome).toMatchObject({ ok: false, failure: { message: expect.stringContaining('agent.js') } });
    expect(outcome.ok ? {} : outcome.failure).not.toHaveProperty('updating');
  });
});
