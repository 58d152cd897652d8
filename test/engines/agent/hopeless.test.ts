// Ends an engine that does nothing but try again what fails.
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';

import { agentEngine } from '../../../src/engines/agent.ts';
import { gemini } from '../../../src/engines/dialects/gemini.ts';
import { makeMark } from '../../../src/engines/mark.ts';
import type { Chatter } from '../../../src/model/event.ts';
import type { Outcome } from '../../../src/model/ports.ts';
import { job } from '../dialects/streams.ts';
import { handClock } from './hand-clock.ts';

let root: string;
beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'codemachine-hopeless-')));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const said: Chatter[] = [];
let marks = 0;

/** Runs a program written in shell as if it were Gemini CLI. */
function ran(script: string): Promise<Outcome> {
  for (const name of ['workspace', 'tmp']) mkdirSync(join(root, name));
  const program = join(root, 'engine.sh');
  writeFileSync(program, script);
  const { signal } = new AbortController();
  const mark = makeMark(undefined, { run: `hopeless-${process.pid}`, epoch: 1, directory: String(++marks) });
  const engine = agentEngine(gemini, {
    root: join(root, 'workspace'),
    environ: { PATH: process.env.PATH, HOME: root },
    secrets: [],
    tmp: join(root, 'tmp'),
    config: { command: ['/bin/sh', program] },
    clock: handClock(),
    validate: () => [],
    transcript: () => ({ write: () => {}, close: () => {} }),
    mark: () => mark,
  });
  const hear = { chatter: (one: Chatter) => said.push(one), session: () => {} };
  return engine.attempt(job({ engine: 'gemini' }), hear, { soft: signal, hard: signal });
}

it('saying what failed, whatever it says when it is stopped', async () => {
  const outcome = await ran(`
    trap 'echo "{\\"type\\":\\"message\\",\\"role\\":\\"assistant\\",\\"content\\":\\"bye\\"}"; exit 0' INT
    echo '{"type":"init","session_id":"s-1","model":"m"}'
    echo 'Attempt 1 failed with status 429. Retrying with backoff... _ApiError: {}' >&2
    echo 'Attempt 2 failed with status 429. Retrying with backoff... _ApiError: {}' >&2
    sleep 600 & wait
  `);
  const failure = { reason: 'rate-limit', help: expect.stringContaining('max-parallel') };
  expect(outcome).toMatchObject({ ok: false, failure });
  const text = expect.stringContaining('status 429');
  expect(said).toContainEqual(expect.objectContaining({ what: 'retry', text }));
});

it('but not one that got on after a first try', async () => {
  const outcome = await ran(`
    echo '{"type":"init","session_id":"s-1","model":"m"}'
    echo 'Attempt 1 failed with status 503. Retrying with backoff... _ApiError: {}' >&2
    echo '{"type":"message","role":"assistant","content":"well","delta":true}'
    echo '{"type":"result","status":"success","stats":{"input_tokens":1,"output_tokens":2,"total_tokens":3}}'
  `);
  expect(outcome).toMatchObject({ ok: true, values: { text: 'well' } });
});
